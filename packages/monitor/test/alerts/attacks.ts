/** What attackers do, as the events that it leaves. Each begins at a time of the day, and says which rule finds it and when. */
import type { AlertRules } from '../../src/index.ts';
import { type Person, steadyPerson } from './honest-day.ts';
import { createRandom, type Happening } from './simulation.ts';

export interface Attack {
  readonly name: string;
  readonly rule: keyof AlertRules;
  /** How long after it began the alert may come, in seconds. */
  readonly within: number;
  /** Whose doing the alert must say it is. */
  readonly subject: Partial<Person> & { readonly keyId?: string };
  readonly happen: (begins: number, seed: number) => readonly Happening[];
}

const attacker = { principalId: 'attacker', clientIp: '203.0.113.250' };

/** So many times, at so many seconds from each other. */
function repeat<T>(times: number, seconds: number, make: (at: number, i: number) => T): T[] {
  return Array.from({ length: times }, (_, i) => make(i * seconds, i));
}

function answered(at: number, who: Partial<Person>, more: object = {}): Happening {
  return { type: 'operation.answered', errors: 0, objects: 1, cost: 1, at, ...who, ...more };
}

function failure(at: number, clientIp: string, more: object = {}): Happening {
  return { type: 'auth.failure', code: 'UNAUTHENTICATED', reason: 'signature', at, clientIp, ...more };
}

const miss = (id: number) => ({
  coordinate: 'Query.invoice',
  id: `id-${id}`,
  neighbors: [`id-${id - 1}`, `id-${id + 1}`],
});

/** From a thousand addresses, so that no rule on one caller finds it. */
const crowdAddress = (i: number): string => `100.${100 + (i % 20)}.${i % 250}.1`;

export const attacks: readonly Attack[] = [
  {
    name: 'forged tokens from one address, one in twenty seconds',
    rule: 'failedAuthentications',
    within: 300,
    subject: { clientIp: attacker.clientIp },
    happen: (begins) => repeat(20, 20, (at) => failure(begins + at, attacker.clientIp)),
  },
  {
    name: 'guesses at the secret of one API key, each from another address',
    rule: 'failedAuthentications',
    within: 300,
    subject: { keyId: 'victim-key' },
    happen: (begins) => repeat(20, 20, (at, i) => failure(begins + at, crowdAddress(i), { keyId: 'victim-key' })),
  },
  {
    name: 'stolen credentials tried until one is good',
    rule: 'successAfterFailures',
    within: 150,
    subject: { principalId: 'office-1-7', clientIp: attacker.clientIp },
    happen: (begins) => [
      ...repeat(4, 30, (at) => failure(begins + at, attacker.clientIp)),
      { type: 'auth.success', method: 'jwt', at: begins + 130, principalId: 'office-1-7', clientIp: attacker.clientIp },
    ],
  },
  {
    name: 'a loop over ids that follow each other',
    rule: 'guessedIds',
    within: 60,
    subject: { principalId: attacker.principalId },
    happen: (begins) =>
      repeat(100, 3, (at, i) => answered(begins + at, attacker, { errors: 1, misses: [miss(5_000 + i)] })),
  },
  {
    name: 'ids at random, among requests that succeed',
    rule: 'guessedIds',
    within: 240,
    subject: { principalId: attacker.principalId },
    happen: (begins, seed) => {
      const random = createRandom(seed);
      return repeat(150, 3, (at, i) =>
        answered(begins + at, attacker, i % 2 ? {} : { errors: 1, misses: [miss(100 * Math.floor(random() * 1e6))] }),
      );
    },
  },
  {
    name: 'an account that was taken over and reads everything',
    rule: 'volume',
    within: 300,
    subject: { principalId: steadyPerson.principalId },
    happen: (begins) => repeat(300, 1, (at) => answered(begins + at, steadyPerson, { objects: 100, cost: 100 })),
  },
  {
    name: 'a stolen token, used through rented addresses',
    rule: 'sharedCredential',
    // Networks are counted in windows, and one can end while the attack runs.
    within: 240,
    subject: { principalId: steadyPerson.principalId },
    happen: (begins) =>
      repeat(20, 12, (at, i) => ({
        type: 'auth.success',
        method: 'jwt',
        at: begins + at,
        principalId: steadyPerson.principalId,
        clientIp: crowdAddress(i),
      })),
  },
  ...(
    [
      ['401', (at, i) => failure(at, crowdAddress(i))],
      [
        '403',
        (at, i) => ({
          type: 'access.denied',
          control: 'authorization',
          code: 'FORBIDDEN',
          coordinate: 'Query.users',
          at,
          clientIp: crowdAddress(i),
        }),
      ],
      [
        '429',
        (at, i) => ({
          type: 'rate.limited',
          control: 'rate-limit',
          code: 'RATE_LIMITED',
          at,
          clientIp: crowdAddress(i),
        }),
      ],
      ['5xx', (at, i) => ({ type: 'error.masked', errorId: 'e', at, clientIp: crowdAddress(i) })],
    ] as readonly (readonly [string, (at: number, i: number) => Happening])[]
  ).map(
    ([status, make]): Attack => ({
      name: `a flood from everywhere that is answered with ${status}`,
      rule: 'refusalSpike',
      within: 300,
      subject: {},
      // More than five minutes, so that it cannot hide on both sides of the end of a window.
      happen: (begins) => repeat(3_000, 0.2, (at, i) => make(begins + at, i)),
    }),
  ),
  {
    name: 'a search for the highest depth that is let through',
    rule: 'probedLimits',
    within: 120,
    subject: { principalId: attacker.principalId },
    happen: (begins) =>
      repeat(12, 15, (at, i) => ({
        type: 'limit.exceeded',
        control: 'limits',
        code: 'DEPTH_LIMIT_EXCEEDED',
        limit: 'maxDepth',
        actual: 40 - i,
        maximum: 15,
        at: begins + at,
        ...attacker,
      })),
  },
];

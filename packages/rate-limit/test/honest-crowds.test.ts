// The budget of refusals under the load of honest people behind one address: by a clock of the test's own, second by second.
import { type OutgoingAnswer, type Principal, type SecurityContext, securityContext } from '@graphql-bulwark/core';
import { expect, it, onTestFinished, vi } from 'vitest';
import { type RateLimit, rateLimit } from '../src/index.ts';

const clientIp = '192.0.2.1';
const secondsPerHour = 3_600;

type Code = 'UNAUTHENTICATED' | 'FORBIDDEN' | 'GRAPHQL_VALIDATION_FAILED';

/** What came of the operations of a crowd. */
interface Day {
  operations: number;
  refusals: number;
  /** Answered 429. */
  locked: number;
}

/** A generator of numbers from 0 to 1 that is the same in each run (a linear congruential one). */
function createRandom(): () => number {
  let state = 1;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

/** What the guard hands to a control for an answer. */
function buildAnswer(security: SecurityContext, code: Code): OutgoingAnswer {
  const hasRun = code !== 'GRAPHQL_VALIDATION_FAILED';
  return {
    operation: undefined,
    headers: new Map(),
    isBatched: false,
    data: hasRun ? { field: null } : undefined,
    errors: [{ message: code, extensions: { code }, ...(hasRun && { path: ['field'] }) }],
    extend() {},
    refuse() {},
    security,
    report() {},
    failed() {},
  };
}

/** Sends one operation through the rooms of the control, and `code` back. @returns whether it is answered 429. */
function isLocked(limiter: RateLimit, security: SecurityContext, code?: Code): boolean {
  if (limiter.refusalFor(security)) return true;
  try {
    limiter.admit?.({
      source: '{ field }',
      variables: undefined,
      extensions: undefined,
      security,
      contextValue: {},
      batchIndex: 0,
      parameter: () => undefined,
      isExempt: () => false,
    });
    if (code !== undefined) limiter.respond?.(buildAnswer(security, code));
    return false;
  } catch {
    return true;
  }
}

interface Crowd {
  readonly people: readonly (Principal | null)[];
  readonly viewsPerHour: number;
  readonly hours: number;
  /** What the operations of one view are answered with; `undefined` is data. */
  readonly view: (person: Principal | null, random: () => number) => readonly (Code | undefined)[];
  /** One hour in which they do so many times as much. */
  readonly peak?: { readonly hour: number; readonly times: number };
}

/** Lets a crowd work. */
async function work(limiter: RateLimit, { people, viewsPerHour, hours, view, peak }: Crowd): Promise<Day> {
  vi.useFakeTimers({ toFake: ['Date', 'performance'] });
  onTestFinished(() => void vi.useRealTimers());
  const random = createRandom();
  const day: Day = { operations: 0, refusals: 0, locked: 0 };
  const callers = people.map((principal) => securityContext({ principal, clientIp, requestId: 'r' }));
  for (let second = 0; second < hours * secondsPerHour; second += 1) {
    const times = Math.floor(second / secondsPerHour) === peak?.hour ? peak.times : 1;
    // As many views as there are on average, in bursts: one second has none, the next one several.
    const expected = (people.length * viewsPerHour * times) / secondsPerHour;
    const views = Math.floor(expected * 2 * random() + random());
    for (let each = 0; each < views; each += 1) {
      const caller = callers[Math.floor(random() * callers.length)] as SecurityContext;
      for (const code of view(caller.principal, random)) {
        day.operations += 1;
        if (code !== undefined) day.refusals += 1;
        if (isLocked(limiter, caller, code)) day.locked += 1;
      }
    }
    // What was charged is counted in the store as well.
    await Promise.resolve();
    vi.advanceTimersByTime(1_000);
  }
  return day;
}

function listPeople(count: number): Principal[] {
  return Array.from({ length: count }, (_, i) => ({
    id: `person-${i}`,
    claims: {},
    roles: [],
    scopes: [],
    authMethod: 'test',
  }));
}

it('an office of 500 people behind one address works for eight hours, at the peak three times as much, with no 429', async () => {
  let [views, queries] = [0, 0];
  const day = await work(rateLimit(), {
    people: listPeople(500),
    viewsPerHour: 40,
    hours: 8,
    peak: { hour: 4, times: 3 },
    // A stale release: the server does not understand every tenth query any more. And one field of every fourth page is for others.
    view() {
      views += 1;
      return Array.from({ length: 5 }, (_, i) => {
        queries += 1;
        if (queries % 10 === 0) return 'GRAPHQL_VALIDATION_FAILED';
        return i === 0 && views % 4 === 0 ? 'FORBIDDEN' : undefined;
      });
    },
  });
  expect(day.operations).toBeGreaterThan(950_000);
  expect(day.refusals).toBeGreaterThan(130_000);
  expect(day.locked).toBe(0);
});

it('the visitors of a shop who have not signed in are never locked for what asks them to, on each page', async () => {
  const day = await work(rateLimit(), {
    people: Array.from({ length: 500 }, () => null),
    viewsPerHour: 40,
    hours: 2,
    peak: { hour: 1, times: 3 },
    view: () => [undefined, 'UNAUTHENTICATED', 'UNAUTHENTICATED', undefined, 'UNAUTHENTICATED'],
  });
  expect(day.refusals).toBeGreaterThan(220_000);
  expect(day.locked).toBe(0);
});

it('2,000 phones behind the address of a carrier, half of them not signed in and some with an old app, are not locked', async () => {
  const phones = [...listPeople(1_000), ...Array.from({ length: 1_000 }, () => null)];
  const day = await work(rateLimit(), {
    people: phones,
    viewsPerHour: 6,
    hours: 2,
    peak: { hour: 1, times: 3 },
    // One phone in fifty has an app that is too old for a tenth of its queries.
    view: (person, random) =>
      Array.from({ length: 3 }, () => {
        if (random() < 0.1 / 50) return 'GRAPHQL_VALIDATION_FAILED';
        return person ? undefined : 'UNAUTHENTICATED';
      }),
  });
  expect(day.operations).toBeGreaterThan(130_000);
  expect(day.locked).toBe(0);
});

it('while an office works, a colleague who tries out ids is stopped at 60 a minute, and a stranger at its address as well', async () => {
  const limiter = rateLimit();
  const [thief = null, ...colleagues] = listPeople(501);
  const found = { thief: 0, stranger: 0 };
  const attackers = { thief: securityContext({ principal: thief, clientIp }), stranger: securityContext({ clientIp }) };
  const day = await work(limiter, {
    people: colleagues,
    viewsPerHour: 4,
    hours: 1,
    view() {
      for (let time = 0; time < 5; time += 1) {
        if (!isLocked(limiter, attackers.thief, 'FORBIDDEN')) found.thief += 1;
        if (!isLocked(limiter, attackers.stranger, 'GRAPHQL_VALIDATION_FAILED')) found.stranger += 1;
      }
      return [undefined];
    },
  });
  expect(day.locked).toBe(0);
  for (const answered of Object.values(found)) {
    // Each window begins with the first refusal, so there are at most as many windows as minutes.
    expect(answered).toBeLessThanOrEqual(60 * 60);
    expect(answered).toBeGreaterThan(55 * 60);
  }
});

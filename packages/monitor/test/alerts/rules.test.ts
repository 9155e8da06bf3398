import { memoryStore } from '@graphql-bulwark/rate-limit';
import { expect, it } from 'vitest';
import { type AlertOptions, type AlertRules, detect } from '../../src/index.ts';
import { attacks } from './attacks.ts';
import { createRandom, type Happening, replay } from './simulation.ts';

const failures = (times: number, seconds = 1, clientIp = '203.0.113.9'): Happening[] =>
  Array.from({ length: times }, (_, i) => ({
    type: 'auth.failure',
    code: 'UNAUTHENTICATED',
    reason: 'signature',
    at: i * seconds,
    clientIp,
  }));

it('the fifth failure of one address within five minutes raises the alert, and the fourth does not', async () => {
  expect(await replay(failures(4, 60))).toEqual([]);
  expect(await replay(failures(5, 60))).toMatchObject([
    { rule: 'failedAuthentications', clientIp: '203.0.113.9', count: 5, threshold: 5, windowSeconds: 300, at: 240 },
  ]);
});

it('five failures of five addresses raise none, and neither do failures that are slower than the window', async () => {
  expect(await replay(Array.from({ length: 5 }, (_, i) => failures(1, 1, `203.0.113.${i}`)).flat())).toEqual([]);
  expect(await replay(failures(8, 100))).toEqual([]);
});

it('expired tokens are no failed authentications', async () => {
  const expired = failures(20).map((each) => ({ ...each, type: 'auth.expired', reason: 'expired' }) as Happening);
  expect(await replay(expired)).toEqual([]);
});

it('a rule is quiet about a subject for a time after it spoke, then speaks again, and speaks of others meanwhile', async () => {
  const rules: AlertRules = { failedAuthentications: { quietSeconds: 600 } };
  const alerts = await replay([...failures(90, 10), ...failures(90, 10, '203.0.113.10')], { rules });
  expect(alerts.map(({ at, clientIp }) => [clientIp, at])).toEqual([
    ['203.0.113.9', 40],
    ['203.0.113.10', 40],
    ['203.0.113.9', 640],
    ['203.0.113.10', 640],
  ]);
});

it('an attack from thousands of addresses raises no more alerts in an hour than is allowed', async () => {
  const everywhere = Array.from({ length: 300 }, (_, i) => failures(5, 1, `10.0.${i >> 8}.${i % 256}`)).flat();
  expect(await replay(everywhere, { maxAlertsPerHour: 20, rules: { refusalSpike: false } })).toHaveLength(20);
});

it.each(attacks)('the rule that is switched off does not find $name', async ({ rule, happen }) => {
  const alerts = await replay(happen(7_200, 1), { rules: { [rule]: false } });
  expect(alerts.filter((alert) => alert.rule === rule)).toEqual([]);
});

it('what a rule remembers is bounded, and a flood of callers does not make it fail', async () => {
  const random = createRandom(1);
  const flood = Array.from({ length: 3_000 }, (_, i): Happening => {
    const who = { principalId: `caller-${i}`, clientIp: `10.${i % 200}.${i % 250}.${Math.floor(random() * 250)}` };
    const misses = [{ coordinate: 'Query.invoice', id: `id-${i}` }];
    return { type: 'operation.answered', errors: 1, objects: 1, at: i / 100, ...who, misses };
  });
  const attack = attacks.find(({ rule }) => rule === 'guessedIds')?.happen(40, 1) ?? [];
  const alerts = await replay([...flood, ...attack], { maxSubjects: 100, rules: { volume: false } });
  expect(alerts).toMatchObject([{ rule: 'guessedIds', principalId: 'attacker' }]);
});

it('one id that is asked for again and again is one guess', async () => {
  const misses = [{ coordinate: 'Query.invoice', id: 'id-1', neighbors: ['id-0', 'id-2'] }];
  const polls = Array.from(
    { length: 200 },
    (_, at): Happening => ({ type: 'operation.answered', errors: 1, objects: 0, at, clientIp: '203.0.113.9', misses }),
  );
  expect(await replay(polls)).toEqual([]);
});

it('a client with one broken query is refused for one limit again and again, and probes nothing', async () => {
  const refusals = Array.from(
    { length: 200 },
    (_, at): Happening => ({
      type: 'limit.exceeded',
      control: 'limits',
      code: 'DEPTH_LIMIT_EXCEEDED',
      limit: 'maxDepth',
      actual: 17,
      maximum: 15,
      at,
      clientIp: '203.0.113.9',
    }),
  );
  expect(await replay(refusals)).toEqual([]);
});

it.each([
  ['no store', {}, 'detect: store must be a CounterStore'],
  ['an unknown rule', { rules: { volumes: {} } }, "detect: rules has no option 'volumes'; did you mean 'volume'?"],
  ['a rule that is true', { rules: { volume: true } }, 'rules.volume must be a plain object'],
  ['an unknown option of a rule', { rules: { volume: { factors: 2 } } }, "did you mean 'factor'?"],
  ['a factor that finds everything', { rules: { volume: { factor: 1 } } }, 'factor must be a number above 1'],
  ['a count of nothing', { rules: { guessedIds: { count: 0 } } }, 'count must be a whole number of at least 1'],
])('%s is refused at start', (_, options, message) => {
  const store = 'rules' in options ? { store: memoryStore() } : {};
  expect(() => detect({ ...store, ...options } as unknown as AlertOptions)).toThrow(message);
});

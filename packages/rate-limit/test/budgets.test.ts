// Budgets of whole operations, points among them, and what answers say about them.
import { createEvents, type ResolvedOperation, type SecurityEvent } from '@graphql-bulwark/core';
import { readRefusalCode } from '@graphql-bulwark/core/internal';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { type Answer, as, codes, send, sendBody } from '../../../test/kit.ts';
import { type CallerBudget, type RateLimitOptions, rateLimit } from '../src/index.ts';
import { serve, watched } from './server.ts';

const bob = as({ id: 'bob' });
const ann = as({ id: 'ann' });
const schema =
  'type Query { f(x: Int): String g: String free: String fail: Int } type Mutation { m: String fail: Int }';

afterEach(() => {
  vi.useRealTimers();
});

function stopClock(): void {
  vi.useFakeTimers({ toFake: ['Date', 'performance', 'setTimeout', 'clearTimeout'] });
}

/** Each field `f` costs what `x` says. */
const byArgument = ({ rawVariables }: ResolvedOperation): number => Number(rawVariables['x'] ?? 0);
const priced = (x: unknown): { query: string; variables: { x: unknown } } => ({
  query: 'query ($x: Int) { f(x: $x) }',
  variables: { x },
});

describe('points', () => {
  const points: CallerBudget = { max: 1000, windowSeconds: 60 };

  it('R1: an operation that costs more points than are left is refused with Retry-After, and not charged', async () => {
    stopClock();
    const { server } = await serve(schema, { points, cost: byArgument });
    await sendBody(server, priced(934), bob);
    vi.advanceTimersByTime(48_000);
    for (let time = 1; time <= 2; time += 1) {
      const answer = await sendBody(server, priced(70), bob);
      expect([answer.status, codes(answer)]).toEqual([429, ['RATE_LIMITED']]);
      expect(answer.headers.get('retry-after')).toBe('12');
      expect(answer.headers.get('ratelimit')).toBe('"cost";r=66;t=12');
    }
    expect((await sendBody(server, priced(66), bob)).status).toBe(200);
    expect((await sendBody(server, priced(1000), ann)).status).toBe(200);
  });

  it('R12: the header names the budget of points and the end of its window', async () => {
    stopClock();
    const { server } = await serve(schema, { points: { max: 40 }, cost: () => 40 });
    await send(server, '{ f }', bob);
    vi.advanceTimersByTime(59_400);
    expect((await send(server, '{ f }', bob)).headers.get('ratelimit')).toBe('"cost";r=0;t=1');
  });

  it('R2: points that an operation did not need are given back', async () => {
    const { server, limiter } = await serve(schema, {
      points,
      cost: byArgument,
      actualCost: () => 45.2,
    });
    const answer = await sendBody(server, priced(101), bob);
    expect(answer.headers.get('ratelimit')).toContain('r=954');
    expect(answer.headers.get('ratelimit-policy')).toBe('"cost";q=1000;w=60;bulwark-unit="points"');
    expect((await limiter.peek({ policy: 'cost', principal: bob.security.principal })).remaining).toBe(954);
  });

  it.each<[string, number]>([
    ['more than was taken', 500],
    ['a negative cost', -5],
    ['no number', Number.NaN],
    ['infinity', Number.POSITIVE_INFINITY],
  ])('no points are given back for %s', async (_name, actual) => {
    const { server } = await serve(schema, { points, cost: byArgument, actualCost: () => actual });
    expect((await sendBody(server, priced(100), bob)).headers.get('ratelimit')).toContain('r=900');
  });

  it('no points are given back for an operation with errors, and an actualCost that throws does not fail the answer', async () => {
    const options = { points, cost: () => 100, actualCost: () => 1 };
    const { server } = await serve(schema, options, (name) => (name === 'fail' ? 'no number' : name));
    expect((await send(server, 'mutation { fail }', bob)).headers.get('ratelimit')).toContain('r=900');
    expect((await send(server, '{ fail }', bob)).headers.get('ratelimit')).toContain('r=800');
    expect((await send(server, 'mutation { m }', ann)).headers.get('ratelimit')).toContain('r=999');
    const throwing = await serve(schema, { ...options, actualCost: () => JSON.parse('secret') });
    expect((await send(throwing.server, '{ f }', bob)).body).toEqual({ data: { f: 'f' } });
  });

  it('R3: an operation that costs more than the whole budget is refused as too expensive', async () => {
    const { server, events } = await serve(schema, { points, cost: byArgument });
    for (let time = 1; time <= 2; time += 1) {
      const answer = await sendBody(server, priced(1002), bob);
      expect([answer.status, codes(answer)]).toEqual([400, ['COST_LIMIT_EXCEEDED']]);
    }
    expect(events[0]).toMatchObject({ type: 'limit.exceeded', limit: 'points', actual: 1002, maximum: 1000 });
    expect((await sendBody(server, priced(1000), bob)).status).toBe(200);
  });

  it.each([Number.NaN, Number.POSITIVE_INFINITY, -1, Number.NEGATIVE_INFINITY])(
    'R6 denies a cost of %d',
    async (cost) => {
      const { server, calls } = await serve(schema, { points, cost: () => cost });
      const answer = await send(server, '{ f }', bob);
      expect([answer.status, codes(answer), calls]).toEqual([500, ['INTERNAL_SERVER_ERROR'], []]);
    },
  );

  it('R6: points are rounded up, and a free operation is not charged', async () => {
    const store = watched();
    const { server } = await serve(schema, { store, points, cost: byArgument });
    const half = await serve(schema, { store, points, cost: () => 1.5 });
    await send(half.server, '{ f }', bob);
    await send(server, '{ free }', bob);
    expect(
      store.asked
        .flat()
        .filter(({ policy }) => policy === 'cost')
        .map((charge) => charge.points),
    ).toEqual([2]);
  });

  it('R11: exactly two of three elements of a batch are answered, with HTTP 200', async () => {
    const { server } = await serve(schema, { points: { max: 100 }, cost: () => 40 });
    const answer = await sendBody(server, [{ query: '{ a: f }' }, { query: '{ b: f }' }, { query: '{ c: f }' }], bob);
    expect(answer.status).toBe(200);
    const answered: Answer['body'][] = answer.body;
    expect(answered.filter(({ data }) => data)).toHaveLength(2);
    expect(answered.flatMap(({ errors }) => errors ?? []).map(({ extensions }) => extensions.code)).toEqual([
      'RATE_LIMITED',
    ]);
    expect(answer.headers.get('ratelimit')).toContain('r=20');
  });
});

describe('budgets', () => {
  it('budgets count per address, per caller and for all callers, each with its own limit, and charge all or none', async () => {
    const { server, limiter } = await serve(schema, {
      perAddress: { max: 3 },
      perPrincipal: { max: 2 },
      global: { max: 4 },
    });
    const elsewhere = { clientIp: '198.51.100.7' };
    const statuses = [];
    for (const who of [bob, bob, bob, ann, ann, as({ id: 'eve' }, elsewhere), as({ id: 'eve' }, elsewhere)]) {
      statuses.push((await send(server, '{ free }', who)).status);
    }
    expect(statuses).toEqual([200, 200, 429, 200, 429, 200, 429]);
    expect((await limiter.peek({ policy: 'principal', principal: ann.security.principal })).remaining).toBe(1);
    expect((await limiter.peek({ policy: 'address', clientIp: '198.51.100.7' })).remaining).toBe(2);
  });

  it('a budget per operation compares what operations select, and not their names, aliases, values, fragments or order', async () => {
    const { server } = await serve(schema, { perOperation: { max: 1 } });
    expect((await send(server, '{ f(x: 1) g }', bob)).status).toBe(200);
    for (const same of [
      'query Fresh { f(x: 2) g }',
      '{ g f(x: 1) f(x: 1) }',
      '{ a: f(x: 3) b: g }',
      '{ ... { f(x: 1) } ... @include(if: true) { g } }',
      'query ($x: Int) { f(x: $x) g @skip(if: false) }',
      '{ ... on Query { f(x: 1) ... on Query { g } } }',
      '{ f(x: 1) ...G } fragment G on Query { ... on Query { g } }',
      '{ f(x: 1) ...G g } fragment G on Query { ... on Query { g } }',
    ]) {
      expect([same, (await send(server, same, bob)).status]).toEqual([same, 429]);
    }
    expect((await send(server, '{ ...A } fragment A on Query { f g }', ann)).status).toBe(200);
    expect((await send(server, '{ ...Other } fragment Other on Query { g f }', ann)).status).toBe(429);
    expect((await send(server, '{ f }', bob)).status).toBe(200);
  });

  it('a field of an interface and the same field of one of its types are two operations', async () => {
    const typeDefs = `
      interface Named { name: String }
      type User implements Named { name: String }
      type Team implements Named { name: String }
      union Member = User | Team
      type Query { named: Named member: Member user: User }
    `;
    const { server } = await serve(typeDefs, { perOperation: { max: 1 } }, () => null);
    const different = [
      '{ named { name } }',
      '{ named { ... on User { name } } }',
      '{ named { ... on Team { name } } }',
      '{ member { ... on User { name } } }',
      '{ member { ... on Named { name } } }',
      '{ user { name } }',
    ];
    for (const status of [200, 429]) {
      for (const query of different) expect([query, (await send(server, query, bob)).status]).toEqual([query, status]);
    }
    for (const same of [
      '{ named { ... on Named { name } } }',
      '{ named { ...F } } fragment F on User { name }',
      '{ user { ... on Named { name } } }',
    ]) {
      expect([same, (await send(server, same, bob)).status]).toEqual([same, 429]);
    }
  });

  it('a budget per operation refuses one that nests too deeply to be hashed, in inline fragments too', async () => {
    const { server } = await serve(schema, { perOperation: { max: 1 } });
    const nested = (levels: number): string => `${'{ ... '.repeat(levels)}{ f }${' }'.repeat(levels)}`;
    expect(codes(await send(server, nested(500), bob))).toEqual(['DEPTH_LIMIT_EXCEEDED']);
    expect((await send(server, nested(100), bob)).status).toBe(200);
    expect((await send(server, '{ f }', bob)).status).toBe(429);
  });

  it('attack: a budget per operation refuses one whose fragments make it too large to be hashed', async () => {
    const leaves = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i'];
    const typeDefs = `type Query { u: User } type User { u: User ${leaves.map((leaf) => `${leaf}: Int`).join(' ')} }`;
    const { server } = await serve(typeDefs, { perOperation: { max: 1 } }, () => null);
    const spread = (times: number): string => {
      const each = (write: (i: number) => string): string =>
        Array.from({ length: times }, (_, i) => write(i)).join(' ');
      const some = (i: number): string => leaves.filter((_, bit) => ((i + 1) >> bit) % 2 === 1).join(' ');
      return `{ ${each((i) => `y${i}: u { ...F }`)} } fragment F on User { ${each((i) => `x${i}: u { ${some(i)} }`)} }`;
    };
    expect(codes(await send(server, spread(400), bob))).toEqual(['OCCURRENCE_LIMIT_EXCEEDED']);
    expect((await send(server, spread(20), bob)).status).toBe(200);
  });

  it('the name of an operation counts only if the caller is trusted to name it', async () => {
    const perOperation = {
      max: 1,
      byName: { Checkout: { max: 2 } },
      trusted: ({ principal }: { principal: { roles: readonly string[] } | null }) => principal?.roles[0] === 'app',
    };
    const { server } = await serve(schema, { perOperation });
    const app = as({ id: 'app', roles: ['app'] });
    const statuses = async (who: typeof app, query: string, times: number): Promise<number[]> => {
      const all = [];
      for (let time = 0; time < times; time += 1) all.push((await send(server, query, who)).status);
      return all;
    };
    expect(await statuses(app, 'query Checkout { f }', 3)).toEqual([200, 200, 429]);
    expect(await statuses(bob, 'query Checkout { f }', 2)).toEqual([200, 429]);
    expect(await statuses(app, 'query __proto__ { f }', 2)).toEqual([200, 429]);
  });

  it('budgets have a limit for the tier of the caller', async () => {
    const tier = (principal: { readonly roles: readonly string[] } | null): string => principal?.roles[0] ?? 'free';
    const perPrincipal = { max: 1, tiers: { pro: 2, enterprise: 3 } };
    const { server } = await serve(schema, { tier, perPrincipal });
    for (const [plan, passed] of [
      ['free', 1],
      ['pro', 2],
      ['enterprise', 3],
      ['constructor', 1],
    ] as const) {
      const who = as({ id: plan, roles: [plan] });
      const statuses = [];
      for (let time = 0; time < 4; time += 1) statuses.push((await send(server, '{ free }', who)).status);
      expect([plan, statuses.filter((status) => status === 200).length]).toEqual([plan, passed]);
    }
  });
});

describe('answers', () => {
  it('the older headers are added on request, with the end of the window in seconds since the epoch', async () => {
    stopClock();
    vi.setSystemTime(1_000_000_000_000);
    const { server } = await serve(schema, { perPrincipal: { max: 2 }, global: { max: 9 }, legacyHeaders: true });
    const { headers } = await send(server, '{ free }', bob);
    expect(['limit', 'remaining', 'reset'].map((name) => headers.get(`x-ratelimit-${name}`))).toEqual([
      '2',
      '1',
      '1000000060',
    ]);
    await send(server, '{ free }', bob);
    expect((await send(server, '{ free }', bob)).headers.get('x-ratelimit-remaining')).toBe('0');
  });
});

it('an application can read a bucket and empty it', async () => {
  const { server, limiter } = await serve(
    `type Query { f(mail: String): String @rateLimit(max: 1, by: [GLOBAL], args: ["mail"]) }`,
  );
  const query = '{ f(mail: "Ann@x.org") }';
  const bucket = { policy: 'Query.f', args: { mail: 'ann@x.org' } };
  await send(server, query, bob);
  expect((await limiter.peek(bucket)).remaining).toBe(0);
  expect((await send(server, query, bob)).status).toBe(429);
  await limiter.reset(bucket);
  expect((await send(server, query, bob)).status).toBe(200);
  await expect(limiter.peek({ policy: 'Query.g' })).rejects.toThrow(/no policy 'Query.g'; it has .*Query.f/);
});

it.each([
  ['enforce', 'RATE_LIMITED', 'refused'],
  ['report', undefined, 'reported'],
] as const)('limits of sockets in mode %s answer %s, and their events say %s', async (mode, code, outcome) => {
  const told: SecurityEvent[] = [];
  const events = createEvents(
    (event) => void told.push(event),
    () => console,
  );
  const sockets = rateLimit({ mode }).sockets({ maxSockets: 1, subscribes: { max: 1 }, events: { max: 1 } }, events);
  const { security } = bob;
  expect(sockets.connect({}, security)).toBeUndefined();
  expect(readRefusalCode(sockets.connect({}, security))).toBe(code);
  for (const ask of [sockets.subscribe, sockets.next]) {
    expect(await ask(security)).toBeUndefined();
    expect(readRefusalCode(await ask(security))).toBe(code);
  }
  expect(told.map((event) => [event.type, event.outcome, event.principalId])).toEqual(
    Array.from({ length: 3 }, () => ['rate.limited', outcome, 'bob']),
  );
});

it('pointsPerEvent needs a budget of points', () => {
  expect(() => rateLimit().sockets({ pointsPerEvent: true })).toThrow(
    /pointsPerEvent needs the options points and cost/,
  );
  const limiter = rateLimit({ points: { max: 5 }, cost: () => 1 });
  expect(() => limiter.sockets({ pointsPerEvent: 1 } as never)).toThrow(/pointsPerEvent must be true or false/);
});

it.each<[object, RegExp]>([
  [{ points: { max: 5 } }, /points and cost need each other/],
  [{ cost: () => 1 }, /points and cost need each other/],
  [{ cost: 5, points: { max: 5 } }, /cost must be a function/],
  [{ actualCost: () => 1 }, /actualCost needs points/],
  [{ global: { max: 0 } }, /global\.max must be a whole number/],
  [{ global: { max: 1, tiers: {} } }, /global has no option 'tiers'/],
  [{ global: 5 }, /global must be a budget/],
  [{ perAddress: { max: 1, window: 5 } }, /perAddress has no option 'window'/],
  [{ perPrincipal: { max: 1, windowSeconds: 2_147_484 } }, /windowSeconds must be at most/],
  [{ perPrincipal: { max: 1, tiers: { pro: Number.NaN } } }, /perPrincipal\.tiers\.pro/],
  [{ perPrincipal: { max: 1, tiers: new Map([['pro', 9]]) } }, /perPrincipal\.tiers must be a plain object/],
  [{ perPrincipal: { max: 1, tiers: null } }, /perPrincipal\.tiers must be a plain object/],
  [{ perPrincipal: { max: 1, tiers: { pro: 9 } } }, /perPrincipal\.tiers need the option tier/],
  [{ points: { max: 1, tiers: { pro: 9 } }, cost: () => 1 }, /points\.tiers need the option tier/],
  [{ perOperation: { max: 1, byName: { A: { max: 1 } } } }, /byName needs trusted/],
  [{ perOperation: { max: 1, byName: new Map([['A', { max: 1 }]]) } }, /byName must be a plain object/],
  [{ refusals: { max: -1 } }, /refusals\.max/],
  [{ refusals: true }, /refusals must be a budget/],
  [{ partial: 'yes' }, /partial must be true or false/],
  [{ legacyHeaders: 'epoch' }, /legacyHeaders must be true or false/],
  [{ tier: 'pro' }, /tier must be a function/],
  [{ mode: 'off' }, /mode must be 'enforce' or 'report'/],
])('%o is refused while the server is built', (options, message) => {
  expect(() => rateLimit(options)).toThrow(message);
  expect(() => rateLimit(options)).toThrow(TypeError);
});

const rejecting = (): never => Promise.reject(new Error('no such table')) as never;
it.each<[string, RateLimitOptions, number]>([
  ['tier', { tier: rejecting }, 500],
  ['hashTag', { hashTag: rejecting }, 500],
  ['cost', { points: { max: 10 }, cost: rejecting }, 500],
  ['actualCost', { points: { max: 10 }, cost: () => 1, actualCost: rejecting }, 200],
  ['trusted', { perOperation: { max: 10, byName: { Named: { max: 1 } }, trusted: rejecting } }, 200],
])('a promise from %s is refused, and one that rejects does not end the process', async (_name, options, status) => {
  const { server, log } = await serve(schema, options);
  for (let time = 1; time <= 2; time += 1) expect((await send(server, 'query Named { f }', bob)).status).toBe(status);
  expect(log.join()).not.toContain('no such table');
});

it('a hash tag that is no text is an error of its own, and not one of the store', async () => {
  for (const tag of [5, null, {}, Symbol('t'), Promise.resolve('t')]) {
    const limiter = rateLimit({ hashTag: () => tag as never });
    await expect(limiter.peek({ policy: 'refusals' })).rejects.toThrow(/hashTag must return a text or undefined/);
  }
  for (const tag of ['acme', '', undefined]) {
    const state = await rateLimit({ hashTag: () => tag }).peek({ policy: 'refusals' });
    expect(state.remaining).toBe(60);
  }
});

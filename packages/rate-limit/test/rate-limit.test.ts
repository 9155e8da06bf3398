import { createHash } from 'node:crypto';
import { securityContext } from '@graphql-bulwark/core';
import { afterEach, beforeAll, describe, expect, inject, it, vi } from 'vitest';
import { type Answer, as, codes, send, sendBody } from '../../../test/kit.ts';
import { Redis } from '../../../test/redis-client.ts';
import { memoryStore, redisStore } from '../src/index.ts';
import { serve, watched } from './server.ts';

const bob = as({ id: 'bob' });
const ann = as({ id: 'ann' });
const refused = ['RATE_LIMITED'];

const schema = `
  interface Named { f: String }
  type Query implements Named {
    f(x: Int): String @rateLimit(max: 2)
    wide: String @rateLimit(max: 100, windowSeconds: 3600)
    twice: String @rateLimit(max: 1, windowSeconds: 1) @rateLimit(max: 3, windowSeconds: 3600)
    byAddress: String @rateLimit(max: 1, by: [ADDRESS])
    byBoth: String @rateLimit(max: 1, by: [PRINCIPAL, ADDRESS])
    byAll: String @rateLimit(max: 1, by: [GLOBAL])
    free: String
  }
  input Credentials { email: String = "nobody@x.org", tags: [String!], nested: Credentials }
  type Mutation {
    login(input: Credentials, code: Int): String @rateLimit(max: 2, by: [GLOBAL], args: ["input.email"])
    plain(email: String = "nobody@x.org"): String @rateLimit(max: 2, by: [GLOBAL], args: ["email"])
    whole(input: Credentials, code: Int): String @rateLimit(max: 1, by: [GLOBAL], args: ["input", "code"])
  }
`;

function expectRefused(answer: Answer): void {
  expect(answer.status).toBe(429);
  expect(codes(answer)).toEqual(refused);
  expect(answer.body.data).toBeUndefined();
  expect(answer.headers.get('retry-after')).toMatch(/^[1-9]\d*$/);
}

afterEach(() => {
  vi.useRealTimers();
});

describe('counting', () => {
  it('the third call within a minute is refused, another caller passes, and after the window the first one passes again', async () => {
    vi.useFakeTimers({ toFake: ['Date', 'performance', 'setTimeout', 'clearTimeout'] });
    const { server, calls } = await serve(schema);
    const statuses = [];
    for (let call = 0; call < 4; call += 1) statuses.push((await send(server, '{ f }', bob)).status);
    expect(statuses).toEqual([200, 200, 429, 429]);
    expect((await send(server, '{ f }', ann)).status).toBe(200);
    expect(calls).toEqual(['f', 'f', 'f']);
    vi.advanceTimersByTime(60_000);
    expect((await send(server, '{ f }', bob)).status).toBe(200);
  });

  it('fields under conditions are counted by their variables, whatever other variables stand beside them', async () => {
    const store = watched();
    const { server } = await serve(
      `type Query {
        free(text: String, list: [String], flags: [Boolean!]): String
        f: String @rateLimit(max: 1)
      }`,
      { store },
    );
    const query = `query ($a: String, $if: Boolean!, $b: String, $list: [String], $flags: [Boolean!]) {
      a: free(text: $a, list: $list, flags: $flags) b: free(text: $b)
      f @include(if: $if) ... @skip(if: $if) { none: free }
    }`;
    const statuses = [];
    // Put together with commas these two are the same text; only the second asks for what is limited.
    for (const variables of [
      { a: '1,true', if: false, b: '2', list: ['true'], flags: [true] },
      { a: '1', if: true, b: 'false,2', list: ['true'], flags: [true] },
      { a: '1', if: true, b: 'false,2', list: null, flags: [] },
    ]) {
      statuses.push((await send(server, query, bob, { variables })).status);
    }
    expect(statuses).toEqual([200, 200, 429]);
    expect(store.asked.map((charges) => charges.map(({ policy }) => policy))).toEqual([['Query.f'], ['Query.f']]);
  });

  it('R4: each alias is counted, and a refused operation is not charged', async () => {
    const store = watched();
    const { server, calls } = await serve(schema, { store });
    for (let time = 1; time <= 2; time += 1) {
      const answer = await send(server, '{ a: f b: f c: f wide }', bob);
      expectRefused(answer);
      expect(answer.headers.get('retry-after')).toBe('60');
      expect(answer.headers.get('ratelimit-policy')).toBe('"Query.f";q=2;w=60');
    }
    expect(store.asked).toEqual([]);
    expect(calls).toEqual([]);
    expect((await send(server, '{ a: f b: f wide }', bob)).headers.get('ratelimit')).toBe(
      '"Query.f";r=0;t=60, "Query.wide";r=99;t=3600',
    );
  });

  it('R5: one response key is counted once, however often fragments select it', async () => {
    const store = watched();
    const { server } = await serve(schema, { store });
    const query =
      '{ ...A ...A ...B f ... on Named { f } ... { f } } fragment A on Query { f } fragment B on Named { ...A f }';
    expect((await send(server, query, bob)).status).toBe(200);
    expect(store.asked.flat().map(({ points }) => points)).toEqual([1]);
  });

  it('R7: neither of two fields is charged when one of them is exhausted', async () => {
    const store = watched();
    const { server } = await serve(schema, { store });
    await send(server, '{ a: f b: f wide }', bob);
    expectRefused(await send(server, '{ f wide }', bob));
    expect((await send(server, '{ wide }', bob)).headers.get('ratelimit')).toContain('r=98');
  });

  it('only the fields that @skip and @include leave are counted', async () => {
    const store = watched();
    const { server } = await serve(schema, { store });
    const query = `query ($on: Boolean! = false) {
      a: f @include(if: $on)
      b: f @skip(if: true)
      ... @include(if: $on) { c: f d: f }
      ...F @skip(if: $on)
    } fragment F on Query { e: f }`;
    expect((await send(server, query, bob)).status).toBe(200);
    expect(store.asked.flat().map(({ points }) => points)).toEqual([1]);
    expectRefused(await send(server, query, bob, { variables: { on: true } }));
  });

  it('a null in place of a condition is an error of the client, and the field is counted all the same', async () => {
    const store = watched();
    const { server, log } = await serve(schema, { store });
    const answer = await send(server, 'query ($on: Boolean = true) { f @include(if: $on) }', bob, {
      variables: { on: null },
    });
    expect(codes(answer)).not.toEqual([]);
    expect(answer.body.data ?? null).toBeNull();
    expect(store.asked.flat().map(({ points }) => points)).toEqual([1]);
    expect(log.join()).not.toContain("control 'rate-limit' failed");
  });

  it('a field is counted and not its alias: another field under its name is free', async () => {
    const store = watched();
    const { server } = await serve(schema, { store });
    await send(server, '{ f: free }', bob);
    expect(store.asked).toEqual([]);
    await send(server, '{ free: f }', bob);
    expect(store.asked).toHaveLength(1);
  });

  it('only the selected operation is charged, and one without limited fields does not ask the store', async () => {
    const store = watched();
    const { server } = await serve(schema, { store });
    const query = 'query A { free } query B { f } mutation C { login }';
    expect((await send(server, query, bob, { operationName: 'A' })).status).toBe(200);
    expect(store.asked).toEqual([]);
    await send(server, query, bob, { operationName: 'B' });
    expect(store.asked.flat().map(({ policy }) => policy)).toEqual(['Query.f']);
  });

  it('the store is asked once for all charges of an operation', async () => {
    const store = watched();
    const { server } = await serve(schema, { store });
    await send(server, '{ f wide byAddress byAll twice }', bob);
    expect(store.asked).toHaveLength(1);
    expect(store.asked[0]?.map(({ policy }) => policy).toSorted()).toEqual([
      'Query.byAddress',
      'Query.byAll',
      'Query.f',
      'Query.twice',
      'Query.twice#2',
      'Query.wide',
    ]);
  });

  it('several windows on one field all hold', async () => {
    vi.useFakeTimers({ toFake: ['Date', 'performance', 'setTimeout', 'clearTimeout'] });
    const { server } = await serve(schema);
    const answers = [];
    for (let second = 0; second < 5; second += 1) {
      answers.push(await send(server, '{ twice }', bob));
      vi.advanceTimersByTime(1_000);
    }
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 429, 429]);
    expect(answers[2]?.headers.get('ratelimit')).toBe('"Query.twice";r=0;t=1, "Query.twice#2";r=0;t=3598');
    expect(answers[3]?.headers.get('retry-after')).toBe('3597');
  });

  it('an operation whose variables do not coerce is refused before it is charged', async () => {
    const store = watched();
    const { server } = await serve(schema, { store });
    const answer = await send(server, 'query ($x: Int!) { f(x: $x) }', bob, { variables: { x: 'many' } });
    expect(answer.status).toBe(400);
    expect(store.asked.flat().map(({ policy }) => policy)).toEqual(['refusals:address', 'refusals']);
  });
});

describe('keys', () => {
  it('callers are counted by principal, by address, by both, or all together', async () => {
    const { server } = await serve(schema);
    const elsewhere = { clientIp: '198.51.100.7' };
    const first = await send(server, '{ f byAddress byBoth byAll }', bob);
    expect(first.status).toBe(200);
    expectRefused(await send(server, '{ byAddress }', ann));
    expect((await send(server, '{ byAddress }', as({ id: 'bob' }, elsewhere))).status).toBe(200);
    expectRefused(await send(server, '{ byBoth }', bob));
    expect((await send(server, '{ byBoth }', ann)).status).toBe(200);
    expect((await send(server, '{ byBoth }', as({ id: 'bob' }, elsewhere))).status).toBe(200);
    expectRefused(await send(server, '{ byAll }', as({ id: 'eve' }, elsewhere)));
  });

  it('a principal that is called like an address does not share the bucket of that address', async () => {
    const { server } = await serve(schema);
    expect((await send(server, '{ a: f b: f }', as(null, { clientIp: '1.2.3.4' }))).status).toBe(200);
    expect((await send(server, '{ a: f b: f }', as({ id: '1.2.3.4' }))).status).toBe(200);
    expectRefused(await send(server, '{ f }', as(null, { clientIp: '1.2.3.4' })));
    expectRefused(await send(server, '{ f }', as({ id: '1.2.3.4' })));
  });

  it('anonymous callers without an address share a bucket, and not that of a principal called unknown', async () => {
    const { server } = await serve(schema);
    const anonymous = { security: securityContext() };
    expect((await send(server, '{ a: f b: f }', anonymous)).status).toBe(200);
    expectRefused(await send(server, '{ f }', { security: securityContext() }));
    expect((await send(server, '{ f }', as({ id: 'unknown' }))).status).toBe(200);
  });

  it.each(['__proto__', 'constructor', 'a,u:3:bob', ':', '"', '\u0000', 'x'.repeat(10_000), '\ud800'])(
    'counts the principal %j like any other',
    async (id) => {
      const { server } = await serve(schema);
      expect((await send(server, '{ a: f b: f }', as({ id }))).status).toBe(200);
      expectRefused(await send(server, '{ f }', as({ id })));
      expect((await send(server, '{ f }', as({ id: `${id}x` }))).status).toBe(200);
    },
  );

  it('an argument is counted by its value, whether it is a literal, a variable, a default or inside an input object', async () => {
    const store = watched();
    const { server } = await serve(schema, { store });
    const variables = { e: 'ann@x.org', i: { email: 'ann@x.org' } };
    for (const query of [
      'mutation { login(input: { email: "ann@x.org" }) }',
      'mutation ($e: String) { login(input: { email: $e }) }',
      'mutation ($i: Credentials) { login(input: $i) }',
      'mutation ($e2: String = "ann@x.org") { login(input: { email: $e2 }) }',
      'mutation ($i2: Credentials = { email: "ann@x.org" }) { login(input: $i2) }',
    ]) {
      await send(server, query, bob, {
        variables: {
          ...(query.includes('$e:') && { e: variables.e }),
          ...(query.includes('$i:') && { i: variables.i }),
        },
      });
    }
    expect(store.asked).toHaveLength(5);
    expect(new Set(store.asked.flat().map(({ key }) => key)).size).toBe(1);

    const byDefault = ['mutation { login(input: {}) }', 'mutation ($e: String) { login(input: { email: $e }) }'];
    for (const query of byDefault) await send(server, query, bob);
    const missing = [
      'mutation { login }',
      'mutation { login(input: null) }',
      'mutation { login(input: { email: null }) }',
    ];
    for (const query of missing) await send(server, query, bob);
    const keys = store.asked.slice(5).map(([charge]) => charge?.key);
    expect(new Set(keys.slice(0, 2)).size).toBe(1);
    expect(new Set(keys.slice(2)).size).toBe(1);
    expect(new Set(keys).size).toBe(2);
  });

  it('every alias is charged to the value of its argument', async () => {
    const store = watched();
    const { server, calls } = await serve(schema, { store });
    const logins = Array.from({ length: 100 }, (_, i) => `a${i}: plain(email: "u${i}@x.org")`);
    expect((await send(server, `mutation { ${logins.join(' ')} }`, bob)).status).toBe(200);
    expect(store.asked).toHaveLength(1);
    expect(store.asked[0]).toHaveLength(100);
    const hammered = Array.from({ length: 100 }, (_, i) => `a${i}: plain(email: "ann@x.org")`);
    expectRefused(await send(server, `mutation { ${hammered.join(' ')} }`, bob));
    expect(calls).toHaveLength(100);
  });

  it('attack: an id that resolvers read as a number has one bucket, however it is written', async () => {
    const { server } = await serve(
      'type Query { a: Int } type Mutation { pin(user: ID!): Int @rateLimit(max: 2, by: [GLOBAL], args: ["user"]) }',
    );
    const query = 'mutation ($user: ID!) { pin(user: $user) }';
    const statuses = [];
    for (const user of [7, '007', '+7', ' 7.0', 8, '08']) {
      statuses.push((await send(server, query, bob, { variables: { user } })).status);
    }
    expect(statuses).toEqual([200, 200, 429, 429, 200, 200]);
  });

  it('spellings of one e-mail address share a bucket, in an input object too', async () => {
    const { server } = await serve(schema);
    const spellings = ['Ann@X.org', ' ann@x.org\\t', '\\uff41nn@x.org'];
    for (const spelling of spellings.slice(0, 2)) {
      expect((await send(server, `mutation { plain(email: "${spelling}") }`, bob)).status).toBe(200);
    }
    expectRefused(await send(server, `mutation { plain(email: "${spellings[2]}") }`, ann));
    const invisible = [
      'a\\u200bnn@x.org',
      'ann\\ufeff@x.org',
      '\\u00e1nn@x.org',
      'a\\u0301nn@x.org',
      'ann@x\\u00ad.org',
      'a\\u20ddnn@x.org',
    ];
    for (const spelling of invisible)
      expectRefused(await send(server, `mutation { plain(email: "${spelling}") }`, ann));
    expect((await send(server, 'mutation { plain(email: "ann@y.org") }', ann)).status).toBe(200);
    expect((await send(server, 'mutation { whole(input: { tags: ["A"], email: "e" }) }', bob)).status).toBe(200);
    expectRefused(await send(server, 'mutation { whole(input: { email: "E ", tags: [" a"] }) }', bob));
  });

  // Sharp s, small and capital; letters with a stroke; ligatures; dotless i.
  it.each([
    '\\u00df \\u1e9e ss SS',
    '\\u00f8 \\u00d8 o',
    '\\u0142 \\u0141 l',
    '\\u0111 \\u0110 d',
    '\\u0127 \\u0126 h',
    '\\u0167 \\u0166 t',
    '\\u00e6 \\u00c6 ae',
    '\\u0153 \\u0152 oe',
    '\\u0131 I i',
  ])('values that are written in several ways share a bucket: %s', async (spellings) => {
    const { server } = await serve(schema);
    const [first = '', second = '', ...others] = spellings.split(' ');
    const attempt = async (letter: string) => send(server, `mutation { plain(email: "a${letter}") }`, ann);
    for (const letter of [first, second]) expect((await attempt(letter)).status).toBe(200);
    for (const letter of others) expectRefused(await attempt(letter));
  });

  it('a list in another order, or with an item twice, has the same bucket', async () => {
    const { server } = await serve(schema);
    expect((await send(server, 'mutation { whole(input: { tags: ["a", "b"] }) }', bob)).status).toBe(200);
    for (const tags of ['["b", "a"]', '["a", "b", "A"]', '["b", "b", "a"]']) {
      expectRefused(await send(server, `mutation { whole(input: { tags: ${tags} }) }`, bob));
    }
    expect((await send(server, 'mutation { whole(input: { tags: ["a", "b", "c"] }) }', bob)).status).toBe(200);
  });

  it('different objects, lists and missing values never share a bucket', async () => {
    const { server } = await serve(schema);
    for (const args of [
      '',
      '(code: 1)',
      '(input: {})',
      '(input: { tags: [] })',
      '(input: { tags: ["a,b"] })',
      '(input: { tags: ["a", "b"] })',
      '(input: { nested: { email: "a" } })',
      '(input: { nested: { nested: { email: "a" } } })',
    ]) {
      expect((await send(server, `mutation { whole${args} }`, bob)).status).toBe(200);
      expectRefused(await send(server, `mutation { whole${args} }`, bob));
    }
  });
});

describe('headers', () => {
  it('R12: every answer has headers with what is left', async () => {
    vi.useFakeTimers({ toFake: ['Date', 'performance', 'setTimeout', 'clearTimeout'] });
    const { server } = await serve(schema);
    const first = await send(server, 'mutation { login }', bob);
    expect(first.headers.get('ratelimit-policy')).toBe('"Mutation.login";q=2;w=60');
    expect(first.headers.get('ratelimit')).toBe('"Mutation.login";r=1;t=60');
    vi.advanceTimersByTime(59_400);
    expect((await send(server, 'mutation { login }', bob)).headers.get('ratelimit')).toBe('"Mutation.login";r=0;t=1');
    const third = await send(server, 'mutation { login }', bob);
    expectRefused(third);
    expect(third.headers.get('ratelimit')).toBe('"Mutation.login";r=0;t=1');
    expect(third.headers.get('ratelimit-policy')).toBe('"Mutation.login";q=2;w=60');
    expect(third.headers.get('retry-after')).toBe('1');
  });

  it('an answer without limited fields has no headers of limits', async () => {
    const { server } = await serve(schema);
    const answer = await send(server, '{ free }', bob);
    expect([...answer.headers.keys()].filter((name) => name.startsWith('ratelimit'))).toEqual([]);
  });

  it('the headers name the bucket of a policy that has the fewest points left', async () => {
    const { server } = await serve(schema);
    await send(server, 'mutation { plain(email: "ann") }', bob);
    const answer = await send(server, 'mutation { a: plain(email: "eve") b: plain(email: "ann") }', bob);
    expect(answer.headers.get('ratelimit')).toMatch(/^"Mutation\.plain";r=0;t=\d+$/);
  });
});

it('the headers name the four policies with the fewest points left, so that no operation makes headers of any length', async () => {
  const names = Array.from({ length: 60 }, (_, i) => `f${i}`);
  const fields = names.map((name, i) => `${name}: String @rateLimit(max: ${100 - i})`).join(' ');
  const { server } = await serve(`type Query { ${fields} }`, { legacyHeaders: true });
  const { status, headers } = await send(server, `{ ${names.join(' ')} }`, bob);
  const tightest = ['f56', 'f57', 'f58', 'f59'].map((name) => expect.stringContaining(`"Query.${name}";`));
  expect(status).toBe(200);
  expect(headers.get('ratelimit')?.split(', ').toSorted()).toEqual(tightest);
  expect(headers.get('ratelimit-policy')?.split(', ').toSorted()).toEqual(tightest);
  expect(headers.get('x-ratelimit-remaining')).toBe('40');
});

describe('every transport', () => {
  it('each element of a batch is charged and refused without a status, and the headers show the tightest limits', async () => {
    const { server } = await serve(schema);
    const answer = await sendBody(
      server,
      [{ query: '{ f }' }, { query: '{ f wide }' }, { query: '{ f byAll }' }, { query: '{ free }' }],
      bob,
    );
    expect(answer.status).toBe(200);
    expect(answer.body.map(({ errors }: Answer['body']) => errors?.[0].extensions.code)).toEqual([
      undefined,
      undefined,
      'RATE_LIMITED',
      undefined,
    ]);
    const items = answer.headers.get('ratelimit')?.split(', ').toSorted();
    expect(items).toEqual([
      expect.stringMatching(/^"Query\.byAll";r=1;t=\d+$/),
      '"Query.f";r=0;t=60',
      '"Query.wide";r=99;t=3600',
    ]);
    expect(answer.headers.get('ratelimit-policy')?.split(', ')).toHaveLength(3);
  });

  it('a persisted query that is sent as a hash is refused above its limit', async () => {
    const { server } = await serve(schema);
    const query = '{ f }';
    const extensions = { persistedQuery: { version: 1, sha256Hash: createHash('sha256').update(query).digest('hex') } };
    expect((await send(server, query, bob, { extensions })).status).toBe(200);
    expect((await send(server, undefined, bob, { extensions })).status).toBe(200);
    for (let time = 1; time <= 2; time += 1) expectRefused(await send(server, undefined, bob, { extensions }));
    expect((await send(server, undefined, ann, { extensions })).status).toBe(200);
  });

  it('GET and POST are counted together', async () => {
    const { server } = await serve(schema);
    expect((await send(server, '{ f }', bob, { method: 'GET' })).status).toBe(200);
    expect((await send(server, '{ f }', bob)).status).toBe(200);
    expectRefused(await send(server, '{ f }', bob, { method: 'GET' }));
  });
});

describe('race', () => {
  const url = inject('redisUrl');
  const client = url === undefined ? undefined : new Redis(url);
  beforeAll(async () => {
    await client?.ping();
    return () => client?.disconnect();
  });

  it.each(client ? ['memory', 'Redis'] : ['memory'])(
    'lets exactly 5 of 50 parallel requests through a limit of 5, with the counters in %s',
    async (kind) => {
      const store = client && kind === 'Redis' ? redisStore({ client }) : memoryStore();
      const { server, calls } = await serve('type Query { f: String @rateLimit(max: 5, windowSeconds: 97) }', {
        store,
        storeTimeoutMilliseconds: 10_000,
      });
      const me = as({ id: `race-${process.pid}-${performance.now()}` });
      const answers = await Promise.all(Array.from({ length: 50 }, () => send(server, '{ f }', me)));
      expect(answers.filter(({ status }) => status === 200)).toHaveLength(5);
      expect(answers.filter(({ status }) => status === 429)).toHaveLength(45);
      expect(calls).toHaveLength(5);
    },
  );

  it('several servers count together in Redis', async ({ skip }) => {
    if (!client) return skip();
    const me = as({ id: `fleet-${process.pid}-${performance.now()}` });
    const options = { store: redisStore({ client }), storeTimeoutMilliseconds: 10_000 };
    const [one, two] = [await serve(schema, options), await serve(schema, options)];
    expect((await send(one.server, '{ f }', me)).status).toBe(200);
    expect((await send(two.server, '{ f }', me)).status).toBe(200);
    expectRefused(await send(one.server, '{ f }', me));
    expectRefused(await send(two.server, '{ f }', me));
  });
});

describe('what it tells', () => {
  it('the event names the coordinate and the time, and the client gets neither beyond its headers', async () => {
    const { server, events } = await serve(schema);
    await send(server, '{ byAll }', bob);
    const answer = await send(server, '{ byAll }', bob);
    expect(events).toMatchObject([
      {
        type: 'rate.limited',
        outcome: 'refused',
        control: 'rate-limit',
        coordinate: 'Query.byAll',
        retryAfterSeconds: 60,
        principalId: 'bob',
      },
    ]);
    expect(answer.body).toEqual({ errors: [{ message: 'Too many requests', extensions: { code: 'RATE_LIMITED' } }] });
  });

  it('the event names the exceeded rule of several on one field', async () => {
    const { server, events } = await serve(
      'type Query { f: String @rateLimit(max: 9) @rateLimit(max: 2, by: GLOBAL) }',
    );
    for (let call = 0; call < 3; call += 1) await send(server, '{ f }', bob);
    await send(server, '{ a: f b: f c: f }', bob);
    const limited = { type: 'rate.limited', coordinate: 'Query.f', policy: 'Query.f#2', retryAfterSeconds: 60 };
    expect(events).toMatchObject([limited, limited]);
  });

  it('in report mode operations are counted and reported, and nothing is refused', async () => {
    const { server, events, calls } = await serve(schema, { mode: 'report' });
    for (let call = 0; call < 4; call += 1) expect((await send(server, '{ f }', bob)).status).toBe(200);
    expect(calls).toHaveLength(4);
    expect(events.map(({ type, outcome }) => [type, outcome])).toEqual([
      ['rate.limited', 'reported'],
      ['rate.limited', 'reported'],
    ]);
    expect((await send(server, '{ f }', bob)).headers.get('ratelimit')).toContain('r=0');
  });

  it('rateLimit closes a store that it made, and not one that it was given', async () => {
    const close = vi.fn<() => void>();
    const { server } = await serve(schema, { store: { ...memoryStore(), close } });
    await server.stop();
    expect(close).not.toHaveBeenCalled();
  });
});

// What keeps a server from starting, and what the parts say by themselves.
import type { SecurityContext } from '@graphql-bulwark/core';
import { roundUpPoints } from '@graphql-bulwark/core/internal';
import { buildSchema, GraphQLInt, GraphQLObjectType, GraphQLSchema } from 'graphql';
import { describe, expect, it, vi } from 'vitest';
import { compileSpelling, type SpelledValues, writeCallerKey, writeValuesKey } from '../../src/charges/bucket-key.ts';
import { type RateLimitOptions, rateLimit, rateLimitDirectives } from '../../src/index.ts';
import { writeHeaders } from '../../src/response/headers.ts';
import { compileRules, type Rule } from '../../src/rules/directive.ts';

function start(sdl: string, options: RateLimitOptions = {}): void {
  rateLimit(options).start?.({ schema: buildSchema(`${rateLimitDirectives} ${sdl}`) });
}

const input = 'input In { email: String, deep: In, list: [In!] } scalar JSON';

describe('an invalid rule keeps the server from starting', () => {
  it.each<[string, RegExp]>([
    ['type Query { f: Int @rateLimit(max: 0) }', /Query\.f: max must be a whole number of at least 1, but is 0/],
    ['type Query { f: Int @rateLimit(max: -1) }', /max must be a whole number/],
    ['type Query { f: Int @rateLimit(max: 1, windowSeconds: 0) }', /windowSeconds must be a whole number/],
    ['type Query { f: Int @rateLimit(max: 1, windowSeconds: 2147484) }', /windowSeconds must be at most 2147483/],
    ['type Query { f: Int @rateLimit(max: 1, by: []) }', /by must be a list that is not empty/],
    ['type Query { f: Int @rateLimit(max: 1, args: []) }', /args must be a list that is not empty/],
    ['type Query { f: Int @rateLimit(max: 1, args: ["email"]) }', /'email', which is no argument/],
    ['type Query { f(email: String): Int @rateLimit(max: 1, args: ["emial"]) }', /'emial', which is no argument/],
    ['type Query { f(email: String): Int @rateLimit(max: 1, args: ["email.x"]) }', /'email\.x'/],
    ['type Query { f(email: String): Int @rateLimit(max: 1, args: ["__proto__"]) }', /'__proto__'/],
    [`${input} type Query { f(i: In): Int @rateLimit(max: 1, args: ["i.phone"]) }`, /'i\.phone'/],
    [`${input} type Query { f(i: In): Int @rateLimit(max: 1, args: ["i.list.email"]) }`, /'i\.list\.email'/],
    [`${input} type Query { f(i: JSON): Int @rateLimit(max: 1, args: ["i.email"]) }`, /'i\.email'/],
    [`${input} type Query { f(i: In): Int @rateLimit(max: 1, args: ["i."]) }`, /'i\.'/],
    ['type Query { f: Int @rateLimit(max: 1, args: [""]) }', /''/],
    [
      'type Query { f(n: String): Int @rateLimit(max: 1, weight: "n") }',
      /weight 'n' must be a list, an Int or a Float/,
    ],
    ['type Query { f(n: Int): Int @rateLimit(max: 1, weight: "m") }', /'m', which is no argument/],
    [
      'interface I { f(n: Int = 1): Int @rateLimit(max: 1, args: ["n"]) } type Query implements I { f(n: Int = 2): Int }',
      /Query\.f: argument 'n' must have the default that it has in the interface/,
    ],
    [
      'interface I { f(n: [Int!]): Int @rateLimit(max: 1, weight: "n") } type Query implements I { f(n: [Int!] = [1, 2]): Int }',
      /Query\.f: argument 'n' must have the default that it has in the interface/,
    ],
    ['type Query { f: Int @rateLimit(max: 1, tiers: []) }', /tiers must be a list that is not empty/],
    ['type Query { f: Int @rateLimit(max: 1, tiers: [{ name: "pro", max: 0 }]) }', /max of tier 'pro'/],
    [
      'type Query { f: Int @rateLimit(max: 1, by: [GLOBAL], tiers: [{ name: "pro", max: 9 }]) }',
      /tiers need PRINCIPAL/,
    ],
    [
      'type Query { f: Int @rateLimit(max: 1, perResolve: true) }',
      /Query\.f: perResolve needs guarded resolvers. Pass the schema/,
    ],
  ])('%s', (sdl, message) => {
    expect(() => start(sdl)).toThrow(message);
    expect(() => start(sdl)).toThrow(TypeError);
  });

  it.each([
    'type Query { f: Int @rateLimit(max: 1) } type Mutation { m: Int @rateLimit(max: 1) @rateLimit(max: 9, windowSeconds: 9) }',
    `${input} type Query { f(i: In!): Int @rateLimit(max: 1, args: ["i.deep.email", "i", "i.list"]) }`,
    'schema { query: Root } type Root { f: Int } extend type Root { g: Int @rateLimit(max: 1, by: ADDRESS) }',
    'type Query { a: A me: Query } type A { f: Int @rateLimit(max: 1) q: Query }',
    'interface I { f: Int @rateLimit(max: 1) } type Query implements I { f: Int }',
    'interface I { f(n: [Int] = [1]): Int @rateLimit(max: 1, args: ["n"]) } type Query implements I { f(n: [Int] = 1, m: Int = 2): Int }',
    'type Query { f(n: [Int!], m: Float): Int @rateLimit(max: 1, weight: "n", tiers: [{ name: "pro", max: 9 }]) }',
  ])('a valid rule is accepted: %s', (sdl) => {
    expect(() => start(sdl, { tier: () => 'pro' })).not.toThrow();
  });

  const inExtensions = (directives: object): GraphQLSchema =>
    new GraphQLSchema({
      query: new GraphQLObjectType({ name: 'Query', fields: { f: { type: GraphQLInt, extensions: { directives } } } }),
    });
  const inCode = (rules: object): GraphQLSchema => inExtensions({ rateLimit: rules });

  it('rules of a schema made in code are read, and checked as those in SDL', () => {
    const rules = compileRules(inCode([{ max: 1 }, { max: 2, by: ['ADDRESS', 'PRINCIPAL', 'ADDRESS'] }]));
    expect(rules.fields.get('Query')?.get('f')?.rules).toEqual([
      { policy: 'Query.f', coordinate: 'Query.f', max: 1, windowSeconds: 60, by: ['PRINCIPAL'], args: [] },
      { policy: 'Query.f#2', coordinate: 'Query.f', max: 2, windowSeconds: 60, by: ['PRINCIPAL', 'ADDRESS'], args: [] },
    ]);
    for (const wrong of [
      {},
      { max: '5' },
      { max: Number.NaN },
      { max: 1, by: ['IP'] },
      { max: 1, by: 'ADDRESS' },
      { max: 1, args: [1] },
      { max: 1, window: 5 },
      { max: 1, perResolve: 1 },
      { max: 1, tiers: ['pro'] },
    ]) {
      expect(() => compileRules(inCode(wrong))).toThrow(TypeError);
    }
  });

  it('a list in extensions.directives is refused, because no rule would be found in it', () => {
    const list = [
      { name: 'cost', args: {} },
      { name: 'rateLimit', args: { max: 1 } },
    ];
    expect(() => compileRules(inExtensions(list))).toThrow(/Query\.f: give extensions\.directives as an object/);
    expect(() => compileRules(inExtensions(list.slice(0, 1)))).not.toThrow();
  });

  it('a rule on a whole type is refused, because it would limit nothing', () => {
    const query = new GraphQLObjectType({
      name: 'Query',
      fields: { f: { type: GraphQLInt } },
      extensions: { directives: { rateLimit: { max: 1 } } },
    });
    expect(() => compileRules(new GraphQLSchema({ query }))).toThrow(/only fields/);
  });
});

describe('invalid options of rateLimit', () => {
  it.each<[object, RegExp]>([
    [{ sotre: {} }, /did you mean 'store'/],
    [{ store: {} }, /store must be a CounterStore/],
    [{ store: null }, /store must be a CounterStore/],
    [{ onStoreError: 'open' }, /onStoreError must be 'insurance', 'deny' or 'allow'/],
    [{ storeTimeoutMilliseconds: 0 }, /storeTimeoutMilliseconds must be a whole number/],
    [{ storeTimeoutMilliseconds: Number.POSITIVE_INFINITY }, /storeTimeoutMilliseconds must be a whole number/],
    [{ instances: 0 }, /instances must be a whole number/],
    [{ storeRetryMilliseconds: 0 }, /storeRetryMilliseconds must be a whole number/],
    [{ storeTimeoutMilliseconds: 2 ** 31 }, /storeTimeoutMilliseconds must be at most 60000/],
  ])('invalid options throw while the server is built: %o', (options, message) => {
    expect(() => rateLimit(options)).toThrow(message);
  });

  it('options that are left out, empty or undefined have their defaults', () => {
    expect(rateLimit().name).toBe('rate-limit');
    const options = { store: undefined, onStoreError: undefined, storeTimeoutMilliseconds: undefined, mode: undefined };
    expect(rateLimit(options).mode).toBeUndefined();
  });
});

describe('the key of a bucket', () => {
  const keyOf = (
    rule: Pick<Rule, 'by' | 'args'>,
    security: SecurityContext,
    values: Readonly<Record<string, unknown>> | undefined,
    spelled?: SpelledValues,
  ): string => writeCallerKey(rule.by, security) + writeValuesKey(rule, values, spelled);
  const someone = { principal: null, clientIp: '192.0.2.1', requestId: 'r' };
  const withPrincipal = (id: string) => ({
    ...someone,
    principal: { id, claims: {}, roles: [], scopes: [], authMethod: 'test' },
  });
  const byValue = (value: unknown): string => keyOf({ by: ['GLOBAL'], args: [['v']] }, someone, { v: value });

  it('a bucket key has the kind and the length of every part', () => {
    expect(keyOf({ by: ['PRINCIPAL', 'ADDRESS'], args: [] }, withPrincipal('bob'), {})).toBe('u:3:bob,a:9:192.0.2.1');
    expect(keyOf({ by: ['PRINCIPAL'], args: [] }, someone, {})).toBe('a:9:192.0.2.1');
    expect(keyOf({ by: ['ADDRESS'], args: [] }, { ...someone, clientIp: null }, {})).toBe('x:7:unknown');
    expect(keyOf({ by: ['GLOBAL'], args: [['email']] }, someone, { email: ' A@x' })).toBe('g:0:,s:3:a@x');
  });

  it('a bucket key has hashes for long parts, and a name never passes for a hash', () => {
    const key = keyOf({ by: ['PRINCIPAL'], args: [] }, withPrincipal('x'.repeat(65)), {});
    expect(key).toMatch(/^u#:43:[\w-]{43}$/);
    expect(keyOf({ by: ['PRINCIPAL'], args: [] }, withPrincipal(key.slice(6)), {})).not.toBe(key);
    expect(keyOf({ by: ['PRINCIPAL'], args: [] }, withPrincipal('x'.repeat(64)), {})).toBe(`u:64:${'x'.repeat(64)}`);
  });

  it('different values have different bucket keys', () => {
    const values = [
      undefined,
      '',
      'null',
      'a',
      1,
      1.5,
      true,
      '1',
      'true',
      [],
      ['a'],
      [['a']],
      { a: 'b' },
      { a: { b: 'c' } },
      { __proto__: null, a: 1n },
      '{}',
      '[]',
    ];
    expect(new Set(values.map(byValue)).size).toBe(values.length);
  });

  it('equal values have one bucket key', () => {
    expect(byValue({ a: 1, b: [2, { c: ' X' }] })).toBe(byValue({ b: [2, { c: 'x' }], a: 1 }));
    expect(byValue(null)).toBe(byValue(undefined));
    expect(byValue({ a: null, b: {} })).toBe(byValue(undefined));
    expect(byValue({ a: null, b: 1 })).toBe(byValue({ b: 1 }));
    expect(byValue(-0)).toBe(byValue(0));
    expect(byValue('\u0130')).toBe(byValue('i\u0307'));
    expect(byValue('e\u0301')).toBe(byValue('\u00c9'));
    expect(byValue(new Date(0))).toBe(byValue(new Date(0)));
    expect(byValue(new Date(0))).not.toBe(byValue(new Date(1)));
  });

  it('a path of an argument is followed through own properties only', () => {
    const rule = { by: ['GLOBAL'], args: [['constructor', 'name']] } as const;
    expect(keyOf(rule, someone, {})).toBe('g:0:,n:0:');
    expect(keyOf(rule, someone, undefined)).toBe('g:0:,n:0:');
  });

  it('growth: a large variable is read once, however many fields it is used in', () => {
    const big = '\u00e9'.repeat(15_000);
    const normalize = vi.spyOn(String.prototype, 'normalize');
    const spelled = compileSpelling();
    const rule = { by: ['GLOBAL'], args: [['v', 'text']] } as const;
    const keys = Array.from({ length: 1_000 }, () => keyOf(rule, someone, { v: { text: big } }, spelled));
    expect(new Set(keys).size).toBe(1);
    const read = normalize.mock.contexts.reduce((letters: number, piece) => letters + String(piece).length, 0);
    expect(read).toBe(big.length);
    normalize.mockRestore();
  });

  it('growth: runs of combining marks are normalised in bounded pieces, which split no character', () => {
    const normalize = vi.spyOn(String.prototype, 'normalize');
    byValue('a\u0301\u0327'.repeat(10_000));
    expect(Math.max(...normalize.mock.contexts.map((piece) => String(piece).length))).toBeLessThan(300);
    normalize.mockRestore();
    for (const before of ['', 'x', 'xy']) {
      expect(byValue(before + '\u{1d400}'.repeat(1_000))).toBe(byValue(before + 'a'.repeat(1_000)));
    }
  });

  it('values of any depth are written without overflowing the stack', () => {
    let deep: unknown = 'end';
    for (let level = 0; level < 100_000; level += 1) deep = [deep];
    expect(byValue(deep)).toMatch(/^g:0:,l#?:/);
  });
});

describe('points', () => {
  it('R6: points are rounded up, and values that would break a bucket are refused', () => {
    expect(roundUpPoints(1.5)).toBe(2);
    expect(roundUpPoints(1)).toBe(1);
    for (const points of [0, -0, -1, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 2 ** 53]) {
      expect(() => roundUpPoints(points)).toThrow(RangeError);
    }
  });
});

describe('headers', () => {
  it('the name of a policy is quoted as a Structured Fields String', () => {
    const charge = { key: 'k', policy: 'a"b\\c\nd\u00e9', points: 1, limit: 5, windowSeconds: 60 };
    const limits = [{ charge, remaining: 0, resetSeconds: 0 }];
    expect(writeHeaders(limits)).toEqual({
      'ratelimit-policy': '"a\\"b\\\\c?d?";q=5;w=60',
      ratelimit: '"a\\"b\\\\c?d?";r=0;t=1',
    });
  });
});

it('a warning at start names the fields for which a subscription would be charged only once', () => {
  const limiter = rateLimit();
  const warned: string[] = [];
  const schema = buildSchema(`${rateLimitDirectives}
    type Query { a: Int @rateLimit(max: 1) own: Own }
    type Own { x: Int @rateLimit(max: 1) }
    type Subscription { ticks: Node @rateLimit(max: 1) }
    interface Node { id: Int }
    type Tick implements Node { id: Int dear: Int @rateLimit(max: 1) tock: Tick }`);
  limiter.start?.({ schema, warn: (message) => warned.push(message) });
  expect(warned).toEqual([expect.stringContaining('not for each event: Tick.dear. Give them perResolve')]);
});

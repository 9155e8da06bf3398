// Fields below the root, interfaces and unions, weights, tiers, calls of resolvers.
import { beforeEach, describe, expect, it } from 'vitest';
import { as, codes, send } from '../../../test/kit.ts';
import { createResolverLimits } from '../src/resolver-limits.ts';
import { serve, type Watched, watched } from './server.ts';

const bob = as({ id: 'bob' });

const schema = `
  interface Named { name: String @rateLimit(max: 3) }
  type User implements Named {
    name: String
    email(of: String): String @rateLimit(max: 4) @rateLimit(max: 4, by: [GLOBAL], args: ["of"])
    friends: [User!]
    again: Query
  }
  type Team implements Named { name: String size: Int @rateLimit(max: 5) }
  union Member = User | Team
  type Query {
    me: User
    them: [User!]
    named: Named
    member: Member
    many(ids: [Int!], first: Float = 7): Int
      @rateLimit(max: 10, weight: "ids")
      @rateLimit(max: 100, weight: "first", tiers: [{ name: "pro", max: 1000 }])
    limited: Int @rateLimit(max: 2)
  }
`;

/** Fields of objects and lists answer with few, so that what is counted is what is asked for. */
function answer(fieldName: string): unknown {
  if (fieldName === 'them' || fieldName === 'friends') return [{}, {}];
  if (fieldName === 'named' || fieldName === 'member') return null;
  return ['many', 'limited', 'size'].includes(fieldName) ? 1 : fieldName;
}

const tier = (principal: { readonly roles: readonly string[] } | null): string => principal?.roles[0] ?? 'free';

let store: Watched;
beforeEach(() => {
  store = watched();
});

/** policy -> points of what the query is charged. */
async function charged(query: string, variables?: Record<string, unknown>): Promise<Record<string, number>> {
  const { server } = await serve(schema, { store, tier }, answer);
  store.asked.length = 0;
  const got = await send(server, query, bob, { variables });
  expect(codes(got).filter((code) => code !== 'RATE_LIMITED')).toEqual([]);
  const points: Record<string, number> = {};
  for (const charge of store.asked.flat()) points[charge.policy] = (points[charge.policy] ?? 0) + charge.points;
  return points;
}

describe('fields below the root', () => {
  it.each<[string, Record<string, number>]>([
    ['{ me { email } }', { 'User.email': 1, 'User.email#2': 1 }],
    ['{ them { email } }', { 'User.email': 1, 'User.email#2': 1 }],
    ['{ a: me { email } b: me { x: email y: email } }', { 'User.email': 3, 'User.email#2': 3 }],
    ['{ me { ...E email ...E } } fragment E on User { email }', { 'User.email': 1, 'User.email#2': 1 }],
    ['{ me { friends { friends { email } } email } }', { 'User.email': 2, 'User.email#2': 2 }],
    [
      '{ me { ...E } me { friends { email } } } fragment E on User { friends { email } }',
      { 'User.email': 1, 'User.email#2': 1 },
    ],
    ['{ me { again { limited } } limited }', { 'Query.limited': 2 }],
    ['{ me { email: name name: name } }', { 'Named.name': 2 }],
    ['{ named { name } me { name } }', { 'Named.name': 2 }],
    ['{ named { name ... on User { name } ... on Team { name } } }', { 'Named.name': 1 }],
    ['{ named { ... on User { a: name b: name } ... on Team { c: name } } }', { 'Named.name': 2 }],
    ['{ member { ... on Named { name } ... on Team { size } } }', { 'Named.name': 1, 'Team.size': 1 }],
    ['{ me { ... on Named { ... on Team { size } } } }', {}],
    [
      '{ named { ... on User { a: name } } member { ... on User { ...N } ... on Team { ...N x: name } } } fragment N on Named { name }',
      { 'Named.name': 3 },
    ],
    ['{ __schema { types { name } } me { __typename } }', {}],
  ])('fields below the root are counted by selection: %s', async (query, points) => {
    expect(await charged(query)).toEqual(points);
  });

  it('@skip and @include are evaluated for every request of one document', async () => {
    const query = 'query ($on: Boolean!) { me { a: email b: email @include(if: $on) } }';
    expect(await charged(query, { on: false })).toEqual({ 'User.email': 1, 'User.email#2': 1 });
    expect(await charged(query, { on: true })).toEqual({ 'User.email': 2, 'User.email#2': 2 });
  });

  it('fields are counted right under every combination of conditions, however many a document has', async () => {
    const { server } = await serve('type Query { f: Int @rateLimit(max: 100) }', { store }, () => 1);
    const names = ['a', 'b', 'c', 'd', 'e'];
    const fields = names.map((name, i) => `${name}: f @${i % 2 ? 'skip' : 'include'}(if: $${name})`).join(' ');
    const query = `query (${names.map((name) => `$${name}: Boolean!`).join(' ')}) { ${fields} f @include(if: true) }`;
    for (const round of [0, 1]) {
      for (let mask = 0; mask < 32; mask += 1) {
        const on = names.map((_, i) => ((mask >> i) & 1) === 1);
        store.asked.length = 0;
        const variables = Object.fromEntries(names.map((name, i) => [name, on[i]]));
        await send(server, query, as({ id: `${round}:${mask}` }), { variables });
        const expected = 1 + on.filter((isOn, i) => isOn !== (i % 2 === 1)).length;
        expect([mask, store.asked.flat().map(({ points }) => points)]).toEqual([mask, [expected]]);
      }
    }
  });

  it('each field below the root is counted by its arguments', async () => {
    const { server } = await serve(schema, { store, tier }, answer);
    await send(server, '{ me { a: email(of: "x") b: email(of: "y") c: email(of: "x") } }', bob);
    const keys = store.asked.flat().filter(({ policy }) => policy === 'User.email#2');
    expect(keys.map(({ key, points }) => [key, points])).toEqual([
      ['g:0:,s:1:x', 2],
      ['g:0:,s:1:y', 1],
    ]);
  });

  it('attack: an interface and its type must have the same default arguments, or the server does not start', async () => {
    const { server } = await serve(
      `interface Node { f(q: Int): String }
       type Other implements Node { f(q: Int): String @rateLimit(max: 99, args: ["q"]) }
       type Own implements Node { f(q: Int, by: String = "x"): String @rateLimit(max: 2, args: ["by"]) }
       type Query { node: Node own: Own other: Other }`,
      {},
      (name) => (name === 'f' ? name : { __typename: 'Own' }),
    );
    for (let time = 0; time < 2; time += 1) expect((await send(server, '{ own { f } }', bob)).status).toBe(200);
    expect((await send(server, '{ node { f } }', bob)).status).toBe(429);
  });

  it('an operation above the limit of a nested field is refused twice with the same text, and its allowed twin is answered', async () => {
    const { server } = await serve(schema, { store, tier }, answer);
    const query = '{ named { a: name b: name ... on Team { c: name d: name } } }';
    for (let time = 1; time <= 2; time += 1) expect((await send(server, query, bob)).status).toBe(429);
    expect((await send(server, '{ named { a: name b: name ... on Team { c: name } } }', bob)).status).toBe(200);
  });

  it('growth: fragments that double are counted in no more time than their text takes, and refused', async () => {
    const { server } = await serve(schema, { store, tier }, answer);
    const fan = (levels: number): string =>
      `{ me { ...F0 } } ${Array.from(
        { length: levels },
        (_, i) => `fragment F${i} on User { a: friends { ...F${i + 1} } b: friends { ...F${i + 1} } }`,
      ).join(' ')} fragment F${levels} on User { email }`;
    const got = await send(server, fan(60), bob);
    expect([got.status, codes(got)]).toEqual([429, ['RATE_LIMITED']]);
    expect((await send(server, fan(2), bob)).status).toBe(200);
  });

  it('attack: what is merged in another way for each type is counted within bounds, also where no field of it is left', async () => {
    const types = Array.from({ length: 100 }, (_, i) => i);
    const { server } = await serve(
      `interface Node { node: Node f: Int } type Query { node: Node }
       ${types.map((i) => `type T${i} implements Node { node: Node f: Int @rateLimit(max: 99) }`).join(' ')}`,
      { store },
      () => null,
    );
    const merged = (by: number): string => {
      const each = (write: (i: number) => string): string => types.slice(0, by).map(write).join(' ');
      const outer = each((i) => `... on T${i} { node { node { ... on T${i} { f } } } }`);
      const inner = each((i) => `... on T${i} { node { ... on T${i} { f } } }`);
      return `{ node { ${outer} node { ${inner} } } }`;
    };
    expect(codes(await send(server, merged(40), bob))).toEqual(['OCCURRENCE_LIMIT_EXCEEDED']);
    expect((await send(server, merged(5), bob)).status).toBe(200);
  });

  it('an operation that nests too deeply to be counted is refused', async () => {
    const { server, calls } = await serve(schema, { store, tier }, answer);
    const deep = `{ me { ${'friends { '.repeat(450)} email ${'} '.repeat(450)} } }`;
    const got = await send(server, deep, bob);
    expect([got.status, codes(got)]).toEqual([400, ['OCCURRENCE_LIMIT_EXCEEDED']]);
    expect(calls).toEqual([]);
  });
});

describe('weight', () => {
  it.each<[string, Record<string, unknown>, readonly [number, number]]>([
    ['{ many(ids: [1, 2, 3]) }', {}, [3, 7]],
    ['{ many }', {}, [1, 7]],
    ['query ($i: [Int!]) { many(ids: $i, first: 2.5) }', { i: [1, 2] }, [2, 3]],
    ['query ($i: [Int!], $n: Float) { many(ids: $i, first: $n) }', { i: null, n: null }, [1, 7]],
    ['query ($i: [Int!] = [4, 5]) { many(ids: $i, first: -40) }', {}, [2, 1]],
    ['{ many(ids: [], first: 0) }', {}, [1, 1]],
    ['{ many(ids: 9) b: many(ids: [1, 2], first: 3) }', {}, [3, 10]],
  ])('the weight comes from the value of an argument: %s %j', async (query, variables, [ids, first]) => {
    expect(await charged(query, variables)).toEqual({ 'Query.many': ids, 'Query.many#2': first });
  });

  it('the weight is the default of an input field where that is null, and one where there is none', async () => {
    const { server } = await serve(
      `input Page { first: Int = 50 } type Query { list(page: Page): Int @rateLimit(max: 100, weight: "page.first") }`,
      { store },
      () => 1,
    );
    for (const page of ['(page: { first: null })', '(page: {})', '(page: null)', '']) {
      await send(server, `{ list${page} }`, bob);
    }
    expect(store.asked.flat().map(({ points }) => points)).toEqual([50, 50, 1, 1]);
  });

  it('a weight above the limit of a window is refused without asking the store', async () => {
    expect(await charged('{ many(first: 1e300) }')).toEqual({});
  });
});

it('each tier has its own limit, and a tier without one has the ordinary limit', async () => {
  const { server } = await serve(schema, { store, tier }, answer);
  const many = '{ many(first: 200) }';
  expect((await send(server, many, bob)).status).toBe(429);
  expect((await send(server, many, as({ id: 'pro', roles: ['pro'] }))).status).toBe(200);
  expect((await send(server, many, as({ id: 'proto', roles: ['__proto__'] }))).status).toBe(429);
});

it('a rule with tiers keeps the server from starting without the option tier', async () => {
  await expect(serve(schema, {}, answer)).rejects.toThrow(/@rateLimit on Query.many: tiers need the option tier/);
});

describe('per resolve', () => {
  const listed = `
    type User { email: String @rateLimit(max: 5, perResolve: true) name: String }
    type Query { them: [User] me: User }
  `;
  const resolve = (name: string): unknown => (name === 'them' ? Array.from({ length: 8 }, () => ({})) : name);

  it('perResolve counts every call, and denies those above the limit one by one', async () => {
    const { server, events } = await serve(listed, {}, resolve);
    const got = await send(server, '{ them { email name } }', bob);
    expect(got.status).toBe(200);
    expect(got.body.data.them.filter(({ email }: { email: unknown }) => email === 'email')).toHaveLength(5);
    expect(got.body.data.them.every(({ name }: { name: unknown }) => name === 'name')).toBe(true);
    expect(codes(got)).toEqual(Array(3).fill('RATE_LIMITED'));
    expect(events.filter(({ type }) => type === 'rate.limited')).toMatchObject([
      { coordinate: 'User.email', policy: 'User.email', retryAfterSeconds: 60 },
    ]);
    const other = await send(server, '{ me { email } }', as({ id: 'ann' }));
    expect(other.body).toEqual({ data: { me: { email: 'email' } } });
  });

  it('attack: with perResolve a long list does not ask the store for each of its items', async () => {
    const { server } = await serve(listed, { store }, (name) =>
      name === 'them' ? Array.from({ length: 1_000 }, () => ({})) : name,
    );
    const got = await send(server, '{ them { email } }', bob);
    expect(got.body.data.them.filter(({ email }: { email: unknown }) => email === 'email')).toHaveLength(5);
    expect(store.asked).toHaveLength(5);
    expect(codes(await send(server, '{ me { email } }', bob))).toEqual(['RATE_LIMITED']);
    expect((await send(server, '{ me { email } }', as({ id: 'ann' }))).body.errors).toBeUndefined();
  });

  it('perResolve denies a call without a security context', async () => {
    const { server } = await serve(listed, {}, resolve);
    expect(codes(await send(server, '{ me { email } }', {} as never))).toEqual(['RATE_LIMITED']);
  });
});

describe('partial', () => {
  it('partial denies the fields above their limit, answers the others, and charges only for those', async () => {
    const { server, calls, events } = await serve(schema, { store, tier, partial: true }, answer);
    expect((await send(server, '{ a: limited b: limited }', bob)).body).toMatchObject({ data: { a: 1 } });
    calls.length = 0;
    const got = await send(server, '{ limited me { name } }', bob);
    expect(got).toMatchObject({ status: 200, body: { data: { limited: null, me: { name: 'name' } } } });
    expect(got.body.errors).toMatchObject([{ path: ['limited'], extensions: { code: 'RATE_LIMITED' } }]);
    expect(calls).not.toContain('limited');
    expect(events).toMatchObject([{ type: 'rate.limited', coordinate: 'Query.limited', policy: 'Query.limited' }]);
    expect((await store.peek({ policy: 'Named.name', key: 'u:3:bob', limit: 3, windowSeconds: 60 })).remaining).toBe(2);
    const tooMany = await send(server, '{ named { a: name b: name c: name d: name __typename } }', bob);
    expect(tooMany.status).toBe(200);
    expect((await send(server, '{ limited }', as({ id: 'ann' }))).body).toEqual({ data: { limited: 1 } });
  });

  // Apollo Server makes a context for each operation; an adapter of the application's own may not.
  it('partial denies to no operation what another one with the same context is denied, nor to the same one later', () => {
    const calls = createResolverLimits({} as never, () => ({}) as never, true);
    const [contextValue, report] = [{}, () => {}];
    const [one, other] = [{}, {}] as [never, never];
    const resolved = (operation: object) => ({ contextValue, operation, report }) as never;
    calls.leaveOut(resolved(one), new Map([['Query.limited', { policy: 'Query.limited', retryAfterSeconds: 5 }]]));
    expect(calls.findDenial(contextValue, one, ['Query.limited'])).toBe(5);
    expect(calls.findDenial(contextValue, other, ['Query.limited'])).toBeUndefined();
    calls.leaveOut(resolved(one), new Map());
    expect(calls.findDenial(contextValue, one, ['Query.limited'])).toBeUndefined();
  });

  it('partial refuses the whole operation above a budget', async () => {
    const { server } = await serve(schema, { tier, partial: true, perPrincipal: { max: 1 } }, answer);
    expect((await send(server, '{ limited }', bob)).status).toBe(200);
    expect((await send(server, '{ limited }', bob)).status).toBe(429);
  });
});

/** Rules on arguments, input fields, enums, enum values and scalars. */
import { makeExecutableSchema } from '@graphql-tools/schema';
import { GraphQLScalarType, type GraphQLSchema } from 'graphql';
import { describe, expect, it } from 'vitest';
import { as, codes, send } from '../../../../test/kit.ts';
import { authDirectives, guardSchema } from '../../src/index.ts';
import { type Api, admin, denied, everyWay, everywhere, nobody, serve } from '../ways.ts';

const user = as({ id: 'u1' });

const typeDefs = /* GraphQL */ `
  type Query {
    f(in: In, list: [In!]): String
    g(plain: Int, secret: Int @auth(roles: "ADMIN")): String
    e(v: E, vs: [E!]): String
    dflt(v: E = HIDDEN): String
    c(v: Color): String
    s(v: Secret): String
    out: E
    outs: [E]
    late: [E]
    nested: [[E]]
    called: [E]
    color: Color
    deep(in: Outer): String
    me: Thing
    n: Node
  }
  interface Node { peek(at: Int @auth(roles: "ADMIN")): String }
  type Thing implements Node { peek(at: Int): String }
  type Mutation { first: String w(in: In): String nulled(x: Int @auth(roles: "ADMIN", mode: NULL)): String }
  input In { open: Int role: String @auth(roles: "ADMIN") nested: In }
  input Outer { ins: [In!] dflt: In = { role: "x" } }
  enum E { OPEN HIDDEN @auth(roles: "ADMIN") }
  enum Color @auth(roles: "ADMIN") { RED }
  scalar Secret @auth(roles: "ADMIN")
`;

/** graphql-js waits for a function that has a `then` as well. */
const waitedFor = (): void => {};
// oxlint-disable-next-line unicorn/no-thenable -- the subject of the test
waitedFor.then = (settle: (value: string) => void): void => {
  settle('HIDDEN');
};

const ran: string[] = [];
const tell =
  (name: string) =>
  (_: unknown, args: unknown): string => {
    ran.push(name);
    return JSON.stringify(args);
  };

function schema(): GraphQLSchema {
  const fields = ['f', 'g', 'e', 'dflt', 'c', 's', 'deep'];
  return makeExecutableSchema({
    typeDefs: [authDirectives, typeDefs],
    resolvers: {
      Query: {
        ...Object.fromEntries(fields.map((name) => [name, tell(name)])),
        out: () => 'HIDDEN',
        outs: () => ['OPEN', 'HIDDEN', Promise.resolve('HIDDEN'), null],
        late: () => ['OPEN', Promise.resolve('HIDDEN')],
        nested: async () => [[Promise.resolve('HIDDEN')]],
        called: () => [waitedFor],
        color: () => 'RED',
        me: () => ({}),
        n: () => ({ __typename: 'Thing' }),
      },
      Thing: { peek: tell('peek') },
      Mutation: { first: tell('first'), w: tell('w'), nulled: tell('nulled') },
    },
  });
}

const start = (): Promise<Api> => {
  ran.length = 0;
  return serve(schema());
};

describe('guarded input fields', () => {
  it.each([
    ['as a literal', '{f(in:{role:"x"})}', {}],
    ['as a variable for the object', 'query($i:In){f(in:$i)}', { i: { role: 'x' } }],
    ['as a variable for the field', 'query($r:String){f(in:{role:$r})}', { r: 'x' }],
    ['as the default of a variable', 'query($i:In={role:"x"}){f(in:$i)}', {}],
    ['as an item of a list', 'query($i:[In!]){f(list:$i)}', { i: [{ open: 1 }, { role: 'x' }] }],
    ['as one object in place of a list', '{f(list:{role:"x"})}', {}],
    ['as null', '{f(in:{role:null})}', {}],
    ['inside itself', '{f(in:{nested:{nested:{role:"x"}}})}', {}],
  ])('Z18: a guarded input field is denied %s', async (_, query, variables) => {
    const api = await start();
    const expected = { data: { f: null }, errors: [denied('f', 'FORBIDDEN')] };
    expect(await everyWay(api, query, user, variables)).toEqual(everywhere(expected));
    // Once: the admin who registered the hash.
    expect(ran).toEqual(['f']);
    const allowed = await send(api.server, query, admin, { variables });
    expect(allowed.body.errors).toBeUndefined();
    expect(ran).toEqual(['f', 'f']);
  });

  it('Z18: a guarded input field is denied as the default of an input field', async () => {
    const api = await start();
    const expected = { data: { deep: null }, errors: [denied('deep', 'FORBIDDEN')] };
    expect(await everyWay(api, '{deep(in:{})}', user)).toEqual(everywhere(expected));
    expect((await send(api.server, '{deep(in:{dflt:{open:1}, ins:[{open:2}]})}', user)).body.errors).toBeUndefined();
  });

  it('a field is answered when the guarded input field is left out', async () => {
    const api = await start();
    const answer = await send(api.server, '{f(in:{open:1,nested:{open:2}}) empty:f(in:null) none:f}', user);
    expect(answer.body).toEqual({
      data: { f: '{"in":{"open":1,"nested":{"open":2}}}', empty: '{"in":null}', none: '{}' },
    });
  });
});

describe('guarded enum values', () => {
  it.each([
    ['as a literal', '{e(v:HIDDEN)}', 'e', {}],
    ['as a variable', 'query($v:E){e(v:$v)}', 'e', { v: 'HIDDEN' }],
    ['in a list', '{e(vs:[OPEN,HIDDEN])}', 'e', {}],
    ['as the default of the schema', '{dflt}', 'dflt', {}],
    ['as the default under a variable that is left out', 'query($v:E){dflt(v:$v)}', 'dflt', {}],
  ])('Z19: a guarded enum value is denied %s', async (_, query, key, variables) => {
    const api = await start();
    const expected = { data: { [key]: null }, errors: [denied(key, 'FORBIDDEN')] };
    expect(await everyWay(api, query, user, variables)).toEqual(everywhere(expected));
    // Once: the admin who registered the hash.
    expect(ran).toEqual([key]);
    expect((await send(api.server, query, admin, { variables })).body.errors).toBeUndefined();
  });

  it('unguarded values of the enum and null are answered', async () => {
    const api = await start();
    const answer = await send(api.server, '{e(v:OPEN) n:e(v:null) dflt(v:OPEN)}', user);
    expect(answer.body.data).toEqual({ e: '{"v":"OPEN"}', n: '{"v":null}', dflt: '{"v":"OPEN"}' });
  });

  it.each(['enum F { MINE ALL @auth }', 'enum F @auth { MINE ALL }'])(
    'a guarded enum value whose internal value is null keeps the server from starting: %s',
    (types) => {
      const guarded = (value: unknown) => (): GraphQLSchema =>
        guardSchema(
          makeExecutableSchema({
            typeDefs: [authDirectives, types, 'type Query { f(v: F): Int }'],
            resolvers: { F: { ALL: value } },
          }),
        );
      expect(guarded(null)).toThrow('F.ALL: a guarded value needs an internal value other than null.');
      for (const value of ['all', 0, false, '']) expect(guarded(value)).not.toThrow();
    },
  );

  it('a warning at start names a default that not every caller may pass', () => {
    const messages: string[] = [];
    guardSchema(schema(), {
      events: {
        emit: (details) => void (details.type === 'config.warning' && messages.push(details.message)),
        logged: () => '',
      },
    });
    expect(messages.join('\n')).toContain('Query.dflt(v:)');
  });
});

describe('what a field returns', () => {
  it('each item of a list that is a guarded enum value is an error', async () => {
    const api = await start();
    const expected = {
      data: { out: null, outs: ['OPEN', null, null, null] },
      errors: [denied('out', 'FORBIDDEN'), denied('outs.1', 'FORBIDDEN'), denied('outs.2', 'FORBIDDEN')],
    };
    expect(await everyWay(api, '{out outs}', user)).toEqual(everywhere(expected));
    expect((await send(api.server, '{out outs}', admin)).body.data).toEqual({
      out: 'HIDDEN',
      outs: ['OPEN', 'HIDDEN', 'HIDDEN', null],
    });
  });

  it('guarded enum values of a list are errors when all of them are promises', async () => {
    const api = await start();
    const expected = {
      data: { late: ['OPEN', null], nested: [[null]], called: [null] },
      errors: [denied('late.1', 'FORBIDDEN'), denied('nested.0.0', 'FORBIDDEN'), denied('called.0', 'FORBIDDEN')],
    };
    for (const { data, errors } of Object.values(await everyWay(api, '{late nested called}', user))) {
      expect(data).toEqual(expected.data);
      expect(new Set(errors)).toEqual(new Set(expected.errors));
    }
  });

  it('a guarded enum or scalar is denied as an argument and as a result', async () => {
    const api = await start();
    const answer = await send(api.server, '{color c(v:RED) s(v:"x") none:c}', user);
    expect(answer.body.data).toEqual({ color: null, c: null, s: null, none: '{}' });
    expect(codes(answer)).toEqual(['FORBIDDEN', 'FORBIDDEN', 'FORBIDDEN']);
    expect((await send(api.server, '{color c(v:RED) s(v:"x")}', admin)).body.errors).toBeUndefined();
  });
});

describe('a guarded argument', () => {
  it('a guarded argument is denied when it is passed, also as null, but not when it is left out', async () => {
    const api = await start();
    const answer = await send(
      api.server,
      'query($s:Int){a:g(secret:1) b:g(secret:null) c:g(plain:1) d:g(secret:$s)}',
      user,
    );
    expect(answer.body.data).toEqual({ a: null, b: null, c: '{"plain":1}', d: '{}' });
    expect(ran).toEqual(['g', 'g']);
    expect((await send(api.server, '{g(secret:1)}', admin)).body.data).toEqual({ g: '{"secret":1}' });
  });

  it("the rule of an interface's argument holds for the types that implement it", async () => {
    const api = await start();
    const answer = await send(api.server, '{me{peek(at:1) ok:peek} n{peek(at:2)}}', user);
    expect(answer.body.data).toEqual({ me: { peek: null, ok: '{}' }, n: { peek: null } });
  });

  it('an anonymous caller who passes a guarded argument gets UNAUTHENTICATED', async () => {
    const api = await serve(schema(), { defaultRule: 'allow' });
    const answer = await send(api.server, '{g(secret:1) ok:g}', nobody);
    expect(answer.body.data).toEqual({ g: null, ok: '{}' });
    expect(codes(answer)).toEqual(['UNAUTHENTICATED']);
  });

  it('a guarded argument refuses a mutation before anything of it runs, unless its mode is NULL', async () => {
    const api = await start();
    for (const query of [
      'mutation{first w(in:{role:"x"})}',
      'mutation{first ...F} fragment F on Mutation{w(in:{role:"x"})}',
    ]) {
      const answer = await send(api.server, query, user);
      expect([answer.status, answer.body.data, codes(answer)]).toEqual([403, undefined, ['FORBIDDEN']]);
    }
    expect(ran).toEqual([]);
    const answer = await send(api.server, 'mutation{first nulled(x:1)}', user);
    expect([answer.status, answer.body.data]).toEqual([200, { first: '{}', nulled: null }]);
    expect(ran).toEqual(['first']);
    expect((await send(api.server, 'mutation{first w(in:{open:1})}', user)).body.errors).toBeUndefined();
  });

  it('a denied argument is named in the event, but not in the answer', async () => {
    const api = await start();
    const answer = await send(api.server, '{f(in:{role:"x"}) g(secret:1) e(v:HIDDEN)}', user);
    expect(api.events.map((event) => 'coordinate' in event && event.coordinate)).toEqual([
      'In.role',
      'Query.g(secret:)',
      'E.HIDDEN',
    ]);
    expect(JSON.stringify(answer.body)).not.toMatch(/ADMIN|In\.role|HIDDEN/);
  });
});

describe('mode REJECT', () => {
  const rejecting = makeExecutableSchema({
    typeDefs: [
      authDirectives,
      'type Query { a: String b: String @auth(roles: "ADMIN", mode: REJECT) c: T } type T { x: Int @auth(scopes: "s", mode: REJECT) }',
    ],
    resolvers: { Query: { a: tell('a'), b: tell('b'), c: () => ({ x: 1 }) } },
  });

  it('a guarded argument with mode REJECT refuses a query as a whole', async () => {
    ran.length = 0;
    const api = await serve(rejecting);
    for (let time = 0; time < 2; time += 1) {
      const answer = await send(api.server, '{a b c{x}}', user);
      expect([answer.status, answer.body.data, codes(answer)]).toEqual([403, undefined, ['FORBIDDEN', 'FORBIDDEN']]);
    }
    expect(ran).toEqual([]);
    expect((await send(api.server, '{a b}', admin)).body.errors).toBeUndefined();
    expect((await send(api.server, '{a}', user)).body.errors).toBeUndefined();
  });
});

it('policies of an input field are not asked when a mutation leaves it out', async () => {
  const bare = makeExecutableSchema({
    typeDefs: [
      authDirectives,
      `type Query { a(o: ID @owner(optional: true)): String @public b(o: ID @owner): String @public }
       type Mutation { feedback(i: Own!): String @public save(i: Managed!): String }
       input Own { ownerId: ID @owner text: String }
       input Managed { ownerId: ID @owner @auth(roles: "ADMIN") text: String }`,
    ],
    resolvers: {
      Query: { a: tell('a'), b: tell('b') },
      Mutation: { feedback: tell('feedback'), save: tell('save') },
    },
  });
  const { server } = await serve(bare);
  ran.length = 0;
  const codeOf = async (query: string, who: typeof nobody): Promise<unknown> =>
    codes(await send(server, query, who))[0];
  expect(await codeOf('mutation { feedback(i: { text: "x" }) }', nobody)).toBeUndefined();
  expect(await codeOf('mutation { save(i: { text: "x" }) }', user)).toBeUndefined();
  expect(await codeOf('{ a }', nobody)).toBeUndefined();
  expect(ran).toEqual(['feedback', 'save', 'a']);
  expect(await codeOf('{ b }', nobody)).toBe('UNAUTHENTICATED');
  expect(await codeOf('mutation { feedback(i: { ownerId: "u1" }) }', nobody)).toBe('UNAUTHENTICATED');
  expect(await codeOf('mutation { save(i: { ownerId: "u1" }) }', user)).toBe('FORBIDDEN');
  expect(await codeOf('mutation { feedback(i: { ownerId: "u2" }) }', user)).toBe('FORBIDDEN');
  expect(ran).toEqual(['feedback', 'save', 'a']);
});

it('the rule of a scalar holds when it coerces a required value to null', async () => {
  const secret = new GraphQLScalarType({ name: 'Secret', parseValue: () => null, parseLiteral: () => null });
  const bare = makeExecutableSchema({
    typeDefs: [
      authDirectives,
      'scalar Secret @auth(roles: "ADMIN") type Query { s(v: Secret!, vs: [Secret!]): String @public }',
    ],
    resolvers: { Secret: secret, Query: { s: () => 'ran' } },
  });
  const { server } = await serve(bare);
  for (const query of ['{ s(v: 1) }', '{ s(v: 1, vs: [1]) }']) {
    expect((await send(server, query, user)).body.data).toEqual({ s: null });
    expect((await send(server, query, admin)).body).toEqual({ data: { s: 'ran' } });
  }
});

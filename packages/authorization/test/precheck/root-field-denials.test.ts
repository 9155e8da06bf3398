import { makeExecutableSchema } from '@graphql-tools/schema';
import { type GraphQLSchema, graphql } from 'graphql';
import { describe, expect, it, vi } from 'vitest';
import { as, codes, send, sendBody } from '../../../../test/kit.ts';
import { authDirectives } from '../../src/index.ts';
import { admin, denied, nobody, outcome, plain, sendHash, serve } from '../ways.ts';

const user = as({ id: 'u1' });

function schemaOf(ran = vi.fn()): GraphQLSchema {
  const run = (name: string, value: unknown) => () => {
    ran(name);
    return value;
  };
  return makeExecutableSchema({
    typeDefs: `
      ${authDirectives}
      type Query { me: Int }
      type Mutation {
        a: Int
        b: Int @auth(roles: "ADMIN")
        c: Int @auth(scopes: "write")
        node: Node
        secret: Secret
        mix: Mix
        open: Int @public
        self: Mutation
      }
      interface Node { id: ID name: String }
      interface Secret { id: ID }
      type User implements Node { id: ID name: String email: String @auth(roles: "ADMIN") }
      type Doc implements Node & Secret @auth(roles: "ADMIN") { id: ID name: String t: String }
      interface Mix { x: Int y: Int }
      type Locked implements Mix @auth(roles: "ADMIN") { x: Int y: Int }
      type Partly implements Mix { x: Int @auth(roles: "ADMIN") y: Int }
      type Safe implements Secret @auth(roles: "ADMIN") { id: ID }
    `,
    resolvers: {
      Mutation: {
        a: run('a', 1),
        b: run('b', 2),
        c: run('c', 3),
        open: run('open', 4),
        node: run('node', { __typename: 'User', id: '1', email: 'e' }),
        secret: run('secret', { __typename: 'Safe', id: '1' }),
        mix: run('mix', { __typename: 'Partly', x: 1, y: 2 }),
        self: run('self', {}),
      },
    },
  });
}

describe('a mutation', () => {
  it('Z10: a mutation is refused as a whole, before anything of it ran', async () => {
    const ran = vi.fn();
    const api = await serve(schemaOf(ran));
    for (let time = 0; time < 2; time += 1) {
      const answer = await send(api.server, 'mutation{a b}', user);
      expect(answer.status).toBe(403);
      expect(answer.body).toEqual({
        errors: [
          {
            message: 'Forbidden',
            locations: [{ line: 1, column: 12 }],
            path: ['b'],
            extensions: { code: 'FORBIDDEN' },
          },
        ],
      });
    }
    expect(ran).not.toHaveBeenCalled();
    expect(api.events[0]).toMatchObject({
      type: 'access.denied',
      control: 'authorization',
      coordinate: 'Mutation.b',
      rule: '@auth(roles: [["ADMIN"]])',
      operationType: 'mutation',
    });

    expect((await send(api.server, 'mutation{a b}', admin)).body).toEqual({ data: { a: 1, b: 2 } });
    expect((await send(api.server, 'mutation{a}', user)).body).toEqual({ data: { a: 1 } });
  });

  it('Z10: a mutation is refused as a persisted hash, and in a batch, which has a status of its own', async () => {
    const ran = vi.fn();
    const api = await serve(schemaOf(ran));
    const byHash = await sendHash(api, 'mutation{a b}', user);
    expect([byHash.status, codes(byHash)]).toEqual([403, ['FORBIDDEN']]);
    ran.mockClear();
    const batch = await sendBody(api.server, [{ query: 'mutation{a b}' }, { query: 'mutation{a}' }], user);
    expect(batch.status).toBe(200);
    expect(outcome(batch.body[0])).toEqual({ data: undefined, errors: [denied('b', 'FORBIDDEN')] });
    expect(batch.body[1]).toEqual({ data: { a: 1 } });
    expect(ran.mock.calls).toEqual([['a']]);
  });

  it('without the control a mutation is denied field by field', async () => {
    const { schema } = await serve(schemaOf());
    const result = plain(await graphql({ schema, source: 'mutation{a b}', contextValue: user }));
    expect(outcome(result)).toEqual({ data: { a: 1, b: null }, errors: [denied('b', 'FORBIDDEN')] });
  });

  it('a mutation of an anonymous caller is refused with 401', async () => {
    const api = await serve(schemaOf());
    const answer = await send(api.server, 'mutation{open a b}', nobody);
    expect(answer.status).toBe(401);
    expect(answer.headers.get('www-authenticate')).toBe('Bearer realm="graphql"');
    expect(outcome(answer.body).errors).toEqual([denied('a', 'UNAUTHENTICATED'), denied('b', 'UNAUTHENTICATED')]);
    expect((await send(api.server, 'mutation{open}', nobody)).body).toEqual({ data: { open: 4 } });
  });

  it('J13: a mutation is refused with insufficient_scope when only scopes are missing', async () => {
    const api = await serve(schemaOf());
    const answer = await send(api.server, 'mutation{c}', user);
    expect([answer.status, answer.headers.get('www-authenticate')]).toEqual([
      403,
      'Bearer realm="graphql", error="insufficient_scope"',
    ]);
    expect((await send(api.server, 'mutation{b c}', user)).headers.get('www-authenticate')).toBeUndefined();
    expect((await send(api.server, 'mutation{c}', as({ id: 'w', scopes: ['write'] }))).body).toEqual({
      data: { c: 3 },
    });
  });

  it('Z11, Z12: a mutation is checked with its variables', async () => {
    const api = await serve(schemaOf());
    for (const query of [
      'mutation($s:Boolean!){a b @skip(if:$s)}',
      'mutation($s:Boolean!){a ...F @skip(if:$s)} fragment F on Mutation{b}',
      'mutation($s:Boolean!){a ...@skip(if:$s){b}}',
    ]) {
      expect((await send(api.server, query, user, { variables: { s: true } })).body).toEqual({ data: { a: 1 } });
      expect((await send(api.server, query, user, { variables: { s: false } })).status).toBe(403);
    }
    const query = 'mutation($i:Boolean=false){a b @include(if:$i)}';
    expect((await send(api.server, query, user)).body).toEqual({ data: { a: 1 } });
    expect((await send(api.server, query, user, { variables: { i: true } })).status).toBe(403);
    expect((await send(api.server, query, user, { variables: { i: null } })).status).toBeLessThan(500);
    expect((await send(api.server, query, user, { variables: { i: 'yes' } })).status).toBe(400);
  });

  it('Z13: of several operations only the one that runs is checked', async () => {
    const api = await serve(schemaOf());
    const query = 'query A{me} mutation B{b}';
    expect((await send(api.server, query, user, { operationName: 'A' })).body).toEqual({ data: { me: null } });
    expect((await send(api.server, query, user, { operationName: 'B' })).status).toBe(403);
  });

  it('a mutation is refused through aliases, fragments and nested selections, at the path of response keys', async () => {
    const api = await serve(schemaOf());
    for (const [query, path] of [
      ['mutation{x:b}', 'x'],
      ['mutation{...A} fragment A on Mutation{...B} fragment B on Mutation{y:b}', 'y'],
      ['mutation{s:self{t:self{b}}}', 's.t.b'],
      ['mutation{n:node{...on User{mail:email}}}', 'n.mail'],
      ['mutation{node{...on Doc{t}}}', 'node'],
      ['mutation{node{...F}} fragment F on Node{...on Doc{t}}', 'node'],
      ['mutation{secret{id}}', 'secret'],
      ['mutation{s:secret{__typename}}', 's'],
      ['mutation{mix{y x}}', 'mix.x'],
    ]) {
      const answer = await send(api.server, query, user);
      expect([query, answer.status, outcome(answer.body)]).toEqual([
        query,
        403,
        { data: undefined, errors: [denied(path ?? '', 'FORBIDDEN')] },
      ]);
      expect((await send(api.server, query ?? '', admin)).status).toBe(200);
    }
  });

  it('a mutation is not refused for what only may be denied', async () => {
    const api = await serve(schemaOf());
    expect((await send(api.server, 'mutation{node{id name}}', user)).body).toEqual({
      data: { node: { id: '1', name: null } },
    });
    expect((await send(api.server, 'mutation{mix{__typename y}}', user)).body).toEqual({
      data: { mix: { __typename: 'Partly', y: 2 } },
    });
  });

  it('a refusal has one error per coordinate, and never more than 20', async () => {
    const fields = Array.from({ length: 30 }, (_, i) => `f${i}: Int @auth(roles: "ADMIN")`);
    const schema = makeExecutableSchema({
      typeDefs: `${authDirectives} type Query { a: Int } type Mutation { ${fields.join(' ')} }`,
    });
    const api = await serve(schema);
    const aliases = Array.from({ length: 500 }, (_, i) => `a${i}: f0`).join(' ');
    expect(codes(await send(api.server, `mutation{${aliases}}`, user))).toEqual(['FORBIDDEN']);
    const all = await send(api.server, `mutation{${fields.map((_, i) => `f${i}`).join(' ')}}`, user);
    expect(codes(all)).toEqual(Array(20).fill('FORBIDDEN'));
  });
});

describe('a query', () => {
  it('a query is answered even when all of it is denied', async () => {
    const answer = await send((await serve(schemaOf())).server, '{me}', nobody);
    expect([answer.status, codes(answer)]).toEqual([200, ['UNAUTHENTICATED']]);
  });
});

describe('what is passed in through an interface', () => {
  const typeDefs = `
    ${authDirectives}
    enum Level { LOW HIGH @auth(roles: "ADMIN") }
    interface Node { f(x: Int @auth(roles: "ADMIN"), y: Int, level: Level, preset: Level = HIGH): Int }
    type Doc implements Node { f(x: Int, y: Int @auth(roles: "ADMIN"), level: Level, preset: Level = LOW): Int }
    type Note implements Node { f(x: Int, y: Int, level: Level, preset: Level): Int }
    type Query { ok: Int }
    type Mutation { make: Node }
  `;
  const ran = vi.fn(() => ({ __typename: 'Doc', f: 1 }));
  const bare = makeExecutableSchema({ typeDefs, resolvers: { Mutation: { make: ran } } });

  it.each(['f(x: 1)', 'f(level: HIGH)'])(
    "an argument of an interface's field refuses a mutation if every type denies it: %s",
    async (field) => {
      const { server } = await serve(bare);
      ran.mockClear();
      const answer = await send(server, `mutation { make { ${field} } }`, user);
      expect([answer.status, codes(answer)]).toEqual([403, ['FORBIDDEN']]);
      expect(ran).not.toHaveBeenCalled();
      expect((await send(server, `mutation { make { ${field} } }`, admin)).body.data).toEqual({ make: { f: 1 } });
    },
  );

  it.each([
    ['f', 1],
    ['f(level: LOW)', 1],
    ['f(y: 1)', null],
  ])('an argument of an interface lets a mutation run if one type does not deny it: %s', async (field, f) => {
    const { server } = await serve(bare);
    expect((await send(server, `mutation { make { ${field} } }`, user)).body.data).toEqual({ make: { f } });
  });
});

describe('a mutation behind fields that implementing types narrow', () => {
  const typeDefs = `
    ${authDirectives}
    type Query { ok: Int }
    type Mutation { m: I k: K p: P }
    interface J { s: Int }
    type A implements J { s: Int @auth(roles: "ADMIN") free: Int }
    type B implements J { s: Int @auth(roles: "ADMIN") }
    type Open implements J { s: Int }
    interface I { c: J list: [J!] self: I }
    type T implements I { c: A list: [A!] self: T }
    interface K { c: J }
    type K1 implements K { c: A }
    type K2 implements K { c: B }
    type K3 implements K @auth(roles: "ADMIN") { c: Open }
    interface P { c: J }
    type P1 implements P { c: A }
    type P2 implements P { c: Open }
  `;
  const ran = vi.fn();
  const run = (value: unknown) => () => {
    ran();
    return value;
  };
  const secret = { __typename: 'A', s: 1 };
  const bare = makeExecutableSchema({
    typeDefs,
    resolvers: {
      Mutation: {
        m: run({ __typename: 'T', c: secret, list: [secret], self: { __typename: 'T', c: secret } }),
        k: run({ __typename: 'K1', c: secret }),
        p: run({ __typename: 'P2', c: { __typename: 'Open', s: 1 } }),
      },
    },
  });

  it.each([
    ['m { c { s } }', 'm.c.s'],
    ['m { list { s } }', 'm.list.s'],
    ['m { self { self { c { s } } } }', 'm.self.self.c.s'],
    ['m { c { ... { ...on J { s } } } }', 'm.c.s'],
    ['m { ...on I { c { ...F } } }', 'm.c.s'],
    ['k { c { s } }', 'k.c.s'],
  ])('a mutation is refused if every type that may come up is denied: %s', async (selection, path) => {
    const { server } = await serve(bare);
    const query = `mutation { ${selection} } ${selection.includes('...F') ? 'fragment F on J { s }' : ''}`;
    ran.mockClear();
    const answer = await send(server, query, user);
    expect([answer.status, outcome(answer.body)]).toEqual([
      403,
      { data: undefined, errors: [denied(path, 'FORBIDDEN')] },
    ]);
    expect(ran).not.toHaveBeenCalled();
    expect(outcome((await send(server, query, admin)).body).errors).toEqual([]);
    expect(ran).toHaveBeenCalledOnce();
  });

  it.each(['m { c { __typename } }', 'p { c { s } }', 'm { c { ...on A { free } } }'])(
    'a mutation runs if a type may come up that is not denied: %s',
    async (selection) => {
      const { server } = await serve(bare);
      ran.mockClear();
      const answer = await send(server, `mutation { ${selection} }`, user);
      expect([answer.status, outcome(answer.body).errors]).toEqual([200, []]);
      expect(ran).toHaveBeenCalledOnce();
    },
  );
});

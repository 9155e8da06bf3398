import { makeExecutableSchema } from '@graphql-tools/schema';
import { graphql, graphqlSync } from 'graphql';
import { describe, expect, it, vi } from 'vitest';
import { as, send } from '../../../../test/kit.ts';
import { authDirectives, guardSchema } from '../../src/index.ts';
import { type Api, admin, denied, everyWay, everywhere, nobody, outcome, plain, serve } from '../ways.ts';

const user = as({ id: 'u1' });
const people = [
  { __typename: 'User', id: '1', email: 'one@example.com' },
  { __typename: 'Doc', id: '2', t: 'classified' },
];

function bareSchema(resolved = vi.fn()) {
  return makeExecutableSchema({
    typeDefs: `
      ${authDirectives}
      type Query {
        me: User @auth
        secret: String @auth(roles: "ADMIN")
        node: Node
        nodes: [Node]
        u: U
        strict: String! @auth(roles: "ADMIN")
        open: String @public
        closed: String
      }
      interface Node { id: ID }
      type User implements Node { id: ID email: String @auth(scopes: [["read:email"]]) }
      type Doc implements Node @auth(roles: "ADMIN") { id: ID t: String }
      union U = User | Doc
    `,
    resolvers: {
      Query: {
        me: () => {
          resolved('me');
          return people[0];
        },
        secret: () => 'the secret',
        node: () => people[1],
        nodes: () => people,
        u: () => people[1],
        strict: () => 'the secret',
        open: () => 'hello',
        closed: () => 'for members',
      },
    },
  });
}

const start = (): Promise<Api> => serve(bareSchema());

describe('@auth on fields', () => {
  it('Z1: a guarded field is denied to an anonymous caller before its resolver runs', async () => {
    const resolved = vi.fn();
    const api = await serve(bareSchema(resolved));
    const expected = { data: { me: null }, errors: [denied('me', 'UNAUTHENTICATED')] };

    expect(outcome((await send(api.server, '{me{id}}', nobody)).body)).toEqual(expected);
    expect(
      outcome(await graphql({ schema: api.schema, source: '{me{id}}', contextValue: nobody }).then(plain)),
    ).toEqual(expected);

    expect(resolved).not.toHaveBeenCalled();
    expect((await send(api.server, '{me{id}}', nobody)).status).toBe(200);
    expect(await everyWay(api, '{me{id}}', nobody)).toEqual(everywhere(expected));
    expect(await everyWay(api, '{me{id}}', user)).toEqual(everywhere({ data: { me: { id: '1' } }, errors: [] }));
  });

  it('Z2: a field is denied to a caller without the role', async () => {
    const api = await start();

    expect(await everyWay(api, '{secret}', user)).toEqual(
      everywhere({ data: { secret: null }, errors: [denied('secret', 'FORBIDDEN')] }),
    );
    expect(await everyWay(api, '{secret}', admin)).toEqual(everywhere({ data: { secret: 'the secret' }, errors: [] }));
  });

  it('Z3: each alias of a denied field has an error at its own path', async () => {
    expect(await everyWay(await start(), '{x:secret y:secret}', user)).toEqual(
      everywhere({ data: { x: null, y: null }, errors: [denied('x', 'FORBIDDEN'), denied('y', 'FORBIDDEN')] }),
    );
  });

  it('Z4: a denied non-null field nulls its parent, with status 200', async () => {
    const api = await start();

    expect(await everyWay(api, '{strict}', user)).toEqual(
      everywhere({ data: null, errors: [denied('strict', 'FORBIDDEN')] }),
    );
    expect((await send(api.server, '{strict}', user)).status).toBe(200);
  });

  it('Z5: a field is denied to a caller without the scope, and the rest is answered', async () => {
    const api = await start();

    expect(await everyWay(api, '{me{id email}}', user)).toEqual(
      everywhere({ data: { me: { id: '1', email: null } }, errors: [denied('me.email', 'FORBIDDEN')] }),
    );
    expect(await everyWay(api, '{me{id email}}', as({ id: 'u2', scopes: ['read:email'] }))).toEqual(
      everywhere({ data: { me: { id: '1', email: 'one@example.com' } }, errors: [] }),
    );
  });

  it('Z6: scopes are compared whole and by case', async () => {
    const api = await start();
    for (const scope of ['read:emails', 'read', 'READ:EMAIL', 'x read:email', '']) {
      const answer = await send(api.server, '{me{email}}', as({ id: 'u2', scopes: [scope] }));
      expect(answer.body.data).toEqual({ me: { email: null } });
    }
  });

  it('Z7: a denied object of a list does not reveal its type', async () => {
    expect(await everyWay(await start(), '{nodes{__typename id}}', user)).toEqual(
      everywhere({
        data: { nodes: [{ __typename: 'User', id: '1' }, null] },
        errors: [denied('nodes.1', 'FORBIDDEN')],
      }),
    );
  });

  it('Z8: an object is denied when it comes through a union', async () => {
    const api = await start();

    expect(await everyWay(api, '{u{...on Doc{t}}}', user)).toEqual(
      everywhere({ data: { u: null }, errors: [denied('u', 'FORBIDDEN')] }),
    );
    expect(await everyWay(api, '{u{...on Doc{t}}}', admin)).toEqual(
      everywhere({ data: { u: { t: 'classified' } }, errors: [] }),
    );
  });

  it('Z9: an object is denied when it comes through fragments on its interface', async () => {
    expect(await everyWay(await start(), '{node{...F}} fragment F on Node{...on Doc{t}}', user)).toEqual(
      everywhere({ data: { node: null }, errors: [denied('node', 'FORBIDDEN')] }),
    );
  });

  it('Z14: rules are evaluated for each caller of a cached document', async () => {
    const api = await start();

    expect((await send(api.server, '{secret}', admin)).body.data).toEqual({ secret: 'the secret' });
    expect((await send(api.server, '{secret}', user)).body.data).toEqual({ secret: null });
    expect((await send(api.server, '{secret}', admin)).body.data).toEqual({ secret: 'the secret' });
  });

  it('root fields without a rule require a principal, and public ones are open', async () => {
    const api = await start();

    expect(await everyWay(api, '{open closed}', nobody)).toEqual(
      everywhere({ data: { open: 'hello', closed: null }, errors: [denied('closed', 'UNAUTHENTICATED')] }),
    );
    expect((await send(api.server, '{closed}', user)).body.data).toEqual({ closed: 'for members' });
  });

  it('decisions of concurrent callers are kept apart', async () => {
    const api = await start();
    const answers = await Promise.all(
      Array.from({ length: 40 }, (_, i) => send(api.server, '{secret}', i % 2 ? user : admin)),
    );

    expect(answers.map((answer) => answer.body.data.secret)).toEqual(
      answers.map((_, i) => (i % 2 ? null : 'the secret')),
    );
  });
});

describe('a context that is not what it should be', () => {
  const schema = guardSchema(bareSchema());
  const forged = {
    'no context': undefined,
    'no security': {},
    'null security': { security: null },
    'a security that is text': { security: 'admin' },
    'no principal': { security: {} },
    'a principal that is text': { security: { principal: 'ADMIN' } },
    'a principal that is true': { security: { principal: true } },
    'roles that are text': { security: { principal: { id: 'x', claims: {}, roles: 'ADMIN', scopes: [] } } },
    'roles in an object': { security: { principal: { id: 'x', claims: {}, roles: { ADMIN: true }, scopes: [] } } },
    'no id': { security: { principal: { claims: {}, roles: ['ADMIN'], scopes: [] } } },
    'an empty id': { security: { principal: { id: '', claims: {}, roles: ['ADMIN'], scopes: [] } } },
    'no claims': { security: { principal: { id: 'x', roles: ['ADMIN'], scopes: [] } } },
  };

  it.each(Object.entries(forged))('a context with a forged principal is anonymous: %s', (_, contextValue) => {
    const { data, errors = [] } = graphqlSync({ schema, source: '{secret closed me{id}}', contextValue });

    expect(plain(data)).toEqual({ secret: null, closed: null, me: null });
    expect(errors.map(({ extensions }) => extensions['code'])).toEqual(Array(3).fill('UNAUTHENTICATED'));
  });

  it('rules are evaluated again when the principal of a context is replaced', () => {
    const contextValue = { security: { principal: admin.security.principal } };
    expect(plain(graphqlSync({ schema, source: '{secret}', contextValue }).data)).toEqual({ secret: 'the secret' });
    contextValue.security.principal = user.security.principal;
    expect(plain(graphqlSync({ schema, source: '{secret}', contextValue }).data)).toEqual({ secret: null });
  });
});

describe('events', () => {
  it('a denial is reported once per coordinate and operation, with its rule', async () => {
    const api = await start();
    await send(api.server, 'query Q {x:secret y:secret me{email}}', user);

    expect(api.events).toMatchObject([
      {
        type: 'access.denied',
        control: 'authorization',
        outcome: 'refused',
        code: 'FORBIDDEN',
        coordinate: 'Query.secret',
        rule: '@auth(roles: [["ADMIN"]])',
        reason: 'no role passed',
        principalId: 'u1',
        operationType: 'query',
        operationName: 'Q',
      },
      { coordinate: 'User.email', rule: '@auth(scopes: [["read:email"]])', reason: 'no scope passed' },
    ]);
    expect(api.events).toHaveLength(2);

    await send(api.server, '{secret}', nobody);
    expect(api.events[2]).toMatchObject({ code: 'UNAUTHENTICATED', reason: 'anonymous' });
  });

  it('rules and reasons in events are not in the answer', async () => {
    const answer = await send((await start()).server, '{secret me{email} u{__typename}}', user);

    expect(JSON.stringify(answer.body)).not.toMatch(/ADMIN|read:email|role|scope|classified|Doc/);
  });
});

describe('caches', () => {
  it('an answer that depends on the caller is sent with no-store', async () => {
    const api = await serve(
      makeExecutableSchema({
        typeDefs: `
          ${authDirectives}
          directive @cacheControl(maxAge: Int) on FIELD_DEFINITION
          type Query {
            secret: String @auth(roles: "ADMIN") @cacheControl(maxAge: 60)
            open: String @public @cacheControl(maxAge: 60)
          }
        `,
        resolvers: { Query: { secret: () => 's', open: () => 'o' } },
      }),
    );

    expect((await send(api.server, '{secret}', admin)).headers.get('cache-control')).toBe('no-store');
    expect(
      (await send(api.server, '{open ...F} fragment F on Query {secret}', admin)).headers.get('cache-control'),
    ).toBe('no-store');
    expect((await send(api.server, '{open}', admin)).headers.get('cache-control')).toBe('max-age=60, public');
  });
});

/** Gateways that forward selections to other schemas: what comes back has the aliases of the client as keys. */

import type { Events } from '@graphql-bulwark/core';
import { defaultMergedResolver, delegateToSchema } from '@graphql-tools/delegate';
import { makeExecutableSchema, mergeSchemas } from '@graphql-tools/schema';
import { stitchSchemas } from '@graphql-tools/stitch';
import { type ExecutionRequest, type ExecutionResult, MapperKind, mapSchema } from '@graphql-tools/utils';
import { wrapSchema } from '@graphql-tools/wrap';
import { buildSchema, defaultFieldResolver, execute, type GraphQLSchema, graphql, printSchema } from 'graphql';
import { describe, expect, it } from 'vitest';
import { as, send } from '../../../../test/kit.ts';
import { authDirectives, type CodeRules, type GuardSchemaOptions, guardSchema } from '../../src/index.ts';
import { admin, denied, everyWay, everywhere, nobody, plain, serve } from '../ways.ts';

/** Named like the nickname of the victim: an object whose client calls the nickname `ownerId` seems to be theirs. */
const thief = as({ id: 'sunny' });
const victim = as({ id: 'victim' });

const row = { __typename: 'User', id: '1', ownerId: 'victim', nickname: 'sunny', kind: 'Page', secret: 'the secret' };
const user: object = {
  ...row,
  get friend() {
    return user;
  },
};

const subschema = (): GraphQLSchema =>
  makeExecutableSchema({
    typeDefs: /* GraphQL */ `
      type Query { user(id: ID): User users: [User] node: Node }
      interface Node { id: ID kind: String secret: String friend: Node }
      type User implements Node { id: ID ownerId: ID nickname: String kind: String secret: String friend: User see(how: How): String level: Level }
      type Page implements Node { id: ID kind: String secret: String friend: Node }
      enum Level { LOW HIGH }
      enum How { CLOSE FAR }
    `,
    resolvers: {
      Query: { user: () => user, users: () => [user, user], node: () => user },
      User: { see: (_, { how }) => how },
    },
  });

/** As a gateway reaches another server: a schema without resolvers, and a function that sends operations to `schema`. */
function remote(schema: GraphQLSchema) {
  return {
    schema: buildSchema(printSchema(schema)),
    executor: async ({ document, variables, context }: ExecutionRequest): Promise<ExecutionResult> =>
      execute({ schema, document, variableValues: variables, contextValue: context }) as ExecutionResult,
  };
}

const gateways: [name: string, make: (schema: GraphQLSchema) => GraphQLSchema][] = [
  ['a stitched schema', (schema) => stitchSchemas({ subschemas: [schema] })],
  ['a wrapped schema', (schema) => wrapSchema({ schema })],
  ['a stitched remote schema', (schema) => stitchSchemas({ subschemas: [remote(schema)] })],
  ['a wrapped remote schema', (schema) => wrapSchema(remote(schema))],
];

const options: GuardSchemaOptions = {
  defaultRule: 'allow',
  policies: { own: (_, { source, principal }) => (source as { ownerId?: unknown }).ownerId === principal?.id },
  loaders: { row: ({ source }) => (source as { ownerId?: unknown }).ownerId },
};

/** Rules that read the object, each with the coordinate that the error names. */
const readTheObject: [coordinate: string, rules: CodeRules][] = [
  ['User', { User: { owner: { field: 'ownerId' } } }],
  ['User', { User: { owner: [{ field: 'elsewhere' }, { field: 'ownerId' }] } }],
  ['User', { User: { owner: { loader: 'row' } } }],
  ['User', { User: { auth: { policies: 'own' } } }],
  ['User.secret', { 'User.secret': { owner: {} } }],
  ['User.secret', { 'User.secret': { owner: { loader: 'row' } } }],
  ['User.secret', { 'User.secret': { auth: { policies: 'own' } } }],
];
const readItElsewhere: typeof readTheObject = [
  ['User', { User: { owner: { field: 'friend.ownerId' } } }],
  ['User.see(how:)', { 'User.see(how:)': { auth: { policies: 'own' } } }],
  ['Level.HIGH', { 'Level.HIGH': { auth: { policies: 'own' } } }],
  ['User.level', { Level: { auth: { policies: 'own' } } }],
];

const attack = '{ user(id: 1) { ownerId: nickname secret } users { ownerId: nickname secret } }';

describe.each(gateways)('%s', (_, gateway) => {
  it.each([...readTheObject, ...readItElsewhere])(
    'a gateway does not start if the rule of %s reads an object whose keys the client chose: %j',
    (coordinate, rules) => {
      const [name] = Object.keys(Object.values(rules)[0] ?? {});
      const start = (): GraphQLSchema => guardSchema(gateway(subschema()), { ...options, rules });
      expect(start).toThrow(TypeError);
      expect(start).toThrow(`${coordinate}: @${name}(`);
      expect(start).toThrow('Guard the subschemas instead');
    },
  );

  it('a gateway starts with rules about callers and arguments, and they hold under every alias', async () => {
    const api = await serve(gateway(subschema()), {
      ...options,
      policies: { isOne: (__, { args }) => args['id'] === '1' },
      loaders: { row: ({ args }) => (args['id'] === '1' ? 'victim' : null) },
      rules: {
        'User.secret': { auth: { roles: 'ADMIN' } },
        'Query.user': { auth: { policies: 'isOne' }, owner: { loader: 'row', bypass: 'ADMIN' } },
        'User.see(how:)': { auth: { roles: 'ADMIN' } },
      },
    });
    const query =
      '{ user(id: 1) { ownerId: nickname x: secret } users { nickname: secret ownerId: kind see(how: FAR) } }';
    const hidden = { nickname: null, ownerId: 'Page', see: null };
    expect((await send(api.server, query, thief)).body.data).toEqual({ user: null, users: [hidden, hidden] });
    const own = await send(api.server, '{ user(id: 1) { nickname } }', victim);
    expect(own.body).toEqual({ data: { user: { nickname: 'sunny' } } });
    const all = await send(api.server, query, admin);
    const shown = { nickname: 'the secret', ownerId: 'Page', see: 'FAR' };
    expect(all.body).toEqual({ data: { user: { ownerId: 'sunny', x: 'the secret' }, users: [shown, shown] } });
  });

  it("the rule of an object's own type holds, also if the client names another field __typename", async () => {
    const ofType = await serve(gateway(subschema()), { ...options, rules: { User: { auth: { roles: 'ADMIN' } } } });
    for (const selection of ['__typename: kind secret', 'id ... { __typename: kind } secret']) {
      const expected = { data: { node: null }, errors: [denied('node', 'FORBIDDEN')] };
      expect(await everyWay(ofType, `{ node { ${selection} } }`, thief)).toEqual(everywhere(expected));
    }
    const ofField = await serve(gateway(subschema()), {
      ...options,
      rules: { 'User.secret': { auth: { roles: 'ADMIN' } } },
    });
    const query = '{ node { friend { __typename: kind secret } } }';
    expect((await send(ofField.server, query, thief)).body.data.node.friend.secret).toBeNull();
    expect((await send(ofField.server, query, admin)).body.data.node.friend.secret).toBe('the secret');
  });

  it('a guarded subschema answers a secret to its owner only', async () => {
    const guarded = guardSchema(subschema(), { ...options, rules: { User: { owner: { field: 'ownerId' } } } });
    const schema = gateway(guarded);
    const ask = async (source: string, contextValue: typeof thief) =>
      plain(await graphql({ schema, source, contextValue }));
    for (const caller of [thief, nobody]) {
      const { data, errors } = await ask(attack, caller);
      expect(data).toMatchObject({ user: null });
      expect(JSON.stringify(data)).not.toMatch(/secret":"|sunny/);
      const code = caller === nobody ? 'UNAUTHENTICATED' : 'FORBIDDEN';
      expect(new Set(errors?.map(({ extensions }) => extensions?.['code']))).toEqual(new Set([code]));
    }
    const shown = { ownerId: 'sunny', secret: 'the secret' };
    expect(await ask(attack, victim)).toEqual({ data: { user: shown, users: [shown, shown] } });
  });
});

it('a schema does not start where the resolver of all its fields finds them by their aliases', () => {
  const typeDefs = [authDirectives, 'type Query { user: User } type User @owner { ownerId: ID secret: String }'];
  const schema = makeExecutableSchema({ typeDefs });
  expect(() => guardSchema(schema, { fieldResolver: defaultMergedResolver })).toThrow('Guard the subschemas instead');
  expect(() => guardSchema(schema)).not.toThrow();
});

it('a stitched schema of guarded subschemas may have guards of its own', async () => {
  const typeDefs = 'extend type Query { mine: String @auth(roles: "ADMIN") }';
  const guarded = guardSchema(subschema(), { ...options, rules: { User: { owner: { field: 'ownerId' } } } });
  const schema = stitchSchemas({
    subschemas: [guarded],
    typeDefs: [authDirectives, typeDefs],
    resolvers: { Query: { mine: () => 'only for administrators' } },
    mergeDirectives: true,
  });
  const api = await serve(schema);
  const query = attack.replace('}', '} mine');
  expect((await send(api.server, query, thief)).body.data).toEqual({ user: null, mine: null, users: [null, null] });
  const { data } = (await send(api.server, query, victim)).body;
  expect([data.user.secret, data.mine]).toEqual(['the secret', null]);
});

it('a schema beside a wrapped one keeps the owners of its own objects', async () => {
  const own = makeExecutableSchema({
    typeDefs: [authDirectives, 'type Query { notes: [Note] } type Note @owner { text: String }'],
    resolvers: { Query: { notes: () => ['sunny', 'victim'].map((ownerId) => ({ ownerId, text: `of ${ownerId}` })) } },
  });
  const api = await serve(mergeSchemas({ schemas: [wrapSchema({ schema: subschema() }), own] }));
  const answer = await send(api.server, '{ notes { text } users { secret } }', thief);
  expect(answer.body.data).toMatchObject({ notes: [{ text: 'of sunny' }, null], users: [{}, {}] });
});

describe('an object that came from another schema, where nothing tells so at start,', () => {
  /** Hides what resolves the fields, as tracing does. */
  const traced = (schema: GraphQLSchema): GraphQLSchema =>
    mapSchema(schema, {
      [MapperKind.OBJECT_FIELD]: ({ resolve = defaultFieldResolver, ...config }) => ({
        ...config,
        resolve: (...args) => resolve(...args),
      }),
    });

  it.each(readTheObject)(
    'an object from another schema is denied by the rule of %s that reads it, and the log says why: %j',
    async (_, rules) => {
      const logged: unknown[] = [];
      const events: Events = {
        emit() {},
        logged(__, error) {
          logged.push((error as Error).message);
          return '';
        },
      };
      const api = await serve(traced(wrapSchema({ schema: subschema() })), { ...options, rules, events });
      for (const query of [attack, attack.replaceAll('ownerId: nickname', 'ownerId elsewhere: nickname')]) {
        for (const way of Object.values(await everyWay(api, query, thief))) {
          expect(way.errors.length).toBe(3);
          expect(JSON.stringify(way.data)).not.toContain('the secret');
        }
      }
      expect(new Set(logged)).toEqual(
        new Set(['the object comes from another schema, and the client chose its keys: guard that schema instead']),
      );
    },
  );

  it('an object from another schema is denied where a resolver delegates by itself, also on the path to an owner', async () => {
    const other = subschema();
    const local = makeExecutableSchema({
      typeDefs: [
        authDirectives,
        `type Query { account: Account user: User }
         type Account @owner(field: "user.ownerId") { ownerId: ID nickname: String secret: String }
         type User @owner { ownerId: ID nickname: String secret: String }`,
      ],
      resolvers: {
        Query: {
          user: (...[, , context, info]) => delegateToSchema({ schema: other, context, info }),
          account: (...[, , context, info]) => ({
            secret: 'the secret',
            user: delegateToSchema({ schema: other, fieldName: 'user', context, info }),
          }),
        },
      },
    });
    const api = await serve(local);
    const { body } = await send(
      api.server,
      '{ user { ownerId: nickname secret } account { ownerId: nickname secret } }',
      thief,
    );
    expect(body.data).toEqual({ user: null, account: null });
  });

  it.each<[string, string]>([
    ['the type', 'type User @owner { ownerId: ID nickname: String secret: String }'],
    ['a field', 'type User { ownerId: ID nickname: String secret: String @owner }'],
    ['a policy', 'type User { ownerId: ID nickname: String secret: String @auth(policies: "own") }'],
  ])('an object within one from another schema is denied: %s', async (_, typeOfUser) => {
    const edges = [{ node: row }];
    const other = makeExecutableSchema({
      typeDefs: `type Query { users: Users } type Users { first: User pages: [[Edge]] edges: [Edge] } type Edge { node: User }
        type User { ownerId: ID nickname: String secret: String }`,
      resolvers: { Query: { users: () => ({ first: row, pages: [edges], edges }) } },
    });
    const local = makeExecutableSchema({
      typeDefs: [
        authDirectives,
        `type Query { users: Users own: Users } type Users { first: User pages: [[Edge]] edges: [Edge] } type Edge { node: User }
         ${typeOfUser}`,
      ],
      resolvers: {
        Query: {
          users: (...[, , context, info]) => delegateToSchema({ schema: other, context, info }),
          own: () => ({ first: { ...row, ownerId: 'sunny' }, pages: [edges], edges }),
        },
      },
    });
    const api = await serve(local, options);
    const selected = '{ first { ...F } pages { node { ...F } } edges { node { ...F } } }';
    const query = (field: string) => `{ ${field} ${selected} } fragment F on User { ownerId: nickname secret }`;
    for (const { data } of Object.values(await everyWay(api, query('users'), thief))) {
      expect(data).not.toBeNull();
      expect(JSON.stringify(data)).not.toContain('the secret');
    }
    const { body } = await send(api.server, query('own'), thief);
    expect(body.data.own.first).toMatchObject({ secret: 'the secret' });
    expect(JSON.stringify([body.data.own.pages, body.data.own.edges])).not.toContain('the secret');
  });
});

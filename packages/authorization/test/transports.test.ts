/** Ways around resolvers: shared caches, callbacks, and what a federation router sends. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import { ApolloServer } from '@apollo/server';
import { ApolloServerPluginCacheControl } from '@apollo/server/plugin/cacheControl';
import { ApolloServerPluginSubscriptionCallback } from '@apollo/server/plugin/subscriptionCallback';
import responseCachePlugin from '@apollo/server-plugin-response-cache';
import { buildSubgraphSchema } from '@apollo/subgraph';
import { createEvents, guard, type SecuredContext } from '@graphql-bulwark/core';
import { makeExecutableSchema } from '@graphql-tools/schema';
import { type DocumentNode, type GraphQLSchema, parse } from 'graphql';
import { describe, expect, it, onTestFinished } from 'vitest';
import { as, codes, send } from '../../../test/kit.ts';
import { authDirectives, authorization, guardSchema } from '../src/index.ts';
import { admin, denied, everyWay, everywhere, nobody, type Outcome, serve, silent } from './ways.ts';

const me = as({ id: 'me' });

type Plugins = NonNullable<ConstructorParameters<typeof ApolloServer<SecuredContext>>[0]['plugins']>;

async function start(schema: GraphQLSchema, plugins: Plugins): Promise<ApolloServer<SecuredContext>> {
  const server = new ApolloServer<SecuredContext>({
    schema,
    stopOnTerminationSignals: false,
    logger: silent,
    plugins,
    nodeEnv: 'production',
  });
  await server.start();
  onTestFinished(() => server.stop());
  return server;
}

describe('Z15: a response cache', () => {
  const cacheControl = `
    enum CacheControlScope { PUBLIC PRIVATE }
    directive @cacheControl(maxAge: Int, scope: CacheControlScope, inheritMaxAge: Boolean) on FIELD_DEFINITION | OBJECT | INTERFACE | UNION
  `;
  const typesFor = (mode: string): string =>
    `type Query { secret: String @auth(roles: "ADMIN"${mode}) @cacheControl(maxAge: 60) mine(id: ID @auth(roles: "ADMIN")): String @public @cacheControl(maxAge: 60) free: String @public @cacheControl(maxAge: 60) }`;
  const ours = () => guard<SecuredContext>({ controls: [authorization<SecuredContext>()], onEvent: () => {} });
  const cache = () => responseCachePlugin() as unknown as Plugins[number];

  it.each([
    ['NULL', 'first', () => [ours(), cache()]],
    ['NULL', 'last', () => [cache(), ours()]],
    ['REJECT', 'first', () => [ours(), cache()]],
    ['REJECT', 'last', () => [cache(), ours()]],
  ])('Z15: a response cache keeps no answer behind a rule, in mode %s with the guard %s', async (mode, _, plugins) => {
    let resolved = 0;
    const schema = guardSchema(
      makeExecutableSchema({
        typeDefs: [authDirectives, cacheControl, typesFor(mode === 'REJECT' ? ', mode: REJECT' : '')],
        resolvers: { Query: { secret: () => 'S', mine: () => 'M', free: () => `F${(resolved += 1)}` } },
      }),
    );
    const server = await start(schema, [...plugins(), ApolloServerPluginCacheControl()]);
    for (const query of ['{secret}', '{mine(id:1)}', '{free ...F} fragment F on Query{x:secret}']) {
      const first = await send(server, query, admin);
      expect([first.body.errors, first.headers.get('cache-control')]).toEqual([undefined, 'no-store']);
      const second = await send(server, query, me);
      expect(codes(second)).toEqual(['FORBIDDEN']);
      expect(JSON.stringify(second.body)).not.toMatch(/"[SM]"/);
      expect((await send(server, query, nobody)).body.errors).toHaveLength(1);
    }
    // What is free is cached all the same.
    const before = resolved;
    const free = await send(server, '{free}', admin);
    expect((await send(server, '{free}', nobody)).body).toEqual(free.body);
    expect(resolved).toBe(before + 1);
  });
});

it('Z17: a subscription by callback is refused, opens no source and makes no call', async () => {
  let called = 0;
  let opened = 0;
  const callback = createServer((_, response) => {
    called += 1;
    response.end();
  }).listen(0, '127.0.0.1');
  await once(callback, 'listening');
  onTestFinished(() => void callback.close());
  const schema = guardSchema(
    makeExecutableSchema({
      typeDefs: [authDirectives, 'type Query { a: Int } type Subscription { ev: Int @auth }'],
      resolvers: {
        Subscription: {
          ev: {
            subscribe: async function* () {
              opened += 1;
              yield { ev: 1 };
            },
          },
        },
      },
    }),
  );
  const server = await start(schema, [
    guard<SecuredContext>({ controls: [authorization<SecuredContext>()], onEvent: () => {} }),
    ApolloServerPluginSubscriptionCallback(),
  ]);
  const { port } = callback.address() as { port: number };
  const subscription = {
    callbackUrl: `http://127.0.0.1:${port}/`,
    subscriptionId: 's',
    verifier: 'v',
    heartbeatIntervalMs: 0,
  };
  const headers = { accept: 'application/json;callbackSpec=1.0' };
  for (const context of [nobody, me]) {
    const answer = await send(server, 'subscription{ev}', context, { extensions: { subscription }, headers });
    expect([answer.status >= 400, answer.body.data]).toEqual([true, undefined]);
  }
  await new Promise((resolve) => setImmediate(resolve));
  expect([opened, called]).toEqual([0, 0]);
});

describe('a federation subgraph', () => {
  const linked =
    'extend schema @link(url: "https://specs.apollo.dev/federation/v2.6", import: ["@key", "@requiresScopes", "@authenticated"])';
  const typeDefs = (text: string): DocumentNode => parse(`${linked} ${authDirectives} ${text}`);
  const doc =
    'type Query { a: Int } type Doc @key(fields: "id") @owner { id: ID title: String } type User @key(fields: "id") { id: ID mail: String @auth(scopes: "mail") }';
  const rows: Readonly<Record<string, object>> = {
    1: { id: '1', ownerId: 'me', title: 'mine' },
    2: { id: '2', ownerId: 'them', title: 'theirs' },
  };
  const entities =
    'query($r:[_Any!]!){_entities(representations:$r){__typename ... on Doc{id title} ... on User{id mail}}}';

  it('W16: a subgraph checks the row that was loaded, not what the router sends', async () => {
    const schema = buildSubgraphSchema({
      typeDefs: typeDefs(doc),
      resolvers: {
        Doc: { __resolveReference: ({ id }: { id: string }) => rows[id] },
        User: { __resolveReference: ({ id }: { id: string }) => ({ id, mail: 'm' }) },
      },
    });
    const api = await serve(schema);
    const r = ['1', '2'].map((id) => ({ __typename: 'Doc', id, ownerId: 'me' }));
    const answer = await everyWay(api, entities, me, { r: [...r, { __typename: 'User', id: '9' }] });
    // Which of two places is denied first is up to the executor.
    const sorted = Object.entries(answer).map(([way, { data, errors }]) => [
      way,
      { data, errors: errors.toSorted(([a], [b]) => a.localeCompare(b)) },
    ]);
    expect(Object.fromEntries(sorted)).toEqual(
      everywhere({
        data: {
          _entities: [{ __typename: 'Doc', id: '1', title: 'mine' }, null, { __typename: 'User', id: '9', mail: null }],
        },
        errors: [denied('_entities.1', 'FORBIDDEN'), denied('_entities.2.mail', 'FORBIDDEN')],
      }),
    );
  });

  it.each<[mode: string, errors: Outcome['errors']]>([
    ['FILTER', []],
    ['NOT_FOUND', [['_entities.0', 'NOT_FOUND', 'Not found']]],
  ])('W16: a subgraph keeps every entity at its place, with mode: %s too', async (mode, errors) => {
    const schema = buildSubgraphSchema({
      typeDefs: typeDefs(doc.replace('@owner', `@owner(mode: ${mode})`).replace('a: Int', 'docs: [Doc]')),
      resolvers: {
        Query: { docs: () => [rows['2'], rows['1']] },
        Doc: { __resolveReference: ({ id }: { id: string }) => rows[id] },
      },
    });
    const api = await serve(schema);
    const mine = { __typename: 'Doc', id: '1', title: 'mine' };
    const r = ['2', '1'].map((id) => ({ __typename: 'Doc', id }));
    expect(await everyWay(api, entities, me, { r })).toEqual(everywhere({ data: { _entities: [null, mine] }, errors }));
    expect(await everyWay(api, '{docs{__typename id title}}', me)).toEqual(
      everywhere({ data: { docs: [mine] }, errors: [] }),
    );
  });

  it('W16: a subgraph does not start if an owner would be read from what the router sends', () => {
    const schema = buildSubgraphSchema({ typeDefs: typeDefs(doc), resolvers: {} });
    expect(() => guardSchema(schema)).toThrow('Doc has @key and @owner and needs a __resolveReference');
  });

  it('W16: a subgraph does not start if the owner of a field would be read from what the router sends', () => {
    const fieldOwned = 'type Doc @key(fields: "id") { id: ID! title: String @owner }';
    const resolvers = { Doc: { title: ({ id }: { id: string }) => rows[id] } };
    const unloaded = buildSubgraphSchema({ typeDefs: typeDefs(fieldOwned), resolvers });
    expect(() => guardSchema(unloaded)).toThrow('Doc has @key and @owner and needs a __resolveReference');
    const loaded = buildSubgraphSchema({
      typeDefs: typeDefs(fieldOwned),
      resolvers: { Doc: { __resolveReference: ({ id }: { id: string }) => rows[id] } },
    });
    expect(() => guardSchema(loaded)).not.toThrow();
  });

  const unloaded =
    'Doc have @key and no __resolveReference: their policies and loaders are asked about what a router sends.';
  it.each<[types: string, resolvers: Record<string, { __resolveReference?: () => object }>, told: string[]]>([
    ['type Doc @key(fields: "id") @auth(policies: "p") { id: ID! }', {}, [unloaded]],
    ['type Doc @key(fields: "id") { id: ID! title: String @auth(policies: "p") }', {}, [unloaded]],
    ['type Doc @key(fields: "id") { id: ID! title: String @owner(loader: "l") }', {}, [unloaded]],
    ['type Doc @key(fields: "id") @auth(policies: "p") { id: ID! }', { Doc: { __resolveReference: () => ({}) } }, []],
    ['type Doc @key(fields: "id") @auth { id: ID! }', {}, []],
    ['type Doc @auth(policies: "p") { id: ID! }', {}, []],
  ])(
    'W16: tells at start where a policy or a loader is asked about what the router sends: %s %j',
    (types, resolvers, told) => {
      const messages: string[] = [];
      const events = createEvents(
        (event) => void (event.type === 'config.warning' && messages.push(event.message)),
        () => silent,
      );
      const schema = buildSubgraphSchema({ typeDefs: typeDefs(`type Query { doc: Doc } ${types}`), resolvers });
      guardSchema(schema, { events, policies: { p: () => true }, loaders: { l: () => null } });
      expect(messages).toEqual(told);
    },
  );

  it('W16: a subgraph does not start if __resolveReference is on the type alone, where guarding it loses it', () => {
    const schema = buildSubgraphSchema({ typeDefs: typeDefs(doc), resolvers: {} });
    Object.assign(schema.getType('Doc') ?? {}, { resolveReference: ({ id }: { id: string }) => rows[id] });
    expect(() => guardSchema(schema)).toThrow('Doc has @key and @owner and needs a __resolveReference');
  });
});

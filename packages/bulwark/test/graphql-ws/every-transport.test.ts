/** The same denials, whatever carries the operation: HTTP, batches, persisted hashes, caches, graphql-ws, `execute()`. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { ApolloServer, type ApolloServerPlugin } from '@apollo/server';
import { ApolloServerPluginCacheControl } from '@apollo/server/plugin/cacheControl';
import responseCachePlugin from '@apollo/server-plugin-response-cache';
import { authDirectives, authorization, guardSchema } from '@graphql-bulwark/authorization';
import { checkOperation, createEvents, guard, type SecuredContext } from '@graphql-bulwark/core';
import { makeExecutableSchema } from '@graphql-tools/schema';
import { type ExecutionResult, type GraphQLSchema, graphql } from 'graphql';
import { createClient } from 'graphql-ws';
import { useServer } from 'graphql-ws/use/ws';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { as, send } from '../../../../test/kit.ts';
import { everyWay, type Outcome, outcome, plain, silent } from '../../../authorization/test/ways.ts';
import { composeWebSocketHooks } from '../../src/graphql-ws/index.ts';

const typeDefs = `
  type Query {
    secret: String @auth(roles: "ADMIN")
    strict: Int! @auth(roles: "ADMIN")
    node: Node
    nodes: [Node]
    any: Any
    doc: Doc
    docs: [Doc!]!
    orders(userId: ID @owner): Int
    sort(by: Order = BY_SALARY): Int
    plain(by: Order): Int
    input(in: In): Int
    asked(policy: Int): Int @auth(policies: "throws")
    nothing: Int @auth(policies: "undefined")
    truthy: Int @auth(policies: "truthy")
  }
  interface Node { id: ID @auth(scopes: "ids") name: String }
  type User implements Node { id: ID name: String mail: String @auth(scopes: "mail") }
  type Doc implements Node @owner { id: ID name: String text: String }
  type Vault implements Node @auth(roles: "ADMIN") { id: ID name: String gold: Int }
  union Any = User | Vault
  enum Order { BY_NAME BY_SALARY @auth(roles: "ADMIN") }
  input In { free: Int role: String @auth(roles: "ADMIN") ownerId: ID @owner(optional: true) in: In }
  type Mutation {
    rename(id: ID!, ownerId: ID @owner(optional: true)): Doc @owner(loader: "doc")
    remove(id: ID!): Boolean @owner(loader: "doc")
    promote(in: In): Boolean
    admin: Boolean @auth(roles: "ADMIN")
    free: Boolean
  }
`;

type Row = Readonly<Record<string, unknown>>;
const rows: Readonly<Record<string, Row>> = {
  mine: { __typename: 'Doc', id: 'mine', ownerId: 'me', name: 'mine', text: 'MINE' },
  theirs: { __typename: 'Doc', id: 'theirs', ownerId: 'them', name: 'theirs', text: 'THEIRS' },
};
const vault: Row = { __typename: 'Vault', id: 'v', name: 'vault', gold: 7 };
const user: Row = { __typename: 'User', id: 'u', name: 'user', mail: 'MAIL' };

const ran: string[] = [];
const runs =
  (name: string, value: unknown = true) =>
  (): unknown => {
    ran.push(name);
    return value;
  };

const schema: GraphQLSchema = guardSchema(
  makeExecutableSchema({
    typeDefs: [authDirectives, typeDefs],
    resolvers: {
      Query: {
        secret: runs('secret', 'SECRET'),
        strict: runs('strict', 1),
        node: () => vault,
        nodes: () => [user, vault, rows['theirs'], rows['mine']],
        any: () => vault,
        doc: () => rows['theirs'],
        docs: () => [rows['mine'], rows['theirs']],
        ...Object.fromEntries(
          ['orders', 'sort', 'plain', 'input', 'asked', 'nothing', 'truthy'].map((name) => [name, runs(name, 1)]),
        ),
      },
      Mutation: {
        rename: runs('rename', rows['mine']),
        remove: runs('remove'),
        promote: runs('promote'),
        admin: runs('admin'),
        free: runs('free'),
      },
    },
  }),
  {
    policies: {
      throws: () => {
        throw new Error('postgres://10.0.0.5');
      },
      undefined: (() => undefined) as never,
      truthy: (() => 'yes') as never,
    },
    loaders: { doc: ({ args }) => rows[String(args['id'])] ?? null },
  },
);

/** May all that roles and scopes and `me`'s ownership can say. */
const boss = as({ id: 'me', roles: ['ADMIN'], scopes: ['ids', 'mail'] });
const me = as({ id: 'me' });
const nobody = as(null);
/** Rights that are inherited, or stand under names that every object has. */
const inherited = as({
  id: 'me',
  claims: Object.create({ sub: 'them', org: 'o' }) as Record<string, unknown>,
  roles: ['constructor', '__proto__'],
});
const polluted = as({ id: 'me', claims: JSON.parse('{"__proto__": {"sub": "them"}}') as Record<string, unknown> });

const controls = [authorization<SecuredContext>()];
const events = createEvents(
  () => {},
  () => silent,
);
const stops: (() => unknown)[] = [];
const servers = new Map<string, ApolloServer<SecuredContext>>();
let url: string;
let caller: SecuredContext = nobody;

beforeAll(async () => {
  const ours = () => guard<SecuredContext>({ controls: [authorization<SecuredContext>()], onEvent: () => {} });
  const cache = () => responseCachePlugin() as unknown as ApolloServerPlugin<SecuredContext>;
  const hints = () => ApolloServerPluginCacheControl({ defaultMaxAge: 60 });
  const plugins: Record<string, ApolloServerPlugin<SecuredContext>[]> = {
    plain: [ours()],
    'cache last': [ours(), cache(), hints()],
    'cache first': [cache(), ours(), hints()],
  };
  for (const [name, list] of Object.entries(plugins)) {
    const server = new ApolloServer<SecuredContext>({
      schema,
      nodeEnv: 'production',
      stopOnTerminationSignals: false,
      allowBatchedHttpRequests: true,
      logger: silent,
      plugins: list,
    });
    await server.start();
    stops.push(() => server.stop());
    servers.set(name, server);
  }
  const http = createServer();
  const sockets = new WebSocketServer({ server: http });
  const socket = useServer(
    composeWebSocketHooks<SecuredContext>({
      schema,
      server: sockets,
      authenticate: () => caller.security.principal,
      check: (operation) => checkOperation(controls, operation, events),
      context: () => ({}),
    }),
    sockets,
  );
  http.listen(0, '127.0.0.1');
  await once(http, 'listening');
  url = `ws://127.0.0.1:${(http.address() as AddressInfo).port}`;
  stops.push(
    () => socket.dispose(),
    () => http.close(),
  );
});
afterAll(() => Promise.all(stops.map((stop) => stop())));

async function overWebSocket(context: SecuredContext, query: string, variables: Row): Promise<Outcome> {
  caller = context;
  const client = createClient({ url, webSocketImpl: WebSocket, retryAttempts: 0 });
  try {
    return await new Promise<Outcome>((resolve, reject) => {
      client.subscribe(
        { query, variables: { ...variables } },
        {
          next: (value) => resolve(outcome(plain(value as ExecutionResult))),
          error: (errors) => (Array.isArray(errors) ? resolve(outcome({ errors })) : reject(errors as Error)),
          complete() {},
        },
      );
    });
  } finally {
    await client.dispose();
  }
}

/** Way -> what it answered; where an answer can be kept, after somebody who may have it, and twice. */
async function everywhere(context: SecuredContext, query: string, variables: Row): Promise<Map<string, Outcome>> {
  const answers = new Map<string, Outcome>();
  const server = servers.get('plain') as ApolloServer<SecuredContext>;
  for (const [way, answer] of Object.entries(
    await everyWay({ server, schema, events: [] }, query, context, { ...variables }),
  )) {
    answers.set(way, answer);
  }
  answers.set('graphql-ws', await overWebSocket(context, query, variables));
  for (const name of ['cache last', 'cache first']) {
    const caching = servers.get(name) as ApolloServer<SecuredContext>;
    await send(caching, query, boss, { variables: { ...variables } });
    for (const time of ['', ', again']) {
      const { body } = await send(caching, query, context, { variables: { ...variables } });
      answers.set(`${name}${time}`, outcome(body));
    }
  }
  return answers;
}

type Denial = readonly [path: string, code?: 'UNAUTHENTICATED' | 'FORBIDDEN' | 'NOT_FOUND'];
const codeOf = ([path, code = 'FORBIDDEN']: Denial) => [path, code];
const leaks = /SECRET|MAIL|THEIRS|postgres|vault|theirs|"gold":7/;

describe('a query is denied alike', () => {
  it.each<[string, SecuredContext, string, unknown, Denial[], Row?]>([
    ['a field', me, '{secret}', { secret: null }, [['secret']]],
    ['for nobody', nobody, '{secret}', { secret: null }, [['secret', 'UNAUTHENTICATED']]],
    ['by aliases', me, '{x:secret y:secret}', { x: null, y: null }, [['x'], ['y']]],
    ['that cannot be null', me, '{strict}', null, [['strict']]],
    [
      'a rule of an interface, through the type',
      me,
      '{nodes{...on User{id name}}}',
      { nodes: [{ id: null, name: 'user' }, null, null, {}] },
      [['nodes.0.id'], ['nodes.1'], ['nodes.2']],
    ],
    [
      'a rule of an interface, through a fragment in a fragment',
      me,
      '{nodes{...A}} fragment A on Node{...on Node{...on Doc{x:id}}}',
      { nodes: [{}, null, null, { x: null }] },
      [['nodes.1'], ['nodes.2'], ['nodes.3.x']],
    ],
    ['a type, through its interface', me, '{node{name}}', { node: null }, [['node']]],
    ['a type, through a union, by its name alone', me, '{any{__typename}}', { any: null }, [['any']]],
    ['an object of somebody else', me, '{doc{text}}', { doc: null }, [['doc']]],
    ['an object in a list without nulls', me, '{docs{text}}', null, [['docs.1']]],
    ['by inherited claims', inherited, '{doc{text} secret}', { doc: null, secret: null }, [['doc'], ['secret']]],
    ['by claims under __proto__', polluted, '{doc{text}}', { doc: null }, [['doc']]],
    ['an argument left out', me, '{orders}', { orders: null }, [['orders']]],
    ['an argument by a default', me, 'query($u:ID="them"){orders(userId:$u)}', { orders: null }, [['orders']]],
    ['an argument by a variable', me, 'query($u:ID){orders(userId:$u)}', { orders: null }, [['orders']], { u: 'them' }],
    ['an argument that is null', me, 'query($u:ID){orders(userId:$u)}', { orders: null }, [['orders']], { u: null }],
    ['an enum value as a literal', me, '{plain(by:BY_SALARY)}', { plain: null }, [['plain']]],
    [
      'an enum value by a variable',
      me,
      'query($o:Order){plain(by:$o)}',
      { plain: null },
      [['plain']],
      { o: 'BY_SALARY' },
    ],
    [
      'an enum value by the default of a variable',
      me,
      'query($o:Order=BY_SALARY){plain(by:$o)}',
      { plain: null },
      [['plain']],
    ],
    ['Z19: an enum value by the default of the schema', me, '{sort}', { sort: null }, [['sort']]],
    [
      'an input field in an input field',
      me,
      'query($i:In){input(in:{in:{in:$i}})}',
      { input: null },
      [['input']],
      { i: { role: 'x' } },
    ],
    ['by a policy that throws', me, '{asked}', { asked: null }, [['asked']]],
    ['by a policy that answers nothing', me, '{nothing}', { nothing: null }, [['nothing']]],
    ['by a policy that answers what is not true', me, '{truthy}', { truthy: null }, [['truthy']]],
  ])('%s', async (_, context, query, data, denials, variables = {}) => {
    for (const [way, answer] of await everywhere(context, query, variables)) {
      expect([way, answer.data, answer.errors.map(([path, code]) => [path, code])]).toEqual([
        way,
        data,
        denials.map(codeOf),
      ]);
      expect(JSON.stringify(answer)).not.toMatch(leaks);
    }
  });

  it('and the same is answered to whoever may have it', async () => {
    for (const [query, data] of [
      ['{secret strict sort}', { secret: 'SECRET', strict: 1, sort: 1 }],
      [
        '{nodes{...on User{id} ...on Vault{gold} ...on Doc{text}}}',
        { nodes: [{ id: 'u' }, { gold: 7 }, null, { text: 'MINE' }] },
      ],
      [
        '{orders(userId:"me") plain(by:BY_SALARY) input(in:{role:"x",ownerId:"me"})}',
        { orders: 1, plain: 1, input: 1 },
      ],
    ] as const) {
      for (const [way, answer] of await everywhere(boss, query, {})) expect([way, answer.data]).toEqual([way, data]);
    }
  });
});

describe('a mutation is refused as a whole, and nothing of it runs', () => {
  it.each<[string, SecuredContext, string, Denial[], Row?]>([
    ['a field among others', me, 'mutation{free admin}', [['admin']]],
    [
      'for nobody',
      nobody,
      'mutation{free admin}',
      [
        ['free', 'UNAUTHENTICATED'],
        ['admin', 'UNAUTHENTICATED'],
      ],
    ],
    ["another one's row, after one's own", me, 'mutation{a:remove(id:"mine") b:remove(id:"theirs")}', [['b']]],
    ["another one's row, before one's own", me, 'mutation{a:rename(id:"theirs"){name} b:remove(id:"mine")}', [['a']]],
    ['a row that is not there', me, 'mutation{free remove(id:"gone")}', [['remove', 'NOT_FOUND']]],
    ["giving one's own away", me, 'mutation{free rename(id:"mine",ownerId:"them"){name}}', [['rename']]],
    [
      'giving it away by the default of a variable',
      me,
      'mutation($o:ID="them"){rename(id:"mine",ownerId:$o){name}}',
      [['rename']],
    ],
    ['giving it to nobody', me, 'mutation($o:ID){rename(id:"mine",ownerId:$o){name}}', [['rename']], { o: null }],
    ['an input field', me, 'mutation($i:In){free promote(in:$i)}', [['promote']], { i: { in: { role: 'ADMIN' } } }],
    [
      'an owner in an input field',
      me,
      'mutation($i:In){free promote(in:$i)}',
      [['promote']],
      { i: { in: { ownerId: 'them' } } },
    ],
    ['in a fragment, under an alias', me, 'mutation{free ...F} fragment F on Mutation{...{x:admin}}', [['x']]],
  ])('%s', async (_, context, query, denials, variables = {}) => {
    const ways = async () => {
      const before = ran.length;
      const server = servers.get('plain') as ApolloServer<SecuredContext>;
      const answers = [await send(server, query, context, { variables: { ...variables } })].map(({ body }) =>
        outcome(body),
      );
      answers.push(outcome((await send(server, query, context, { variables: { ...variables } })).body));
      for (const name of ['cache last', 'cache first']) {
        const caching = servers.get(name) as ApolloServer<SecuredContext>;
        answers.push(outcome((await send(caching, query, context, { variables: { ...variables } })).body));
      }
      answers.push(await overWebSocket(context, query, variables));
      expect(ran.slice(before)).toEqual([]);
      return answers;
    };
    for (const { data, errors } of await ways()) {
      expect([data, errors.map(([path, code]) => [path, code])]).toEqual([undefined, denials.map(codeOf)]);
    }
    // Without a check before it, each field answers for itself.
    const direct = outcome(
      plain(await graphql({ schema, source: query, contextValue: { ...context }, variableValues: variables })),
    );
    expect(direct.errors.map(([path, code]) => [path, code])).toEqual(denials.map(codeOf));
  });
});

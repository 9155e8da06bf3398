/**
 * Somebody who may not introspect and guesses names: whatever does not fit the schema has the same answer, byte for byte, over every
 * transport. Nonsense is the measure: no name in it exists.
 */
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { ApolloServer } from '@apollo/server';
import { makeExecutableSchema } from '@graphql-tools/schema';
import { type BulwarkOptions, createBulwark, type SecuredContext, webSocketHooks } from 'graphql-bulwark';
import { createClient } from 'graphql-ws';
import { useServer } from 'graphql-ws/use/ws';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { as, type Sending, send, sendBody } from '../../../test/kit.ts';

const typeDefs = `
  enum Color { GREEN RED }
  input Filter { text: String! color: Color }
  interface Node { id: ID }
  type Note implements Node { id: ID text(size: Int!): String secret: String @auth(roles: "ADMIN") }
  type Query {
    name: String @public
    hidden(a: Int): String @auth(roles: "ADMIN")
    note: Note @public
    node: Node @public
    notes(filter: Filter, ids: [Int!], color: Color): String @public
  }
  type Subscription { ticks: Int @public }
`;
const resolvers = {
  Node: { __resolveType: () => 'Note' },
  Subscription: {
    ticks: {
      async *subscribe() {
        yield { ticks: 1 };
      },
    },
  },
};

type Answer = Readonly<{ status?: number; headers?: object; body: unknown }>;
type Ask = (query: string, sending?: Sending) => Promise<Answer>;
type Way = 'POST' | 'GET' | 'batch' | 'persisted' | 'graphql-ws';

const stops: (() => unknown)[] = [];
afterAll(async () => {
  for (const stop of stops.toReversed()) await stop();
});

async function serve(options: Partial<BulwarkOptions>): Promise<Record<Way, Ask>> {
  const bulwark = createBulwark({
    authenticate: () => null,
    strictMessages: true,
    introspection: { allow: false },
    exposure: false,
    sockets: false,
    rateLimit: { refusals: false, perPrincipal: { max: 1_000_000 } },
    onEvent: () => {},
    logger: { warn() {}, error() {} },
    ...options,
  });
  const schema = bulwark.secure(makeExecutableSchema({ typeDefs: [bulwark.typeDefs, typeDefs], resolvers }));
  const server = new ApolloServer<SecuredContext>(
    bulwark.apollo({ schema, allowBatchedHttpRequests: true, stopOnTerminationSignals: false }),
  );
  await server.start();
  stops.push(() => server.stop());
  const nobody = as(null);
  const hashOf = (query: string) => ({
    persistedQuery: { version: 1, sha256Hash: createHash('sha256').update(query).digest('hex') },
  });

  const http = createServer();
  const sockets = new WebSocketServer({ server: http, path: '/graphql' });
  const disposable = useServer(webSocketHooks(bulwark, { schema, server: sockets }), sockets);
  http.listen(0, '127.0.0.1');
  await once(http, 'listening');
  const client = createClient({
    url: `ws://127.0.0.1:${(http.address() as AddressInfo).port}/graphql`,
    webSocketImpl: WebSocket,
    lazy: false,
    retryAttempts: 0,
  });
  stops.push(async () => {
    await client.dispose();
    await disposable.dispose();
    http.closeAllConnections();
    http.close();
  });

  return {
    POST: (query, sending) => send(server, query, nobody, sending),
    GET: (query, sending) => send(server, query, nobody, { ...sending, method: 'GET' }),
    batch: async (query, sending) => {
      const answer = await sendBody(server, [{ query: '{ name }' }, { query, ...sending }], nobody);
      // The first operation is charged each time.
      return { ...answer, headers: [...answer.headers].filter(([name]) => name !== 'ratelimit') };
    },
    persisted: (query, sending) => send(server, query, nobody, { ...sending, extensions: hashOf(query) }),
    'graphql-ws': (query, sending) =>
      new Promise((resolve) => {
        let body: unknown;
        client.subscribe(
          { query, ...sending },
          {
            next: (result) => (body = result),
            error: (errors) => resolve({ body: { errors } }),
            complete: () => resolve({ body }),
          },
        );
      }),
  };
}

const misfits: readonly (readonly [string, string, Sending?])[] = [
  ['a field that exists, with an argument that does not', '{ name(zz: 1) { __typename } }'],
  ['a field that exists, with a selection that it cannot have', '{ name { a } }'],
  ['a field that exists, without the selection that it needs', '{ note }'],
  ['a field below one that exists', '{ note { nope } }'],
  ['two mistakes', '{ note { nope } name(zz: 1) }'],
  [
    'more mistakes than an answer has errors',
    `{ note { ${Array.from({ length: 40 }, (_, i) => `k${i}`).join(' ')} } }`,
  ],
  ['a required argument that is missing', '{ note { text } }'],
  ['an argument of another type', '{ notes(color: "GREEN") }'],
  ['an enum value that does not exist', '{ notes(color: BLUE) }'],
  ['an input field that does not exist', '{ notes(filter: { text: "a", nope: 1 }) }'],
  ['an input field that is missing', '{ notes(filter: {}) }'],
  ['a type that exists where it cannot be', '{ note { ... on Query { name } } }'],
  ['a fragment on a type that exists', '{ ...F } fragment F on Note { id }'],
  ['a variable of a type that exists and is no input', 'query ($v: Note) { name }'],
  ['a variable that is used as another type', 'query ($v: String) { notes(color: $v) }'],
  ['a field that exists and needs a right', '{ hidden(zz: 1) }'],
  ['an operation that is not selected', 'query A { name } query B { note { nope } }', { operationName: 'A' }],
  ['a kind of operation that the schema does not have', 'mutation { name }'],
];
const uncoercible: readonly (readonly [string, string, Sending])[] = [
  ['an enum value that does not exist', 'query ($v: Color) { notes(color: $v) }', { variables: { v: 'BLUE' } }],
  ['a value that is missing', 'query ($v: [Int!]!) { notes(ids: $v) }', {}],
  ['null for what must have a value', 'query ($v: [Int!]!) { notes(ids: $v) }', { variables: { v: null } }],
  ['an input field that does not exist', 'query ($v: Filter) { notes(filter: $v) }', { variables: { v: { nope: 1 } } }],
  ['values that differ in number', 'query ($v: [Int!]) { notes(ids: $v) }', { variables: { v: ['a', 'b', null] } }],
  [
    'more values than graphql-js tells of',
    'query ($v: [Int!]) { notes(ids: $v) }',
    { variables: { v: Array.from({ length: 90 }, () => 'a') } },
  ],
  ['two variables', 'query ($v: [Int!]!, $w: Color!) { notes(ids: $v, color: $w) }', { variables: {} }],
];

const servers: readonly (readonly [string, Partial<BulwarkOptions>])[] = [
  ['with strict messages', {}],
  ['where what one may not use is hidden', { authorization: { hideUnauthorized: true } }],
];

describe.each(servers)('%s', (_name, options) => {
  let ways: Record<Way, Ask>;
  beforeAll(async () => {
    ways = await serve(options);
  });

  describe.each<Way>(['POST', 'GET', 'batch', 'persisted', 'graphql-ws'])('over %s', (way) => {
    it.each(
      misfits
        .filter(([, query]) => way !== 'GET' || !query.startsWith('mutation'))
        .map(([what, query, sending = {}]) => [what, query, sending] as const),
    )('answers for %s as for a name that does not exist, twice', async (_what, query, sending) => {
      for (const _time of [1, 2]) {
        const answer = await ways[way](query, sending);
        expect(answer).toEqual(await ways[way]('{ nonsense }'));
        expect(JSON.stringify(answer.body)).toContain(
          '[{"message":"Invalid operation","extensions":{"code":"GRAPHQL_VALIDATION_FAILED"}}]',
        );
      }
    });

    it.each(uncoercible)(
      'answers for variables with %s as for any that do not fit, twice',
      async (_what, query, sending) => {
        for (const _time of [1, 2]) {
          const answer = await ways[way](query, sending);
          const other = await ways[way]('query ($n: Boolean!) { name @skip(if: $n) }', { variables: { n: 'x' } });
          expect([answer.status, answer.body]).toEqual([other.status, other.body]);
          expect(JSON.stringify(answer.body)).toContain(
            '[{"message":"Invalid variables","extensions":{"code":"BAD_USER_INPUT"}}]',
          );
        }
      },
    );

    it('still answers what fits', async () => {
      const { body } = await ways[way]('query ($v: Color) { name notes(color: $v) }', { variables: { v: 'RED' } });
      expect(JSON.stringify(body)).toContain('{"data":{"name":null,"notes":null}}');
    });
  });
});

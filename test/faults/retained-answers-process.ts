/**
 * How much of an answer is still in memory after the young objects were collected: the process that `retained-answers.test.ts`
 * starts with `--expose-gc`. Prints bytes for each answer.
 *
 * A `WeakRef` cannot tell, because Node.js keeps what one points to through a young collection.
 */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { ApolloServer, type ApolloServerPlugin, HeaderMap } from '@apollo/server';
import { makeExecutableSchema } from '@graphql-tools/schema';
import { createBulwark, type SecuredContext, webSocketHooks } from 'graphql-bulwark';
import { useServer } from 'graphql-ws/use/ws';
import { WebSocket, WebSocketServer } from 'ws';
import { as } from '../kit.ts';

const [, , way] = process.argv;
const rounds = 40;
const query = '{ items { id name } }';
const silent = { debug() {}, info() {}, warn() {}, error() {} };

const items = Array.from({ length: 500 }, (_, i) => ({ id: `${i}`, name: `item ${i}`, author: 'u1' }));
const user = as({ id: 'u1' });
const bulwark = createBulwark({
  authenticate: async () => user.security.principal,
  sockets: false,
  logger: silent,
});
const schema = bulwark.secure(
  makeExecutableSchema({
    typeDefs: [
      bulwark.typeDefs,
      `type Query { items: [Item!]! @public }
       type Item @owner(field: "author") { id: ID! name: String! }`,
    ],
    resolvers: {
      Query: { items: () => items.map((item) => ({ ...item })) },
    },
  }),
);

/** Like any plugin that looks at fields: Apollo Server then lets the context lead to all of the request. */
const tracing: ApolloServerPlugin<SecuredContext> = {
  async requestDidStart() {
    return { executionDidStart: async () => ({ willResolveField() {} }) };
  },
};
const held: unknown[] = [];
/** What the measure says of an answer that does stay. */
const holding: ApolloServerPlugin<SecuredContext> = {
  async requestDidStart() {
    return { willSendResponse: async ({ response }) => void held.push(response) };
  },
};

async function overHttp(isBatch: boolean): Promise<() => Promise<string>> {
  const options = { schema, allowBatchedHttpRequests: true, stopOnTerminationSignals: false, logger: silent };
  const server = new ApolloServer<SecuredContext>(
    bulwark.apollo({ ...options, plugins: way === 'held' ? [tracing, holding] : [tracing] }),
  );
  await server.start();
  return async () => {
    const { body } = await server.executeHTTPGraphQLRequest({
      httpGraphQLRequest: {
        method: 'POST',
        search: '',
        body: isBatch ? [{ query }, { query }] : { query },
        headers: new HeaderMap([['content-type', 'application/json']]),
      },
      context: async () => as({ id: 'u1' }),
    });
    return body.kind === 'complete' ? body.string : '';
  };
}

async function overSocket(): Promise<() => Promise<string>> {
  const http = createServer().listen(0, '127.0.0.1');
  await once(http, 'listening');
  const server = new WebSocketServer({ server: http });
  useServer(webSocketHooks(bulwark, { schema, server }), server);
  const client = new WebSocket(`ws://127.0.0.1:${(http.address() as AddressInfo).port}`, 'graphql-transport-ws');
  client.on('message', (text: Buffer) => text.includes('"complete"') && client.emit('complete'));
  await once(client, 'open');
  client.send('{"type":"connection_init"}');
  await once(client, 'message');
  return async () => {
    client.send(JSON.stringify({ type: 'subscribe', id: '1', payload: { query } }));
    const [next] = await Promise.all([once(client, 'message'), once(client, 'complete')]);
    return String(next[0]);
  };
}

const send = way === 'socket' ? await overSocket() : await overHttp(way === 'batch');
const { gc } = globalThis as { gc?: (options?: { readonly type: 'minor' }) => void };

async function sendAndCollect(): Promise<void> {
  const text = await send();
  if (!text.includes('item 499') || text.includes('errors')) throw new Error(`no list: ${text.slice(0, 300)}`);
  await new Promise(setImmediate);
  gc?.({ type: 'minor' });
  gc?.({ type: 'minor' });
}

for (let i = 0; i < 60; i += 1) await sendAndCollect();
gc?.();
const before = process.memoryUsage().heapUsed;
for (let i = 0; i < rounds; i += 1) await sendAndCollect();
process.send?.((process.memoryUsage().heapUsed - before) / rounds);
process.exit();

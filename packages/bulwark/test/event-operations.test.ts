/** Which operation an event names, where a request is refused before its operation is resolved, over every transport. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { ApolloServer } from '@apollo/server';
import { makeExecutableSchema } from '@graphql-tools/schema';
import {
  type BulwarkOptions,
  createBulwark,
  type SecuredContext,
  type SecurityEvent,
  webSocketHooks,
} from 'graphql-bulwark';
import { createClient } from 'graphql-ws';
import { useServer } from 'graphql-ws/use/ws';
import { afterEach, describe, expect, it } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { as, send, sendBody } from '../../../test/kit.ts';

const stops: (() => unknown)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0).toReversed()) await stop();
});

interface Body {
  readonly query: string;
  readonly operationName?: string;
  readonly variables?: Record<string, unknown>;
}
type Way = 'HTTP' | 'batch' | 'graphql-ws';

async function serve(options: Partial<BulwarkOptions>) {
  const events: SecurityEvent[] = [];
  const bulwark = createBulwark({
    authenticate: () => null,
    strictMessages: true,
    exposure: false,
    onEvent: (event) => {
      if (event.type !== 'config.warning') events.push(event);
    },
    logger: { warn() {}, error() {} },
    ...options,
  });
  const typeDefs = 'type Query { a(n: Int): Query @public b: Int } type Mutation { c: Int @public }';
  const schema = bulwark.secure(makeExecutableSchema({ typeDefs: [bulwark.typeDefs, typeDefs] }));
  const server = new ApolloServer<SecuredContext>(
    bulwark.apollo({ schema, allowBatchedHttpRequests: true, stopOnTerminationSignals: false }),
  );
  await server.start();
  stops.push(() => server.stop());

  async function overSocket(body: Body): Promise<void> {
    const http = createServer();
    const sockets = new WebSocketServer({ server: http, path: '/graphql' });
    const disposable = useServer(webSocketHooks(bulwark, { schema, server: sockets }), sockets);
    http.listen(0, '127.0.0.1');
    await once(http, 'listening');
    const url = `ws://127.0.0.1:${(http.address() as AddressInfo).port}/graphql`;
    const client = createClient({ url, webSocketImpl: WebSocket, retryAttempts: 0 });
    stops.push(async () => {
      await client.dispose();
      await disposable.dispose();
      http.closeAllConnections();
      http.close();
    });
    await new Promise<void>((resolve) => {
      client.subscribe({ ...body }, { next() {}, error: () => resolve(), complete: () => resolve() });
    });
  }

  return {
    events,
    ask: {
      HTTP: ({ query, ...sending }: Body) => send(server, query, as(null), sending),
      batch: (body: Body) => sendBody(server, [{ query: 'query Other { __typename }' }, body], as(null)),
      'graphql-ws': overSocket,
    } satisfies Record<Way, (body: Body) => Promise<unknown>>,
  };
}

const deep = '{ a { a { a { b } } } }';
const limits = { limits: { maxDepth: 2 } };
const hides = { authorization: { hideUnauthorized: true } };

/** What is sent, the code of the event, and the type and name that it has. */
const refusals: readonly (readonly [
  string,
  Partial<BulwarkOptions>,
  Body,
  string,
  string | undefined,
  string | undefined,
])[] = [
  ['the only one', limits, { query: `query Deep ${deep}` }, 'DEPTH_LIMIT_EXCEEDED', 'query', 'Deep'],
  ['the only one, without a name', limits, { query: deep }, 'DEPTH_LIMIT_EXCEEDED', 'query', undefined],
  [
    'the only one, where the client names another',
    limits,
    { query: `query Deep ${deep}`, operationName: 'Z' },
    'DEPTH_LIMIT_EXCEEDED',
    'query',
    'Deep',
  ],
  [
    'the one of several that the client names',
    limits,
    { query: `query Deep ${deep} mutation Change { c }`, operationName: 'Change' },
    'DEPTH_LIMIT_EXCEEDED',
    'mutation',
    'Change',
  ],
  [
    'none of several where the client names none of them',
    limits,
    { query: `query Deep ${deep} mutation Change { c }`, operationName: 'Z' },
    'DEPTH_LIMIT_EXCEEDED',
    undefined,
    undefined,
  ],
  [
    'one with a long name, cut',
    limits,
    { query: `query ${'D'.repeat(500)} ${deep}` },
    'DEPTH_LIMIT_EXCEEDED',
    'query',
    'D'.repeat(100),
  ],
  [
    'of a text that was not parsed the one that the client says, cut and escaped',
    { limits: { maxCharacters: 30 } },
    { query: `query Deep ${deep}`, operationName: `\u202e\n${'x'.repeat(5_000)}` },
    'QUERY_TOO_LARGE',
    undefined,
    `\\u202e\\u000a${'x'.repeat(88)}`,
  ],
  ['one that is hidden', hides, { query: 'query Hidden { b }' }, 'GRAPHQL_VALIDATION_FAILED', 'query', 'Hidden'],
];

describe.each<Way>(['HTTP', 'batch', 'graphql-ws'])('over %s, an event of a refused request', (way) => {
  it.each(refusals)('names %s, twice', async (_what, options, body, code, operationType, operationName) => {
    const { ask, events } = await serve(options);
    for (const _time of [1, 2]) await ask[way](body);
    const told = events.map((event) => [
      'code' in event && event.code,
      event.outcome,
      event.operationType,
      event.operationName,
    ]);
    expect(told).toEqual([1, 2].map(() => [code, 'refused', operationType, operationName]));
  });

  it('names the same operation where the limit only reports', async () => {
    const named = async (mode: 'enforce' | 'report') => {
      const { ask, events } = await serve({ limits: { maxDepth: 2, mode } });
      await ask[way]({ query: `query Deep ${deep} query More { b }`, operationName: 'Deep' });
      return events.map(({ type, operationType, operationName }) => [type, operationType, operationName]);
    };
    expect(await named('enforce')).toEqual([['limit.exceeded', 'query', 'Deep']]);
    expect((await named('report'))[0]).toEqual(['limit.exceeded', 'query', 'Deep']);
  });
});

it.each(['HTTP', 'batch'] as const)(
  'over %s, an event of a document that does not fit the schema names it',
  async (way) => {
    const { ask, events } = await serve({});
    await ask[way]({ query: 'query One { nope }' });
    await ask[way]({ query: 'query One { nope } query Two { b }', operationName: 'Two' });
    await ask[way]({ query: 'query One { nope', operationName: 'Claimed' });
    await ask[way]({ query: 'query One { a(n: 1) { b } }', operationName: 'Z' });
    expect(events.map(({ operationName }) => operationName)).toEqual(['One', 'Two', 'Claimed', 'One']);
  },
);

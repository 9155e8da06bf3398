// Limits over real WebSockets, through graphql-ws.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { checkOperation, createEvents, securityContext } from '@graphql-bulwark/core';
import { type RateLimitOptions, rateLimit, type SocketLimitOptions } from '@graphql-bulwark/rate-limit';
import { makeExecutableSchema } from '@graphql-tools/schema';
import { type GraphQLError, parse } from 'graphql';
import { createClient } from 'graphql-ws';
import { useServer } from 'graphql-ws/use/ws';
import { expect, it, onTestFinished } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';

const schema = makeExecutableSchema({
  typeDefs: 'type Query { f: Int } type Subscription { ticks: Int }',
  resolvers: {
    Query: { f: () => 7 },
    Subscription: {
      ticks: {
        async *subscribe() {
          for (let tick = 1; tick <= 5; tick += 1) yield { ticks: tick };
        },
      },
    },
  },
});

async function serve(options: SocketLimitOptions, limits: RateLimitOptions = {}) {
  const limiter = rateLimit(limits);
  const sockets = limiter.sockets(options);
  const events = createEvents(
    () => {},
    () => console,
  );
  const who = ({ connectionParams }: { connectionParams?: Readonly<Record<string, unknown>> | undefined }) => {
    const id = connectionParams?.['who'];
    const principal = typeof id === 'string' ? { id, claims: {}, roles: [], scopes: [], authMethod: 'test' } : null;
    return securityContext({ principal, clientIp: '192.0.2.1' });
  };
  const http = createServer();
  const ws = new WebSocketServer({ server: http });
  const { dispose } = useServer(
    {
      schema,
      onConnect: (context) => sockets.connect(context, who(context)) === undefined,
      onDisconnect: (context) => sockets.disconnect(context),
      async onSubscribe(context, _id, { query }) {
        const refusal = await sockets.subscribe(who(context));
        if (refusal) return [refusal];
        const operation = { schema, document: parse(query), contextValue: { security: who(context) } };
        try {
          await checkOperation([limiter], operation, events);
          return operation;
        } catch (thrown) {
          return [thrown as GraphQLError];
        }
      },
      async onNext(context, _id, _payload, { contextValue }) {
        const refusal = await sockets.next(who(context), contextValue);
        return refusal && { data: null, errors: [refusal.toJSON()] };
      },
    },
    ws,
  );
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  onTestFinished(async () => {
    await dispose();
    await new Promise((resolve) => http.close(resolve));
  });
  const url = `ws://127.0.0.1:${(http.address() as AddressInfo).port}`;
  return (id: string) => {
    const settings = { url, connectionParams: { who: id }, webSocketImpl: WebSocket, lazy: false, retryAttempts: 0 };
    const client = createClient({ ...settings, onNonLazyError: () => {} });
    const state = new Promise<'open' | 'closed'>((resolve) => {
      client.on('connected', () => resolve('open'));
      client.on('closed', () => resolve('closed'));
    });
    onTestFinished(() => void client.dispose());
    return { client, state };
  };
}

/** What a subscription brought: numbers, or the code of an error. */
async function ticks(client: ReturnType<typeof createClient>, query = 'subscription { ticks }'): Promise<unknown[]> {
  const seen: unknown[] = [];
  try {
    for await (const { data, errors } of client.iterate<{ ticks: number; f: number }>({ query })) {
      seen.push(data?.ticks ?? data?.f ?? errors?.[0]?.extensions?.['code']);
    }
  } catch (errors) {
    seen.push((errors as { extensions?: { code?: unknown } }[])[0]?.extensions?.code);
  }
  return seen;
}

it('opens no more sockets for one caller than it may, and one more when one is closed', async () => {
  const connect = await serve({ maxSockets: 2 });
  const sockets = [connect('bob'), connect('bob')];
  expect(await Promise.all(sockets.map(({ state }) => state))).toEqual(['open', 'open']);
  expect(await connect('bob').state).toBe('closed');
  expect(await connect('ann').state).toBe('open');
  await sockets[0]?.client.dispose();
  await expect.poll(() => connect('bob').state, { timeout: 5_000 }).toBe('open');
});

it('starts no more operations and sends no more events than it may', async () => {
  const connect = await serve({ subscribes: { max: 2 }, events: { max: 7 } });
  const { client } = connect('bob');
  expect(await ticks(client)).toEqual([1, 2, 3, 4, 5]);
  expect(await ticks(client)).toEqual([1, 2, 'RATE_LIMITED', 'RATE_LIMITED', 'RATE_LIMITED']);
  expect(await ticks(client)).toEqual(['RATE_LIMITED']);
  expect(await ticks(connect('ann').client)).toEqual([1, 2, 3, 4, 5]);
});

it('spends points when a subscription begins and for each event, but once for what is executed once', async () => {
  const limits: RateLimitOptions = { points: { max: 10 }, cost: () => 3 };
  const connect = await serve({ pointsPerEvent: true }, limits);
  const { client } = connect('bob');
  expect(await ticks(client)).toEqual([1, 2, 'RATE_LIMITED', 'RATE_LIMITED', 'RATE_LIMITED']);
  expect(await ticks(client)).toEqual(['RATE_LIMITED']);
  const query = connect('ann').client;
  for (let time = 0; time < 3; time += 1) expect(await ticks(query, '{ f }')).toEqual([7]);
  expect(await ticks(query, '{ f }')).toEqual(['RATE_LIMITED']);
  expect(await ticks((await serve({}, limits))('eve').client)).toEqual([1, 2, 3, 4, 5]);
});

it('sends no event of an operation that nobody checked, where it would owe points', async () => {
  const sockets = rateLimit({ points: { max: 10 }, cost: () => 3 }).sockets({ pointsPerEvent: true });
  const security = securityContext();
  await expect(sockets.next(security, { security })).rejects.toThrow(/context value that was checked/);
  await expect(sockets.next(security)).rejects.toThrow(TypeError);
});

// Limits over real WebSockets, through graphql-ws.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type CounterStore, checkOperation, createEvents, securityContext } from '@graphql-bulwark/core';
import { deny } from '@graphql-bulwark/core/internal';
import {
  memoryStore,
  type RateLimitOptions,
  rateLimit,
  type SocketLimitOptions,
  type SocketLimits,
} from '@graphql-bulwark/rate-limit';
import { makeExecutableSchema } from '@graphql-tools/schema';
import { type GraphQLError, parse } from 'graphql';
import {
  type BulwarkOptions,
  createBulwark,
  type Principal,
  type SecurityEvent,
  webSocketHooks,
} from 'graphql-bulwark';
import { type ClientOptions, createClient } from 'graphql-ws';
import { useServer } from 'graphql-ws/use/ws';
import { expect, it, onTestFinished, vi } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';

let silences = 0;
const schema = makeExecutableSchema({
  typeDefs: 'type Query { f: Int mine: Int } type Subscription { ticks: Int silence: Int }',
  resolvers: {
    Query: { f: () => 7, mine: () => deny('FORBIDDEN') },
    Subscription: {
      ticks: {
        async *subscribe() {
          for (let tick = 1; tick <= 5; tick += 1) yield { ticks: tick };
        },
      },
      silence: {
        async *subscribe() {
          silences += 1;
          await new Promise(() => {});
          yield { silence: 1 };
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
      onClose: (context) => sockets.disconnect(context),
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
  await expect.poll(() => connect('bob').state).toBe('open');
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

/** The umbrella, with nothing composed by hand. */
async function umbrella(options: Partial<BulwarkOptions> = {}, served = schema) {
  const told: SecurityEvent[] = [];
  const bulwark = createBulwark({
    authenticate: ({ headers }) => {
      const id = headers.authorization;
      return id ? { id, claims: {}, roles: [], scopes: [], authMethod: 'test' } : null;
    },
    authorization: { defaultRule: 'allow' },
    clientAddress: { trustedHops: 1 },
    onEvent: (event) => told.push(event),
    logger: { warn() {}, error() {} },
    ...options,
  });
  const http = createServer();
  const ws = new WebSocketServer({ server: http });
  const { dispose } = useServer(webSocketHooks(bulwark, { schema: bulwark.secure(served), server: ws }), ws);
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  onTestFinished(async () => {
    await dispose();
    await new Promise((resolve) => http.close(resolve));
  });
  const url = `ws://127.0.0.1:${(http.address() as AddressInfo).port}`;
  return {
    bulwark,
    told,
    connect: (id: string | undefined, from = '192.0.2.1', more: Partial<ClientOptions> = {}) => {
      class From extends WebSocket {
        constructor(address: string, protocols: string) {
          super(address, protocols, { headers: { 'x-forwarded-for': from } });
        }
      }
      const connectionParams = id === undefined ? {} : { authorization: id };
      const settings = { url, connectionParams, webSocketImpl: From, lazy: false, retryAttempts: 0, ...more };
      const client = createClient({ ...settings, onNonLazyError: () => {} });
      const state = new Promise<number | 'open'>((resolve) => {
        client.on('connected', () => resolve('open'));
        client.on('closed', (event) => resolve((event as { code: number }).code));
      });
      onTestFinished(() => void client.dispose());
      return { client, state };
    },
  };
}

const count = (states: readonly unknown[], state: unknown): number => states.filter((each) => each === state).length;

it('the umbrella bounds the sockets of a caller and of an address by itself, and tells of what it refused', async () => {
  const { connect, told } = await umbrella();
  const bobs = Array.from({ length: 15 }, (_, i) => connect('bob', `192.0.2.${i}`));
  const states = await Promise.all(bobs.map(({ state }) => state));
  expect([count(states, 'open'), count(states, 4403)]).toEqual([10, 5]);
  expect(told.filter(({ type }) => type === 'rate.limited')).toHaveLength(5);
  expect(told.at(-1)).toMatchObject({ outcome: 'refused', policy: 'socket:open', principalId: 'bob' });
  expect(await connect('ann').state).toBe('open');
  const nobody = await Promise.all(Array.from({ length: 12 }, () => connect(undefined, '2001:db8::1').state));
  expect([count(nobody, 'open'), count(nobody, 4403)]).toEqual([10, 2]);
  expect(await connect(undefined, '2001:db8::2').state).toBe(4403);
  await bobs[states.indexOf('open')]?.client.dispose();
  await expect.poll(() => connect('bob').state).toBe('open');
});

it('one address opens no more sockets, and starts no more operations, under many names', async () => {
  const { connect } = await umbrella({ sockets: { maxSocketsPerAddress: 3, subscribesPerAddress: { max: 3 } } });
  const sockets = ['a', 'b', 'c', 'd'].map((id) => connect(id));
  const states = await Promise.all(sockets.map(({ state }) => state));
  expect([count(states, 'open'), count(states, 4403)]).toEqual([3, 1]);
  const open = sockets.filter((_, i) => states[i] === 'open').map(({ client }) => client);
  for (const client of open) expect(await ticks(client, '{ f }')).toEqual([7]);
  for (const client of open) expect(await ticks(client, '{ f }')).toEqual(['RATE_LIMITED']);
  expect(await ticks(connect('d', '198.51.100.1').client, '{ f }')).toEqual([7]);
});

it('the umbrella counts operations of any kind, invalid ones among them, and leaves the socket open', async () => {
  const { connect, bulwark } = await umbrella({ sockets: { subscribes: { max: 4 }, events: { max: 3 } } });
  const { client } = connect('bob');
  expect(await ticks(client, '{ f }')).toEqual([7]);
  expect(await ticks(client, '{ nothing }')).toEqual(['GRAPHQL_VALIDATION_FAILED']);
  expect(await ticks(client, '{')).not.toEqual([undefined]);
  expect(await ticks(client)).toEqual([1, 2, 3, 'RATE_LIMITED', 'RATE_LIMITED']);
  for (const query of ['{ f }', '{', 'subscription { ticks }']) {
    expect(await ticks(client, query)).toEqual(['RATE_LIMITED']);
  }
  expect(bulwark.sockets).toBeDefined();
  expect(await ticks(connect('ann').client)).toEqual([1, 2, 3, 'RATE_LIMITED', 'RATE_LIMITED']);
});

it('attack: one socket asks a slow store for no more at a time than its operations that may run', async () => {
  const inner = memoryStore();
  let [asked, answered] = [0, 0];
  let answer = (): void => {};
  const slow = new Promise<void>((resolve) => {
    answer = resolve;
  });
  const store: CounterStore = {
    ...inner,
    async consume(charges) {
      asked += 1;
      await slow;
      return inner.consume(charges);
    },
  };
  const { connect } = await umbrella({ rateLimit: { store, storeTimeoutMilliseconds: 60_000 } });
  const { client } = connect('bob');
  const all = Array.from({ length: 100 }, async () => {
    const [seen] = await ticks(client, '{ f }');
    answered += 1;
    return seen;
  });
  await expect.poll(() => answered).toBe(80);
  expect(asked).toBe(20);
  answer();
  expect(count(await Promise.all(all), 7)).toBe(20);
});

it('attack: what is refused over a socket costs as much as over HTTP', async () => {
  const { connect, bulwark } = await umbrella({ rateLimit: { refusals: { max: 5 } } });
  const { client } = connect('bob');
  const bob = { id: 'bob', claims: {}, roles: [], scopes: [], authMethod: 'test' };
  const left = async () => (await bulwark.rateLimit.peek({ policy: 'refusals', principal: bob })).remaining;
  expect(await ticks(client, '{ f }')).toEqual([7]);
  expect(await left()).toBe(5);
  expect(await ticks(client, '{ nothing }')).toEqual(['GRAPHQL_VALIDATION_FAILED']);
  await ticks(client, '{');
  expect(await left()).toBe(3);
  // Each denied field of an answer is one.
  expect(await ticks(client, '{ a: mine b: mine f }')).toEqual([7]);
  await expect.poll(left).toBe(1);
  await ticks(client, '{ nothing }');
  await expect.poll(left).toBe(0);
  expect(await connect('bob').state).toBe(4403);
  expect(await connect('ann', '198.51.100.1').state).toBe('open');
});

it('attack: what strangers put into a stream locks nobody out', async () => {
  const denied = makeExecutableSchema({
    typeDefs: 'type Query { f: Int } type Subscription { ticks: Int }',
    resolvers: {
      Query: { f: () => 7 },
      Subscription: {
        ticks: {
          async *subscribe() {
            for (let tick = 1; tick <= 9; tick += 1) yield {};
          },
          resolve: () => deny('FORBIDDEN'),
        },
      },
    },
  });
  const { connect } = await umbrella({ rateLimit: { refusals: { max: 3 } } }, denied);
  const { client } = connect('bob');
  expect(await ticks(client)).toEqual(Array(9).fill('FORBIDDEN'));
  expect(await ticks(client, '{ f }')).toEqual([7]);
  // To ask again has its price.
  for (let time = 0; time < 2; time += 1) await ticks(client);
  await expect.poll(() => connect('bob').state).toBe(4403);
  expect(await ticks(connect('ann', '198.51.100.1').client)).toEqual(Array(9).fill('FORBIDDEN'));
});

it('a socket that closes while its caller is still being asked for takes no place for ever, and no timer', async () => {
  let letIn = (): void => {};
  const gate = new Promise<void>((resolve) => {
    letIn = resolve;
  });
  const authenticate = vi.fn<() => Promise<Principal>>(async () => {
    await gate;
    const expiresAt = Date.now() / 1_000 + 86_400;
    return { id: 'bob', claims: {}, roles: [], scopes: [], authMethod: 'test', expiresAt };
  });
  const timers = vi.spyOn(globalThis, 'setTimeout');
  onTestFinished(() => timers.mockRestore());
  const waits = (): number => timers.mock.calls.filter(([, milliseconds = 0]) => milliseconds > 80_000_000).length;
  const { connect, bulwark } = await umbrella({ authenticate, sockets: { maxSockets: 1 } });
  const limits = bulwark.sockets as SocketLimits;
  const [connected, disconnected] = [vi.spyOn(limits, 'connect'), vi.spyOn(limits, 'disconnect')];
  const { client } = connect('bob');
  await expect.poll(() => authenticate).toHaveBeenCalled();
  client.terminate();
  await expect.poll(() => disconnected).toHaveBeenCalled();
  expect(connected).not.toHaveBeenCalled();
  letIn();
  await expect.poll(() => connected).toHaveBeenCalled();
  expect(await connect('bob').state).toBe('open');
  expect(waits()).toBe(1);
});

it('a socket that closes frees its place although its stream goes on in silence', async () => {
  const { connect } = await umbrella({ sockets: { maxSockets: 1 } });
  const { client, state } = connect('bob');
  expect(await state).toBe('open');
  const before = silences;
  client.subscribe({ query: 'subscription { silence }' }, { next() {}, error() {}, complete() {} });
  await expect.poll(() => silences).toBe(before + 1);
  expect(await connect('bob').state).toBe(4403);
  client.terminate();
  await expect.poll(() => connect('bob').state).toBe('open');
});

it('a function of the application that throws says nothing of itself, and closes no socket', async () => {
  const tier = () => {
    throw new Error('db at 10.0.0.5');
  };
  const { connect } = await umbrella({ rateLimit: { tier } });
  const { client, state } = connect('bob');
  expect(await state).toBe('open');
  for (let time = 0; time < 2; time += 1) expect(await ticks(client, '{ f }')).toEqual(['INTERNAL_SERVER_ERROR']);
});

it('what fails over a socket is told to the operator in full, under the id that the event names', async () => {
  const log: string[] = [];
  const failing = makeExecutableSchema({
    typeDefs: 'type Query { f: Int mine: Int fails: Int }',
    resolvers: {
      Query: {
        f: () => 7,
        mine: () => deny('FORBIDDEN'),
        fails() {
          throw new Error('db at 10.0.0.5');
        },
      },
    },
  });
  const principal = { id: 'bob', claims: {}, roles: [], scopes: [], authMethod: 'test' };
  const { connect, told } = await umbrella(
    {
      authenticate({ headers }) {
        if (headers.authorization === 'broken') throw new Error('users at 10.0.0.6');
        return principal;
      },
      logger: { warn() {}, error: (line) => void log.push(line) },
    },
    failing,
  );
  const { client } = connect('bob');
  for (const query of ['{ f }', '{ mine }', '{ nothing }']) await ticks(client, query);
  expect(log).toEqual([]);
  expect(await ticks(client, '{ fails }')).toEqual(['INTERNAL_SERVER_ERROR']);
  expect(await connect('broken').state).not.toBe('open');
  const failures = told.filter((event) => 'errorId' in event && event.errorId !== undefined);
  expect(failures.map(({ type }) => type)).toEqual(['error.masked', 'failure']);
  expect(log).toHaveLength(2);
  for (const [i, place] of ['db at 10.0.0.5', 'users at 10.0.0.6'].entries()) {
    expect(log[i]).toContain(place);
    expect(log[i]).toContain((failures[i] as { errorId: string }).errorId);
  }
});

it('a stream that fails to close when its client goes is told to the operator', async () => {
  const log: string[] = [];
  let sent = false;
  const source = {
    next: () => (sent ? new Promise(() => {}) : ((sent = true), Promise.resolve({ value: { ticks: 1 }, done: false }))),
    return: () => Promise.reject(new Error('broker at 10.0.0.7')),
    [Symbol.asyncIterator]: () => source,
  };
  const unclosable = makeExecutableSchema({
    typeDefs: 'type Query { f: Int } type Subscription { ticks: Int }',
    resolvers: { Subscription: { ticks: { subscribe: () => source } } },
  });
  const logger = { warn() {}, error: (line: string) => void log.push(line) };
  const { connect, told } = await umbrella({ logger }, unclosable);
  const { client } = connect('bob');
  const events = client.iterate({ query: 'subscription { ticks }' });
  expect((await events.next()).value).toEqual({ data: { ticks: 1 } });
  await client.dispose();
  await expect.poll(() => log.join()).toContain('broker at 10.0.0.7');
  expect(told.map(({ type }) => type)).toContain('error.masked');
});

it('with partial, a subscription over its limit opens no stream', async () => {
  const { typeDefs } = createBulwark({ authenticate: false, logger: { warn() {}, error() {} } });
  let opened = 0;
  const limited = makeExecutableSchema({
    typeDefs: [typeDefs, 'type Query { f: Int } type Subscription { ticks: Int @rateLimit(max: 1) }'],
    resolvers: {
      Subscription: {
        ticks: {
          async *subscribe() {
            opened += 1;
            yield { ticks: opened };
          },
        },
      },
    },
  });
  const { connect } = await umbrella({ rateLimit: { partial: true } }, limited);
  const { client } = connect('bob');
  expect(await ticks(client)).toEqual([1]);
  expect(await ticks(client)).toEqual(['RATE_LIMITED']);
  expect(opened).toBe(1);
  expect(await ticks(connect('ann').client)).toEqual([2]);
});

it('rate limits of sockets in report mode refuse nothing, and count nothing where they are switched off', async () => {
  const few = { maxSockets: 1, subscribes: { max: 1 }, events: { max: 1 } };
  const reporting = await umbrella({ rateLimit: { mode: 'report' }, sockets: few });
  const sockets = [reporting.connect('bob'), reporting.connect('bob')];
  expect(await Promise.all(sockets.map(({ state }) => state))).toEqual(['open', 'open']);
  for (const { client } of sockets) expect(await ticks(client)).toEqual([1, 2, 3, 4, 5]);
  const limited = reporting.told.filter(({ type }) => type === 'rate.limited');
  expect(limited.length).toBeGreaterThan(3);
  expect(limited.every(({ outcome }) => outcome === 'reported')).toBe(true);
  const off = await umbrella({ sockets: false });
  const many = await Promise.all(Array.from({ length: 12 }, () => off.connect('bob').state));
  expect(count(many, 'open')).toBe(12);
});

it('what executes counts until it has settled, also where the client has completed it', async () => {
  let open = (): void => {};
  const gate = new Promise<void>((resolve) => {
    open = resolve;
  });
  let running = 0;
  const slow = makeExecutableSchema({
    typeDefs: 'type Query { f: Int slow: Int }',
    resolvers: {
      Query: {
        f: () => 7,
        async slow() {
          running += 1;
          await gate;
          return 7;
        },
      },
    },
  });
  const { connect } = await umbrella({}, slow);
  const { client } = connect('bob');
  const refused: unknown[] = [];
  const error = (errors: unknown) => refused.push(errors);
  const stop = Array.from({ length: 23 }, () =>
    client.subscribe({ query: '{ slow }' }, { next() {}, error, complete() {} }),
  );
  await expect.poll(() => [running, refused.length]).toEqual([20, 3]);
  for (const complete of stop) complete();
  expect(await ticks(client, '{ f }')).toEqual(['RATE_LIMITED']);
  expect(await ticks(connect('ann').client, '{ f }')).toEqual([7]);
  open();
  await expect.poll(() => ticks(client, '{ f }')).toEqual([7]);
});

it('attack: an id that comes again hides no stream, neither from the count nor from the end of its socket', async () => {
  let settle = (): void => {};
  let running = 0;
  let live = 0;
  const busy = makeExecutableSchema({
    typeDefs: 'type Query { f: Int slow: Int } type Subscription { silence: Int }',
    resolvers: {
      Query: {
        f: () => 7,
        slow() {
          running += 1;
          return new Promise<number>((resolve) => {
            settle = () => resolve(7);
          });
        },
      },
      Subscription: {
        silence: {
          subscribe() {
            live += 1;
            const over = { done: true, value: undefined } as const;
            const end = async () => {
              live -= 1;
              return over;
            };
            return {
              next: () => new Promise(() => {}),
              return: end,
              [Symbol.asyncIterator]() {
                return this;
              },
            };
          },
        },
      },
    },
  });
  const { connect } = await umbrella({ sockets: { subscribes: { max: 100 } } }, busy);
  let id = '';
  const { client } = connect('bob', '192.0.2.1', { generateID: () => id });
  const start = (as: string, query: string): (() => void) => {
    id = as;
    return client.subscribe({ query }, { next() {}, error() {}, complete() {} });
  };
  const f = (as: string): Promise<unknown[]> => {
    id = as;
    return ticks(client, '{ f }');
  };
  for (let time = 1; time < 20; time += 1) {
    const complete = start('again', '{ slow }');
    await expect.poll(() => running).toBe(time);
    complete();
    start('again', 'subscription { silence }');
    await expect.poll(() => live).toBe(time);
    settle();
    expect(await f(`f${time}`)).toEqual([7]);
  }
  start('last', 'subscription { silence }');
  expect(await f('f')).toEqual(['RATE_LIMITED']);
  client.terminate();
  await expect.poll(() => live).toBe(0);
});

it('a document over a structural limit is refused before it is validated, and a text before it is parsed', async () => {
  const { connect } = await umbrella();
  const { client } = connect('bob');
  expect(await ticks(client, `${'{ misspelt '.repeat(17)}${'}'.repeat(17)}`)).toEqual(['DEPTH_LIMIT_EXCEEDED']);
  expect(await ticks(client, `{ f # ${'x'.repeat(30_000)}`)).toEqual(['QUERY_TOO_LARGE']);
  expect(await ticks(client, 'subscription ($x: Boolean!) { ticks @include(if: $x) }')).toEqual(['BAD_REQUEST']);
  expect(await ticks(client, '{ f }')).toEqual([7]);
});

it('what a caller may not know is answered as what does not exist, to the column', async () => {
  const typeDefs = 'type Query { f: Int hidden: Hidden @auth(roles: "ADMIN") } type Hidden { x: Int }';
  const { typeDefs: directives } = createBulwark({ authenticate: false, logger: { warn() {}, error() {} } });
  const some = makeExecutableSchema({ typeDefs: [directives, typeDefs] });
  const { connect } = await umbrella({ authorization: { defaultRule: 'allow', hideUnauthorized: true } }, some);
  const { client } = connect('bob');
  const answer = async (query: string): Promise<unknown> => {
    const iterator = client.iterate({ query });
    return iterator.next().catch((errors: unknown) => errors);
  };
  const ofMissing = await answer('{ ghosts { nope } }');
  expect(ofMissing).toMatchObject([{ locations: [{ line: 1, column: 3 }] }]);
  expect(JSON.stringify(await answer('{ hidden { nope } }')).replaceAll('hidden', 'ghosts')).toBe(
    JSON.stringify(ofMissing),
  );
});

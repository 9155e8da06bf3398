/** The same rules over graphql-ws, with a real server and a real client on loopback. */
import { randomBytes } from 'node:crypto';
import { EventEmitter, once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { authDirectives, authorization, guardSchema } from '@graphql-bulwark/authorization';
import { checkOperation, createEvents, type Principal, refuse, type SecuredContext } from '@graphql-bulwark/core';
import type { CheckInput } from '@graphql-bulwark/core/internal';
import { rateLimit } from '@graphql-bulwark/rate-limit';
import { makeExecutableSchema } from '@graphql-tools/schema';
import { GraphQLError } from 'graphql';
import { createClient } from 'graphql-ws';
import { useServer } from 'graphql-ws/use/ws';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { type ServerOptions, WebSocket, WebSocketServer } from 'ws';
import { as } from '../../../../test/kit.ts';
import { silent } from '../../../authorization/test/ways.ts';
import { composeWebSocketHooks, type WebSocketParts } from '../../src/graphql-ws/index.ts';

const typeDefs = /* GraphQL */ `
  type Query { open: String secret: String @auth(roles: "ADMIN") broken: String }
  type Mutation { first: String second: String @auth(roles: "ADMIN") }
  type Subscription { docs: Doc guarded: Doc @auth(roles: "ADMIN") forever: Doc unclosable: Doc }
  type Doc @owner { id: Int }
`;

const people: Readonly<Record<string, Partial<Principal> & { id: string }>> = {
  admin: { id: 'boss', roles: ['ADMIN'] },
  user: { id: 'me' },
  late: { id: 'me', expiresAt: 1 },
};

async function start(settings: ServerOptions = {}, parts: Partial<WebSocketParts<SecuredContext>> = {}) {
  const ran: string[] = [];
  const failures: unknown[] = [];
  const events = createEvents(
    () => {},
    () => silent,
  );
  const stream = (name: string) => ({
    subscribe: async function* () {
      ran.push(name);
      yield { id: 1, ownerId: 'me' };
      yield { id: 2, ownerId: 'them' };
      yield { id: 3, ownerId: 'me' };
    },
    resolve: (event: unknown) => event,
  });
  let unclosed = 0;
  const unclosable = {
    subscribe: () => ({
      next: () => (unclosed++ === 0 ? Promise.resolve({ value: { id: 1 } }) : new Promise(() => {})),
      return: () => Promise.reject(new Error('no broker')),
      [Symbol.asyncIterator]() {
        return this;
      },
    }),
    resolve: (event: unknown) => event,
  };
  const schema = guardSchema(
    makeExecutableSchema({
      typeDefs: [authDirectives, typeDefs],
      resolvers: {
        Query: {
          open: () => 'o',
          secret: () => 's',
          broken: () => {
            throw new Error('password of the database');
          },
        },
        Mutation: { first: () => void ran.push('first'), second: () => void ran.push('second') },
        Subscription: { docs: stream('docs'), guarded: stream('guarded'), unclosable },
      },
    }),
    { events },
  );
  const controls = [authorization<SecuredContext>()];
  const http = createServer();
  const sockets = new WebSocketServer({ ...settings, server: http });
  const served = useServer(
    composeWebSocketHooks<SecuredContext>({
      schema,
      server: sockets,
      // Longer than a slow machine takes to send and read what one test sends.
      initTimeoutMilliseconds: 60_000,
      authenticate: ({ connectionParams: { who } }) => {
        if (who === undefined) return null;
        const person = people[who as string];
        if (!person) throw new Error('no such person, says the database at 10.0.0.5');
        return as(person).security.principal;
      },
      check: (operation: CheckInput<SecuredContext>) => checkOperation(controls, operation, events),
      context: () => ({}),
      onFailure: (error) => void failures.push(error),
      ...parts,
    }),
    sockets,
  );
  http.listen(0, '127.0.0.1');
  await once(http, 'listening');
  const url = `ws://127.0.0.1:${(http.address() as AddressInfo).port}`;
  onTestFinished(async () => {
    await served.dispose();
    http.close();
  });

  /** Everything that an operation answers, its error message included. */
  async function ask(who: string | undefined, query: string): Promise<unknown[]> {
    const client = createClient({
      url,
      webSocketImpl: WebSocket,
      retryAttempts: 0,
      ...(who && { connectionParams: { who } }),
    });
    const answers: unknown[] = [];
    await new Promise<void>((resolve) => {
      client.subscribe(
        { query },
        {
          next: (value) => void answers.push(value),
          error: (error) => {
            answers.push(
              Array.isArray(error)
                ? { refused: error }
                : { closed: (error as { code?: number }).code, reason: (error as { reason?: string }).reason },
            );
            resolve();
          },
          complete: resolve,
        },
      );
    });
    await client.dispose();
    return answers;
  }
  return { ask, ran, failures, schema, url, sockets };
}

const forbidden = (path: (string | number)[]): unknown =>
  expect.objectContaining({ message: 'Forbidden', path, extensions: { code: 'FORBIDDEN' } });

describe('over graphql-ws', () => {
  it('Z16: a query is denied as it is over HTTP, twice with the same text', async () => {
    const { ask } = await start();
    for (let time = 0; time < 2; time += 1) {
      expect(await ask('admin', '{open secret}')).toEqual([{ data: { open: 'o', secret: 's' } }]);
      expect(await ask('user', '{open secret}')).toEqual([
        { data: { open: 'o', secret: null }, errors: [forbidden(['secret'])] },
      ]);
    }
  });

  it('Z10: a mutation is refused as a whole', async () => {
    const { ask, ran } = await start();
    expect(await ask('user', 'mutation{first second}')).toEqual([{ refused: [forbidden(['second'])] }]);
    expect(ran).toEqual([]);
    expect(await ask('admin', 'mutation{first second}')).toEqual([{ data: { first: null, second: null } }]);
  });

  it('W15: a subscription answers each event by itself and goes on', async () => {
    const { ask } = await start();
    expect(await ask('user', 'subscription{docs{id}}')).toEqual([
      { data: { docs: { id: 1 } } },
      { data: { docs: null }, errors: [forbidden(['docs'])] },
      { data: { docs: { id: 3 } } },
    ]);
  });

  it('a subscription that is denied opens no source', async () => {
    const { ask, ran } = await start();
    expect(await ask('user', 'subscription{guarded{id}}')).toEqual([{ refused: [forbidden(['guarded'])] }]);
    expect(await ask(undefined, 'subscription{docs{id}}')).toEqual([
      { refused: [expect.objectContaining({ extensions: { code: 'UNAUTHENTICATED' } })] },
    ]);
    expect(ran).toEqual([]);
  });

  it('a credential that is not valid, or has ended, closes with 4403 and says no more', async () => {
    const { ask, failures } = await start();
    expect(await ask('stranger', '{open}')).toEqual([{ closed: 4403, reason: 'Forbidden' }]);
    expect(String(failures[0])).toContain('10.0.0.5');
    expect(await ask('late', '{open}')).toEqual([{ closed: 4403, reason: 'Forbidden' }]);
  });

  it('documents are validated, and unexpected errors masked', async () => {
    const { ask, failures } = await start();
    expect(await ask('user', '{opne}')).toEqual([
      { refused: [expect.objectContaining({ message: 'Cannot query field "opne" on type "Query".' })] },
    ]);
    expect(await ask('user', '{{')).toEqual([
      { refused: [expect.objectContaining({ message: expect.stringContaining('Syntax Error') })] },
    ]);
    expect(await ask('user', '{broken}')).toEqual([
      { data: { broken: null }, errors: [expect.objectContaining({ message: 'Internal server error' })] },
    ]);
    expect(String(failures[0])).toContain('password');
  });

  it('the operator is told in full of what failed, and of nothing that a client did wrong', async () => {
    const { ask, failures } = await start();
    for (const query of ['{opne}', '{{', '{secret}', 'subscription{guarded{id}}']) await ask('user', query);
    await ask('late', '{open}');
    expect(failures).toEqual([]);
    await ask('user', '{broken}');
    await ask('stranger', '{open}');
    const told = failures.map((failure) => [failure instanceof GraphQLError, (failure as Error).message]);
    expect(told).toEqual([
      [false, 'password of the database'],
      [false, 'no such person, says the database at 10.0.0.5'],
    ]);
  });

  it('the operator is told of the very error that kept an operation from being judged, and the client is not', async () => {
    const failures: unknown[] = [];
    const failure = new Error('no connection to 10.0.0.5');
    const server = new EventEmitter();
    const { onConnect, onSubscribe, onError } = composeWebSocketHooks({
      schema: (await start()).schema,
      server,
      authenticate: () => null,
      check: () => Promise.reject(failure),
      context: () => ({}),
      onFailure: (error) => void failures.push(error),
    });
    const socket = { extra: { socket: { close() {} } } };
    server.emit('connection', socket.extra.socket, {});
    const payload = { query: '{ open }' };
    expect(await onConnect(socket)).toBe(true);
    const errors = await onSubscribe(socket, '1', payload);
    expect(errors).toHaveLength(1);
    const shown = await onError(socket, '1', payload, errors as readonly GraphQLError[]);
    expect(shown).toEqual([{ message: 'Internal server error', extensions: { code: 'INTERNAL_SERVER_ERROR' } }]);
    expect(failures).toEqual([failure]);
    expect(failures[0]).toBe(failure);
  });

  it('a socket is closed when its credential ends', async () => {
    vi.useFakeTimers();
    onTestFinished(() => void vi.useRealTimers());
    const server = new EventEmitter();
    const { onConnect } = composeWebSocketHooks({
      schema: (await start()).schema,
      server,
      authenticate: () => as({ id: 'me', expiresAt: Math.floor(Date.now() / 1_000) + 60 }).security.principal,
      check: async () => {},
      context: () => ({}),
    });
    const closed: number[] = [];
    const socket = { close: (code: number) => void closed.push(code) };
    server.emit('connection', socket);
    expect(await onConnect({ extra: { socket } })).toBe(true);
    await vi.advanceTimersByTimeAsync(61_000);
    expect(closed).toEqual([4403]);
  });

  it.each([undefined, true, 'me'])('a caller who is %j is not let in', async (principal) => {
    const failures: unknown[] = [];
    const server = new EventEmitter();
    const { onConnect } = composeWebSocketHooks({
      schema: (await start()).schema,
      server,
      authenticate: () => principal as never,
      check: async () => {},
      context: () => ({}),
      onFailure: (error) => void failures.push(error),
    });
    const socket = {};
    server.emit('connection', socket);
    expect(await onConnect({ extra: { socket } })).toBe(false);
    expect(failures).toEqual([expect.any(TypeError)]);
  });

  const init = { type: 'connection_init' };
  it.each<[string, boolean, (text: string) => readonly object[]]>([
    ['pings before it says who it is', false, (text) => [{ type: 'ping', payload: { text } }]],
    ['pings', false, (text) => [init, { type: 'ping', payload: { text } }]],
    ['pings in compressed messages', true, (text) => [init, { type: 'ping', payload: { text } }]],
    ['asks', false, (text) => [init, { type: 'subscribe', id: text, payload: { query: '{' } }]],
  ])('a client that %s and does not read is not read from until it does', async (_, perMessageDeflate, messagesFor) => {
    const { url, sockets } = await start({ perMessageDeflate });
    // The server alone compresses: it is what its answers wait for.
    const client = new WebSocket(url, 'graphql-transport-ws', {
      perMessageDeflate: perMessageDeflate && { threshold: 1_000_000 },
    });
    await once(client, 'open');
    const [served] = sockets.clients;
    const [repeated, ...before] = messagesFor(`xxxxx${randomBytes(25_000).toString('hex')}`).toReversed();
    for (const message of before) client.send(JSON.stringify(message));
    if (before.length > 0) await once(client, 'message');

    if (!served) throw new Error('no socket');
    const paused = new Promise<void>((resolve) => {
      const pause = served.pause.bind(served);
      served.pause = () => {
        pause();
        resolve();
      };
    });
    client.pause();
    let sent = 0;
    for (; !served.isPaused && sent < 4_000; sent += 1) {
      const text = JSON.stringify(repeated).replace('xxxxx', String(sent));
      // Written to the network stack, or never, because the server reads no more.
      await Promise.race([new Promise((resolve) => client.send(text, resolve)), paused]);
    }
    expect(served.isPaused).toBe(true);
    expect(served.bufferedAmount).toBeLessThan(1_000_000);

    const answered = new Promise<void>((resolve) => {
      let left = sent;
      client.on('message', () => {
        left -= 1;
        if (left === 0) resolve();
      });
    });
    client.resume();
    await answered;
    await expect.poll(() => served.isPaused).toBe(false);
    client.terminate();
  });

  it('a source that fails to close is told of when its client goes, and ends nothing else', async () => {
    const { url, failures, sockets } = await start();
    const client = new WebSocket(url, 'graphql-transport-ws');
    await once(client, 'open');
    client.send(JSON.stringify({ type: 'connection_init', payload: { who: 'user' } }));
    await once(client, 'message');
    client.send(
      JSON.stringify({ type: 'subscribe', id: '1', payload: { query: 'subscription { unclosable { id } }' } }),
    );
    await once(client, 'message');
    client.terminate();
    // What is rejected and not handled fails the run.
    await expect.poll(() => failures.length > 0 && sockets.clients.size === 0).toBe(true);
    expect(String(failures[0])).toContain('no broker');
  });

  it.each<[string, Error, number, string, boolean]>([
    ['not let in any more', refuse('UNAUTHENTICATED'), 4403, 'Forbidden', false],
    ['not known for the moment', refuse('SERVICE_UNAVAILABLE'), 1013, 'Try again later', false],
    ['a failure', new Error('no connection to 10.0.0.5'), 4403, 'Forbidden', true],
  ])('a stream is closed when its caller is %s', async (_, thrown, closed, reason, isTold) => {
    let asked = 0;
    const { ask, failures } = await start(
      {},
      {
        authenticate() {
          asked += 1;
          // For the connection, the operation and the first event, and then for the second event.
          if (asked === 4) throw thrown;
          return as({ id: 'me' }).security.principal;
        },
      },
    );
    expect(await ask(undefined, 'subscription{docs{id}}')).toEqual([{ data: { docs: { id: 1 } } }, { closed, reason }]);
    expect(failures).toEqual(isTold ? [thrown] : []);
  });

  it('a context of a class keeps its methods, and a security of its own', async () => {
    class App {
      readonly security = as({ id: 'boss', roles: ['ADMIN'] }).security;
      name() {
        return 'the app';
      }
    }
    const names: unknown[] = [];
    const check = async ({ contextValue }: CheckInput<SecuredContext>) =>
      void names.push((contextValue as SecuredContext & App).name());
    const { ask } = await start({}, { context: () => new App(), check });
    expect(await ask('user', '{secret}')).toEqual([{ data: { secret: 's' } }]);
    expect(names).toEqual(['the app']);
  });

  it('limits of sockets bound what a caller starts', async () => {
    const { ask } = await start({}, { limits: rateLimit().sockets({ subscribes: { max: 1 } }) });
    expect(await ask('user', '{open}')).toEqual([{ data: { open: 'o' } }]);
    expect(await ask('user', '{open}')).toEqual([
      { refused: [{ message: 'Too many requests', extensions: { code: 'RATE_LIMITED' } }] },
    ]);
    expect(await ask('admin', '{open}')).toEqual([{ data: { open: 'o' } }]);
  });

  it('an option that cannot be meant is a TypeError at start', () => {
    const base = { server: new EventEmitter(), authenticate: () => null, check: async () => {}, context: () => ({}) };
    const schema = makeExecutableSchema({ typeDefs: 'type Query { a: Int }' });
    expect(() => composeWebSocketHooks({ ...base, schema })).toThrow('guardSchema()');
    expect(() => composeWebSocketHooks({ ...base, schema: guardSchema(schema), maxTokens: 0 })).toThrow('maxTokens');
    expect(() => composeWebSocketHooks({ ...base, schema: guardSchema(schema), maxTokns: 1 } as never)).toThrow(
      "did you mean 'maxTokens'",
    );
    expect(() => composeWebSocketHooks({ ...base, schema: guardSchema(schema), check: undefined } as never)).toThrow(
      'check must be a function',
    );
    expect(() => composeWebSocketHooks({ ...base, schema: guardSchema(schema), server: undefined } as never)).toThrow(
      'server must be the WebSocketServer that useServer() gets',
    );
    composeWebSocketHooks({ ...base, schema: guardSchema(schema) });
    expect(() => composeWebSocketHooks({ ...base, schema: guardSchema(schema) })).toThrow(
      'this server already has hooks',
    );
    expect(() => composeWebSocketHooks({ ...base, schema: guardSchema(schema), initTimeoutMilliseconds: 0 })).toThrow(
      'initTimeoutMilliseconds must be a whole number of at least 1',
    );
  });
});

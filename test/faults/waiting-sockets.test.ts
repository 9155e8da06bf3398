// Sockets that were opened and have not said who they are: how many one address has, for how long, and what they leave in the log.
import { EventEmitter, once } from 'node:events';
import { createServer } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { makeExecutableSchema } from '@graphql-tools/schema';
import { type BulwarkOptions, createBulwark, type SecurityEvent, webSocketHooks } from 'graphql-bulwark';
import { createClient } from 'graphql-ws';
import { useServer } from 'graphql-ws/use/ws';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';

const schema = makeExecutableSchema({ typeDefs: 'type Query { f: Int }', resolvers: { Query: { f: () => 7 } } });
const office = '192.0.2.1';
/** Longer than any test. */
const never = 600_000;

interface Served {
  readonly sockets: WebSocketServer;
  readonly port: number;
  readonly told: readonly SecurityEvent[];
}

async function serve(options: Partial<BulwarkOptions> = {}, initTimeoutMilliseconds = never): Promise<Served> {
  const told: SecurityEvent[] = [];
  const bulwark = createBulwark({
    authenticate: ({ headers: { authorization: id } }) => {
      if (id === 'forged') throw new Error('no such caller');
      return id ? { id, claims: {}, roles: [], scopes: [], authMethod: 'test' } : null;
    },
    authorization: { defaultRule: 'allow' },
    clientAddress: { trustedHops: 1 },
    onEvent: (event) => told.push(event),
    logger: { warn() {}, error() {} },
    ...options,
  });
  const http = createServer();
  const sockets = new WebSocketServer({ server: http });
  const hooks = webSocketHooks(bulwark, { schema: bulwark.secure(schema), server: sockets, initTimeoutMilliseconds });
  useServer(hooks, sockets);
  http.listen(0, '127.0.0.1');
  await once(http, 'listening');
  onTestFinished(() => {
    for (const socket of sockets.clients) socket.terminate();
    sockets.close();
    http.close();
  });
  return { sockets, port: (http.address() as AddressInfo).port, told };
}

/** An open socket whose client answers nothing by itself, not even a close. */
async function raw({ port }: Served, from = office): Promise<Socket> {
  const socket = connect(port, '127.0.0.1').on('error', () => {});
  onTestFinished(() => void socket.destroy());
  socket.write(
    'GET / HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n' +
      `Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Protocol: graphql-transport-ws\r\n` +
      `X-Forwarded-For: ${from}\r\n\r\n`,
  );
  const [answer] = (await once(socket, 'data')) as [Buffer];
  expect(String(answer)).toContain('101 Switching Protocols');
  return socket.resume();
}

function closed(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    if (socket.closed) resolve();
    else socket.once('close', () => resolve());
  });
}

/** One message as a client frames it (RFC 6455 section 5.2), masked with zeros. */
function frame(message: object): Buffer {
  const text = Buffer.from(JSON.stringify(message));
  const length = text.length < 126 ? [0x80 | text.length] : [0xfe, text.length >> 8, text.length & 255];
  return Buffer.concat([Buffer.from([0x81, ...length, 0, 0, 0, 0]), text]);
}

const init = (authorization?: string) => ({ type: 'connection_init', payload: authorization ? { authorization } : {} });

/** An honest client, which tries once: whether it is let in. It stays open. */
function honest({ port }: Served, id: string, from = office): Promise<number | 'open'> {
  class From extends WebSocket {
    constructor(address: string, protocols: string) {
      super(address, protocols, { headers: { 'x-forwarded-for': from } });
    }
  }
  const client = createClient({
    url: `ws://127.0.0.1:${port}`,
    connectionParams: { authorization: id },
    webSocketImpl: From,
    lazy: false,
    retryAttempts: 0,
    onNonLazyError: () => {},
  });
  onTestFinished(() => void client.dispose());
  return new Promise((resolve) => {
    client.on('connected', () => resolve('open'));
    client.on('closed', (event) => resolve((event as { code: number }).code));
  });
}

/** What is printed from now on. */
function printed(): string[] {
  const lines: string[] = [];
  for (const method of ['error', 'warn', 'log', 'info'] as const) {
    const spy = vi
      .spyOn(console, method)
      .mockImplementation((...values) => void lines.push(values.map(String).join(' ')));
    onTestFinished(() => spy.mockRestore());
  }
  return lines;
}

describe('attack: sockets that never say who they are', () => {
  it('count for their address, and keep nobody out who shares it', async () => {
    const served = await serve({ sockets: { maxSocketsPerAddress: 50 } });
    let ended = 0;
    for (const colleague of ['a', 'b', 'c']) {
      for (let i = 0; i < 100; i += 1) {
        (await raw(served)).once('close', () => {
          ended += 1;
        });
      }
      expect(await honest(served, colleague)).toBe('open');
    }
    await expect.poll(() => ended).toBe(253);
    expect(served.sockets.clients.size).toBe(50);
    expect(await honest(served, 'ann')).toBe('open');
    expect(await honest(served, 'bob', '198.51.100.1')).toBe('open');
    await expect.poll(() => served.sockets.clients.size).toBe(51);
    const limited = served.told.filter(({ type }) => type === 'rate.limited');
    expect(limited).toHaveLength(254);
    expect(limited[0]).toMatchObject({ outcome: 'refused', policy: 'socket:open:address', clientIp: office });
  });

  it.each<[string, Buffer | undefined]>([
    ['send nothing', undefined],
    ['send half a frame', Buffer.from([0x81, 0xfe])],
    ['send half a message', Buffer.from([0x81, 0x85, 0, 0, 0, 0, 0x7b])],
    ['only ping', frame({ type: 'ping' })],
    ['ask without being let in', frame({ type: 'subscribe', id: '1', payload: { query: '{ f }' } })],
    ['send what is no message', frame({ type: 'hello' })],
  ])('end after the timeout where they %s, although they answer no close', async (_, sent) => {
    const served = await serve({}, 1_000);
    // The one that has said who it is stays.
    expect(await honest(served, 'ann')).toBe('open');
    const idle = Array.from({ length: 100 }, async () => {
      const socket = await raw(served);
      if (sent) socket.write(sent);
      await closed(socket);
    });
    await Promise.all(idle);
    await expect.poll(() => served.sockets.clients.size).toBe(1);
    expect(await honest(served, 'bob')).toBe('open');
  });

  it('do not drive out those that are being authenticated, although a key set takes long to load', async () => {
    let load = (): void => {};
    const loaded = new Promise<void>((resolve) => {
      load = resolve;
    });
    let asked = 0;
    const served = await serve({
      sockets: { maxSocketsPerAddress: 20 },
      authenticate: async ({ headers: { authorization: id = '' } }) => {
        asked += 1;
        await loaded;
        if (id === 'forged') throw new Error('no such caller');
        return { id, claims: {}, roles: [], scopes: [], authMethod: 'test' };
      },
    });
    const colleagues = Array.from({ length: 15 }, (_, i) => honest(served, `u${i}`));
    await expect.poll(() => asked).toBe(15);
    for (let i = 0; i < 60; i += 1) await raw(served);
    expect(served.sockets.clients.size).toBe(20);
    load();
    expect(new Set(await Promise.all(colleagues))).toEqual(new Set(['open']));
  });

  it('and those that were refused make room before others that are being authenticated', async () => {
    const waiting = new Set<string>();
    const served = await serve({
      sockets: { maxSocketsPerAddress: 10 },
      authenticate: async ({ headers: { authorization: id = '' } }) => {
        if (id === 'forged') throw new Error('no such caller');
        waiting.add(id);
        await expect.poll(() => waiting.has('last')).toBe(true);
        return { id, claims: {}, roles: [], scopes: [], authMethod: 'test' };
      },
    });
    const colleagues = Array.from({ length: 9 }, (_, i) => honest(served, `u${i}`));
    await expect.poll(() => waiting.size).toBe(9);
    for (let i = 0; i < 20; i += 1) {
      const socket = await raw(served);
      socket.write(frame(init('forged')));
      await expect.poll(() => served.told.filter(({ type }) => type === 'auth.failure').length).toBe(i + 1);
    }
    waiting.add('last');
    expect(new Set(await Promise.all(colleagues))).toEqual(new Set(['open']));
  });

  it('end as well where they were refused, and answer no close', async () => {
    const served = await serve();
    const refused = Array.from({ length: 20 }, async () => {
      const socket = await raw(served);
      socket.write(frame(init('forged')));
      await closed(socket);
    });
    await Promise.all(refused);
    await expect.poll(() => served.sockets.clients.size).toBe(0);
    expect(await honest(served, 'ann')).toBe('open');
  });

  it('are not ended where limits only tell, and are not counted where there are none', async () => {
    const reporting = await serve({ sockets: { maxSocketsPerAddress: 2 }, rateLimit: { mode: 'report' } });
    for (let i = 0; i < 6; i += 1) await raw(reporting);
    expect(await honest(reporting, 'ann')).toBe('open');
    expect(reporting.sockets.clients.size).toBe(7);
    const limited = reporting.told.filter(({ type }) => type === 'rate.limited');
    expect(limited.length).toBeGreaterThanOrEqual(4);
    expect(limited.every(({ outcome }) => outcome === 'reported')).toBe(true);
    await closed(await raw(await serve({ sockets: false }, 300)));
  });
});

describe('a socket that was let in', () => {
  it('makes no room for others: where all were, the next one is refused', async () => {
    const served = await serve({ sockets: { maxSocketsPerAddress: 3 } });
    for (const id of ['a', 'b', 'c']) expect(await honest(served, id)).toBe('open');
    expect(await honest(served, 'd')).toBe(4403);
    await expect.poll(() => served.sockets.clients.size).toBe(3);
    expect(await honest(served, 'd', '198.51.100.1')).toBe('open');
  });

  it('shares its address with a whole office by default, and its own name with nine', async () => {
    const served = await serve();
    const all = await Promise.all(Array.from({ length: 150 }, (_, i) => honest(served, `u${i}`)));
    expect(all.filter((state) => state === 'open')).toHaveLength(150);
    const mine = await Promise.all(Array.from({ length: 12 }, () => honest(served, 'me')));
    expect(mine.filter((state) => state === 'open')).toHaveLength(10);
    expect(mine.filter((state) => state === 4403)).toHaveLength(2);
  });
});

describe('sockets that break off', () => {
  it('give their places back, however fast they come and go', async () => {
    const served = await serve({ sockets: { maxSocketsPerAddress: 3 } });
    for (let i = 0; i < 100; i += 1) {
      const socket = await raw(served);
      if (i % 2) socket.write(frame(init(`u${i}`)));
      if (i % 3) socket.resetAndDestroy();
      else socket.destroy();
    }
    await expect.poll(() => served.sockets.clients.size).toBe(0);
    for (const id of ['a', 'b', 'c']) expect(await honest(served, id)).toBe('open');
    expect(await honest(served, 'd')).toBe(4403);
  });

  it('print nothing, with answers on their way or a broken frame behind them', async () => {
    const served = await serve();
    const lines = printed();
    const ping = frame({ type: 'ping', payload: { text: 'x'.repeat(20_000) } });
    const ways: readonly ((socket: Socket) => void)[] = [
      () => {},
      (socket) => socket.write(frame(init('ann'))),
      (socket) => socket.write(Buffer.from([0x81, 0xfe])),
      (socket) => socket.write(Buffer.from([0xff, 0xff, 0xff, 0xff])),
      (socket) => {
        socket.pause();
        socket.write(Buffer.concat(Array.from({ length: 200 }, () => ping)));
      },
    ];
    for (const way of ways) {
      for (let i = 0; i < 10; i += 1) {
        const socket = await raw(served, `198.51.100.${i}`);
        way(socket);
        // What was sent is read before the reset.
        await honest(served, `u${i}`, `203.0.113.${i}`);
        socket.resetAndDestroy();
      }
    }
    const isHonest = (): boolean => served.sockets.clients.size === 50;
    await expect.poll(isHonest).toBe(true);
    expect(lines).toEqual([]);
  });
});

it('a socket of another server than the option names is refused, and the log says why', async () => {
  const failures: string[] = [];
  const served = await serve({ logger: { warn() {}, error: (text) => void failures.push(text) } });
  const http = createServer();
  const other = new WebSocketServer({ server: http });
  const bulwark = createBulwark({
    authenticate: false,
    authorization: { defaultRule: 'allow' },
    onEvent: () => {},
    logger: { warn() {}, error: (text) => void failures.push(text) },
  });
  useServer(webSocketHooks(bulwark, { schema: bulwark.secure(schema), server: new EventEmitter() }), other);
  http.listen(0, '127.0.0.1');
  await once(http, 'listening');
  onTestFinished(() => {
    other.close();
    http.close();
  });
  expect(await honest({ ...served, port: (http.address() as AddressInfo).port }, 'ann')).toBe(4403);
  expect(failures.join()).toContain('this socket belongs to another server than the option server');
  expect(failures.join()).toContain("server.emit('connection', socket, request)");
});

import { type ChildProcess, fork } from 'node:child_process';
import { Agent, request } from 'node:http';
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { createClient } from 'graphql-ws';
import { describe, expect, it, onTestFinished } from 'vitest';
import { WebSocket } from 'ws';

interface Urls {
  readonly express: string;
  readonly fastify: string;
  readonly standalone: string;
}

const file = fileURLToPath(new URL('execution-process.ts', import.meta.url));

/** A server in a process of its own: what keeps it busy must not keep the clients busy. */
async function start(env: Record<string, string> = {}): Promise<Urls> {
  const child: ChildProcess = fork(file, {
    execArgv: ['--import', 'tsx', '--conditions', '@graphql-bulwark/source', '--max-old-space-size=1000'],
    env: { ...process.env, NODE_ENV: 'production', ...env },
  });
  onTestFinished(() => void child.kill());
  return new Promise((resolve, reject) => {
    child.once('message', (urls) => resolve(urls as Urls));
    child.once('exit', (code) => reject(new Error(`the server ended with ${code}`)));
  });
}

interface Reply {
  readonly status: number;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into answers of every shape.
  readonly body: any;
  readonly length: number;
}

async function post(url: string, body: unknown): Promise<Reply> {
  const answer = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  const text = await answer.text();
  return { status: answer.status, body: JSON.parse(text), length: text.length };
}

const ask = (url: string, query: string) => post(url, { query });
const codeOf = ({ body }: Reply): unknown => body.errors?.[0]?.extensions?.code;

/** What another client has to wait, while something goes on. */
async function beside<T>(
  url: string,
  work: () => Promise<T>,
): Promise<{ readonly result: T; readonly waited: number[] }> {
  const state = { isOver: false };
  const result = work().finally(() => {
    state.isOver = true;
  });
  const waited: number[] = [];
  while (!state.isOver) waited.push(await timePing(url));
  return { result: await result, waited };
}

async function timePing(url: string): Promise<number> {
  const before = performance.now();
  expect((await ask(url, '{ ping }')).body).toEqual({ data: { ping: 1 } });
  return performance.now() - before;
}

async function timePings(url: string): Promise<number[]> {
  const waited: number[] = [];
  for (let i = 0; i < 20; i += 1) waited.push(await timePing(url));
  return waited;
}

const shown = (waited: readonly number[]): string =>
  `median ${waited.toSorted((a, b) => a - b)[waited.length >> 1]?.toFixed(0)} ms, longest ${Math.max(...waited).toFixed(0)} ms`;
const readMemory = async (url: string): Promise<number> => (await ask(url, '{ memory }')).body.data.memory;

const notes = Array.from({ length: 14 }, (_, i) => `a${i}: note`).join(' ');
const lines = '{invoice(id:"X"){lines{invoice{lines{invoice{lines{id}}}}}}}';
const aliased = (below: string) => Array.from({ length: 4 }, (_, i) => `l${i}: lines { ${below} }`).join(' ');
const attacks: Readonly<Record<string, unknown>> = {
  'lists in lists': { query: lines },
  'lists in lists, under aliases': { query: `{ invoice(id: "X") { ${aliased(`invoice { ${aliased('id')} }`)} } }` },
  'lists in lists, in a batch': Array.from({ length: 8 }, () => ({ query: lines })),
  'a long text, again and again': { query: `{invoice(id:"X"){lines{invoice{lines{${notes}}}}}}` },
  'a long text in one list': { query: `{invoice(id:"X"){lines{${notes}}}}` },
  'a long text, in a batch': Array.from({ length: 8 }, () => ({ query: `{invoice(id:"X"){lines{${notes}}}}` })),
};

describe('attack: a small text that asks for far more than it seems', () => {
  it('is refused in seconds and little memory, while others are served, alone and several at once', async () => {
    const { express: url } = await start();
    console.log(`another client before: ${shown(await timePings(url))}`);
    const before = await readMemory(url);
    for (const [name, body] of Object.entries(attacks)) {
      for (const times of Array.isArray(body) ? [1] : [1, 4]) {
        const { result, waited } = await beside(url, () =>
          Promise.all(Array.from({ length: times }, () => post(url, body))),
        );
        for (const { body: answer, length } of result) {
          for (const one of [answer].flat()) {
            expect(one).toEqual({
              errors: [{ message: 'The answer is too large', extensions: { code: 'RESULT_LIMIT_EXCEEDED' } }],
            });
          }
          expect(length).toBeLessThan(2_000);
        }
        console.log(`during ${name}, ${times} at once: ${shown(waited)}`);
      }
    }
    console.log(`another client after: ${shown(await timePings(url))}`);
    // With the text of one answer of these it would be 420 MB, or 126 GB.
    expect((await readMemory(url)) - before).toBeLessThan(400);
  }, 120_000);

  it('as events of a subscription is refused event by event, and the next one is sent', async () => {
    const { express: url } = await start();
    const client = createClient({ url: url.replace('http', 'ws'), webSocketImpl: WebSocket, lazy: true });
    onTestFinished(() => void client.dispose());
    const results: unknown[] = [];
    for await (const { data, errors } of client.iterate({
      query: `subscription { invoices { id lines { ${notes} } } }`,
    })) {
      results.push(errors ? [data, errors[0]?.extensions?.['code']] : data);
    }
    const answered = { invoices: { id: 'X', lines: [] } };
    expect(results).toEqual([answered, [undefined, 'RESULT_LIMIT_EXCEEDED'], answered]);
  }, 60_000);

  it('is not an export: 500,000 rows are answered where the bounds are raised for them', async () => {
    const { express: url } = await start({ MAX_ITEMS: '600000' });
    const { status, body } = await ask(url, '{ page(first: 500000) { id } }');
    expect([status, body.data.page.length]).toEqual([200, 500_000]);
    expect(codeOf(await ask(url, '{ page(first: 600001) { id } }'))).toBe('RESULT_LIMIT_EXCEEDED');
  }, 60_000);
});

describe.each(['express', 'fastify', 'standalone'] as const)('on %s', (framework) => {
  it('a resolver that never settles is answered 503 in time, in a batch by its code alone', async () => {
    const { [framework]: url } = await start({ MAX_SECONDS: '1' });
    const { result, waited } = await beside(url, () =>
      Promise.all(Array.from({ length: 20 }, () => ask(url, '{ ping hangs }'))),
    );
    for (const { status, body } of result) {
      const error = { message: 'The operation took too long', extensions: { code: 'EXECUTION_TIMEOUT' } };
      expect([status, body]).toEqual([503, { errors: [error] }]);
    }
    console.log(`beside 20 operations that hang: ${shown(waited)}`);
    const batch = await post(url, [{ query: '{ hangs }' }, { query: '{ ping }' }]);
    expect([batch.status, batch.body[0].errors[0].extensions.code, batch.body[1]]).toEqual([
      200,
      'EXECUTION_TIMEOUT',
      { data: { ping: 1 } },
    ]);
  }, 60_000);

  it('the work for a client that has gone is stopped; a mutation is told, and not stopped', async () => {
    const { [framework]: url } = await start();
    const names = ['query', 'mutation'];
    for (const type of names) {
      const sent = request(url, { method: 'POST', headers: { 'content-type': 'application/json' } });
      sent.on('error', () => {});
      sent.end(JSON.stringify({ query: `${type} { waits(name: "${type}") }` }));
      await sleepUntil(async () => (await ask(url, '{ ping }')).status === 200);
      sent.destroy();
    }
    const expected = ['query: operation', 'query: request', 'mutation: request'];
    await sleepUntil(async () => (await readAborted(url)).length >= expected.length);
    expect((await readAborted(url)).toSorted()).toEqual(expected.toSorted());
  }, 60_000);
});

it.each(['express', 'fastify'] as const)(
  'on %s a client that does not read is cut off, and a slow one is not',
  async (framework) => {
    const { [framework]: url } = await start();
    const characters = 15_000_000;
    const { hostname, port, pathname } = new URL(url);
    const open = (): Socket => {
      const socket = connect(Number(port), hostname).on('error', () => {});
      const query = JSON.stringify({ query: `{ text(characters: ${characters}) }` });
      const headers = `host: ${hostname}\r\ncontent-type: application/json\r\ncontent-length: ${query.length}\r\nconnection: close`;
      socket.write(`POST ${pathname} HTTP/1.1\r\n${headers}\r\n\r\n${query}`);
      return socket.pause();
    };
    const read = (socket: Socket, pause: number): Promise<number> =>
      new Promise((resolve) => {
        let bytes = 0;
        socket.on('data', (chunk) => {
          bytes += chunk.length;
          socket.pause();
          setTimeout(() => socket.resume(), pause);
        });
        socket.on('close', () => resolve(bytes));
        socket.resume();
      });
    const deaf = Array.from({ length: 4 }, open);
    const slow = read(open(), 20);
    const countUnread = async (): Promise<number> => (await ask(url, '{ unread }')).body.data.unread;
    await sleepUntil(async () => (await countUnread()) >= deaf.length);
    await sleepUntil(async () => (await countUnread()) <= 1);
    for (const bytes of await Promise.all(deaf.map((socket) => read(socket, 0))))
      expect(bytes).toBeLessThan(characters);
    expect(await slow).toBeGreaterThan(characters);
  },
  60_000,
);

it('a connection that is kept alive gets one listener, whatever the number of its requests', async () => {
  const { express: url } = await start();
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  onTestFinished(() => agent.destroy());
  const listeners = new Set<number>();
  for (let i = 0; i < 30; i += 1) {
    const text = await new Promise<string>((resolve, reject) => {
      const sent = request(
        url,
        { method: 'POST', agent, headers: { 'content-type': 'application/json' } },
        (answer) => {
          let read = '';
          answer
            .setEncoding('utf8')
            .on('data', (chunk: string) => (read += chunk))
            .on('end', () => resolve(read));
        },
      );
      sent.on('error', reject);
      sent.end('{"query":"{ listeners ping }"}');
    });
    listeners.add(JSON.parse(text).data.listeners);
  }
  expect(listeners.size).toBe(1);
});

it('over a WebSocket the work is stopped when the client completes the operation, and when it goes', async () => {
  const { express: url } = await start();
  const client = createClient({
    url: url.replace('http', 'ws'),
    webSocketImpl: WebSocket,
    lazy: true,
    retryAttempts: 0,
  });
  const sink = { next() {}, error() {}, complete() {} };
  const complete = client.subscribe({ query: '{ waits(name: "completed") }' }, sink);
  client.subscribe({ query: '{ waits(name: "gone") }' }, sink);
  await new Promise<void>((resolve, reject) => {
    client.subscribe({ query: '{ ping }' }, { next() {}, error: reject, complete: resolve });
  });
  complete();
  await sleepUntil(async () => (await readAborted(url)).length >= 2);
  expect((await readAborted(url)).toSorted()).toEqual(['completed: operation', 'completed: request']);
  client.terminate();
  await sleepUntil(async () => (await readAborted(url)).length >= 4);
  expect((await readAborted(url)).toSorted().slice(2)).toEqual(['gone: operation', 'gone: request']);
});

async function readAborted(url: string): Promise<string[]> {
  return (await ask(url, '{ aborted }')).body.data.aborted;
}

async function sleepUntil(holds: () => Promise<boolean>): Promise<void> {
  while (!(await holds())) await sleep(20);
}

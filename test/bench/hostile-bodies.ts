/**
 * Hostile bodies against the demo: what each server answers, and how much memory its process takes while it does.
 * Each server runs in a process of its own; memory is the highest resident size that the process saw.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';

const json = 'content-type: application/json\r\n';
const head = (more: string): string => `POST /graphql HTTP/1.1\r\nhost: x\r\nconnection: close\r\n${more}\r\n`;
const withLength = (body: Buffer, more = ''): Buffer =>
  Buffer.concat([Buffer.from(head(`${json}${more}content-length: ${body.length}\r\n`)), body]);
const deep = '['.repeat(100_000) + ']'.repeat(100_000);
const spread = (count: number): string => Array.from({ length: count }, (_, i) => `x-${i}: v\r\n`).join('');

const attacks: readonly (readonly [string, () => Buffer, number])[] = [
  ['50 MB body', () => withLength(Buffer.alloc(50_000_000, 0x20)), 4],
  [
    'gzip bomb: 40 MB in 40 kB',
    () => withLength(gzipSync(Buffer.alloc(40_000_000, 0x20)), 'content-encoding: gzip\r\n'),
    10,
  ],
  [
    '100,000-deep JSON as variables',
    () => withLength(Buffer.from(`{"query":"{ __typename }","variables":{"a":${deep}}}`)),
    10,
  ],
  ['100,000-deep JSON as body', () => withLength(Buffer.from(deep)), 10],
  ['slow body, 50 at once', () => Buffer.from(head(`${json}content-length: 100\r\n`) + '{'), 50],
  ['20,000 headers', () => Buffer.from(head(spread(20_000))), 10],
];

/** Sends bytes and reads the status line, for at most 15 seconds. */
function exchange(port: number, bytes: Buffer): Promise<string> {
  return new Promise((resolve) => {
    let text = '';
    const socket = connect(port, '127.0.0.1', () => socket.write(bytes));
    const status = (): string => /^HTTP\/1\.1 (\d+)/.exec(text)?.[1] ?? 'no answer';
    const late = setTimeout(() => socket.destroy(), 15_000);
    socket.on('data', (data) => {
      text = (text + data.toString('latin1')).slice(0, 100);
    });
    socket.on('error', () => {});
    socket.on('close', () => {
      clearTimeout(late);
      resolve(status());
    });
  });
}

async function start(
  which: 'bare' | 'protected',
): Promise<{ child: ChildProcess; port: number; peak: () => Promise<number> }> {
  const file = fileURLToPath(new URL('./demo-process.ts', import.meta.url));
  const args = ['--import', 'tsx', file, which];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  const [port] = (await once(child, 'message')) as [number];
  const peak = async (): Promise<number> => {
    const answer = once(child, 'message');
    child.send('memory');
    const [bytes] = (await answer) as [number];
    return bytes;
  };
  return { child, port, peak };
}

const rows: object[] = [];
for (const which of ['bare', 'protected'] as const) {
  const { child, port, peak } = await start(which);
  const atRest = await peak();
  for (const [name, make, times] of attacks) {
    const bytes = make();
    const started = performance.now();
    const statuses = await Promise.all(Array.from({ length: times }, () => exchange(port, bytes)));
    rows.push({
      server: which,
      attack: `${name} x${times}`,
      answers: [...new Set(statuses)].join(', '),
      seconds: Number(((performance.now() - started) / 1_000).toFixed(1)),
      'peak MB over rest': Math.round(((await peak()) - atRest) / 1_000_000),
    });
  }
  child.kill();
  await once(child, 'exit');
}
console.table(rows);

// A redis-server of a test's own, on a free port: to be stopped, paused, filled up and started again.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface RedisProcess {
  readonly port: number;
  readonly url: string;
  /** Sends the process a signal: SIGSTOP makes it hang, SIGCONT go on. */
  readonly signal: (signal: NodeJS.Signals) => void;
  /** Ends the process at once. Its counters are gone, its files are not: it comes back as the node that it was. */
  readonly kill: () => Promise<void>;
  /** Ends the process; nothing is left of it. */
  readonly stop: () => Promise<void>;
  /** Starts it again on the same port. */
  readonly start: () => Promise<void>;
}

/** Whether the machine has the program. Where CI runs it must. */
export function hasRedis(): boolean {
  if (spawnSync('redis-server', ['--version']).status === 0) return true;
  if (process.env['CI']) throw new Error('redis-server is not installed');
  return false;
}

export async function startRedis(...more: string[]): Promise<RedisProcess> {
  const port = await freePort();
  const dir = mkdtempSync(join(tmpdir(), 'redis-'));
  const args = ['--port', `${port}`, '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no', '--dir', dir, ...more];
  let server: ChildProcess | undefined;
  async function start(): Promise<void> {
    mkdirSync(dir, { recursive: true });
    server = spawn('redis-server', args, { stdio: 'ignore' });
    for (let tries = 0; !(await accepts(port)); tries += 1) {
      if (tries === 200) throw new Error('redis-server did not start');
      await new Promise((resolve) => setTimeout(resolve, 25));
    }
  }
  async function kill(): Promise<void> {
    const ended = server && server.exitCode === null && server.signalCode === null ? once(server, 'exit') : undefined;
    server?.kill('SIGKILL');
    await ended;
  }
  await start();
  return {
    port,
    url: `redis://127.0.0.1:${port}`,
    signal: (signal) => void server?.kill(signal),
    start,
    kill,
    async stop() {
      await kill();
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer().once('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address();
      if (address === null || typeof address === 'string') throw new Error('no port');
      probe.close(() => resolve(address.port));
    });
  });
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
}

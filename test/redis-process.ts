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

export function startRedis(...more: string[]): Promise<RedisProcess> {
  return onFreePorts(1, ([port]) => startRedisOn(port as number, ...more));
}

/** Tries again on other ports: between looking for a free one and listening on it somebody else may take it. */
export async function onFreePorts<T>(count: number, start: (ports: number[]) => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries += 1) {
    const ports = [];
    for (let i = 0; i < count; i += 1) ports.push(await freePort());
    try {
      return await start(ports);
    } catch (error) {
      if (tries === 5) throw error;
    }
  }
}

export async function startRedisOn(port: number, ...more: string[]): Promise<RedisProcess> {
  const dir = mkdtempSync(join(tmpdir(), 'redis-'));
  const args = ['--port', `${port}`, '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no', '--dir', dir, ...more];
  let server: ChildProcess | undefined;
  async function start(): Promise<void> {
    mkdirSync(dir, { recursive: true });
    server = spawn('redis-server', args, { stdio: 'ignore' });
    for (let tries = 0; !(await serves(port, server.pid)); tries += 1) {
      if (server.exitCode !== null || tries === 200) {
        await stop();
        throw new Error('redis-server did not start');
      }
      await new Promise((resolve) => setTimeout(resolve, 25));
    }
  }
  async function kill(): Promise<void> {
    const ended = server && server.exitCode === null && server.signalCode === null ? once(server, 'exit') : undefined;
    server?.kill('SIGKILL');
    await ended;
  }
  async function stop(): Promise<void> {
    await kill();
    rmSync(dir, { recursive: true, force: true });
  }
  await start();
  return {
    port,
    url: `redis://127.0.0.1:${port}`,
    signal: (signal) => void server?.kill(signal),
    start,
    kill,
    stop,
  };
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer().once('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address();
      if (address === null || typeof address === 'string') throw new Error('no port');
      probe.close(() => resolve(address.port));
    });
  });
}

/** Whether it is this process that answers on the port, and not one that took it in the meantime. */
function serves(port: number, pid: number | undefined): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => socket.write('INFO server\r\n'));
    let answer = '';
    const done = (): void => {
      resolve(answer.includes(`process_id:${pid}\r\n`));
      socket.destroy();
    };
    socket.on('data', (part) => {
      answer += String(part);
      if (answer.includes('process_id:') && answer.endsWith('\r\n')) done();
    });
    socket.setTimeout(100).once('timeout', done).once('error', done).once('close', done);
  });
}

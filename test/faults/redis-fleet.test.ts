// Several processes, one Redis.
import { type ChildProcess, fork } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import type { Race } from './redis-fleet-process.ts';

const url = inject('redisUrl');

describe.skipIf(!url)('a fleet of processes that share a Redis', () => {
  let fleet: readonly ChildProcess[];
  beforeAll(async () => {
    const options = { execArgv: ['--import', 'tsx', '-C', '@graphql-bulwark/source'] };
    const script = new URL('redis-fleet-process.ts', import.meta.url);
    fleet = Array.from({ length: 4 }, () => fork(script, [url ?? ''], options));
    await Promise.all(fleet.map((process) => once(process, 'message')));
  });
  afterAll(() => fleet.forEach((process) => void process.kill()));

  /** How many calls passed, in all processes together. */
  async function race(processes: number, points: readonly number[]): Promise<number> {
    const told: Race = { policy: randomUUID(), calls: 50, points };
    const racing = fleet.slice(0, processes);
    const passed = racing.map(async (process): Promise<number> => (await once(process, 'message'))[0]);
    for (const process of racing) process.send(told);
    return (await Promise.all(passed)).reduce((sum, each) => sum + each, 0);
  }

  it.each([1, 4])(
    'race: exactly 5 of 50 parallel calls per process pass a limit of 5, from %i processes',
    async (processes) => {
      expect(await race(processes, [1])).toBe(5);
      expect(await race(processes, [1, 2])).toBe(2);
    },
  );
});

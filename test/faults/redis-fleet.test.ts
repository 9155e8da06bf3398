// Several processes, one Redis.
import { fork } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { expect, inject, it, onTestFinished } from 'vitest';

const url = inject('redisUrl');

/** How many calls passed, in all processes together. */
async function race(processes: number, calls: number, points: readonly number[]): Promise<number> {
  const args = [url ?? '', randomUUID(), `${calls}`, ...points.map(String)];
  const options = { execArgv: ['--import', 'tsx', '-C', '@graphql-bulwark/source'] };
  const fleet = Array.from({ length: processes }, () =>
    fork(new URL('redis-fleet-process.ts', import.meta.url), args, options),
  );
  onTestFinished(() => fleet.forEach((process) => void process.kill()));
  await Promise.all(fleet.map((process) => once(process, 'message')));
  const passed = fleet.map(async (process): Promise<number> => (await once(process, 'message'))[0]);
  for (const process of fleet) process.send('go');
  return (await Promise.all(passed)).reduce((sum, each) => sum + each, 0);
}

it.skipIf(!url).each([1, 4])(
  'race: exactly 5 of 50 parallel calls per process pass a limit of 5, from %i processes',
  async (processes) => {
    expect(await race(processes, 50, [1])).toBe(5);
    expect(await race(processes, 50, [1, 2])).toBe(2);
  },
  30_000,
);

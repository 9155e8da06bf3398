// How the benchmark of rate limits measures, and prints.
import type { Redis } from 'ioredis';

type Work = () => Promise<unknown>;

/** Microseconds per call: the best of several interleaved rounds, so that a busy machine troubles all alike. */
export async function microseconds(
  works: readonly Work[],
  calls = 5_000,
  by: 'cpu' | 'clock' = 'cpu',
): Promise<number[]> {
  const best = works.map(() => Number.POSITIVE_INFINITY);
  for (let round = 0; round < 6; round += 1) {
    for (const [i, work] of works.entries()) {
      const [cpu, start] = [process.cpuUsage(), performance.now()];
      for (let call = 0; call < calls / 5; call += 1) await work();
      const { user, system } = process.cpuUsage(cpu);
      const spent = by === 'cpu' ? user + system : (performance.now() - start) * 1000;
      // The first round only warms up.
      if (round > 0) best[i] = Math.min(best[i] ?? spent, spent / (calls / 5));
    }
  }
  return best;
}

/** Calls per second of the clock, so many at a time: the best of several rounds. */
export async function perSecond(together: number, work: Work): Promise<number> {
  let best = 0;
  for (let round = 0; round < 5; round += 1) {
    const start = performance.now();
    for (let turn = 0; turn < 10; turn += 1) await Promise.all(Array.from({ length: together }, work));
    best = Math.max(best, (together * 10 * 1000) / (performance.now() - start));
  }
  return best;
}

/** Commands that reach Redis from clients while the work is done. */
export async function commandsOf(client: Redis, work: Work): Promise<number> {
  const monitor = await client.monitor();
  let count = 0;
  const ended = new Promise<void>((resolve) => {
    monitor.on('monitor', (_time: string, args: string[], source: string) => {
      if (args[1] === 'the end') resolve();
      else if (source !== 'lua') count += 1;
    });
  });
  await work();
  await client.echo('the end');
  await ended;
  monitor.disconnect();
  return count;
}

export function row(cells: readonly (string | number | undefined)[]): void {
  const texts = cells.map((cell) =>
    typeof cell === 'number' ? (cell < 100 ? cell.toFixed(2) : cell.toFixed(0)) : (cell ?? ''),
  );
  console.log(texts.map((text, i) => (i === 0 ? text.padEnd(38) : text.padStart(24))).join(''));
}

// How the benchmark of rate limits measures, and prints.
import type { Redis } from 'ioredis';

type Work = () => Promise<unknown>;

/** Microseconds per call: the best of many short, interleaved rounds, so that a busy machine troubles all alike. */
export async function microseconds(works: readonly Work[], by: 'cpu' | 'clock' = 'cpu'): Promise<number[]> {
  const best = works.map(() => Number.POSITIVE_INFINITY);
  const [rounds, warmUp, calls] = [48, 8, 250];
  for (let round = 0; round < rounds; round += 1) {
    for (const [i, work] of works.entries()) {
      const [cpu, start] = [process.cpuUsage(), performance.now()];
      for (let call = 0; call < calls; call += 1) await work();
      const { user, system } = process.cpuUsage(cpu);
      const spent = by === 'cpu' ? user + system : (performance.now() - start) * 1000;
      if (round >= warmUp) best[i] = Math.min(best[i] ?? spent, spent / calls);
    }
  }
  return best;
}

/** Calls per second of the clock, so many at a time: the best of several interleaved rounds. */
export async function perSecond(together: number, works: readonly Work[]): Promise<number[]> {
  const best = works.map(() => 0);
  const [rounds, turns] = [16, 8];
  for (let round = 0; round < rounds; round += 1) {
    for (const [i, work] of works.entries()) {
      const start = performance.now();
      for (let turn = 0; turn < turns; turn += 1) await Promise.all(Array.from({ length: together }, work));
      best[i] = Math.max(best[i] ?? 0, (together * turns * 1000) / (performance.now() - start));
    }
  }
  return best.map(Math.round);
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

/** Prints a table: the first row names the columns. */
export function table(title: string, rows: readonly (readonly (string | number)[])[]): void {
  const texts = rows.map((cells) => cells.map((cell) => (typeof cell === 'number' ? short(cell) : cell)));
  const widths = (texts[0] ?? []).map((_, column) => Math.max(...texts.map((cells) => cells[column]?.length ?? 0)));
  const lines = texts.map((cells) =>
    cells.map((text, i) => (i === 0 ? text.padEnd(widths[0] ?? 0) : text.padStart(widths[i] ?? 0))).join('   '),
  );
  const [head = '', ...body] = lines;
  console.log(`\n${title}\n\n${head}\n${'-'.repeat(head.length)}\n${body.join('\n')}`);
}

function short(value: number): string {
  if (Number.isInteger(value)) return `${value}`;
  return value < 10 ? value.toFixed(2) : value.toFixed(value < 100 ? 1 : 0);
}

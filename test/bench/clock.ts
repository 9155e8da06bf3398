/**
 * CPU time of all threads, garbage collection included, so that columns of one run can be compared: never two machines, never
 * two runs. Rounds of different work alternate, and of each work the least round counts: other processes and the compiler
 * disturb a clock, but never in its favour.
 */

export interface Effort {
  /** How often each work is measured. */
  readonly rounds?: number;
  /** Milliseconds for which work runs before it is measured, so that it is compiled. */
  readonly warmUp?: number;
  /** Calls in one round. */
  readonly calls?: number;
}

const enoughForMost = 150;

/** @returns microseconds that one call of each kind of work takes. */
export function compare<K extends string>(
  works: Readonly<Record<K, () => void>>,
  { rounds = 40, calls = 20, warmUp = enoughForMost }: Effort = {},
): Record<K, number> {
  const names = Object.keys(works) as K[];
  const least = new Map<K, number>();
  for (const name of names) for (const end = performance.now() + warmUp; performance.now() < end; ) works[name]();
  for (let round = 0; round < rounds; round += 1) {
    for (const name of names) least.set(name, Math.min(least.get(name) ?? Infinity, cpu(works[name], calls)));
  }
  return Object.fromEntries(least) as Record<K, number>;
}

/** As {@link compare} for one kind of work, on things that are made outside the clock and used once. */
export function timeOnce<T>(
  make: () => T,
  work: (made: T) => void,
  { rounds = 40, calls = 20, warmUp = enoughForMost }: Effort = {},
): number {
  let least = Infinity;
  for (const end = performance.now() + warmUp; performance.now() < end; ) work(make());
  for (let round = 0; round < rounds; round += 1) {
    const things = Array.from({ length: calls }, make);
    let next = 0;
    least = Math.min(
      least,
      cpu(() => work(things[next++] as T), calls),
    );
  }
  return least;
}

function cpu(work: () => void, calls: number): number {
  const before = process.cpuUsage();
  for (let call = 0; call < calls; call += 1) work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / calls;
}

export const percent = (part: number, whole: number): string => `${((100 * part) / whole).toFixed(2)} %`;

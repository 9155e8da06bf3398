/** CPU time, measured so that columns of one run can be compared: never two machines, never two runs. */

/** Microseconds of CPU time, of all threads, that one call of each kind of work takes: medians over interleaved rounds. */
export function compare<K extends string>(
  works: Readonly<Record<K, () => void>>,
  { rounds = 25, calls = 40 }: { readonly rounds?: number; readonly calls?: number } = {},
): Record<K, number> {
  const names = Object.keys(works) as K[];
  const found = new Map<K, number[]>(names.map((name) => [name, []]));
  // The first rounds are for the compiler.
  for (let round = -5; round < rounds; round += 1) {
    for (const name of names) {
      const before = process.cpuUsage();
      for (let call = 0; call < calls; call += 1) works[name]();
      const { user, system } = process.cpuUsage(before);
      if (round >= 0) found.get(name)?.push((user + system) / calls);
    }
  }
  return Object.fromEntries(names.map((name) => [name, median(found.get(name) ?? [])])) as Record<K, number>;
}

/** As {@link compare} for one kind of work, on things that are made outside the clock and used once. */
export function timeOnce<T>(make: () => T, work: (made: T) => void, { rounds = 25, calls = 40 } = {}): number {
  const found: number[] = [];
  for (let round = -5; round < rounds; round += 1) {
    const things = Array.from({ length: calls }, make);
    const before = process.cpuUsage();
    for (const thing of things) work(thing);
    const { user, system } = process.cpuUsage(before);
    if (round >= 0) found.push((user + system) / calls);
  }
  return median(found);
}

export const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;

export const percent = (part: number, whole: number): string => `${((100 * part) / whole).toFixed(2)} %`;

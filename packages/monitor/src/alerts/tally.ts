/**
 * Counts in the store, which all processes of a fleet may share. What is counted while the store is busy is added up, so that
 * a flood of events costs a few calls: a rule that fell behind would miss the attack that hides in the flood.
 */
import { type Charge, type CounterStore, checkConsumption } from '@graphql-bulwark/core';
import { awaitWithin } from '@graphql-bulwark/core/internal';

/** What is counted: one bucket of the store. */
export interface Tallied {
  /** Names the rule, and what it counts. */
  readonly policy: string;
  /** The caller, or another subject. */
  readonly key: string;
  readonly windowSeconds: number;
}

export interface Tally {
  /** Adds points. @param counted called with the sum of this window, in all processes. */
  readonly add: (tallied: Tallied, points: number, counted: (sum: number) => void) => void;
  /** Adds a point for an item that was not counted in this window. @param counted called where it was not. */
  readonly addItem: (tallied: Tallied, item: string, counted: (sum: number) => void) => void;
  /** Reads the sum of this window. */
  readonly read: (tallied: Tallied, found: (sum: number) => void) => void;
  /** Takes every one of these buckets, of one point each, or none. @param taken called where it took them. */
  readonly take: (buckets: readonly (Tallied & { readonly limit: number })[], taken: () => void) => void;
  /** Resolves when nothing waits. Never rejects. */
  readonly settled: () => Promise<void>;
  /** Calls that wait. */
  readonly waiting: () => number;
}

/** A limit that no window reaches: the store is to count, and the rule decides. */
const unlimited = 1_000_000_000;
/** Calls to the store at one time. */
const callsAtOnce = 50;
/** A store that does not answer by then has lost the count. */
const storeMilliseconds = 1_000;

interface Adding {
  readonly tallied: Tallied;
  points: number;
  counted: (sum: number) => void;
}

/** @param failed called with each error of the store. Must not throw. */
export function createTally(store: CounterStore, failed: (error: unknown) => void): Tally {
  const additions = new Map<string, Adding>();
  const calls: (() => Promise<void>)[] = [];
  let running: Promise<void> | undefined;

  async function consume(charges: readonly Charge[]) {
    const pending = store.consume(charges, storeMilliseconds);
    return checkConsumption(await awaitWithin(storeMilliseconds, pending), charges);
  }

  async function countPoints({ tallied, points, counted }: Adding): Promise<void> {
    const { buckets } = await consume([{ ...tallied, points, limit: unlimited }]);
    counted(unlimited - (buckets[0]?.remaining ?? unlimited));
  }

  function takeAdditions(): (() => Promise<void>)[] {
    const taken = [...additions].slice(0, callsAtOnce);
    for (const [name] of taken) additions.delete(name);
    return taken.map(
      ([, adding]) =>
        () =>
          countPoints(adding),
    );
  }

  async function run(): Promise<void> {
    while (additions.size + calls.length > 0) {
      const batch = [...calls.splice(0, callsAtOnce), ...takeAdditions()];
      const results = await Promise.allSettled(batch.map((call) => call()));
      for (const result of results) if (result.status === 'rejected') failed(result.reason);
    }
    running = undefined;
  }

  function start(): void {
    running ??= Promise.resolve().then(run);
  }

  function add(tallied: Tallied, points: number, counted: (sum: number) => void): void {
    const name = `${tallied.policy} ${tallied.key}`;
    const known = additions.get(name);
    if (known) {
      known.points += points;
      known.counted = counted;
    } else additions.set(name, { tallied, points, counted });
    start();
  }

  return {
    add,
    addItem(tallied, item, counted) {
      const seen = { ...tallied, policy: `${tallied.policy}.seen`, key: `${tallied.key} ${item}` };
      calls.push(async () => {
        const { allowed } = await consume([{ ...seen, points: 1, limit: 1 }]);
        if (allowed) add(tallied, 1, counted);
      });
      start();
    },
    read(tallied, found) {
      calls.push(async () => {
        const { remaining } = await awaitWithin(storeMilliseconds, store.peek({ ...tallied, limit: unlimited }));
        found(unlimited - remaining);
      });
      start();
    },
    take(buckets, taken) {
      calls.push(async () => {
        const { allowed } = await consume(buckets.map((bucket) => ({ ...bucket, points: 1 })));
        if (allowed) taken();
      });
      start();
    },
    async settled() {
      for (let pending = running; pending; pending = running) await pending;
    },
    waiting: () => additions.size + calls.length,
  };
}

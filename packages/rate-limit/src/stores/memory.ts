/** Counters in the memory of this process: for one process, for development, for tests. */
import { type CounterStore, knownOptions, wholeNumber } from '@graphql-bulwark/core';
import { createWindows } from './windows.ts';

export interface MemoryStoreOptions {
  /** Buckets kept at once; above it the oldest that is not used up is forgotten. Whole number, 1 or more. @default 100000 */
  readonly maxKeys?: number | undefined;
}

/**
 * Bounded, and exact for several keys too. Nothing has to be closed: it holds no timer.
 *
 * @throws {TypeError} for options that cannot be meant.
 */
export function memoryStore(options: MemoryStoreOptions = {}): CounterStore {
  knownOptions('memoryStore', options, ['maxKeys']);
  const { consume, giveBack, peek, reset, clear } = createWindows(wholeNumber('maxKeys', options.maxKeys ?? 100_000));
  const store: CounterStore = {
    consume: async (charges) => consume(charges),
    giveBack: async (refunds) => giveBack(refunds),
    peek: async (bucket) => peek(bucket),
    reset: async (bucket) => reset(bucket),
    close: clear,
  };
  local.add(store);
  return store;
}

// Another copy of this package would not know them, and set a deadline that they keep.
const local = new WeakSet<CounterStore>();

/** Whether a store answers at once and cannot be late. */
export function isLocal(store: CounterStore): boolean {
  return local.has(store);
}

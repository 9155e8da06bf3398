/** Counters in the memory of this process: for one process, for development, for tests. */
import { type CounterStore, knownOptions, wholeNumber } from '@graphql-bulwark/core';
import { createWindows, type Windows } from './fixed-window.ts';

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
  const windows = createWindows(wholeNumber('maxKeys', options.maxKeys ?? 100_000));
  const store: CounterStore = {
    consume: async (charges) => windows.consume(charges),
    giveBack: async (refunds) => windows.giveBack(refunds),
    peek: async (bucket) => windows.peek(bucket),
    reset: async (bucket) => windows.reset(bucket),
    close: () => windows.clear(),
  };
  local.set(store, windows);
  return store;
}

// Another copy of this package would not know them, and set a deadline that they keep.
const local = new WeakMap<CounterStore, Windows>();

/** What is behind a store that answers at once and cannot be late; `undefined` for any other. */
export function windowsOf(store: CounterStore): Windows | undefined {
  return local.get(store);
}

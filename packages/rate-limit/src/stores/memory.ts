/** Counters in the memory of this process: for servers of one process, for development and for tests. */
import type { CounterStore } from '@graphql-bulwark/core';
import { atLeast, type OptionTable, readOptions } from '@graphql-bulwark/core/internal';
import { createWindows, type Windows } from './fixed-window.ts';

/** How much memory the store may take. */
export interface MemoryStoreOptions {
  /** How many buckets are kept at most; above that, one of the least used is forgotten. Whole number, 1 or more. @default 100000 */
  readonly maxKeys?: number | undefined;
}

const optionTable = {
  maxKeys: { default: 100_000, check: atLeast(1) },
} satisfies OptionTable<MemoryStoreOptions>;

/**
 * Makes a store in the memory of this process. It is bounded, takes several charges all or none, and holds no timer.
 *
 * @throws {TypeError} for an invalid option.
 * @example rateLimit({ store: memoryStore({ maxKeys: 10_000 }) })
 */
export function memoryStore(options: MemoryStoreOptions = {}): CounterStore {
  const { maxKeys } = readOptions('memoryStore', options, optionTable);
  const windows = createWindows(maxKeys);
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

// A store of another copy of this package is not found here. It is then asked like any other store, with a deadline that it meets.
const local = new WeakMap<CounterStore, Windows>();

/** @returns the counters behind a store of `memoryStore`, which can be asked synchronously; `undefined` for any other store. */
export function readWindows(store: CounterStore): Windows | undefined {
  return local.get(store);
}

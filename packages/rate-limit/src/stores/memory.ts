/** Counters in the memory of this process: for one process, for development, for tests. */
import type { CounterStore } from '@graphql-bulwark/core';
import { atLeast, type OptionTable, readOptions } from '@graphql-bulwark/core/internal';
import { createWindows, type Windows } from './fixed-window.ts';

export interface MemoryStoreOptions {
  /** Buckets kept at once; above it one of the least used is forgotten. Whole number, 1 or more. @default 100000 */
  readonly maxKeys?: number | undefined;
}

const optionTable = {
  maxKeys: { default: 100_000, check: atLeast(1) },
} satisfies OptionTable<MemoryStoreOptions>;

/**
 * Bounded, and exact for several keys too. Nothing has to be closed: it holds no timer.
 *
 * @throws {TypeError} for an invalid option.
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

// Another copy of this package would not know them, and set a deadline that they keep.
const local = new WeakMap<CounterStore, Windows>();

/** What is behind a store that answers at once and cannot be late; `undefined` for any other. */
export function readWindows(store: CounterStore): Windows | undefined {
  return local.get(store);
}

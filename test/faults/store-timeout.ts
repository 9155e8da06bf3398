// The time that a limiter waits for its store, in the hands of a test: a slow machine must not look like a fault of Redis.
import { onTestFinished, vi } from 'vitest';

/** For `storeTimeoutMilliseconds`. No other timer has this length, which is longer than a test may take. */
export const storeTimeoutMilliseconds = 59_123;

export interface StoreTimeout {
  /** From now on a call of the store is given up soon: Redis was stopped, so no answer can come. */
  readonly shorten: () => void;
  /** From now on every call of the store is waited for. */
  readonly restore: () => void;
}

/** Until the test ends. A timeout that runs already keeps its length. */
export function controlStoreTimeout(): StoreTimeout {
  let isShort = false;
  const real = globalThis.setTimeout;
  const timer = (work: (...values: unknown[]) => void, milliseconds?: number, ...values: unknown[]) =>
    real(work, isShort && milliseconds === storeTimeoutMilliseconds ? 50 : milliseconds, ...values);
  const spy = vi.spyOn(globalThis, 'setTimeout').mockImplementation(timer as typeof setTimeout);
  onTestFinished(() => spy.mockRestore());
  return {
    shorten() {
      isShort = true;
    },
    restore() {
      isShort = false;
    },
  };
}

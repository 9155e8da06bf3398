/** Counters in the memory of this process: for one process, for development, for tests. */
import type { CounterStore } from '@graphql-bulwark/core';
import { RateLimiterMemory } from 'rate-limiter-flexible';
import { longestWindowSeconds } from '../directive.ts';
import { flexibleStore } from './flexible.ts';

/** A key is forgotten when its window ends. Timers do not keep the process alive; `close()` drops all keys. */
export function memoryStore(): CounterStore {
  const limiters: RateLimiterMemory[] = [];
  const store = flexibleStore((options) => {
    if (options.duration > longestWindowSeconds) {
      throw new TypeError(`windowSeconds must be at most ${longestWindowSeconds}, but is ${options.duration}.`);
    }
    const limiter = new RateLimiterMemory(options);
    limiters.push(limiter);
    return limiter;
  });
  return {
    ...store,
    async close() {
      await Promise.all(limiters.flatMap((limiter) => limiter.dump().storage.map(({ key }) => limiter.delete(key))));
    },
  };
}

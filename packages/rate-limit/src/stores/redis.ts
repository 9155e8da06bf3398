/** Counters in Redis, shared by all processes of a fleet. */
import { type CounterStore, knownOptions, show } from '@graphql-bulwark/core';
import { RateLimiterRedis } from 'rate-limiter-flexible';
import { flexibleStore } from './flexible.ts';

export interface RedisStoreOptions {
  /** An ioredis client, made, configured and closed by the application. */
  readonly client: object;
}

/**
 * While the client is not connected every call fails at once, instead of waiting in the client's queue.
 *
 * @throws {TypeError} for what is not an ioredis client.
 * @example redisStore({ client: new Redis('redis://127.0.0.1:6379') })
 */
export function redisStore(options: RedisStoreOptions): CounterStore {
  knownOptions('redisStore', options, ['client']);
  const { client } = options;
  if (typeof client !== 'object' || client === null || !('defineCommand' in client)) {
    throw new TypeError(`client must be an ioredis client, but is ${show(client)}.`);
  }
  return flexibleStore(
    (limiter) => new RateLimiterRedis({ ...limiter, storeClient: client, rejectIfRedisNotReady: true }),
  );
}

/** What several processes share in Redis: counters of rate limits and failed attempts, and the list of revoked tokens. */
export { type RedisCommands, type RedisDenyListOptions, redisDenyList } from '@graphql-bulwark/authentication';
export { type RedisStoreOptions, redisStore } from '@graphql-bulwark/rate-limit';

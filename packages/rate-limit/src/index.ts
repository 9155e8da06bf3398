export { rateLimitDirectives } from './directive.ts';
export { type RateLimitOptions, rateLimit } from './rate-limit.ts';
export type { FlexibleLimiter } from './stores/bucket.ts';
export { flexibleStore, type MakeLimiter } from './stores/flexible.ts';
export { type MemoryStoreOptions, memoryStore } from './stores/memory.ts';
export { type RedisStoreOptions, redisStore } from './stores/redis.ts';

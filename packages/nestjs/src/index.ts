export {
  Auth,
  type AuthRule,
  Cost,
  type CostRule,
  ListSize,
  type ListSizeRule,
  Owner,
  type OwnerRule,
  Public,
  RateLimit,
  type RateLimitRule,
  type RateLimitTier,
} from './decorators.ts';
export { BulwarkDriver, type BulwarkDriverAsyncConfig, type BulwarkDriverConfig } from './driver.ts';
export type { SubscriptionOptions } from './subscriptions.ts';

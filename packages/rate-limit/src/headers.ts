/**
 * `RateLimit-Policy` and `RateLimit` (draft-ietf-httpapi-ratelimit-headers): Structured Fields lists whose items are named by
 * quoted Strings (RFC 9651 section 3.3.3).
 */
import type { BucketState } from '@graphql-bulwark/core';

/** policy -> its most restrictive bucket. */
export type Standing = Map<string, BucketState>;

/** Keeps per policy the bucket with the fewest points left, of several the one that takes longest. */
export function restrict(standing: Standing, buckets: Iterable<BucketState>): Standing {
  for (const bucket of buckets) {
    const known = standing.get(bucket.charge.policy);
    const isTighter =
      !known ||
      bucket.remaining < known.remaining ||
      (bucket.remaining === known.remaining && bucket.resetSeconds > known.resetSeconds);
    if (isTighter) standing.set(bucket.charge.policy, bucket);
  }
  return standing;
}

/** @returns header name -> value */
export function rateLimitHeaders(standing: Standing): Record<string, string> {
  const buckets = [...standing.values()];
  return {
    'ratelimit-policy': buckets.map(({ charge }) => policyItem(charge)).join(', '),
    ratelimit: buckets
      .map(
        ({ charge, remaining, resetSeconds }) =>
          `${quoted(charge.policy)};r=${remaining};t=${wholeSeconds(resetSeconds)}`,
      )
      .join(', '),
  };
}

export function policyItem({ policy, limit, windowSeconds }: BucketState['charge']): string {
  return `${quoted(policy)};q=${limit};w=${windowSeconds}`;
}

/** Whole seconds, at least 1. */
export function wholeSeconds(seconds: number): number {
  return Math.max(1, Math.ceil(seconds));
}

/** Schema coordinates need no escapes; a policy of another origin may. */
function quoted(text: string): string {
  return `"${text.replace(/[^\x20-\x7e]/g, '?').replace(/["\\]/g, '\\$&')}"`;
}

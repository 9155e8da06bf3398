/**
 * `RateLimit-Policy` and `RateLimit` (draft-ietf-httpapi-ratelimit-headers): Structured Fields lists whose items are named by
 * quoted Strings (RFC 9651 section 3.3.3).
 */
import type { BucketState } from '@graphql-bulwark/core';
import { costPolicy } from './budgets.ts';

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

/** Points of a cost budget are no unit of the draft's registry: a parameter of our own says so. */
export function policyItem({ policy, limit, windowSeconds }: BucketState['charge']): string {
  return `${quoted(policy)};q=${limit};w=${windowSeconds}${policy === costPolicy ? ';bulwark-unit="points"' : ''}`;
}

/** How `X-RateLimit-Reset` tells the end of a window: seconds since the epoch, or seconds from now. */
export type LegacyHeaders = 'epoch' | 'delta';

/** The headers in use before the draft had a form of its own. They have room for one bucket: the one with least left. */
export function legacyHeaders(standing: Standing, reset: LegacyHeaders): Record<string, string> {
  const [first, ...rest] = standing.values();
  if (!first) return {};
  const { charge, remaining, resetSeconds } = rest.reduce(
    (least, bucket) => (bucket.remaining < least.remaining ? bucket : least),
    first,
  );
  const seconds = wholeSeconds(resetSeconds);
  return {
    'x-ratelimit-limit': `${charge.limit}`,
    'x-ratelimit-remaining': `${remaining}`,
    'x-ratelimit-reset': `${reset === 'epoch' ? Math.ceil(Date.now() / 1000) + seconds : seconds}`,
  };
}

/** Whole seconds, at least 1. */
export function wholeSeconds(seconds: number): number {
  return Math.max(1, Math.ceil(seconds));
}

/** Schema coordinates need no escapes; a policy of another origin may. */
function quoted(text: string): string {
  return `"${text.replace(/[^\x20-\x7e]/g, '?').replace(/["\\]/g, '\\$&')}"`;
}

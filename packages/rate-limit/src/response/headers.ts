/**
 * `RateLimit-Policy` and `RateLimit` (draft-ietf-httpapi-ratelimit-headers): Structured Fields lists whose items are named by
 * quoted Strings (RFC 9651 section 3.3.3).
 */
import type { BucketState } from '@graphql-bulwark/core';

/** Names the budget of points. */
export const costPolicy = 'cost';

/** The most restrictive buckets, at most one of a policy. */
export type ServiceLimits = readonly BucketState[];

/** An operation may touch any number of policies, and HTTP clients take no headers of any length. */
export const maxNamed = 4;

/** Keeps per policy the tightest bucket, and of the policies the tightest ones. */
export function keepTightest(standing: ServiceLimits, buckets: Iterable<BucketState>): ServiceLimits {
  const kept = [...standing];
  for (const bucket of buckets) {
    const same = kept.findIndex(({ charge }) => charge.policy === bucket.charge.policy);
    const position = same === -1 && kept.length === maxNamed ? findLoosest(kept) : same;
    if (position === -1) kept.push(bucket);
    else if (isTighter(bucket, kept[position] as BucketState)) kept[position] = bucket;
  }
  return kept;
}

function findLoosest(buckets: ServiceLimits): number {
  let found = 0;
  for (let i = 1; i < buckets.length; i += 1) {
    if (isTighter(buckets[found] as BucketState, buckets[i] as BucketState)) found = i;
  }
  return found;
}

/** Fewer points left; of as many, the longer wait for more. */
function isTighter(one: BucketState, other: BucketState): boolean {
  if (one.remaining !== other.remaining) return one.remaining < other.remaining;
  return one.resetSeconds > other.resetSeconds;
}

/** @returns header name -> value */
export function writeHeaders(standing: ServiceLimits, legacy = false): Record<string, string> {
  const headers = {
    'ratelimit-policy': standing.map(({ charge }) => writePolicy(charge)).join(', '),
    ratelimit: standing
      .map(
        ({ charge, remaining, resetSeconds }) =>
          `${quote(charge.policy)};r=${remaining};t=${toWholeSeconds(resetSeconds)}`,
      )
      .join(', '),
  };
  return legacy ? { ...headers, ...writeLegacyHeaders(standing) } : headers;
}

/** Points of a cost budget are no unit of the draft's registry: a parameter of our own says so. */
export function writePolicy({ policy, limit, windowSeconds }: BucketState['charge']): string {
  return `${quote(policy)};q=${limit};w=${windowSeconds}${policy === costPolicy ? ';bulwark-unit="points"' : ''}`;
}

/**
 * The headers in use before the draft had a form of its own. They have room for one bucket: the tightest. `Reset` is the end of
 * its window in seconds since the epoch.
 */
function writeLegacyHeaders(standing: ServiceLimits): Record<string, string> {
  const [first, ...rest] = standing;
  if (!first) return {};
  const { charge, remaining, resetSeconds } = rest.reduce(
    (tightest, bucket) => (isTighter(bucket, tightest) ? bucket : tightest),
    first,
  );
  return {
    'x-ratelimit-limit': `${charge.limit}`,
    'x-ratelimit-remaining': `${remaining}`,
    'x-ratelimit-reset': `${Math.ceil(Date.now() / 1000) + toWholeSeconds(resetSeconds)}`,
  };
}

/** Whole seconds, at least 1. */
export function toWholeSeconds(seconds: number): number {
  return Math.max(1, Math.ceil(seconds));
}

/** Schema coordinates need no escapes; a policy of another origin may. */
function quote(text: string): string {
  return `"${text.replace(/[^\x20-\x7e]/g, '?').replace(/["\\]/g, '\\$&')}"`;
}

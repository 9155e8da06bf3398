/**
 * `RateLimit-Policy` and `RateLimit` (draft-ietf-httpapi-ratelimit-headers): Structured Fields lists whose items are named by
 * quoted Strings (RFC 9651 section 3.3.3).
 */
import type { BucketState } from '@graphql-bulwark/core';

/** Policy of the budget of points. */
export const costPolicy = 'cost';

/** What a response says of limits: the tightest buckets, at most one of a policy. */
export type ServiceLimits = readonly BucketState[];

/** How many policies the headers name. An operation may be charged to any number, and HTTP clients refuse headers that are too long. */
export const maxNamed = 4;

/**
 * Adds buckets: keeps the tightest of each policy, and of all policies the tightest {@link maxNamed}.
 *
 * @param limits what was kept before.
 */
export function keepTightest(limits: ServiceLimits, buckets: Iterable<BucketState>): ServiceLimits {
  const kept = [...limits];
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

/** A bucket is tighter with fewer points left, and with as many if it takes longer until there are more. */
function isTighter(one: BucketState, other: BucketState): boolean {
  if (one.remaining !== other.remaining) return one.remaining < other.remaining;
  return one.resetSeconds > other.resetSeconds;
}

/**
 * Writes the headers of a response.
 *
 * @param legacy whether to add the `X-RateLimit` headers. @returns header name -> value
 */
export function writeHeaders(limits: ServiceLimits, legacy = false): Record<string, string> {
  const headers = {
    'ratelimit-policy': limits.map(({ charge }) => writePolicy(charge)).join(', '),
    ratelimit: limits
      .map(
        ({ charge, remaining, resetSeconds }) =>
          `${quote(charge.policy)};r=${remaining};t=${toWholeSeconds(resetSeconds)}`,
      )
      .join(', '),
  };
  return legacy ? { ...headers, ...writeLegacyHeaders(limits) } : headers;
}

/** Writes an item of `RateLimit-Policy`. The draft has no unit for points of cost, so a parameter of our own names it. */
export function writePolicy({ policy, limit, windowSeconds }: BucketState['charge']): string {
  return `${quote(policy)};q=${limit};w=${windowSeconds}${policy === costPolicy ? ';bulwark-unit="points"' : ''}`;
}

/**
 * Writes the headers that were in use before the draft. They have room for one bucket, which is the tightest. `Reset` is the end of its
 * window in seconds since the epoch.
 */
function writeLegacyHeaders(limits: ServiceLimits): Record<string, string> {
  const [first, ...rest] = limits;
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

/** Rounds up to whole seconds, at least 1: a client that waits so long is never too early. */
export function toWholeSeconds(seconds: number): number {
  return Math.max(1, Math.ceil(seconds));
}

/** Quotes a name. Schema coordinates need no escapes, but an application can name an operation in `byName` as it likes. */
function quote(text: string): string {
  return `"${text.replace(/[^\x20-\x7e]/g, '?').replace(/["\\]/g, '\\$&')}"`;
}

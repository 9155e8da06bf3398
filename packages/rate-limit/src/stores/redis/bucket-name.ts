/** One name per bucket. Limit and window are part of it: a limit that changes counts anew, and never by another's rule. */
import type { Charge } from '@graphql-bulwark/core';
import { wholeNumber } from '@graphql-bulwark/core/internal';

/**
 * Names buckets; the part that those of a policy share is checked and spelled once.
 *
 * @returns a function that throws a `TypeError` for a bucket that makes no sense.
 */
export function createBucketNamer(head: string): (bucket: Omit<Charge, 'points'>) => string {
  const known = new Map<string, { readonly limit: number; readonly windowSeconds: number; readonly start: string }>();
  return ({ policy, key, limit, windowSeconds }) => {
    const last = known.get(policy);
    if (last && last.limit === limit && last.windowSeconds === windowSeconds) return last.start + key;
    wholeNumber('limit', limit);
    wholeNumber('windowSeconds', windowSeconds);
    const start = `${head}${limit}:${windowSeconds}:${policy.length}:${policy}:`;
    if (known.size >= maxPolicies) known.clear();
    known.set(policy, { limit, windowSeconds, start });
    return start + key;
  };
}

/** Policies come from the schema and the options, not from clients; should somebody make them up, this bounds them. */
const maxPolicies = 10_000;

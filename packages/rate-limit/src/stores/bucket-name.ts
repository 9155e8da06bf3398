/** One name per bucket. Limit and window are part of it: a limit that changes counts anew, and never by another's rule. */
import { type Charge, wholeNumber } from '@graphql-bulwark/core';

/** @throws {TypeError} for a bucket that makes no sense. */
export function bucketName({ policy, key, limit, windowSeconds }: Omit<Charge, 'points'>): string {
  wholeNumber('limit', limit);
  wholeNumber('windowSeconds', windowSeconds);
  return `${limit}:${windowSeconds}:${policy.length}:${policy}:${key}`;
}

/** The same, for the hot path: the part that a policy's buckets share is checked and spelled once. */
export function bucketNamer(): typeof bucketName {
  const known = new Map<string, { readonly limit: number; readonly windowSeconds: number; readonly prefix: string }>();
  return (bucket) => {
    const { policy, key, limit, windowSeconds } = bucket;
    const last = known.get(policy);
    if (last && last.limit === limit && last.windowSeconds === windowSeconds) return last.prefix + key;
    const prefix = bucketName({ ...bucket, key: '' });
    if (known.size >= maxPolicies) known.clear();
    known.set(policy, { limit, windowSeconds, prefix });
    return prefix + key;
  };
}

/** Policies come from the schema and the options, not from clients; should somebody make them up, this bounds them. */
const maxPolicies = 10_000;

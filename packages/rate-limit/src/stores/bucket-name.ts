/** One name per bucket. Limit and window are part of it: a limit that changes counts anew, and never by another's rule. */
import { type Charge, wholeNumber } from '@graphql-bulwark/core';

/** @throws {TypeError} for a bucket that makes no sense. */
export function bucketName({ policy, key, limit, windowSeconds }: Omit<Charge, 'points'>): string {
  wholeNumber('limit', limit);
  wholeNumber('windowSeconds', windowSeconds);
  return `${limit}:${windowSeconds}:${policy.length}:${policy}:${key}`;
}

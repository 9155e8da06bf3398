/**
 * One key of one limiter of rate-limiter-flexible.
 *
 * A limiter also counts what it refuses. And it gives points back whether or not the window from which they were taken is still open: if a
 * give-back opened a new window, that would start below zero. The functions here correct both.
 */
import type { BucketState, Charge } from '@graphql-bulwark/core';
import type { RateLimiterAbstract } from 'rate-limiter-flexible';

/** The part of a limiter that is used. */
export type FlexibleLimiter = Pick<RateLimiterAbstract, 'consume' | 'get' | 'reward' | 'penalty' | 'delete'>;

/** What a limiter returned for a key. */
export interface Count {
  /** Points. */
  readonly consumed: number;
  readonly millisecondsLeft: number;
  /** When it was asked, in milliseconds of `performance.now()`. The window ends no earlier than `askedAt + millisecondsLeft`. */
  readonly askedAt: number;
}

/** The result of one charge. */
export interface Taken {
  /** Whether the key is within its limit. */
  readonly passed: boolean;
  /** The points that the limiter has counted: 0 where it blocks the key by a rule of its own. */
  readonly points: number;
  /** The count of the key with the points of this charge. */
  readonly count: Count;
}

/** Nothing is given back to a window that ends sooner than this, because the points might arrive in the next window. */
const safetyMilliseconds = 250;

/** Reads a key. @returns `undefined` where no window is open. Rejects where the store fails. */
export async function readBucket(limiter: FlexibleLimiter, key: string): Promise<Count | undefined> {
  const askedAt = performance.now();
  const result = await limiter.get(key);
  const count = result === null ? undefined : readCount(result, askedAt);
  return count && count.millisecondsLeft > 0 ? count : undefined;
}

/** Charges a key. Rejects with an `Error` where the store fails. */
export async function consumePoints(limiter: FlexibleLimiter, { key, points, limit }: Charge): Promise<Taken> {
  const askedAt = performance.now();
  try {
    const count = readCount(await limiter.consume(key, points), askedAt);
    return { passed: count.consumed <= limit, points, count };
  } catch (thrown) {
    // A limiter rejects with its result where the key is above its limit, and with an Error where the store failed.
    if (thrown instanceof Error) throw thrown;
    const count = readCount(thrown, askedAt);
    return { passed: false, points: count.consumed > limit ? points : 0, count };
  }
}

/** Gives points back into the window from which they were taken, or not at all. Rejects where the store fails. */
export async function returnPoints(limiter: FlexibleLimiter, key: string, points: number, count: Count): Promise<void> {
  if (points < 1 || count.millisecondsLeft - (performance.now() - count.askedAt) < safetyMilliseconds) return;
  const after = readCount(await limiter.reward(key, points), count.askedAt);
  // Within a window the time left only shrinks. If there is more of it now, the points went into another window, and are taken back out.
  if (after.millisecondsLeft > count.millisecondsLeft || after.consumed < 0) await limiter.penalty(key, points);
}

/** @param own points in `count` that will be given back. */
export function readState(charge: Charge, count: Count | undefined, own = 0): BucketState {
  const consumed = count ? count.consumed - own : 0;
  return {
    charge,
    remaining: Math.min(charge.limit, Math.max(0, charge.limit - consumed)),
    resetSeconds: Math.max(0, (count?.millisecondsLeft ?? 0) / 1000),
  };
}

/** Reads a result. @throws {Error} for one that is not of the expected form, so that it is never taken for one that allows. */
function readCount(result: unknown, askedAt: number): Count {
  if (typeof result === 'object' && result !== null && 'consumedPoints' in result && 'msBeforeNext' in result) {
    const { consumedPoints: consumed, msBeforeNext: millisecondsLeft } = result;
    if (Number.isFinite(consumed) && Number.isFinite(millisecondsLeft)) {
      return { consumed: Number(consumed), millisecondsLeft: Number(millisecondsLeft), askedAt };
    }
  }
  throw new Error('the limiter returned no count (consumedPoints and msBeforeNext)');
}

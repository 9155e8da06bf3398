/**
 * One key of one limiter of rate-limiter-flexible.
 *
 * A limiter also counts what it refuses, and gives points back without asking whether the window they were taken from is
 * still open: a give-back that opened a new window would start it below zero. Both are made good here.
 */
import type { BucketState, Charge } from '@graphql-bulwark/core';
import type { RateLimiterAbstract } from 'rate-limiter-flexible';

/** What is used of a limiter. */
export type FlexibleLimiter = Pick<RateLimiterAbstract, 'consume' | 'get' | 'reward' | 'penalty' | 'delete'>;

/** What a limiter said of a key. */
export interface Count {
  readonly consumed: number;
  readonly millisecondsLeft: number;
  /** When it was asked, by a clock that only goes forward: the window ends no earlier than `askedAt + millisecondsLeft`. */
  readonly askedAt: number;
}

/** What became of one charge. */
export interface Taken {
  readonly passed: boolean;
  /** What the limiter has counted for it: nothing where it blocks the key by itself. */
  readonly points: number;
  /** With the points of this charge. */
  readonly count: Count;
}

/** Closer than this to its end, nothing is given back to a window: it might arrive in the next one. */
const safetyMilliseconds = 250;

/** @returns `undefined` where no window is open. */
export async function readBucket(limiter: FlexibleLimiter, key: string): Promise<Count | undefined> {
  const askedAt = performance.now();
  const result = await limiter.get(key);
  const count = result === null ? undefined : readCount(result, askedAt);
  return count && count.millisecondsLeft > 0 ? count : undefined;
}

/** @throws {Error} when the store failed. */
export async function consumePoints(limiter: FlexibleLimiter, { key, points, limit }: Charge): Promise<Taken> {
  const askedAt = performance.now();
  try {
    const count = readCount(await limiter.consume(key, points), askedAt);
    return { passed: count.consumed <= limit, points, count };
  } catch (thrown) {
    // A limiter rejects with its result where the key is short, and with an Error where the store failed.
    if (thrown instanceof Error) throw thrown;
    const count = readCount(thrown, askedAt);
    return { passed: false, points: count.consumed > limit ? points : 0, count };
  }
}

/** Gives points back into the window in which they were counted, or not at all. */
export async function returnPoints(limiter: FlexibleLimiter, key: string, points: number, count: Count): Promise<void> {
  if (points < 1 || count.millisecondsLeft - (performance.now() - count.askedAt) < safetyMilliseconds) return;
  const after = readCount(await limiter.reward(key, points), count.askedAt);
  // Within a window the time left only shrinks. In any other window these points were never taken.
  if (after.millisecondsLeft > count.millisecondsLeft || after.consumed < 0) await limiter.penalty(key, points);
}

/** @param own points within `count` that are not there to stay. */
export function readState(charge: Charge, count: Count | undefined, own = 0): BucketState {
  const consumed = count ? count.consumed - own : 0;
  return {
    charge,
    remaining: Math.min(charge.limit, Math.max(0, charge.limit - consumed)),
    resetSeconds: Math.max(0, (count?.millisecondsLeft ?? 0) / 1000),
  };
}

/** A broken answer must not read as one that allows. */
function readCount(result: unknown, askedAt: number): Count {
  if (typeof result === 'object' && result !== null && 'consumedPoints' in result && 'msBeforeNext' in result) {
    const { consumedPoints: consumed, msBeforeNext: millisecondsLeft } = result;
    if (Number.isFinite(consumed) && Number.isFinite(millisecondsLeft)) {
      return { consumed: Number(consumed), millisecondsLeft: Number(millisecondsLeft), askedAt };
    }
  }
  throw new Error('the limiter gave an answer that is none');
}

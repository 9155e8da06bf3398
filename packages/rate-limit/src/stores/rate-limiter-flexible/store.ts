/**
 * Any limiter of rate-limiter-flexible as a counter store: fixed windows, and several charges all or nothing.
 *
 * The limiters count one key at a time. So a call for more than one point on one key looks first, and what was counted for a
 * call that is refused after all is given back. Parallel calls may for a moment see each other's refused points and be
 * refused as well; they never let more through than the limit.
 */
import type { Charge, CounterStore } from '@graphql-bulwark/core';
import { aFunction, awaitWithin, requireWholeNumber, roundUpPoints } from '@graphql-bulwark/core/internal';
import {
  type Count,
  consumePoints,
  type FlexibleLimiter,
  readBucket,
  readState,
  returnPoints,
  type Taken,
} from './limiter.ts';

/** Makes the limiter of one policy. Called once per policy, limit and window. */
export type MakeLimiter = (options: {
  readonly points: number;
  readonly duration: number;
  readonly keyPrefix: string;
}) => FlexibleLimiter;

/**
 * Makes a counter store of the limiters that `makeLimiter` makes.
 *
 * @example flexibleStore((options) => new RateLimiterPostgres({ ...options, storeClient: pool }))
 */
export function flexibleStore(makeLimiter: MakeLimiter): CounterStore {
  aFunction('flexibleStore: makeLimiter', makeLimiter);
  const limiters = new Map<string, FlexibleLimiter>();

  function findLimiter({
    policy,
    limit,
    windowSeconds,
  }: Pick<Charge, 'policy' | 'limit' | 'windowSeconds'>): FlexibleLimiter {
    const keyPrefix = `bulwark:${limit}:${windowSeconds}:${policy.length}:${policy}`;
    let limiter = limiters.get(keyPrefix);
    if (!limiter) {
      const points = requireWholeNumber('limit', limit);
      limiter = makeLimiter({ points, duration: requireWholeNumber('windowSeconds', windowSeconds), keyPrefix });
      limiters.set(keyPrefix, limiter);
    }
    return limiter;
  }

  return {
    async consume(charges, timeoutMilliseconds) {
      const wanted = charges.map((charge) => ({
        charge,
        limiter: findLimiter(charge),
        points: roundUpPoints(charge.points),
      }));
      if (wanted.length > 1 || wanted.some(({ points }) => points > 1)) {
        const states = await Promise.all(
          wanted.map(async ({ charge, limiter }) => readState(charge, await readBucket(limiter, charge.key))),
        );
        const exceeded = states.filter(({ remaining }, i) => remaining < (wanted[i]?.points ?? 0));
        if (exceeded.length > 0) return { allowed: false, buckets: states, exceeded };
      }

      const taken: (Taken & (typeof wanted)[number])[] = [];
      const failures: unknown[] = [];
      await Promise.all(
        wanted.map(async ({ charge, limiter, points }, i) => {
          const pending = consumePoints(limiter, { ...charge, points });
          try {
            const answer = await (timeoutMilliseconds === undefined
              ? pending
              : awaitWithin(timeoutMilliseconds, pending));
            taken[i] = { charge, limiter, ...answer };
          } catch (error) {
            failures.push(error);
            // One that answers too late is given back then.
            pending.then((late) => returnPoints(limiter, charge.key, late.points, late.count)).catch(() => undefined);
          }
        }),
      );
      if (failures.length === 0 && taken.every(({ passed }) => passed)) {
        const buckets = taken.map(({ charge, count }) => ({ ...readState(charge, count), window: writeWindow(count) }));
        return { allowed: true, buckets, exceeded: [] };
      }
      // What cannot be given back now ends with its window.
      await Promise.allSettled(
        taken.map(({ charge, limiter, points, count }) => returnPoints(limiter, charge.key, points, count)),
      );
      if (failures.length > 0) throw failures[0];
      const buckets = taken.map(({ charge, count, points }) => ({
        ...readState(charge, count, points),
        ...(points === 0 && { remaining: 0 }),
      }));
      return { allowed: false, buckets, exceeded: buckets.filter((_bucket, i) => taken[i]?.passed === false) };
    },

    async giveBack(refunds) {
      const wanted = refunds.map((refund) => ({ refund, points: roundUpPoints(refund.points) }));
      await Promise.all(
        wanted.map(async ({ refund, points }) => {
          const limiter = findLimiter(refund);
          const count = refund.window === undefined ? await readBucket(limiter, refund.key) : readWindow(refund.window);
          const most = refund.window === undefined ? Math.max(0, count?.consumed ?? 0) : points;
          if (count) await returnPoints(limiter, refund.key, Math.min(points, most), count);
        }),
      );
    },

    async peek(bucket) {
      return readState({ ...bucket, points: 1 }, await readBucket(findLimiter(bucket), bucket.key));
    },

    async reset(bucket) {
      const limiter = findLimiter(bucket);
      if (await readBucket(limiter, bucket.key)) await limiter.delete(bucket.key);
    },
  };
}

/** A window by when it was seen, and how long it then had: the limiters have no name for it. */
function writeWindow({ consumed, millisecondsLeft, askedAt }: Count): string {
  return `${consumed} ${millisecondsLeft} ${askedAt}`;
}

function readWindow(window: string): Count | undefined {
  const [consumed = Number.NaN, millisecondsLeft = Number.NaN, askedAt = Number.NaN] = window.split(' ').map(Number);
  return Number.isFinite(consumed + millisecondsLeft + askedAt) ? { consumed, millisecondsLeft, askedAt } : undefined;
}

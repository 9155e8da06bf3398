/**
 * Any limiter of rate-limiter-flexible as a counter store: fixed windows, and several charges all or none.
 *
 * The limiters count one key at a time. So a call for more than one point on one key reads the keys first, and if it is refused after that,
 * what was counted for it is given back. Parallel calls may for a moment see each other's refused points and be refused as well. They
 * never let more through than the limit.
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

/** Makes the limiter of one policy. It is called once per policy, limit and window; `duration` is in seconds. */
export type MakeLimiter = (options: {
  readonly points: number;
  readonly duration: number;
  readonly keyPrefix: string;
}) => FlexibleLimiter;

/**
 * Makes a counter store of the limiters that `makeLimiter` makes.
 *
 * @throws {TypeError} for anything but a function.
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
            // A limiter that answers too late is given its points back as soon as it does.
            pending.then((late) => returnPoints(limiter, charge.key, late.points, late.count)).catch(() => undefined);
          }
        }),
      );
      if (failures.length === 0 && taken.every(({ passed }) => passed)) {
        const buckets = taken.map(({ charge, count }) => ({ ...readState(charge, count), window: writeWindow(count) }));
        return { allowed: true, buckets, exceeded: [] };
      }
      // Points that cannot be given back now are gone when their window ends.
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

/** Names a window by what it was when it was charged, because the limiters have no name for it. */
function writeWindow({ consumed, millisecondsLeft, askedAt }: Count): string {
  return `${consumed} ${millisecondsLeft} ${askedAt}`;
}

function readWindow(window: string): Count | undefined {
  const [consumed = Number.NaN, millisecondsLeft = Number.NaN, askedAt = Number.NaN] = window.split(' ').map(Number);
  return Number.isFinite(consumed + millisecondsLeft + askedAt) ? { consumed, millisecondsLeft, askedAt } : undefined;
}

/** The counter that rate limits and brute-force protection charge. `@graphql-bulwark/rate-limit` has implementations. */
import { type Check, hasMethods, must } from './lib/read-options.ts';

/** Points to take from one bucket. */
export interface Charge {
  /** Who or what is counted, for example a principal. Unique together with `policy`. */
  readonly key: string;
  /** Names the limit, for example by a schema coordinate. */
  readonly policy: string;
  /** Whole number, 1 or more. */
  readonly points: number;
  /** Points in the bucket at the start of a window. Whole number, 1 or more. */
  readonly limit: number;
  /** Length of a window in seconds. Whole number, 1 or more. */
  readonly windowSeconds: number;
  /** A store that spreads its buckets over several nodes keeps those with one tag together. Part of the name of the bucket. */
  readonly hashTag?: string | undefined;
}

/** Points to give back to the window that they were taken from. */
export interface Refund extends Charge {
  /** {@link BucketState.window} of the call that took them. Left out: the current window. */
  readonly window?: string | undefined;
}

/** The state of a bucket after a call. */
export interface BucketState {
  /** The charge that named the bucket. */
  readonly charge: Charge;
  /** Points left in this window, 0 or more. */
  readonly remaining: number;
  /** Seconds until the window ends, 0 or more, not always whole. */
  readonly resetSeconds: number;
  /** Names the window that was charged, so that points are given back to this window only. */
  readonly window?: string | undefined;
}

/** The result of all charges of one request. */
export interface Consumption {
  /** `false`: at least one bucket has too few points, and none was charged. */
  readonly allowed: boolean;
  /** One per charge, in the order of the charges. */
  readonly buckets: readonly BucketState[];
  /** The buckets that have too few points; empty when allowed. */
  readonly exceeded: readonly BucketState[];
}

/**
 * A store of buckets. Every call rejects with an `Error` when the store cannot answer; the caller decides whether to allow or
 * refuse then.
 */
export interface CounterStore {
  /**
   * Charges all buckets or none.
   *
   * @param timeoutMilliseconds how long the caller waits for the answer. A store that charges in several places must then
   * give back what some of them took, and reject. Left out: the call may take any time.
   */
  consume(charges: readonly Charge[], timeoutMilliseconds?: number): Promise<Consumption>;
  /**
   * Gives points back to the window they were taken from; where it has ended, they are dropped. A bucket never holds more
   * than its limit.
   */
  giveBack(refunds: readonly Refund[]): Promise<void>;
  /** Reads the state of a bucket without charging it. */
  peek(charge: Omit<Charge, 'points'>): Promise<BucketState>;
  /** Forgets what was charged to a bucket, so that it has all its points again. */
  reset(charge: Omit<Charge, 'points'>): Promise<void>;
  /** Releases the timers and connections that the store itself opened. */
  close?(): void | Promise<void>;
}

/** The rule of the option `store`. */
export const aCounterStore: Check = must('be a CounterStore, such as redisStore({ client })', (store: unknown) =>
  hasMethods(store, 'consume'),
);

/**
 * Checks the answer of a store, which the application may have written.
 *
 * @throws {TypeError} where it does not decide on every charge.
 */
export function checkConsumption(answer: unknown, charges: readonly Charge[]): Consumption {
  const { allowed, buckets, exceeded } = (answer ?? {}) as Partial<Record<keyof Consumption, unknown>>;
  const isDecision =
    Array.isArray(buckets) &&
    buckets.length === charges.length &&
    Array.isArray(exceeded) &&
    (allowed === true || (allowed === false && exceeded.length > 0));
  if (!isDecision)
    throw new TypeError('The counter store must answer with a Consumption that has one bucket for each charge.');
  return answer as Consumption;
}

/**
 * Rounds points up to a whole number. Any other amount would give points back, or leave a bucket that can never be charged
 * again.
 *
 * @throws {RangeError} for points that are not a positive, finite number.
 */
export function roundUpPoints(points: number): number {
  const whole = Math.ceil(points);
  if (!(points > 0) || !Number.isSafeInteger(whole)) {
    throw new RangeError(`points must be a positive, finite number, but are ${points}.`);
  }
  return whole;
}

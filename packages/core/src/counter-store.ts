/** The one counter of the suite: what rate limits and the protection against guessing charge. `@graphql-bulwark/rate-limit` implements it. */
import { type Check, hasMethods, must } from './lib/read-options.ts';

/** So many points on one key within one window. */
export interface Charge {
  /** Who or what is counted; unique together with `policy`. */
  readonly key: string;
  /** Names the bucket, for example a schema coordinate. */
  readonly policy: string;
  /** Whole number, 1 or more. */
  readonly points: number;
  /** Points per window. Whole number, 1 or more. */
  readonly limit: number;
  /** Seconds. Whole number, 1 or more. */
  readonly windowSeconds: number;
  /** Where a store that spreads its buckets keeps this one: buckets of one tag are together. Part of the bucket's name. */
  readonly hashTag?: string | undefined;
}

/** Points to give back, into the window that they were taken from. */
export interface Refund extends Charge {
  /** {@link BucketState.window} of the call that took them. Left out: whatever window is open. */
  readonly window?: string | undefined;
}

/** How a bucket stands after a call. */
export interface BucketState {
  readonly charge: Charge;
  /** Points left in this window, 0 or more. */
  readonly remaining: number;
  /** Seconds until the window ends, 0 or more; may be fractional. */
  readonly resetSeconds: number;
  /** Names the window that was charged, so that points go back into it and into no other. */
  readonly window?: string | undefined;
}

/** The verdict over all charges of one request. */
export interface Consumption {
  /** `false`: at least one bucket is short, and none was charged. */
  readonly allowed: boolean;
  /** One per charge, in the order of the charges. */
  readonly buckets: readonly BucketState[];
  /** The buckets that are short; empty when allowed. */
  readonly exceeded: readonly BucketState[];
}

/** Every call rejects with an `Error` when the store cannot answer; the caller decides what that means. */
export interface CounterStore {
  /**
   * Charges all or nothing.
   *
   * @param timeoutMilliseconds after so long the caller decides without an answer. A store that charges in several places must
   * then give back what some of them took, and reject. Left out: it may take any time.
   */
  consume(charges: readonly Charge[], timeoutMilliseconds?: number): Promise<Consumption>;
  /** Gives points back within the same window, or not at all; a bucket never holds more than its limit. */
  giveBack(refunds: readonly Refund[]): Promise<void>;
  /** How a bucket stands, without charging it. */
  peek(charge: Omit<Charge, 'points'>): Promise<BucketState>;
  /** Empties a bucket. */
  reset(charge: Omit<Charge, 'points'>): Promise<void>;
  /** Releases what the store itself opened. */
  close?(): void | Promise<void>;
}

export const aCounterStore: Check = must('be a CounterStore, such as redisStore({ client })', (store: unknown) =>
  hasMethods(store, 'consume'),
);

/** @returns what a store answered about these charges. @throws {TypeError} where it is no verdict over them. */
export function checkedConsumption(answer: unknown, charges: readonly Charge[]): Consumption {
  const { allowed, buckets, exceeded } = (answer ?? {}) as Partial<Record<keyof Consumption, unknown>>;
  const isVerdict =
    Array.isArray(buckets) &&
    buckets.length === charges.length &&
    Array.isArray(exceeded) &&
    (allowed === true || (allowed === false && exceeded.length > 0));
  if (!isVerdict) throw new TypeError('the counter store answered with no verdict over what it was asked to charge');
  return answer as Consumption;
}

/**
 * Asks a store with a deadline. If it fails or is late, `onStoreError` decides, so that a failure never allows or refuses by accident.
 *
 * `insurance` counts in the memory of this process. If the store answers late, requests that were allowed stay charged there, and those
 * that were refused are given back. After three failures in a row the store is not asked for a while, and then tried by one request.
 */
import {
  type Charge,
  type Consumption,
  type CounterStore,
  checkConsumption,
  type Refund,
  type ResolvedOperation,
  refuse,
} from '@graphql-bulwark/core';
import { awaitWithin } from '@graphql-bulwark/core/internal';
import { createCircuitBreaker } from './circuit-breaker.ts';
import { createWindows } from './fixed-window.ts';
import { readWindows } from './memory.ts';

/** What happens while a store fails. */
export interface FallbackOptions {
  readonly onStoreError: 'insurance' | 'deny' | 'allow';
  /** How many processes share the store. With `insurance` each allows its share of every limit. */
  readonly instances: number;
  readonly timeoutMilliseconds: number;
  readonly retryMilliseconds: number;
}

/** Gets failures of the store. A request without a reporter leaves a failure to be reported by the next one with it. */
export type Reporter = Pick<ResolvedOperation, 'report' | 'failed'>;

/** The result of charges, and how to give points of them back to where they were counted. */
export interface Taken {
  readonly consumption: Consumption;
  readonly giveBack: (refunds: readonly Refund[]) => Promise<void>;
}

/** A store whose failures are handled. */
export interface FallbackStore {
  /**
   * Takes charges, all or none: synchronously where the counters are in this process, otherwise by a promise.
   *
   * @returns `undefined` where the store failed and `onStoreError` is `allow`. @throws `SERVICE_UNAVAILABLE` where it is `deny`.
   */
  readonly take: (charges: readonly Charge[], reporter?: Reporter) => Taken | undefined | Promise<Taken | undefined>;
  /** Reads a bucket of the store. Rejects where the store fails or is late. */
  readonly peek: CounterStore['peek'];
  /** Empties a bucket, in the store and in the insurance. Rejects where the store fails or is late. */
  readonly reset: CounterStore['reset'];
}

const insuredKeys = 100_000;

/** Wraps a store. */
export function withFallback(store: CounterStore, options: FallbackOptions): FallbackStore {
  const { onStoreError, instances, timeoutMilliseconds, retryMilliseconds } = options;
  const insurance = createWindows(insuredKeys);
  const windows = readWindows(store);
  const giveBack = (refunds: readonly Refund[]): Promise<void> => store.giveBack(refunds);
  const faults = createCircuitBreaker(retryMilliseconds);
  let isTold = false;

  const takeShare = <T extends { readonly limit: number }>(charge: T): T => ({
    ...charge,
    limit: Math.max(1, Math.floor(charge.limit / instances)),
  });

  function countInstead(charges: readonly Charge[]): Taken | undefined {
    if (onStoreError === 'allow') return undefined;
    if (onStoreError === 'deny') {
      throw refuse('SERVICE_UNAVAILABLE', { reason: 'the store of the rate limit failed' });
    }
    return {
      consumption: insurance.consume(charges.map(takeShare)),
      giveBack: async (refunds) => insurance.giveBack(refunds),
    };
  }

  async function decideWithout(charges: readonly Charge[], late: Promise<Consumption>): Promise<Taken | undefined> {
    const giveBackLate = (): void => {
      const undo = async (): Promise<void> => {
        const { allowed, buckets } = await late;
        if (allowed) await store.giveBack(buckets.map(({ charge, window }) => ({ ...charge, window })));
      };
      undo().catch(() => undefined);
    };
    try {
      const taken = countInstead(charges);
      if (taken && !taken.consumption.allowed) giveBackLate();
      return taken;
    } catch (refusal) {
      giveBackLate();
      throw refusal;
    }
  }

  async function ask(charges: readonly Charge[], reporter?: Reporter): Promise<Taken | undefined> {
    const place = findPlace(charges);
    if (!faults.mayAsk(place)) return countInstead(charges);
    // In an async function, so that a store that throws instead of rejecting is handled as failed, too.
    const pending = (async () => store.consume(charges, timeoutMilliseconds))();
    let consumption: Consumption;
    try {
      consumption = checkConsumption(await awaitWithin(timeoutMilliseconds, pending), charges);
    } catch (error) {
      faults.recordFailure(place);
      if (reporter && !isTold) {
        isTold = true;
        reporter.failed('rate limit store', error);
        reporter.report({ type: 'store.degraded', store: 'rate-limit' });
      }
      return decideWithout(charges, pending);
    }
    faults.recordSuccess(place);
    if (reporter && isTold && !faults.hasFailures()) {
      isTold = false;
      reporter.report({ type: 'store.recovered', store: 'rate-limit' });
    }
    return { consumption, giveBack };
  }

  return {
    take: windows ? (charges) => ({ consumption: windows.consume(charges), giveBack }) : ask,

    peek: (bucket) => awaitWithin(timeoutMilliseconds, store.peek(bucket)),
    reset(bucket) {
      insurance.reset(takeShare(bucket));
      return awaitWithin(timeoutMilliseconds, store.reset(bucket));
    },
  };
}

/**
 * Charges of one operation have at most one hash tag, that of its caller. If that place fails, the buckets that all callers share are
 * counted by the insurance with it.
 */
function findPlace(charges: readonly Charge[]): string {
  return charges.find(({ hashTag }) => hashTag !== undefined)?.hashTag ?? '';
}

/**
 * A store whose failures decide nothing by accident: an answer in time, or what `onStoreError` says.
 *
 * Insurance counts in the memory of this process. What it let through stays charged in a store that answers late; what was
 * refused is given back there. After a few failures in a row the store is left alone for a while, then tried by one request.
 */
import {
  type Charge,
  type Consumption,
  type CounterStore,
  type Refund,
  type ResolvedOperation,
  refuse,
  within,
} from '@graphql-bulwark/core';
import { windowsOf } from './stores/memory.ts';
import { createWindows } from './stores/windows.ts';

export interface SteadyOptions {
  readonly onStoreError: 'insurance' | 'deny' | 'allow';
  /** How many processes share the store: each insures its share of every limit. */
  readonly instances: number;
  readonly timeoutMilliseconds: number;
  readonly retryMilliseconds: number;
}

/** Who is told of failures. */
export type Reporter = Pick<ResolvedOperation, 'report' | 'failed'>;

/** What became of the charges, and how to give points of theirs back. */
export interface Taken {
  readonly consumption: Consumption;
  readonly giveBack: (refunds: readonly Refund[]) => Promise<void>;
}

export interface SteadyStore {
  /**
   * At once where the counters are in this process, else by a promise.
   *
   * @returns `undefined` where the store failed and nothing is counted. @throws `SERVICE_UNAVAILABLE` where that denies.
   */
  readonly take: (charges: readonly Charge[], reporter: Reporter) => Taken | undefined | Promise<Taken | undefined>;
  /** Empties a bucket, in the insurance as well. */
  readonly reset: (bucket: Omit<Charge, 'points'>) => Promise<void>;
}

const failuresToRest = 3;
const insuredKeys = 100_000;

export function steady(store: CounterStore, options: SteadyOptions): SteadyStore {
  const { onStoreError, instances, timeoutMilliseconds, retryMilliseconds } = options;
  const insurance = createWindows(insuredKeys);
  const windows = windowsOf(store);
  const giveBack = (refunds: readonly Refund[]): Promise<void> => store.giveBack(refunds);
  let failures = 0;
  let restsUntil = 0;
  let isTrying = false;

  const share = <T extends { readonly limit: number }>(charge: T): T => ({
    ...charge,
    limit: Math.max(1, Math.floor(charge.limit / instances)),
  });

  function instead(charges: readonly Charge[]): Taken | undefined {
    if (onStoreError === 'allow') return undefined;
    if (onStoreError === 'deny') {
      throw refuse('SERVICE_UNAVAILABLE', { reason: 'the store of the rate limit failed' });
    }
    return {
      consumption: insurance.consume(charges.map(share)),
      giveBack: async (refunds) => insurance.giveBack(refunds),
    };
  }

  /** Half open, one request at a time may try. */
  function mayAsk(): boolean {
    if (failures < failuresToRest) return true;
    if (isTrying || performance.now() < restsUntil) return false;
    isTrying = true;
    return true;
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
      const taken = instead(charges);
      if (taken && !taken.consumption.allowed) giveBackLate();
      return taken;
    } catch (refusal) {
      giveBackLate();
      throw refusal;
    }
  }

  async function ask(charges: readonly Charge[], reporter: Reporter): Promise<Taken | undefined> {
    if (!mayAsk()) return instead(charges);
    // Not started with a plain call: a store that throws instead of rejecting has failed, too.
    const pending = (async () => store.consume(charges, timeoutMilliseconds))();
    let consumption: Consumption;
    try {
      consumption = await within(timeoutMilliseconds, pending);
    } catch (error) {
      failures += 1;
      isTrying = false;
      restsUntil = performance.now() + retryMilliseconds;
      if (failures === 1) {
        reporter.failed('rate limit store', error);
        reporter.report({ type: 'store.degraded', store: 'rate-limit' });
      }
      return decideWithout(charges, pending);
    }
    if (failures > 0) reporter.report({ type: 'store.recovered', store: 'rate-limit' });
    failures = 0;
    isTrying = false;
    return { consumption, giveBack };
  }

  return {
    take: windows ? (charges) => ({ consumption: windows.consume(charges), giveBack }) : ask,

    async reset(bucket) {
      insurance.reset(share(bucket));
      await store.reset(bucket);
    },
  };
}

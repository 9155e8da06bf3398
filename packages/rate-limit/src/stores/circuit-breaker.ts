/**
 * Remembers where a store fails, and when it may be asked again. A Redis Cluster can fail for the buckets of some callers and work for
 * others, so each place, named by the hash tag of its buckets, is watched by itself. Places that work are not remembered.
 */

/** A place that failed. */
interface Fault {
  readonly failures: number;
  readonly failedAt: number;
  readonly isTried: boolean;
}

/** Watches the places of one store. */
export interface CircuitBreaker {
  /** Whether a request may ask the store. After three failures in a row only one may, when the rest is over. */
  readonly mayAsk: (place: string) => boolean;
  readonly recordFailure: (place: string) => void;
  readonly recordSuccess: (place: string) => void;
  /** Whether any place is known to have failed. */
  readonly hasFailures: () => boolean;
}

const failuresToRest = 3;
const maxPlaces = 10_000;
/** After this time without a request a failure says nothing about the place any more. */
const forgottenAfterMilliseconds = 60_000;

/** @param restMilliseconds for how long no request asks a place after three failures in a row. */
export function createCircuitBreaker(restMilliseconds: number): CircuitBreaker {
  // Place -> its failures; the place that has not failed for the longest time stands first.
  const faults = new Map<string, Fault>();

  return {
    mayAsk(place) {
      const fault = faults.get(place);
      if (!fault || fault.failures < failuresToRest) return true;
      if (fault.isTried || performance.now() < fault.failedAt + restMilliseconds) return false;
      faults.set(place, { ...fault, isTried: true });
      return true;
    },

    recordFailure(place) {
      const failures = (faults.get(place)?.failures ?? 0) + 1;
      faults.delete(place);
      if (faults.size === maxPlaces) faults.delete(faults.keys().next().value ?? '');
      faults.set(place, { failures, failedAt: performance.now(), isTried: false });
    },

    recordSuccess(place) {
      faults.delete(place);
      for (const [stale, { failedAt }] of faults) {
        if (performance.now() < failedAt + Math.max(forgottenAfterMilliseconds, restMilliseconds)) break;
        faults.delete(stale);
      }
    },

    hasFailures: () => faults.size > 0,
  };
}

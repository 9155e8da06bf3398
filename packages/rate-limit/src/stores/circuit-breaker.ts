/**
 * Where a store fails, and when it may be asked again. A store that keeps callers apart may fail for some and serve the others:
 * each place, named by the hash tag of its buckets, is checked by itself. Places that work are not remembered.
 */

interface Fault {
  readonly failures: number;
  readonly failedAt: number;
  readonly isTried: boolean;
}

export interface CircuitBreaker {
  /** Whether a request may ask the store. Where it failed too often, one at a time may. */
  readonly mayAsk: (place: string) => boolean;
  readonly recordFailure: (place: string) => void;
  readonly recordSuccess: (place: string) => void;
  /** Whether any place is known to fail. */
  readonly hasFailures: () => boolean;
}

const failuresToRest = 3;
const maxPlaces = 10_000;
/** A failure says nothing about the store any more when the place has not been asked for a while. */
const forgottenAfterMilliseconds = 60_000;

/** @param restMilliseconds how long a place is left alone after three failures in a row. */
export function createCircuitBreaker(restMilliseconds: number): CircuitBreaker {
  // The one that has not failed for the longest time first.
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

/**
 * Fixed windows in the memory of this process: bounded, without timers, and counted in one synchronous step, so that several charges are
 * taken all or none.
 *
 * When there are too many, windows that have ended are forgotten first, and then one of the policy that has the most windows: a flood of
 * invented keys for one policy must not make another policy forget what it counted. `WindowQueue` chooses the window.
 */
import type { BucketState, Charge, Consumption, Refund } from '@graphql-bulwark/core';
import { requireWholeNumber, roundUpPoints } from '@graphql-bulwark/core/internal';
import { type Queued, WindowQueue } from './eviction.ts';

type Bucket = Omit<Charge, 'points'>;

/** Buckets of one policy, limit and length. A bucket whose limit is changed starts at zero, and is never counted by another rule. */
interface Kind {
  readonly policy: string;
  readonly limit: number;
  readonly windowSeconds: number;
  /** key -> its window */
  readonly windows: Map<string, Window>;
  readonly queue: WindowQueue<Window>;
}

/** One bucket from its first charge until its window ends. */
interface Window extends Queued<Window> {
  readonly id: string;
  readonly kind: Kind;
  readonly key: string;
  endsAt: number;
  consumed: number;
  call: number;
}

/** Counters that answer synchronously. */
export interface Windows {
  /** Takes charges, all or none. @throws {TypeError} for points that are no number of 0 or more, and for an invalid limit or window. */
  readonly consume: (charges: readonly Charge[]) => Consumption;
  /** Gives points back, never below zero, and into no later window than the one that a refund names. */
  readonly giveBack: (refunds: readonly Refund[]) => void;
  /** Reads a bucket without charging it. */
  readonly peek: (bucket: Bucket) => BucketState;
  /** Takes over what another counter has counted, where it is more: points, and the seconds until its window ends. */
  readonly adopt: (bucket: Bucket, consumed: number, resetSeconds: number) => void;
  /** Empties a bucket. */
  readonly reset: (bucket: Bucket) => void;
  /** Forgets all buckets. */
  readonly clear: () => void;
  /** How many windows are kept. */
  readonly size: () => number;
}

/** Makes counters. @param maxKeys how many windows are kept at most. */
export function createWindows(maxKeys: number): Windows {
  // Found by policy and then by key, so that no name has to be built for each charge.
  const kinds = new Map<string, readonly Kind[]>();
  /** The same kinds in a list, for `closeEnded`. */
  const all: Kind[] = [];
  let swept = 0;
  let size = 0;
  let opened = 0;
  let calls = 0;

  function findKind({ policy, limit, windowSeconds }: Bucket): Kind | undefined {
    for (const kind of kinds.get(policy) ?? []) {
      if (kind.limit === limit && kind.windowSeconds === windowSeconds) return kind;
    }
    return undefined;
  }

  function addKind({ policy, limit, windowSeconds }: Bucket): Kind {
    requireWholeNumber('limit', limit);
    requireWholeNumber('windowSeconds', windowSeconds);
    const kind: Kind = { policy, limit, windowSeconds, windows: new Map(), queue: new WindowQueue() };
    kinds.set(policy, [...(kinds.get(policy) ?? []), kind]);
    all.push(kind);
    return kind;
  }

  function removeKind(kind: Kind): void {
    const others = (kinds.get(kind.policy) ?? []).filter((each) => each !== kind);
    if (others.length > 0) kinds.set(kind.policy, others);
    else kinds.delete(kind.policy);
    all.splice(all.indexOf(kind), 1);
  }

  function findOpen(bucket: Bucket, now: number): Window | undefined {
    const window = findKind(bucket)?.windows.get(bucket.key);
    if (window && window.endsAt <= now) {
      closeWindow(window);
      return undefined;
    }
    if (window) window.call = calls;
    return window;
  }

  function openWindow(bucket: Bucket, now: number): Window {
    closeEnded(now);
    makeRoom();
    opened += 1;
    const kind = findKind(bucket) ?? addKind(bucket);
    const { key } = bucket;
    const endsAt = now + kind.windowSeconds * 1000;
    const window: Window = {
      id: String(opened),
      kind,
      key,
      endsAt,
      consumed: 0,
      call: calls,
      older: undefined,
      newer: undefined,
    };
    kind.windows.set(key, window);
    kind.queue.append(window);
    size += 1;
    return window;
  }

  function closeWindow(window: Window): void {
    const { kind, key } = window;
    if (kind.windows.get(key) !== window) return;
    kind.windows.delete(key);
    kind.queue.remove(window);
    size -= 1;
    if (kind.windows.size === 0) removeKind(kind);
  }

  /** Looks at a few kinds with each new window, so that windows that have ended are closed before the number of windows has doubled. */
  function closeEnded(now: number): void {
    for (let step = 0; step < 3; step += 1) {
      const kind = all[swept];
      const oldest = kind?.queue.oldest;
      if (kind && oldest && oldest.endsAt <= now) closeWindow(oldest);
      else swept = swept + 1 < all.length ? swept + 1 : 0;
    }
  }

  function makeRoom(): void {
    // One call can charge more buckets than there is room for. The windows that are too many then are closed with the next calls.
    for (let step = 0; step < 2 && size >= maxKeys; step += 1) {
      let [largest] = all;
      for (const kind of all) if (largest && kind.windows.size > largest.windows.size) largest = kind;
      const window = largest?.queue.findLeastUsed(calls);
      if (window) closeWindow(window);
    }
  }

  return {
    consume(charges) {
      const now = readClock();
      const points = charges.map((charge) => roundUpPoints(charge.points));
      calls += 1;
      // `findOpen` marks the windows of this call, so that none of them is forgotten to make room for another.
      if (size + charges.length > maxKeys) for (const charge of charges) findOpen(charge, now);
      const found = charges.map((charge) => findOpen(charge, now) ?? openWindow(charge, now));
      let isShort = false;
      found.forEach((window, i) => {
        window.consumed += points[i] as number;
        if (!(window.consumed <= window.kind.limit)) isShort = true;
      });
      if (!isShort) {
        return { allowed: true, buckets: charges.map((charge, i) => readState(charge, found[i], now)), exceeded: [] };
      }
      const over = found.map(({ consumed, kind }) => !(consumed <= kind.limit));
      found.forEach((window, i) => {
        window.consumed -= points[i] as number;
      });
      // Windows that were opened for this refused call. One that was given back to zero may be closed too, because it holds nothing.
      for (const window of found) if (window.consumed === 0) closeWindow(window);
      const buckets = charges.map((charge, i) => readState(charge, found[i], now));
      return { allowed: false, buckets, exceeded: buckets.filter((_, i) => over[i]) };
    },

    giveBack(refunds) {
      const now = readClock();
      for (const refund of refunds) {
        const points = roundUpPoints(refund.points);
        const window = findOpen(refund, now);
        if (!window || (refund.window !== undefined && refund.window !== window.id)) continue;
        window.consumed = Math.max(0, window.consumed - points);
      }
    },

    peek(bucket) {
      const now = readClock();
      return readState({ ...bucket, points: 1 }, findOpen(bucket, now), now);
    },

    adopt(bucket, consumed, resetSeconds) {
      const now = readClock();
      const known = findOpen(bucket, now);
      if (!(consumed > (known?.consumed ?? 0)) || !(resetSeconds > 0)) return;
      const window = known ?? openWindow(bucket, now);
      window.consumed = consumed;
      window.endsAt = now + Math.min(resetSeconds, bucket.windowSeconds) * 1000;
      // It may end later than before, possibly after all others, so it moves to the end of the queue.
      window.kind.queue.remove(window);
      window.kind.queue.append(window);
    },

    reset(bucket) {
      const window = findOpen(bucket, readClock());
      if (window) closeWindow(window);
    },

    clear() {
      kinds.clear();
      all.length = 0;
      size = 0;
    },
    size: () => size,
  };
}

/** Reads the clock in whole milliseconds. With fractions, rounding could make the rest of a new window longer than the window. */
function readClock(): number {
  return Math.floor(performance.now());
}

function readState(charge: Charge, window: Window | undefined, now: number): BucketState {
  if (!window || window.consumed === 0) return { charge, remaining: charge.limit, resetSeconds: 0 };
  return {
    charge,
    remaining: Math.max(0, charge.limit - window.consumed),
    resetSeconds: Math.max(0, (window.endsAt - now) / 1000),
    window: window.id,
  };
}

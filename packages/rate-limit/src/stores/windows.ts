/**
 * Fixed windows in the memory of this process: bounded, without timers, and counted in one synchronous step, so that several
 * charges are taken all or nothing.
 *
 * When there are too many, windows that are over go first, then the oldest of the policy that has the most and that are not
 * used up: a flood of made-up keys must wash away neither what another policy counts nor the one that it has just exhausted.
 */
import { type BucketState, type Charge, type Consumption, type Refund, wholeNumber } from '@graphql-bulwark/core';
import { wholePoints } from '../points.ts';

type Bucket = Omit<Charge, 'points'>;

/** Buckets of one policy, limit and length. A limit that changes counts anew, and never by another's rule. */
interface Kind {
  readonly policy: string;
  readonly limit: number;
  readonly windowSeconds: number;
  /** key -> its window */
  readonly windows: Map<string, Window>;
}

interface Window {
  readonly id: string;
  readonly kind: Kind;
  readonly key: string;
  endsAt: number;
  consumed: number;
  /** The call that charges it, which must not lose it. */
  call: number;
}

/** Counters that answer at once. */
export interface Windows {
  readonly consume: (charges: readonly Charge[]) => Consumption;
  readonly giveBack: (refunds: readonly Refund[]) => void;
  readonly peek: (bucket: Bucket) => BucketState;
  /** Takes over what is counted elsewhere, where it is more: so many points, in a window that ends in so many seconds. */
  readonly adopt: (bucket: Bucket, consumed: number, resetSeconds: number) => void;
  readonly reset: (bucket: Bucket) => void;
  readonly clear: () => void;
  readonly size: () => number;
}

/** How many of the oldest windows are looked at for one that may go. */
const candidates = 16;

export function createWindows(maxKeys: number): Windows {
  // No name is put together per bucket: its policy and its key are found as they are.
  const kinds = new Map<string, readonly Kind[]>();
  // Oldest first.
  const windows = new Set<Window>();
  let opened = 0;
  let calls = 0;
  let sweep = windows.values();

  function kindOf({ policy, limit, windowSeconds }: Bucket): Kind | undefined {
    for (const kind of kinds.get(policy) ?? []) {
      if (kind.limit === limit && kind.windowSeconds === windowSeconds) return kind;
    }
    return undefined;
  }

  function current(bucket: Bucket, now: number): Window | undefined {
    const window = kindOf(bucket)?.windows.get(bucket.key);
    if (window && window.endsAt <= now) {
      close(window);
      return undefined;
    }
    if (window) window.call = calls;
    return window;
  }

  function open(bucket: Bucket, now: number): Window {
    forget(now);
    opened += 1;
    const { policy, key, limit, windowSeconds } = bucket;
    let kind = kindOf(bucket);
    if (!kind) {
      wholeNumber('limit', limit);
      wholeNumber('windowSeconds', windowSeconds);
      kind = { policy, limit, windowSeconds, windows: new Map() };
      kinds.set(policy, [...(kinds.get(policy) ?? []), kind]);
    }
    const window: Window = {
      id: String(opened),
      kind,
      key,
      endsAt: now + windowSeconds * 1000,
      consumed: 0,
      call: calls,
    };
    kind.windows.set(key, window);
    windows.add(window);
    return window;
  }

  function close(window: Window): void {
    const { kind, key } = window;
    if (!windows.delete(window)) return;
    kind.windows.delete(key);
    if (kind.windows.size > 0) return;
    const others = (kinds.get(kind.policy) ?? []).filter((each) => each !== kind);
    if (others.length > 0) kinds.set(kind.policy, others);
    else kinds.delete(kind.policy);
  }

  /** A few steps around with each new window: what is over is gone before their number has doubled. */
  function forget(now: number): void {
    for (let step = 0; step < 3; step += 1) {
      const next = sweep.next();
      if (next.done) {
        sweep = windows.values();
        break;
      }
      if (next.value.endsAt <= now) close(next.value);
    }
    if (windows.size >= maxKeys) makeRoom(now);
  }

  function makeRoom(now: number): void {
    let largest: Kind | undefined;
    for (const ofPolicy of kinds.values()) {
      for (const kind of ofPolicy) if (!largest || kind.windows.size > largest.windows.size) largest = kind;
    }
    if (!largest) return;
    let looked = 0;
    for (const window of largest.windows.values()) {
      if (window.call === calls) continue;
      looked += 1;
      if (window.endsAt <= now || window.consumed < window.kind.limit || looked === candidates) return close(window);
      largest.windows.delete(window.key);
      largest.windows.set(window.key, window);
    }
  }

  return {
    consume(charges) {
      const now = milliseconds();
      const points = charges.map((charge) => wholePoints(charge.points));
      calls += 1;
      // Whatever has to go now, it is none that this call charges.
      if (windows.size + charges.length > maxKeys) for (const charge of charges) current(charge, now);
      const found = charges.map((charge) => current(charge, now) ?? open(charge, now));
      let isShort = false;
      found.forEach((window, i) => {
        window.consumed += points[i] as number;
        if (!(window.consumed <= window.kind.limit)) isShort = true;
      });
      if (!isShort) {
        return { allowed: true, buckets: charges.map((charge, i) => stateOf(charge, found[i], now)), exceeded: [] };
      }
      const over = found.map(({ consumed, kind }) => !(consumed <= kind.limit));
      found.forEach((window, i) => {
        window.consumed -= points[i] as number;
      });
      // Opened for this call alone. A window that was given back to zero may go as well: it holds nothing.
      for (const window of found) if (window.consumed === 0) close(window);
      const buckets = charges.map((charge, i) => stateOf(charge, found[i], now));
      return { allowed: false, buckets, exceeded: buckets.filter((_, i) => over[i]) };
    },

    giveBack(refunds) {
      const now = milliseconds();
      for (const refund of refunds) {
        const points = wholePoints(refund.points);
        const window = current(refund, now);
        if (!window || (refund.window !== undefined && refund.window !== window.id)) continue;
        window.consumed = Math.max(0, window.consumed - points);
      }
    },

    peek(bucket) {
      const now = milliseconds();
      return stateOf({ ...bucket, points: 1 }, current(bucket, now), now);
    },

    adopt(bucket, consumed, resetSeconds) {
      const now = milliseconds();
      const known = current(bucket, now);
      if (!(consumed > (known?.consumed ?? 0)) || !(resetSeconds > 0)) return;
      const window = known ?? open(bucket, now);
      window.consumed = consumed;
      window.endsAt = now + Math.min(resetSeconds, bucket.windowSeconds) * 1000;
    },

    reset(bucket) {
      const window = current(bucket, milliseconds());
      if (window) close(window);
    },

    clear() {
      kinds.clear();
      windows.clear();
    },
    size: () => windows.size,
  };
}

/** Whole, so that sums are exact: with fractions the rest of a new window could come out as more than its length. */
function milliseconds(): number {
  return Math.floor(performance.now());
}

function stateOf(charge: Charge, window: Window | undefined, now: number): BucketState {
  if (!window || window.consumed === 0) return { charge, remaining: charge.limit, resetSeconds: 0 };
  return {
    charge,
    remaining: Math.max(0, charge.limit - window.consumed),
    resetSeconds: Math.max(0, (window.endsAt - now) / 1000),
    window: window.id,
  };
}

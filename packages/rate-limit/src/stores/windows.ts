/**
 * Fixed windows in the memory of this process: bounded, without timers, and counted in one synchronous step, so that several
 * charges are taken all or nothing.
 *
 * When there are too many, windows that are over go first, then the oldest of those that are not used up: a flood of made-up
 * keys must not wash away the one that it has just exhausted.
 */
import type { BucketState, Charge, Consumption, Refund } from '@graphql-bulwark/core';
import { wholePoints } from '../points.ts';
import { bucketNamer } from './bucket-name.ts';

interface Window {
  readonly id: string;
  readonly endsAt: number;
  readonly limit: number;
  consumed: number;
}

/** Counters that answer at once. */
export interface Windows {
  readonly consume: (charges: readonly Charge[]) => Consumption;
  readonly giveBack: (refunds: readonly Refund[]) => void;
  readonly peek: (bucket: Omit<Charge, 'points'>) => BucketState;
  readonly reset: (bucket: Omit<Charge, 'points'>) => void;
  readonly clear: () => void;
  readonly size: () => number;
}

/** How many of the oldest windows are looked at for one that may go. */
const candidates = 16;

export function createWindows(maxKeys: number): Windows {
  const windows = new Map<string, Window>();
  const bucketName = bucketNamer();
  let opened = 0;
  let sweep = windows.entries();

  /** A few steps around the map with each new window: what is over is gone before the map has doubled. */
  function forget(now: number): void {
    for (let step = 0; step < 3; step += 1) {
      const next = sweep.next();
      if (next.done) {
        sweep = windows.entries();
        break;
      }
      const [name, { endsAt }] = next.value;
      if (endsAt <= now) windows.delete(name);
    }
    if (windows.size < maxKeys) return;
    let looked = 0;
    for (const [name, window] of windows) {
      windows.delete(name);
      looked += 1;
      if (window.endsAt <= now || window.consumed < window.limit || looked === candidates) return;
      windows.set(name, window);
    }
  }

  function current(name: string, now: number): Window | undefined {
    const window = windows.get(name);
    return window && window.endsAt > now ? window : undefined;
  }

  function open(name: string, limit: number, windowSeconds: number, now: number): Window {
    windows.delete(name);
    forget(now);
    opened += 1;
    const window = { id: String(opened), endsAt: now + windowSeconds * 1000, limit, consumed: 0 };
    windows.set(name, window);
    return window;
  }

  return {
    consume(charges) {
      const points = charges.map((charge) => wholePoints(charge.points));
      const names = charges.map(bucketName);
      const now = performance.now();
      const found = charges.map(({ limit, windowSeconds }, i) => {
        const name = names[i] as string;
        return current(name, now) ?? open(name, limit, windowSeconds, now);
      });
      const short: number[] = [];
      found.forEach((window, i) => {
        window.consumed += points[i] as number;
        if (!(window.consumed <= window.limit)) short.push(i);
      });
      if (short.length > 0) {
        found.forEach((window, i) => {
          window.consumed -= points[i] as number;
        });
        found.forEach((window, i) => {
          // Opened for this call alone. A window that was given back to zero may go as well: it holds nothing.
          if (window.consumed === 0) windows.delete(names[i] as string);
        });
      }
      const buckets = charges.map((charge, i) => stateOf(charge, found[i] as Window, now));
      return {
        allowed: short.length === 0,
        buckets,
        exceeded: short.map((i) => buckets[i] as BucketState),
      };
    },

    giveBack(refunds) {
      const now = performance.now();
      for (const refund of refunds) {
        const points = wholePoints(refund.points);
        const window = current(bucketName(refund), now);
        if (!window || (refund.window !== undefined && refund.window !== window.id)) continue;
        window.consumed = Math.max(0, window.consumed - points);
      }
    },

    peek(bucket) {
      const now = performance.now();
      return stateOf({ ...bucket, points: 1 }, current(bucketName(bucket), now), now);
    },

    reset(bucket) {
      windows.delete(bucketName(bucket));
    },

    clear: () => windows.clear(),
    size: () => windows.size,
  };
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

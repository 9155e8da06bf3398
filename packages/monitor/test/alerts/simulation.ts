/** Replays events to a detector with a clock of its own: a day takes seconds, and every run of a seed is the same. */
import type { CounterStore, SecurityEvent } from '@graphql-bulwark/core';
import type { EventDetails } from '@graphql-bulwark/core/internal';
import { memoryStore } from '@graphql-bulwark/rate-limit';
import { vi } from 'vitest';
import { type AlertOptions, detect } from '../../src/index.ts';

export type Alert = Extract<SecurityEvent, { readonly type: 'alert' }>;

/** An event, and who caused it. */
export type Happening = EventDetails &
  Partial<Pick<SecurityEvent, 'outcome' | 'principalId' | 'clientIp'>> & {
    /** In seconds since the day began. */
    readonly at: number;
  };

/** Draws numbers from 0 to 1 that depend on the seed alone (mulberry32). */
export function createRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const midnight = Date.UTC(2026, 0, 5);

/**
 * Replays what happened, in order of time.
 *
 * @param setting `processes`: how many see it, each event one of them in turn.
 * @returns the alerts, with `at` in seconds since the day began.
 */
export async function replay(
  happenings: readonly Happening[],
  options: Partial<AlertOptions> = {},
  { processes = 1, store = memoryStore() }: { readonly processes?: number; readonly store?: CounterStore } = {},
): Promise<(Alert & { readonly at: number })[]> {
  vi.useFakeTimers({ toFake: ['Date', 'performance'], now: midnight });
  try {
    const alerts: (Alert & { readonly at: number })[] = [];
    const errors: unknown[] = [];
    const detectors = Array.from({ length: processes }, () => detect({ store, ...options }));
    for (const detector of detectors) {
      detector.connect(
        (alert) => void alerts.push({ ...(alert as Alert), at: (alert.time - midnight) / 1_000 }),
        (error) => void errors.push(error),
      );
    }
    let second = 0;
    let sent = 0;
    for (const { at, ...details } of happenings.toSorted((one, other) => one.at - other.at)) {
      if (Math.floor(at) > second) {
        await Promise.all(detectors.map((detector) => detector.settled()));
        vi.advanceTimersByTime((Math.floor(at) - second) * 1_000);
        second = Math.floor(at);
      }
      sent += 1;
      const event = { id: String(sent), time: midnight + at * 1_000, outcome: 'noted', ...details } as SecurityEvent;
      await detectors[sent % processes]?.write(event);
    }
    await Promise.all(detectors.map((detector) => detector.settled()));
    if (errors.length > 0) throw errors[0];
    return alerts;
  } finally {
    vi.useRealTimers();
  }
}

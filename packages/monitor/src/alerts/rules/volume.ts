/**
 * Speaks of a caller who suddenly reads far more than ever before: objects of answers, or cost. Measured against the caller's
 * own highest window, as this process saw it, so that a batch job is as ordinary as a person.
 */
import type { SecurityEvent } from '@graphql-bulwark/core';
import { BoundedMap } from '../bounded-map.ts';
import { findCaller, type Rule, type RuleTools } from '../rule.ts';

/** When a caller reads too much. */
export interface VolumeOptions {
  /** How many times the highest window so far. Number above 1. @default 8 */
  readonly factor?: number | undefined;
  /** Objects, and points of cost, below which no window is too much. Whole number, 1 or more. @default 5000 */
  readonly minimum?: number | undefined;
  /** Windows in which the caller was seen before the rule speaks of it. Whole number, 1 or more. @default 6 */
  readonly learningWindows?: number | undefined;
  /** @default 300 */
  readonly windowSeconds?: number | undefined;
  /** Silence about one caller after an alert. @default 3600 */
  readonly quietSeconds?: number | undefined;
}

/** What a window in which the caller was seen leaves of the highest one before it. */
const remembered = 0.99;

/** What one caller read. */
interface Baseline {
  /** Number of the current window since the epoch. */
  window: number;
  /** Windows before it in which the caller was seen. */
  seen: number;
  readonly objects: Measure;
  readonly cost: Measure;
}

interface Measure {
  now: number;
  highest: number;
}

export function createVolumeRule(
  settings: Readonly<Record<'factor' | 'minimum' | 'learningWindows' | 'windowSeconds', number>>,
  tools: RuleTools,
): Rule {
  const { factor, minimum, learningWindows, windowSeconds } = settings;
  const callers = new BoundedMap<Baseline>(tools.maxSubjects);

  return function watchVolume(event: SecurityEvent) {
    if (event.type !== 'operation.answered') return;
    const caller = findCaller(event);
    if (!caller) return;
    const window = Math.floor(event.time / (windowSeconds * 1_000));
    const known = callers.getOrMake(caller.key, () => ({
      window,
      seen: 0,
      objects: { now: 0, highest: 0 },
      cost: { now: 0, highest: 0 },
    }));
    if (window > known.window) {
      endWindow(known.objects);
      endWindow(known.cost);
      known.window = window;
      known.seen += 1;
    }
    // A refused operation cost nothing, and gave nothing away.
    const asked = [[known.objects, event.objects] as const, [known.cost, event.code ? 0 : (event.cost ?? 0)] as const];
    for (const [measure, amount] of asked) {
      measure.now += amount;
      const threshold = Math.ceil(Math.max(minimum, measure.highest * factor));
      if (known.seen < learningWindows || measure.now < threshold) continue;
      const what = measure === known.objects ? 'objects' : 'points of cost';
      const message = `A caller reads far more ${what} than in any window before.`;
      tools.raise({ subject: caller, message, count: Math.round(measure.now), threshold, windowSeconds }, event.time);
    }
  };
}

function endWindow(measure: Measure): void {
  measure.highest = Math.max(measure.now, measure.highest * remembered);
  measure.now = 0;
}

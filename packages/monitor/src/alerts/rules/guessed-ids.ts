/**
 * Speaks of a caller who asks for many different ids that are missing or denied. Ids that follow each other weigh more: a
 * loop over numbers leaves them, a stale bookmark does not.
 *
 * Where many callers miss on one field at once, a release most likely broke a query, and one alert about the field stands for
 * all of them.
 */
import type { SecurityEvent } from '@graphql-bulwark/core';
import { BoundedMap } from '../bounded-map.ts';
import { allCallers, findCaller, type Rule, type RuleTools } from '../rule.ts';

/** When ids are too many. */
export interface GuessedIdsOptions {
  /** Points of one caller; a different id is one. Whole number, 1 or more. @default 30 */
  readonly count?: number | undefined;
  /** Points of an id that follows another one of this caller. Whole number, 1 or more. @default 3 */
  readonly sequentialPoints?: number | undefined;
  /** Callers with such points on one field from which on it is no attack of one of them. @default 10 */
  readonly crowd?: number | undefined;
  /** @default 600 */
  readonly windowSeconds?: number | undefined;
  /** Silence about one caller after an alert. @default 3600 */
  readonly quietSeconds?: number | undefined;
}

/** Digests remembered per caller. */
const mostIds = 200;

interface Guesses {
  since: number;
  readonly ids: Set<string>;
}

/** Callers who miss on one field, and how many they were in the window before. */
interface Crowd {
  since: number;
  before: number;
  readonly callers: Set<string>;
}

export function createGuessRule(
  settings: Readonly<Record<'count' | 'sequentialPoints' | 'crowd' | 'windowSeconds', number>>,
  tools: RuleTools,
): Rule {
  const { count, sequentialPoints, crowd, windowSeconds } = settings;
  const callers = new BoundedMap<Guesses>(tools.maxSubjects);
  const crowds = new BoundedMap<Crowd>(1_000);

  function countCrowd(coordinate: string, caller: string, time: number): number {
    const here = crowds.getOrMake(coordinate, () => ({ since: time, before: 0, callers: new Set() }));
    const passed = Math.floor((time - here.since) / (windowSeconds * 1_000));
    if (passed > 0) {
      // What was a crowd stays one for a window: the new one has to fill first.
      here.before = passed === 1 ? here.callers.size : 0;
      here.callers.clear();
      here.since += passed * windowSeconds * 1_000;
    }
    if (here.callers.size < crowd) here.callers.add(caller);
    return Math.max(here.callers.size, here.before);
  }

  return function watchIds(event: SecurityEvent) {
    if (event.type !== 'operation.answered' || !event.misses) return;
    const caller = findCaller(event);
    if (!caller) return;
    const { time } = event;
    const known = callers.getOrMake(caller.key, () => ({ since: time, ids: new Set() }));
    if (time - known.since >= windowSeconds * 1_000) {
      known.ids.clear();
      known.since = time;
    }
    let points = 0;
    for (const { id, neighbors = [] } of event.misses) {
      if (known.ids.has(id) || known.ids.size >= mostIds) continue;
      points += neighbors.some((near) => known.ids.has(near)) ? sequentialPoints : 1;
      known.ids.add(id);
    }
    const [miss] = event.misses;
    if (points === 0 || !miss) return;
    const { coordinate } = miss;
    tools.tally.add({ policy: 'alert.guessed-ids', key: caller.key, windowSeconds }, points, (sum) => {
      // A caller is one of a crowd with a sixth of the points: before it, a few stale links would make one.
      const together = sum * 6 >= count ? countCrowd(coordinate, caller.key, time) : 0;
      if (together >= crowd) {
        const message = `Many callers ask ${coordinate} for ids that are missing or denied: a broken release, or a distributed scan.`;
        const subject = { ...allCallers, key: `field ${coordinate}` };
        tools.raise({ subject, message, count: together, threshold: crowd, windowSeconds }, time);
      } else if (sum >= count) {
        const message = `A caller asks ${coordinate} for many ids that are missing or denied.`;
        tools.raise({ subject: caller, message, count: sum, threshold: count, windowSeconds }, time);
      }
    });
  };
}

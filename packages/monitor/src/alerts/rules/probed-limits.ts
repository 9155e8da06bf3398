/**
 * Speaks of a caller who looks for the limits of the API: refused for different limits, or for different sizes. A client with
 * one broken query is refused again and again, for the same limit and size.
 */
import type { SecurityEvent } from '@graphql-bulwark/core';
import { BoundedMap } from '../bounded-map.ts';
import { findCaller, type Rule, type RuleTools } from '../rule.ts';

/** When refusals are too many. */
export interface ProbedLimitsOptions {
  /** Different refusals of one caller. Whole number, 1 or more. @default 5 */
  readonly count?: number | undefined;
  /** @default 600 */
  readonly windowSeconds?: number | undefined;
  /** Silence about one caller after an alert. @default 3600 */
  readonly quietSeconds?: number | undefined;
}

export function createProbeRule(
  { count, windowSeconds }: Readonly<Record<'count' | 'windowSeconds', number>>,
  tools: RuleTools,
): Rule {
  const told = new BoundedMap<number>(tools.maxSubjects);
  return function watchLimits(event) {
    const refusal = describeRefusal(event);
    const caller = refusal === undefined ? undefined : findCaller(event);
    if (!caller || refusal === undefined) return;
    const pair = `${caller.key} ${refusal}`;
    const last = told.get(pair);
    if (last !== undefined && event.time - last < windowSeconds * 500) return;
    told.set(pair, event.time);
    tools.tally.addItem({ policy: 'alert.probed-limits', key: caller.key, windowSeconds }, refusal, (sum) => {
      if (sum < count) return;
      const message = 'A caller was refused for many different limits or sizes.';
      tools.raise({ subject: caller, message, count: sum, threshold: count, windowSeconds }, event.time);
    });
  };
}

function describeRefusal(event: SecurityEvent): string | undefined {
  if (event.type === 'introspection.blocked') return 'introspection';
  return event.type === 'limit.exceeded' ? `${event.limit} ${event.actual}` : undefined;
}

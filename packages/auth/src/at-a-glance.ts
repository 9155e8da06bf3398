/** The common cases of an object's rule, decided without making anything. `false` says nothing: judge it. */

import type { Guarded } from './guarded.ts';
import { ownsPlainly } from './owner.ts';
import { type Standings, verdicts } from './standing.ts';

export interface Glance {
  /** Whether an object may surely be seen. */
  readonly one: (value: unknown, contextValue: unknown) => boolean;
  /** Whether all of them may surely be seen. What is no object is not seen. */
  readonly all: (values: readonly unknown[], contextValue: unknown) => boolean;
}

const never: Glance = { one: () => false, all: () => false };

export function atAGlance(
  { slot, policies, owners }: Guarded,
  standings: Pick<Standings, 'judge' | 'passing'>,
): Glance {
  if (policies.length > 0) return never;
  const [owner] = owners;
  if (!owner) {
    const passes = (_: unknown, contextValue: unknown): boolean =>
      standings.judge(contextValue, slot) === verdicts.allowed;
    return { one: passes, all: passes };
  }
  const [key, ...deeper] = owner.path;
  // One owner that stands in the object itself.
  if (owners.length > 1 || owner.loader !== undefined || key === undefined || deeper.length > 0) return never;
  const { claim } = owner;
  // A property or a hook that throws is judged again, where the failure is told.
  return {
    one(value, contextValue) {
      try {
        const caller = standings.passing(contextValue, slot, claim);
        return caller !== undefined && ownsPlainly(value, key, caller);
      } catch {
        return false;
      }
    },
    all(values, contextValue) {
      try {
        const caller = standings.passing(contextValue, slot, claim);
        if (!caller) return false;
        for (const value of values) if (!ownsPlainly(value, key, caller) && !isNothing(value)) return false;
        return true;
      } catch {
        return false;
      }
    },
  };
}

/** What graphql-js answers with `null`, with an error or without. */
export function isNothing(value: unknown): boolean {
  return value === null || value === undefined || value instanceof Error;
}

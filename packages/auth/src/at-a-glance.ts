/** The common cases of an object's rule, decided without making anything. `false` says nothing: judge it. */

import type { Guarded } from './guarded.ts';
import { ownsPlainly } from './owner.ts';
import { passing, type Standings, verdicts } from './standing.ts';

export interface Glance {
  /** Whether an object may surely be seen. */
  one(value: unknown, contextValue: unknown): boolean;
  /** Whether all of them may surely be seen. What is no object is not seen. */
  all(values: readonly unknown[], contextValue: unknown): boolean;
}

const never: Glance = { one: () => false, all: () => false };

export function atAGlance({ slot, policies, owners }: Guarded, standings: Standings): Glance {
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
  return new PlainOwner(standings, slot, owner.claim, key);
}

/** Reads an owner that is one property. What throws there is judged again, where the failure is told. */
class PlainOwner implements Glance {
  readonly standings: Standings;
  readonly slot: number;
  readonly claim: string;
  readonly key: string;

  constructor(standings: Standings, slot: number, claim: string, key: string) {
    this.standings = standings;
    this.slot = slot;
    this.claim = claim;
    this.key = key;
  }

  one(value: unknown, contextValue: unknown): boolean {
    try {
      const caller = passing(this.standings, contextValue, this.slot, this.claim);
      return caller !== undefined && ownsPlainly(value, this.key, caller);
    } catch {
      return false;
    }
  }

  all(values: readonly unknown[], contextValue: unknown): boolean {
    try {
      const caller = passing(this.standings, contextValue, this.slot, this.claim);
      if (!caller) return false;
      for (const value of values) if (!ownsPlainly(value, this.key, caller) && !isNothing(value)) return false;
      return true;
    } catch {
      return false;
    }
  }
}

/** What graphql-js answers with `null`, with an error or without. */
export function isNothing(value: unknown): boolean {
  return value === null || value === undefined || value instanceof Error;
}

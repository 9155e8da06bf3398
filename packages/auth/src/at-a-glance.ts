/** The common cases of an object's rule, decided without making anything. `false` says nothing: judge it. */

import type { Guarded } from './guarded.ts';
import { normalized } from './owner.ts';
import { newPass, type Pass, type Standings, surelyPasses, verdicts } from './standing.ts';

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

/** A caller whom the type's rule lets pass, and the texts that name them: never changed, as a getter may ask about another. */
interface Caller {
  readonly pass: Readonly<Pass>;
  readonly identity: string;
  readonly others: readonly unknown[];
}

/** Reads an owner that is one property. What throws there is judged again, where the failure is told. */
class PlainOwner implements Glance {
  readonly standings: Standings;
  readonly slot: number;
  readonly claim: string;
  readonly key: string;
  /** Whom objects were compared with last. */
  last: Caller = { pass: newPass(), identity: '', others: [] };

  constructor(standings: Standings, slot: number, claim: string, key: string) {
    this.standings = standings;
    this.slot = slot;
    this.claim = claim;
    this.key = key;
  }

  one(value: unknown, contextValue: unknown): boolean {
    try {
      const caller = surelyPasses(this.last.pass, contextValue) ? this.last : this.callerOf(contextValue);
      return caller !== undefined && owns(caller, value, this.key);
    } catch {
      return false;
    }
  }

  all(values: readonly unknown[], contextValue: unknown): boolean {
    try {
      const caller = surelyPasses(this.last.pass, contextValue) ? this.last : this.callerOf(contextValue);
      if (!caller) return false;
      const { key } = this;
      // By index: this is the loop that every honest list pays for.
      for (let i = 0; i < values.length; i += 1) {
        if (!owns(caller, values[i], key) && !isNothing(values[i])) return false;
      }
      return true;
    } catch {
      return false;
    }
  }

  /** `undefined` of callers who do not pass, whom nothing names, or whose owners the application compares. */
  callerOf(contextValue: unknown): Caller | undefined {
    const { standings, slot, claim } = this;
    if (standings.judge(contextValue, slot) !== verdicts.allowed) return undefined;
    const { identities, normalize } = standings.claimant(contextValue, claim);
    const [identity, ...others] = identities;
    if (identity === undefined || normalize !== normalized) return undefined;
    const { security, of } = standings.passOf(slot);
    this.last = { pass: { security, of }, identity, others };
    return this.last;
  }
}

/** Whether a text that stands in the object itself names the caller. */
function owns({ identity, others }: Caller, value: unknown, key: string): boolean {
  if (typeof value !== 'object' || value === null || Array.isArray(value) || !Object.hasOwn(value, key)) return false;
  const owner = (value as Record<string, unknown>)[key];
  return owner === identity || others.includes(owner);
}

/** What graphql-js answers with `null`, with an error or without. */
export function isNothing(value: unknown): boolean {
  return value === null || value === undefined || value instanceof Error;
}

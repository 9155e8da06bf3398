/** The common cases of an object's rule, decided without making anything. `false` says nothing: judge it. */

import type { Guarded } from '../compile/compiled-rules.ts';
import { isDelegated } from './delegated-objects.ts';
import { normalized } from './owner-identity.ts';
import { type Pass, type Standings, surelyPasses, verdicts } from './roles-and-scopes.ts';

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

/**
 * Reads an owner that is one property. What throws there is judged again, where the failure is told.
 *
 * Reading a context or an object may run code that asks about another caller: the texts are read at once after the pass.
 */
class PlainOwner implements Glance {
  readonly standings: Standings;
  readonly slot: number;
  readonly claim: string;
  readonly key: string;
  /** Whom objects were compared with last, and the texts that name them. */
  readonly pass: Pass;
  identities: Identities = nobody;

  constructor(standings: Standings, slot: number, claim: string, key: string) {
    this.standings = standings;
    this.slot = slot;
    this.claim = claim;
    this.key = key;
    this.pass = standings.newPass();
  }

  one(value: unknown, contextValue: unknown): boolean {
    try {
      return (
        (surelyPasses(this.pass, contextValue) || this.meets(contextValue)) && owns(this.identities, value, this.key)
      );
    } catch {
      return false;
    }
  }

  all(values: readonly unknown[], contextValue: unknown): boolean {
    try {
      if (!surelyPasses(this.pass, contextValue) && !this.meets(contextValue)) return false;
      const { identities, key } = this;
      for (const value of values) if (!owns(identities, value, key) && !isNothing(value)) return false;
      return true;
    } catch {
      return false;
    }
  }

  /** Remembers a caller who passes. Not one whom nothing names, or whose owners the application compares: they are judged. */
  meets(contextValue: unknown): boolean {
    const caller = this.standings.passing(contextValue, this.slot, this.claim);
    if (caller?.claimant.normalize !== normalized) return false;
    const [first, ...others] = caller.claimant.identities;
    if (first === undefined) return false;
    this.identities = { first, others };
    this.pass.security = caller.security;
    this.pass.of = caller.of;
    return true;
  }
}

/** The texts that name a caller: mostly one. */
interface Identities {
  readonly first: string;
  readonly others: readonly unknown[];
}

const nobody: Identities = { first: '', others: [] };

/** Whether a text that stands in the object itself names the caller. */
function owns({ first, others }: Identities, value: unknown, key: string): boolean {
  if (typeof value !== 'object' || value === null || Array.isArray(value) || !Object.hasOwn(value, key)) return false;
  if (isDelegated(value)) return false;
  const owner = (value as Record<string, unknown>)[key];
  return owner === first || others.includes(owner);
}

/** What graphql-js answers with `null`, with an error or without. */
export function isNothing(value: unknown): boolean {
  return value === null || value === undefined || value instanceof Error;
}

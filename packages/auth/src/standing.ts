/**
 * What one caller may: each rule judged at most once per request, so that a field guard reads one number of a small array.
 *
 * Whatever does not have the form of a principal is nobody: a guard must not be talked into reading roles from a string.
 */
import { type Principal, securityOf } from '@graphql-bulwark/core';
import { identities } from './owner.ts';
import { missing, type Rule } from './rules.ts';

export const verdicts = { unknown: 0, allowed: 1, anonymous: 2, noRole: 3, noScope: 4 } as const;

export type Verdict = (typeof verdicts)[Exclude<keyof typeof verdicts, 'unknown'>];

export interface Standings {
  /** The verdict of the rule in this slot; without a security context the caller is anonymous. */
  judge(contextValue: unknown, slot: number): Verdict;
  /** The caller's identities under a claim. */
  identities(contextValue: unknown, claim: string): readonly string[];
}

interface Standing {
  readonly of: unknown;
  readonly principal: Principal | null;
  readonly verdicts: Int8Array;
  readonly identities: Map<string, readonly string[]>;
}

/** @param rules by slot. */
export function standings(rules: readonly Rule[]): Standings {
  const known = new WeakMap<object, Standing>();

  function standingOf(contextValue: unknown): Standing | undefined {
    const security = securityOf(contextValue);
    if (!security) return undefined;
    const standing = known.get(security);
    if (standing && standing.of === security.principal) return standing;
    const of: unknown = security.principal;
    const principal = isPrincipal(of) ? of : null;
    const fresh = { of, principal, verdicts: new Int8Array(rules.length), identities: new Map() };
    known.set(security, fresh);
    return fresh;
  }

  return {
    judge(contextValue, slot) {
      const standing = standingOf(contextValue);
      if (!standing?.principal) return verdicts.anonymous;
      const before = standing.verdicts[slot];
      if (before !== undefined && before !== verdicts.unknown) return before as Verdict;
      const verdict = verdictOf(rules[slot], standing.principal);
      standing.verdicts[slot] = verdict;
      return verdict;
    },
    identities(contextValue, claim) {
      const standing = standingOf(contextValue);
      if (!standing?.principal) return [];
      let values = standing.identities.get(claim);
      if (!values) {
        values = identities(standing.principal, claim);
        standing.identities.set(claim, values);
      }
      return values;
    },
  };
}

function verdictOf(rule: Rule | undefined, principal: Principal): Verdict {
  const lacking = rule ? missing(rule, principal) : 'role';
  if (lacking === undefined) return verdicts.allowed;
  return lacking === 'role' ? verdicts.noRole : verdicts.noScope;
}

function isPrincipal(value: unknown): value is Principal {
  if (typeof value !== 'object' || value === null) return false;
  const { id, claims, roles, scopes } = value as Partial<Record<keyof Principal, unknown>>;
  const hasId = typeof id === 'string' && id !== '';
  return hasId && typeof claims === 'object' && claims !== null && Array.isArray(roles) && Array.isArray(scopes);
}

/**
 * What one caller may: each rule judged at most once per request, so that a field guard reads one number of a small array.
 *
 * Whatever does not have the form of a principal is nobody: a guard must not be talked into reading roles from a string.
 */
import { type Principal, type SecurityContext, securityOf } from '@graphql-bulwark/core';
import { type Claimant, identities, type Normalize } from './owner.ts';
import { type AnyOf, holds, missing, type Rule } from './rules.ts';

export const verdicts = { unknown: 0, allowed: 1, anonymous: 2, noRole: 3, noScope: 4 } as const;

export type Verdict = (typeof verdicts)[Exclude<keyof typeof verdicts, 'unknown'>];

export interface Standings {
  /** The verdict of the rule in this slot; without a security context the caller is anonymous. */
  judge(contextValue: unknown, slot: number): Verdict;
  /** Whom owners are compared with under a claim. */
  claimant(contextValue: unknown, claim: string): Claimant;
  /** {@link Standings.claimant} of a caller whom the rule in this slot lets pass; `undefined` of all others. */
  passing(contextValue: unknown, slot: number, claim: string): Claimant | undefined;
  /** Whether the caller holds the roles of one alternative. */
  holdsRoles(contextValue: unknown, anyOf: AnyOf): boolean;
  /** The caller, or `null`. */
  principalOf(contextValue: unknown): Principal | null;
}

interface Standing {
  readonly security: SecurityContext;
  readonly of: unknown;
  readonly principal: Principal | null;
  readonly verdicts: Int8Array;
  readonly claimants: Map<string, Claimant>;
  readonly held: Map<AnyOf, boolean>;
  /** The claim that was asked for last. */
  claim?: string;
  claimant?: Claimant;
}

function isContextOf(contextValue: unknown, { security, of }: Standing): boolean {
  const its = (contextValue as { readonly security?: SecurityContext } | null | undefined)?.security;
  return its === security && its.principal === of;
}

/** @param rules by slot. */
export function standings(rules: readonly Rule[], normalize: Normalize): Standings {
  const known = new WeakMap<object, Standing>();
  const nobody: Claimant = { identities: [], normalize };
  // The guards of one operation ask one after the other.
  let last: Standing | undefined;

  function standingOf(contextValue: unknown): Standing | undefined {
    const security = securityOf(contextValue);
    if (!security) return undefined;
    const of: unknown = security.principal;
    if (last && last.security === security && last.of === of) return last;
    const standing = known.get(security);
    last = standing && standing.of === of ? standing : fresh(security, of);
    return last;
  }

  function fresh(security: SecurityContext, of: unknown): Standing {
    const standing: Standing = {
      security,
      of,
      principal: isPrincipal(of) ? of : null,
      verdicts: new Int8Array(rules.length),
      claimants: new Map(),
      held: new Map(),
    };
    known.set(security, standing);
    return standing;
  }

  const judged: Standings = {
    judge(contextValue, slot) {
      // Nearly every question is about the caller of the one before.
      if (last && isContextOf(contextValue, last)) {
        const verdict = last.verdicts[slot];
        if (verdict) return verdict as Verdict;
      }
      const standing = standingOf(contextValue);
      if (!standing) return verdicts.anonymous;
      const before = standing.verdicts[slot];
      if (before !== undefined && before !== verdicts.unknown) return before as Verdict;
      const verdict = verdictOf(rules[slot], standing.principal);
      standing.verdicts[slot] = verdict;
      return verdict;
    },
    claimant(contextValue, claim) {
      const standing = standingOf(contextValue);
      if (!standing?.principal) return nobody;
      if (standing.claim === claim && standing.claimant) return standing.claimant;
      const claimant = standing.claimants.get(claim) ?? {
        identities: identities(standing.principal, claim, normalize),
        normalize,
      };
      standing.claimants.set(claim, claimant);
      standing.claim = claim;
      standing.claimant = claimant;
      return claimant;
    },
    passing(contextValue, slot, claim) {
      if (last && isContextOf(contextValue, last) && last.verdicts[slot] === verdicts.allowed && last.claim === claim) {
        return last.claimant;
      }
      return judged.judge(contextValue, slot) === verdicts.allowed ? judged.claimant(contextValue, claim) : undefined;
    },
    holdsRoles(contextValue, anyOf) {
      const standing = standingOf(contextValue);
      if (!standing?.principal) return false;
      const held = standing.held.get(anyOf) ?? holds(standing.principal.roles, anyOf);
      standing.held.set(anyOf, held);
      return held;
    },
    principalOf: (contextValue) => standingOf(contextValue)?.principal ?? null,
  };
  return judged;
}

function verdictOf(rule: Rule | undefined, principal: Principal | null): Verdict {
  if (!principal) return rule?.anonymous === true ? verdicts.allowed : verdicts.anonymous;
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

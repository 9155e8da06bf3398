/**
 * What one caller may: each rule judged at most once per request, so that a field guard reads one number of a small array.
 *
 * Whatever does not have the form of a principal is nobody: a guard must not be talked into reading roles from a string.
 */
import {
  type Principal,
  type SecuredContext,
  type SecurityContext,
  securityContext,
  securityOf,
} from '@graphql-bulwark/core';
import { type Claimant, identities, type Normalize } from './owner.ts';
import { type AnyOf, holds, missing, type Rule } from './rules.ts';

export const verdicts = { unknown: 0, allowed: 1, anonymous: 2, noRole: 3, noScope: 4 } as const;

export type Verdict = (typeof verdicts)[Exclude<keyof typeof verdicts, 'unknown'>];

export interface Standings {
  /** Of the caller of the question before: the guards of one operation ask one after the other. */
  readonly last: Standing;
  /** The verdict of the rule in this slot; without a security context the caller is anonymous. */
  judge(contextValue: unknown, slot: number): Verdict;
  /** Whom owners are compared with under a claim. */
  claimant(contextValue: unknown, claim: string): Claimant;
  /** Whether the caller holds the roles of one alternative. */
  holdsRoles(contextValue: unknown, anyOf: AnyOf): boolean;
  /** The caller, or `null`. */
  principalOf(contextValue: unknown): Principal | null;
}

export interface Standing {
  readonly security: SecurityContext;
  readonly of: unknown;
  readonly principal: Principal | null;
  readonly verdicts: Int8Array;
  readonly claimants: Map<string, Claimant>;
  readonly held: Map<AnyOf, boolean>;
  /** The claim that was asked for last. */
  claim: string | undefined;
  claimant: Claimant | undefined;
}

/** Whether the rule in this slot is known to let the caller pass: the common case. `false` says nothing: judge it. */
export function surelyPasses({ last }: Standings, contextValue: unknown, slot: number): boolean {
  const security = (contextValue as Partial<SecuredContext> | null | undefined)?.security;
  return security === last.security && security.principal === last.of && last.verdicts[slot] === verdicts.allowed;
}

/** {@link Standings.claimant} of a caller whom the rule in this slot lets pass; `undefined` of all others. */
export function passing(all: Standings, contextValue: unknown, slot: number, claim: string): Claimant | undefined {
  const { last } = all;
  if (last.claim === claim && surelyPasses(all, contextValue, slot)) return last.claimant;
  return all.judge(contextValue, slot) === verdicts.allowed ? all.claimant(contextValue, claim) : undefined;
}

/** @param rules by slot. */
export function standings(rules: readonly Rule[], normalize: Normalize): Standings {
  const known = new WeakMap<object, Standing>();
  const nobody: Claimant = { identities: [], normalize };

  function standingOf(contextValue: unknown): Standing | undefined {
    const security = securityOf(contextValue);
    if (!security) return undefined;
    const of: unknown = security.principal;
    const { last } = judged;
    if (last.security === security && last.of === of) return last;
    const standing = known.get(security);
    judged.last = standing && standing.of === of ? standing : standingFor(security, of);
    return judged.last;
  }

  function standingFor(security: SecurityContext, of: unknown): Standing {
    const standing = newStanding(security, of, rules.length);
    known.set(security, standing);
    return standing;
  }

  const judged: Standings & { last: Standing } = {
    // Of a context that nobody has.
    last: newStanding(securityContext(), null, rules.length),
    judge(contextValue, slot) {
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

function newStanding(security: SecurityContext, of: unknown, slots: number): Standing {
  return {
    security,
    of,
    principal: isPrincipal(of) ? of : null,
    verdicts: new Int8Array(slots),
    claimants: new Map(),
    held: new Map(),
    claim: undefined,
    claimant: undefined,
  };
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

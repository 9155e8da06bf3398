/**
 * What one caller may: each rule is judged at most once per request, and remembers whom it let pass last: a guard compares two
 * references.
 *
 * Whatever does not have the form of a principal is nobody: a guard must not be talked into reading roles from a string.
 */
import { type Principal, type SecuredContext, type SecurityContext, securityContext } from '@graphql-bulwark/core';
import { findSecurityContext } from '@graphql-bulwark/core/internal';
import { type AnyOf, holds, missing, type Rule } from '../compile/auth-rule.ts';
import type { Why } from './access-request.ts';
import { type Claimant, identities, type Normalize } from './owner-identity.ts';

export const verdicts = { unknown: 0, allowed: 1, anonymous: 2, noRole: 3, noScope: 4 } as const;

export type Verdict = (typeof verdicts)[Exclude<keyof typeof verdicts, 'unknown'>];

export interface Standings {
  /** Whom the rule in this slot let pass last. */
  passOf(slot: number): Pass;
  /** One for a guard of its own, which says whom it let pass. It is forgotten when the caller's context gets another caller. */
  newPass(): Pass;
  /** The caller, where the rule in this slot lets them pass: whom owners are compared with, and what to remember. */
  passing(contextValue: unknown, slot: number, claim: string): Passing | undefined;
  /** The verdict of the rule in this slot; without a security context the caller is anonymous. */
  judge(contextValue: unknown, slot: number): Verdict;
  /** Whom owners are compared with under a claim. */
  claimant(contextValue: unknown, claim: string): Claimant;
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
}

/** Whom a rule let pass last: the guards of one operation ask one after the other, mostly about one caller. */
export interface Pass {
  security: SecurityContext;
  of: unknown;
}

/** Of a context that nobody has. */
const unseen = securityContext();

/** A caller whom a rule lets pass, as they were when they were judged. */
export interface Passing extends Readonly<Pass> {
  readonly claimant: Claimant;
}

/** Whether the caller is known to pass: the common case. `false` says nothing: judge it. */
export function surelyPasses(pass: Pass, contextValue: unknown): boolean {
  const security = (contextValue as Partial<SecuredContext> | null | undefined)?.security;
  return security === pass.security && security.principal === pass.of;
}

/** @param rules by slot. */
export function standings(rules: readonly Rule[], normalize: Normalize): Standings {
  const known = new WeakMap<object, Standing>();
  const nobody: Claimant = { identities: [], normalize };
  const passes: Pass[] = [];
  const newPass = (): Pass => {
    const pass = { security: unseen, of: undefined };
    passes.push(pass);
    return pass;
  };
  const bySlot = rules.map(newPass);
  let last = newStanding(unseen, null, rules.length);

  function standingOf(contextValue: unknown): Standing | undefined {
    const security = findSecurityContext(contextValue);
    if (!security) return undefined;
    const of: unknown = security.principal;
    if (last.security === security && last.of === of) return last;
    const standing = known.get(security);
    last = standing && standing.of === of ? standing : standingFor(security, of);
    // Whoever comes back may have changed.
    if (standing && standing !== last)
      for (const pass of passes) if (pass.security === security) pass.security = unseen;
    return last;
  }

  function standingFor(security: SecurityContext, of: unknown): Standing {
    const standing = newStanding(security, of, rules.length);
    known.set(security, standing);
    return standing;
  }

  function verdictIn(standing: Standing, slot: number): Verdict {
    const before = standing.verdicts[slot];
    if (before !== undefined && before !== verdicts.unknown) return before as Verdict;
    const verdict = verdictOf(rules[slot], standing.principal);
    standing.verdicts[slot] = verdict;
    return verdict;
  }

  function claimantIn(standing: Standing, claim: string): Claimant {
    if (!standing.principal) return nobody;
    const claimant = standing.claimants.get(claim) ?? {
      identities: identities(standing.principal, claim, normalize),
      normalize,
    };
    standing.claimants.set(claim, claimant);
    return claimant;
  }

  return {
    passOf: (slot) => bySlot[slot] ?? newPass(),
    newPass,
    passing(contextValue, slot, claim) {
      const standing = standingOf(contextValue);
      if (!standing || verdictIn(standing, slot) !== verdicts.allowed) return undefined;
      const { security, of } = standing;
      return { security, of, claimant: claimantIn(standing, claim) };
    },
    judge(contextValue, slot) {
      const standing = standingOf(contextValue);
      if (!standing) return verdicts.anonymous;
      const verdict = verdictIn(standing, slot);
      const pass = bySlot[slot];
      if (verdict === verdicts.allowed && pass) {
        pass.security = standing.security;
        pass.of = standing.of;
      }
      return verdict;
    },
    claimant(contextValue, claim) {
      const standing = standingOf(contextValue);
      return standing ? claimantIn(standing, claim) : nobody;
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
}

function newStanding(security: SecurityContext, of: unknown, slots: number): Standing {
  return {
    security,
    of,
    principal: isPrincipal(of) ? of : null,
    verdicts: new Int8Array(slots),
    claimants: new Map(),
    held: new Map(),
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

/** Why a verdict that is not `allowed` says no. */
export function whyOf(verdict: Verdict): Why {
  if (verdict === verdicts.anonymous) return { code: 'UNAUTHENTICATED', reason: 'anonymous' };
  return { code: 'FORBIDDEN', reason: verdict === verdicts.noScope ? 'no scope passed' : 'no role passed' };
}

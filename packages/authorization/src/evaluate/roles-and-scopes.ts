/**
 * What one caller holds: decides each rule of roles and scopes at most once per caller. Each rule remembers the caller that it let
 * pass last, so that a guard mostly compares two references.
 *
 * A `principal` that does not have the form of one is treated as an anonymous caller: roles must not be read from a string, in
 * which `includes` would find parts of names.
 */
import { type Principal, type SecuredContext, type SecurityContext, securityContext } from '@graphql-bulwark/core';
import { findSecurityContext } from '@graphql-bulwark/core/internal';
import { type AnyOf, type AuthRule, findMissingGrant, holdsAlternative } from '../compile/auth-rule.ts';
import type { DenialReason } from './access-request.ts';
import { type Caller, type Normalize, readIdentities } from './owner-identity.ts';

/** Numbers, so that those of all rules fit into one typed array per caller. */
export const decisions = { unknown: 0, allowed: 1, anonymous: 2, noRole: 3, noScope: 4 } as const;

export type Decision = (typeof decisions)[Exclude<keyof typeof decisions, 'unknown'>];

export interface CallerGrants {
  /** The caller that the rule in this slot let pass last. Kept up to date by {@link CallerGrants.decide}. */
  getLastAllowed(slot: number): LastAllowed;
  /** The same for a guard that writes it itself. It is reset when the principal of that caller's context is replaced. */
  createLastAllowed(): LastAllowed;
  /** The caller and their identities under a claim, or `undefined` if the rule in this slot denies them. */
  findAllowed(contextValue: unknown, slot: number, claim: string): AllowedCaller | undefined;
  /** The decision of the rule in this slot. Without a security context the caller is anonymous. */
  decide(contextValue: unknown, slot: number): Decision;
  /** What owners are compared with under a claim. */
  identify(contextValue: unknown, claim: string): Caller;
  /** Whether the caller holds every role of one alternative. */
  holdsRoles(contextValue: unknown, anyOf: AnyOf): boolean;
  /** The caller, or `null` if anonymous. */
  getPrincipal(contextValue: unknown): Principal | null;
}

/** A caller that passed a rule: the security context, and the principal that it had at that time. */
export interface LastAllowed {
  security: SecurityContext;
  principal: unknown;
}

export interface AllowedCaller extends Readonly<LastAllowed> {
  readonly caller: Caller;
}

/** What is known of one security context and the principal in it. */
interface Grants {
  readonly security: SecurityContext;
  /** As it stands in the context, of whatever form. */
  readonly given: unknown;
  /** The same if it has the form of a principal. */
  readonly principal: Principal | null;
  /** Slot -> decision. */
  readonly decisions: Int8Array;
  /** Claim -> identities. */
  readonly identities: Map<string, Caller>;
  /** Alternatives of roles -> whether one of them is held. */
  readonly held: Map<AnyOf, boolean>;
}

/** A security context that no request has. */
const noContext = securityContext();

/** Whether this caller is the one who was let pass last: the common case. `false` says nothing: decide the rule. */
export function isLastAllowed(last: LastAllowed, contextValue: unknown): boolean {
  const security = (contextValue as Partial<SecuredContext> | null | undefined)?.security;
  return security === last.security && security.principal === last.principal;
}

/** @param rules by slot, each without its policies. */
export function createCallerGrants(rules: readonly AuthRule[], normalize: Normalize): CallerGrants {
  const bySecurity = new WeakMap<object, Grants>();
  const anonymous: Caller = { identities: [], normalize };
  const allLastAllowed: LastAllowed[] = [];
  const createLastAllowed = (): LastAllowed => {
    const last = { security: noContext, principal: undefined };
    allLastAllowed.push(last);
    return last;
  };
  const bySlot = rules.map(createLastAllowed);
  let current = createGrants(noContext, null, rules.length);

  function getGrants(contextValue: unknown): Grants | undefined {
    const security = findSecurityContext(contextValue);
    if (!security) return undefined;
    const given: unknown = security.principal;
    if (current.security === security && current.given === given) return current;
    const known = bySecurity.get(security);
    if (known && known.given === given) {
      current = known;
      return known;
    }
    current = createGrants(security, given, rules.length);
    bySecurity.set(security, current);
    // The principal was replaced. If the former one is put back later, its roles may have changed meanwhile.
    if (known) {
      for (const last of allLastAllowed) if (last.security === security) last.security = noContext;
    }
    return current;
  }

  function decideFor(grants: Grants, slot: number): Decision {
    const known = grants.decisions[slot];
    if (known !== undefined && known !== decisions.unknown) return known as Decision;
    const decision = decideRule(rules[slot], grants.principal);
    grants.decisions[slot] = decision;
    return decision;
  }

  function identifyFor({ principal, identities }: Grants, claim: string): Caller {
    if (!principal) return anonymous;
    const caller = identities.get(claim) ?? { identities: readIdentities(principal, claim, normalize), normalize };
    identities.set(claim, caller);
    return caller;
  }

  return {
    getLastAllowed: (slot) => bySlot[slot] ?? createLastAllowed(),
    createLastAllowed,
    findAllowed(contextValue, slot, claim) {
      const grants = getGrants(contextValue);
      if (!grants || decideFor(grants, slot) !== decisions.allowed) return undefined;
      const { security, given } = grants;
      return { security, principal: given, caller: identifyFor(grants, claim) };
    },
    decide(contextValue, slot) {
      const grants = getGrants(contextValue);
      if (!grants) return decisions.anonymous;
      const decision = decideFor(grants, slot);
      const last = bySlot[slot];
      if (decision === decisions.allowed && last) {
        last.security = grants.security;
        last.principal = grants.given;
      }
      return decision;
    },
    identify(contextValue, claim) {
      const grants = getGrants(contextValue);
      return grants ? identifyFor(grants, claim) : anonymous;
    },
    holdsRoles(contextValue, anyOf) {
      const grants = getGrants(contextValue);
      if (!grants?.principal) return false;
      const held = grants.held.get(anyOf) ?? holdsAlternative(grants.principal.roles, anyOf);
      grants.held.set(anyOf, held);
      return held;
    },
    getPrincipal: (contextValue) => getGrants(contextValue)?.principal ?? null,
  };
}

function createGrants(security: SecurityContext, given: unknown, slots: number): Grants {
  return {
    security,
    given,
    principal: isPrincipal(given) ? given : null,
    decisions: new Int8Array(slots),
    identities: new Map(),
    held: new Map(),
  };
}

function decideRule(rule: AuthRule | undefined, principal: Principal | null): Decision {
  if (!principal) return rule?.anonymous === true ? decisions.allowed : decisions.anonymous;
  const missing = rule ? findMissingGrant(rule, principal) : 'role';
  if (missing === undefined) return decisions.allowed;
  return missing === 'role' ? decisions.noRole : decisions.noScope;
}

function isPrincipal(value: unknown): value is Principal {
  if (typeof value !== 'object' || value === null) return false;
  const { id, claims, roles, scopes } = value as Partial<Record<keyof Principal, unknown>>;
  const hasId = typeof id === 'string' && id !== '';
  return hasId && typeof claims === 'object' && claims !== null && Array.isArray(roles) && Array.isArray(scopes);
}

/** The code and reason of a decision that is not `allowed`. */
export function explainDecision(decision: Decision): DenialReason {
  if (decision === decisions.anonymous) return { code: 'UNAUTHENTICATED', reason: 'anonymous' };
  return { code: 'FORBIDDEN', reason: decision === decisions.noScope ? 'no scope passed' : 'no role passed' };
}

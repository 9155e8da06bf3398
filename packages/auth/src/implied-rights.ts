/** Roles that bring other roles and scopes with them, worked out once, when the principal is made. */
import { knownOptions, type Principal } from '@graphql-bulwark/core';

export interface ImpliedRightsOptions {
  /** Role -> roles that it includes, and theirs. @default none */
  readonly roles?: Readonly<Record<string, readonly string[]>> | undefined;
  /** Role -> scopes that it brings. @default none */
  readonly scopes?: Readonly<Record<string, readonly string[]>> | undefined;
}

/**
 * Compiles who includes whom to a function that completes a principal.
 *
 * @throws {TypeError} for roles that include themselves, and for lists that are none.
 * @example
 * const complete = impliedRights({ roles: { ADMIN: ['ACCOUNTANT'], ACCOUNTANT: ['MEMBER'] } })
 */
export function impliedRights(options: ImpliedRightsOptions): (principal: Principal) => Principal {
  knownOptions('impliedRights', options, ['roles', 'scopes']);
  const included = new Map(Object.entries(options.roles ?? {}));
  const scopesOf = new Map(Object.entries(options.scopes ?? {}));
  for (const [option, lists] of Object.entries({ roles: included, scopes: scopesOf })) {
    for (const [role, names] of lists) {
      if (Array.isArray(names) && names.every((name) => typeof name === 'string' && name !== '')) continue;
      throw new TypeError(`${option}.${role} must be a list of names.`);
    }
  }
  const closures = new Map([...included.keys()].map((role) => [role, closure(role, included)]));
  return (principal) => {
    const roles = new Set(principal.roles.flatMap((role) => [role, ...(closures.get(role) ?? [])]));
    const scopes = new Set([...principal.scopes, ...[...roles].flatMap((role) => scopesOf.get(role) ?? [])]);
    return Object.freeze({ ...principal, roles: Object.freeze([...roles]), scopes: Object.freeze([...scopes]) });
  };
}

function closure(role: string, included: ReadonlyMap<string, readonly string[]>): Set<string> {
  const found = new Set(included.get(role));
  for (const name of found) {
    if (name === role) throw new TypeError(`roles: ${role} includes itself.`);
    for (const inner of included.get(name) ?? []) found.add(inner);
  }
  return found;
}

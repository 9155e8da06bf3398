/** Roles that bring other roles and scopes with them, worked out once, when the principal is made. */
import { isRecord, knownOptions, type Principal, show } from '@graphql-bulwark/core';

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
  if (typeof options !== 'object' || options === null) {
    throw new TypeError(`impliedRights must be { roles, scopes }, but is ${show(options)}.`);
  }
  knownOptions('impliedRights', options, ['roles', 'scopes']);
  const included = listsOf('roles', options.roles);
  const scopesOf = listsOf('scopes', options.scopes);
  const closures = new Map([...included.keys()].map((role) => [role, closure(role, included)]));
  return (principal) => {
    const roles = new Set(principal.roles.flatMap((role) => [role, ...(closures.get(role) ?? [])]));
    const scopes = new Set([...principal.scopes, ...[...roles].flatMap((role) => scopesOf.get(role) ?? [])]);
    return Object.freeze({ ...principal, roles: Object.freeze([...roles]), scopes: Object.freeze([...scopes]) });
  };
}

function listsOf(option: 'roles' | 'scopes', given: ImpliedRightsOptions[typeof option] = {}) {
  if (!isRecord(given)) {
    throw new TypeError(`impliedRights: ${option} must map roles to lists of names, but is ${show(given)}.`);
  }
  for (const [role, names] of Object.entries(given)) {
    if (Array.isArray(names) && names.every((name) => typeof name === 'string' && name !== '')) continue;
    throw new TypeError(`impliedRights: ${option}.${role} must be a list of names, but is ${show(names)}.`);
  }
  // A copy: who may what does not change while a server runs.
  return new Map(Object.entries(given).map(([role, names]) => [role, [...names]]));
}

function closure(role: string, included: ReadonlyMap<string, readonly string[]>): Set<string> {
  const found = new Set(included.get(role));
  for (const name of found) {
    if (name === role)
      throw new TypeError(`impliedRights: roles.${role} includes ${role} itself, directly or through others.`);
    for (const inner of included.get(name) ?? []) found.add(inner);
  }
  return found;
}

/** Roles that bring other roles and scopes with them, worked out once, when the principal is made. */
import type { Principal } from '@graphql-bulwark/core';
import { byName, isRecord, isText, must, type OptionTable, readOptions } from '@graphql-bulwark/core/internal';

export interface ImpliedRightsOptions {
  /** Role -> roles that it includes, and theirs. @default none */
  readonly roles?: Readonly<Record<string, readonly string[]>> | undefined;
  /** Role -> scopes that it brings. @default none */
  readonly scopes?: Readonly<Record<string, readonly string[]>> | undefined;
}

const optionTable = {
  roles: { default: {}, check: listsByRole },
  scopes: { default: {}, check: listsByRole },
} satisfies OptionTable<ImpliedRightsOptions>;

/**
 * Compiles who includes whom to a function that completes a principal.
 *
 * @throws {TypeError} for roles that include themselves, and for lists that are none.
 * @example
 * const complete = impliedRights({ roles: { ADMIN: ['ACCOUNTANT'], ACCOUNTANT: ['MEMBER'] } })
 */
export function impliedRights(options: ImpliedRightsOptions): (principal: Principal) => Principal {
  must('be { roles, scopes }', (given: unknown) => typeof given === 'object' && given !== null)(
    'impliedRights',
    options,
  );
  const { roles: rolesBelow, scopes: scopesBelow } = readOptions('impliedRights', options, optionTable);
  const included = copied(rolesBelow);
  const scopesOf = copied(scopesBelow);
  const closures = new Map([...included.keys()].map((role) => [role, closure(role, included)]));
  return (principal) => {
    const roles = new Set(principal.roles.flatMap((role) => [role, ...(closures.get(role) ?? [])]));
    const scopes = new Set([...principal.scopes, ...[...roles].flatMap((role) => scopesOf.get(role) ?? [])]);
    return Object.freeze({ ...principal, roles: Object.freeze([...roles]), scopes: Object.freeze([...scopes]) });
  };
}

function listsByRole(option: string, given: unknown): void {
  must('map roles to lists of names', isRecord)(option, given);
  byName(must('be a list of names', (names: unknown) => Array.isArray(names) && names.every(isText)))(option, given);
}

/** Who may what does not change while a server runs. */
function copied(lists: Readonly<Record<string, readonly string[]>>): Map<string, readonly string[]> {
  return new Map(Object.entries(lists).map(([role, names]) => [role, [...names]]));
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

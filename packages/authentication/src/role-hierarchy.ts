/** Roles that include other roles and bring scopes with them. Computed once per request, when the principal is made. */
import type { Principal } from '@graphql-bulwark/core';
import { byName, isRecord, isText, must, type OptionTable, readOptions } from '@graphql-bulwark/core/internal';

/** Which roles include which other roles and scopes. */
export interface RoleHierarchyOptions {
  /** Role -> roles that it includes. What these include is included as well. @default {} */
  readonly roles?: Readonly<Record<string, readonly string[]>> | undefined;
  /** Role -> scopes that it brings. A role that includes it brings them as well. @default {} */
  readonly scopes?: Readonly<Record<string, readonly string[]>> | undefined;
}

const optionTable = {
  roles: { default: {}, check: checkListsByRole },
  scopes: { default: {}, check: checkListsByRole },
} satisfies OptionTable<RoleHierarchyOptions>;

/**
 * Compiles a role hierarchy to a function that returns a principal with all included roles and scopes added.
 *
 * @throws {TypeError} while the server is built, for a role that includes itself, directly or through others, and for a value
 * that is no list of names.
 * @example
 * const addIncludedRoles = roleHierarchy({ roles: { ADMIN: ['ACCOUNTANT'], ACCOUNTANT: ['MEMBER'] } })
 */
export function roleHierarchy(options: RoleHierarchyOptions): (principal: Principal) => Principal {
  must('be { roles, scopes }', (given: unknown) => typeof given === 'object' && given !== null)(
    'roleHierarchy',
    options,
  );
  const settings = readOptions('roleHierarchy', options, optionTable);
  const included = copyLists(settings.roles);
  const broughtScopes = copyLists(settings.scopes);
  const closures = new Map([...included.keys()].map((role) => [role, collectIncludedRoles(role, included)]));
  return function addIncludedRoles(principal) {
    const roles = new Set(principal.roles.flatMap((role) => [role, ...(closures.get(role) ?? [])]));
    const scopes = new Set([...principal.scopes, ...[...roles].flatMap((role) => broughtScopes.get(role) ?? [])]);
    return Object.freeze({ ...principal, roles: Object.freeze([...roles]), scopes: Object.freeze([...scopes]) });
  };
}

function checkListsByRole(option: string, given: unknown): void {
  must('map roles to lists of names', isRecord)(option, given);
  byName(must('be a list of names', (names: unknown) => Array.isArray(names) && names.every(isText)))(option, given);
}

/** Copies the lists, so that a later change of the application's object does not give rights. A `Map` has no inherited roles. */
function copyLists(lists: Readonly<Record<string, readonly string[]>>): Map<string, readonly string[]> {
  return new Map(Object.entries(lists).map(([role, names]) => [role, [...names]]));
}

/** @throws {TypeError} for a role that includes itself. */
function collectIncludedRoles(role: string, included: ReadonlyMap<string, readonly string[]>): Set<string> {
  const found = new Set(included.get(role));
  // A `Set` may grow while it is iterated: the roles that are added here are visited as well.
  for (const name of found) {
    if (name === role)
      throw new TypeError(
        `roleHierarchy: roles.${role} includes ${role} itself, directly or through others. Remove one of these entries.`,
      );
    for (const inner of included.get(name) ?? []) found.add(inner);
  }
  return found;
}

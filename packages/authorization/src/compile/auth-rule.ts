/**
 * Rules of `@auth`: which roles and scopes a principal must hold, and which policies must pass.
 *
 * A rule is an AND of requirements, and a requirement an OR of ANDs of names. Both are sorted, so that equal rules have equal texts.
 */
import type { Principal } from '@graphql-bulwark/core';
import { show } from '@graphql-bulwark/core/internal';
import type { DirectiveArguments } from '../directives/read-directive.ts';
import { type AuthMode, checkArguments } from '../directives/sdl.ts';

/** An OR of ANDs of names: `[['A', 'B'], ['C']]` is (A and B) or C. */
export type AnyOf = readonly (readonly string[])[];

/** One argument of `@auth`. */
export interface Requirement {
  readonly kind: 'roles' | 'scopes' | 'policies';
  readonly anyOf: AnyOf;
}

/** One or more `@auth` that must all pass. */
export interface AuthRule {
  /** As a schema writes it, for the operator's event. */
  readonly text: string;
  /** None: every principal passes. */
  readonly requirements: readonly Requirement[];
  /** Whether policies alone decide, and may let an anonymous caller pass. */
  readonly anonymous: boolean;
  /** Left out: REJECT for mutations and subscriptions, NULL for queries. */
  readonly mode?: AuthMode | undefined;
}

/** Whether a policy is asked about anonymous callers. @throws {TypeError} for a policy that does not exist. */
export type AllowsAnonymous = (policy: string, coordinate: string) => boolean;

/** The rule that every principal passes, and no anonymous caller. */
export function createAuthenticatedRule(text: string): AuthRule {
  return { text, requirements: [], anonymous: false };
}

/** Reads one `@auth`. @throws {TypeError} naming the coordinate, for an argument with which every caller would pass, or none. */
export function readAuthRule(use: DirectiveArguments, coordinate: string, allowsAnonymous: AllowsAnonymous): AuthRule {
  checkArguments(use, 'auth', coordinate, ['roles', 'scopes', 'policies', 'mode']);
  const requirements: Requirement[] = [];
  for (const kind of ['roles', 'scopes', 'policies'] as const) {
    if (use[kind] !== undefined)
      requirements.push({ kind, anyOf: readAlternatives(use[kind], `${kind} of @auth`, coordinate) });
  }
  const [first] = requirements;
  const asked = requirements.filter(({ kind }) => kind === 'policies').flatMap(({ anyOf }) => anyOf);
  const open = asked.map((all) => all.map((policy) => allowsAnonymous(policy, coordinate)).every(Boolean));
  const mode = readMode(use['mode'], coordinate);
  const args = requirements.map(formatRequirement).join(', ');
  return {
    text: args ? `@auth(${args})` : '@auth',
    requirements,
    anonymous: requirements.length === 1 && first?.kind === 'policies' && open.includes(true),
    ...(mode && { mode }),
  };
}

/** The rule that requires what all of these require. REJECT wins over other modes, and NULL holds only if all say it. */
export function combineRules(rules: readonly AuthRule[]): AuthRule {
  const requirements = new Map(rules.flatMap((rule) => rule.requirements).map((one) => [formatRequirement(one), one]));
  const sorted = [...requirements].toSorted(([a], [b]) => compareText(a, b)).map(([, requirement]) => requirement);
  const modes = new Set(rules.map((rule) => rule.mode));
  const mode = modes.has('REJECT') ? 'REJECT' : modes.size === 1 ? rules[0]?.mode : undefined;
  return {
    text: [...new Set(rules.map((rule) => rule.text))].join(' and '),
    requirements: sorted,
    anonymous: rules.every((rule) => rule.anonymous),
    ...(mode && { mode }),
  };
}

/** The part of a rule that needs only the principal: roles and scopes. */
export function selectClaims(rule: AuthRule): AuthRule {
  return { ...rule, requirements: rule.requirements.filter(({ kind }) => kind !== 'policies') };
}

/** The part of a rule that policies decide. All of these must pass. */
export function selectPolicies({ requirements }: AuthRule): AnyOf[] {
  return requirements.filter(({ kind }) => kind === 'policies').map(({ anyOf }) => anyOf);
}

/** Beyond this many combinations of alternatives, requirements are compared one by one, which finds fewer implications. */
const maxCombinations = 4_096;

/** Whether a caller who meets all of the given requirements certainly meets the wanted one. */
export function implies(given: readonly Requirement[], wanted: Requirement): boolean {
  const alike = given.filter(({ kind }) => kind === wanted.kind).map(({ anyOf }) => anyOf);
  const meets = (anyOf: AnyOf): boolean =>
    anyOf.length > 0 && anyOf.every((all) => holdsAlternative(all, wanted.anyOf));
  if (alike.some(meets)) return true;
  if (alike.reduce((product, { length }) => product * length, 1) > maxCombinations) return false;
  const together = alike.reduce<AnyOf>((left, right) => left.flatMap((a) => right.map((b) => [...a, ...b])), [[]]);
  return meets(together);
}

/** A text that is the same for rules with the same decisions. */
export function formatRuleKey({ requirements, anonymous }: AuthRule): string {
  return `${anonymous ? 'anonymous' : ''} ${requirements.map(formatRequirement).join(' and ')}`;
}

/** @returns the kind of name that the principal lacks, or `undefined` if there is none. Policies are not asked. */
export function findMissingGrant({ requirements }: AuthRule, principal: Principal): 'role' | 'scope' | undefined {
  const failed = requirements.filter(
    ({ kind, anyOf }) => kind !== 'policies' && !holdsAlternative(principal[kind], anyOf),
  );
  if (failed.length === 0) return undefined;
  return failed.some(({ kind }) => kind === 'roles') ? 'role' : 'scope';
}

/** Whether every name of one alternative is held, compared exactly and by case. */
export function holdsAlternative(held: readonly string[], anyOf: AnyOf): boolean {
  return anyOf.some((all) => all.every((name) => held.includes(name)));
}

function formatRequirement({ kind, anyOf }: Requirement): string {
  return `${kind}: ${JSON.stringify(anyOf)}`;
}

function readMode(mode: unknown, coordinate: string): AuthMode | undefined {
  if (mode === undefined || mode === 'NULL' || mode === 'REJECT') return mode;
  throw new TypeError(`${coordinate}: mode of @auth must be NULL or REJECT, but is ${show(mode)}.`);
}

/**
 * Reads a list as `[[String!]!]` is coerced (GraphQL specification, "List"): a flat list is a list of alternatives.
 *
 * @param what names the argument in the error.
 * @throws {TypeError} for an empty list, which every caller would meet, or which none could.
 */
export function readAlternatives(value: unknown, what: string, coordinate: string): AnyOf {
  const outer: unknown[] = Array.isArray(value) ? value : [value];
  const lists = outer.map((inner): unknown[] => (Array.isArray(inner) ? inner : [inner]));
  if (lists.length === 0 || lists.some((list) => list.length === 0) || !lists.flat().every(isName)) {
    const found = Array.isArray(value) ? JSON.stringify(value) : show(value);
    throw new TypeError(
      `${coordinate}: ${what} must be a list of lists of names, none of them empty, but is ${found}.`,
    );
  }
  const sorted = lists.map((list) => [...new Set(list as string[])].toSorted(compareText));
  const distinct = new Map(sorted.map((list) => [JSON.stringify(list), list]));
  return [...distinct].toSorted(([a], [b]) => compareText(a, b)).map(([, list]) => list);
}

function isName(value: unknown): boolean {
  return typeof value === 'string' && value.trim() !== '';
}

/** By code unit, so that the order does not depend on a locale. */
function compareText(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}

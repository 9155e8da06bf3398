/**
 * Rules of `@auth`: which roles and scopes a principal must hold, and which policies must agree.
 *
 * A rule is an AND of requirements, a requirement an OR of ANDs of names, both sorted, so that equal rules are equal texts.
 */
import type { Principal } from '@graphql-bulwark/core';
import { show } from '@graphql-bulwark/core/internal';
import type { DirectiveArguments } from '../directives/read-directive.ts';
import { type AuthMode, knownArguments } from '../directives/sdl.ts';

/** An OR of ANDs of names. */
export type AnyOf = readonly (readonly string[])[];

export interface Requirement {
  readonly of: 'roles' | 'scopes' | 'policies';
  readonly anyOf: AnyOf;
}

export interface Rule {
  /** As a schema would say it: what an operator reads in an event. */
  readonly text: string;
  /** None: any principal passes. */
  readonly requirements: readonly Requirement[];
  /** Whether a caller without a principal may pass too, if the policies say so. */
  readonly anonymous: boolean;
  /** Left out: REJECT for mutations and subscriptions, NULL for queries. */
  readonly mode?: AuthMode | undefined;
}

/** Whether a policy may be asked about callers without a principal. @throws {TypeError} for a policy that there is not. */
export type AllowsAnonymous = (policy: string, coordinate: string) => boolean;

/** Any principal. */
export function authenticated(text: string): Rule {
  return { text, requirements: [], anonymous: false };
}

/** @throws {TypeError} naming the coordinate, for arguments that would let everybody or nobody pass. */
export function authRule(use: DirectiveArguments, coordinate: string, allowsAnonymous: AllowsAnonymous): Rule {
  knownArguments(use, 'auth', coordinate, ['roles', 'scopes', 'policies', 'mode']);
  const requirements: Requirement[] = [];
  for (const of of ['roles', 'scopes', 'policies'] as const) {
    if (use[of] !== undefined) requirements.push({ of, anyOf: alternatives(use[of], `${of} of @auth`, coordinate) });
  }
  const [first] = requirements;
  const asked = requirements.filter(({ of }) => of === 'policies').flatMap(({ anyOf }) => anyOf);
  const open = asked.map((all) => all.map((policy) => allowsAnonymous(policy, coordinate)).every(Boolean));
  const mode = modeOf(use['mode'], coordinate);
  const args = requirements.map(textOf).join(', ');
  return {
    text: args ? `@auth(${args})` : '@auth',
    requirements,
    anonymous: requirements.length === 1 && first?.of === 'policies' && open.includes(true),
    ...(mode && { mode }),
  };
}

/** The rule that asks for all of these. */
export function allOf(rules: readonly Rule[]): Rule {
  const requirements = new Map(rules.flatMap((rule) => rule.requirements).map((one) => [textOf(one), one]));
  const sorted = [...requirements].toSorted(([a], [b]) => compare(a, b)).map(([, requirement]) => requirement);
  const modes = new Set(rules.map((rule) => rule.mode));
  const mode = modes.has('REJECT') ? 'REJECT' : modes.size === 1 ? rules[0]?.mode : undefined;
  return {
    text: [...new Set(rules.map((rule) => rule.text))].join(' and '),
    requirements: sorted,
    anonymous: rules.every((rule) => rule.anonymous),
    ...(mode && { mode }),
  };
}

/** The part of a rule that the principal alone decides. */
export function claimsOf(rule: Rule): Rule {
  return { ...rule, requirements: rule.requirements.filter(({ of }) => of !== 'policies') };
}

/** The part of a rule that policies decide: all of these must pass. */
export function policiesOf({ requirements }: Rule): AnyOf[] {
  return requirements.filter(({ of }) => of === 'policies').map(({ anyOf }) => anyOf);
}

/** Combinations of alternatives that are looked at; with more, requirements are looked at one by one. */
const maxCombinations = 4_096;

/** Whether whoever meets all of these requirements certainly meets the one that is wanted. */
export function implies(given: readonly Requirement[], wanted: Requirement): boolean {
  const alike = given.filter(({ of }) => of === wanted.of).map(({ anyOf }) => anyOf);
  const meets = (anyOf: AnyOf): boolean => anyOf.length > 0 && anyOf.every((all) => holds(all, wanted.anyOf));
  if (alike.some(meets)) return true;
  if (alike.reduce((product, { length }) => product * length, 1) > maxCombinations) return false;
  const together = alike.reduce<AnyOf>((left, right) => left.flatMap((a) => right.map((b) => [...a, ...b])), [[]]);
  return meets(together);
}

/** The same for rules that decide alike. */
export function keyOf({ requirements, anonymous }: Rule): string {
  return `${anonymous ? 'anyone' : ''} ${requirements.map(textOf).join(' and ')}`;
}

/** @returns the kind of name that is missing, or `undefined` when the principal may pass. Policies are not asked. */
export function missing({ requirements }: Rule, principal: Principal): 'role' | 'scope' | undefined {
  const failed = requirements.filter(({ of, anyOf }) => of !== 'policies' && !holds(principal[of], anyOf));
  if (failed.length === 0) return undefined;
  return failed.some(({ of }) => of === 'roles') ? 'role' : 'scope';
}

/** Whether all names of one alternative are held, exactly and by case. */
export function holds(held: readonly string[], anyOf: AnyOf): boolean {
  return anyOf.some((all) => all.every((name) => held.includes(name)));
}

function textOf({ of, anyOf }: Requirement): string {
  return `${of}: ${JSON.stringify(anyOf)}`;
}

function modeOf(mode: unknown, coordinate: string): AuthMode | undefined {
  if (mode === undefined || mode === 'NULL' || mode === 'REJECT') return mode;
  throw new TypeError(`${coordinate}: mode of @auth must be NULL or REJECT, but is ${show(mode)}.`);
}

/**
 * List coercion as of `[[String!]!]`: a flat list is a list of alternatives. An empty one would pass for everybody.
 *
 * @param what names the argument in the error.
 */
export function alternatives(value: unknown, what: string, coordinate: string): AnyOf {
  const outer: unknown[] = Array.isArray(value) ? value : [value];
  const lists = outer.map((inner): unknown[] => (Array.isArray(inner) ? inner : [inner]));
  if (lists.length === 0 || lists.some((list) => list.length === 0) || !lists.flat().every(isName)) {
    const found = Array.isArray(value) ? JSON.stringify(value) : show(value);
    throw new TypeError(
      `${coordinate}: ${what} must be a list of lists of names, none of them empty, but is ${found}.`,
    );
  }
  const sorted = lists.map((list) => [...new Set(list as string[])].toSorted(compare));
  const distinct = new Map(sorted.map((list) => [JSON.stringify(list), list]));
  return [...distinct].toSorted(([a], [b]) => compare(a, b)).map(([, list]) => list);
}

function isName(value: unknown): boolean {
  return typeof value === 'string' && value.trim() !== '';
}

/** By code unit, whatever the locale. */
function compare(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}

/**
 * Rules about the principal alone: which roles and scopes it must hold.
 *
 * A rule is an AND of requirements, a requirement an OR of ANDs of names, both sorted, so that equal rules are equal texts.
 */
import { type Principal, show } from '@graphql-bulwark/core';
import { type DirectiveArguments, knownArguments } from './directives.ts';

export interface Requirement {
  readonly of: 'roles' | 'scopes';
  readonly anyOf: readonly (readonly string[])[];
}

export interface Rule {
  /** As a schema would say it: what an operator reads in an event. */
  readonly text: string;
  /** None: any principal passes. */
  readonly requirements: readonly Requirement[];
}

/** Any principal. */
export function authenticated(text: string): Rule {
  return { text, requirements: [] };
}

/** @throws {TypeError} naming the coordinate, for arguments that would let everybody or nobody pass. */
export function authRule(use: DirectiveArguments, coordinate: string): Rule {
  knownArguments(use, 'auth', coordinate, ['roles', 'scopes']);
  const requirements: Requirement[] = [];
  for (const of of ['roles', 'scopes'] as const) {
    if (use[of] !== undefined) requirements.push({ of, anyOf: alternatives(use[of], of, coordinate) });
  }
  const args = requirements.map(textOf).join(', ');
  return { text: args ? `@auth(${args})` : '@auth', requirements };
}

/** The rule that asks for all of these. */
export function allOf(rules: readonly Rule[]): Rule {
  const requirements = new Map(rules.flatMap((rule) => rule.requirements).map((one) => [textOf(one), one]));
  const sorted = [...requirements].toSorted(([a], [b]) => compare(a, b)).map(([, requirement]) => requirement);
  return { text: [...new Set(rules.map((rule) => rule.text))].join(' and '), requirements: sorted };
}

/** The same for rules that decide alike. */
export function keyOf({ requirements }: Rule): string {
  return requirements.map(textOf).join(' and ');
}

/** @returns the kind of name that is missing, or `undefined` when the principal may pass. */
export function missing({ requirements }: Rule, principal: Principal): 'role' | 'scope' | undefined {
  const failed = requirements.filter(({ of, anyOf }) => {
    const held = principal[of];
    return !anyOf.some((all) => all.every((name) => held.includes(name)));
  });
  if (failed.length === 0) return undefined;
  return failed.some(({ of }) => of === 'roles') ? 'role' : 'scope';
}

function textOf({ of, anyOf }: Requirement): string {
  return `${of}: ${JSON.stringify(anyOf)}`;
}

/** List coercion as of `[[String!]!]`: a flat list is a list of alternatives. An empty one would pass for everybody. */
function alternatives(value: unknown, argument: string, coordinate: string): string[][] {
  const outer: unknown[] = Array.isArray(value) ? value : [value];
  const lists = outer.map((inner): unknown[] => (Array.isArray(inner) ? inner : [inner]));
  if (lists.length === 0 || lists.some((list) => list.length === 0) || !lists.flat().every(isName)) {
    const found = Array.isArray(value) ? JSON.stringify(value) : show(value);
    throw new TypeError(
      `${coordinate}: ${argument} of @auth must be a list of lists of names, none of them empty, but is ${found}.`,
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

/** Rules given in code by coordinate, for schemas that have no SDL to annotate. */
import { isRecord, requireKnownOptions, show } from '@graphql-bulwark/core/internal';
import type { GraphQLSchema } from 'graphql';
import type { DirectiveArguments } from './read-directive.ts';
import { type AuthMode, type DirectiveReader, listCoordinates, type OwnerMode } from './sdl.ts';

/** One name, alternatives, or alternatives of names that must all be held. */
export type Names = string | readonly (string | readonly string[])[];

/** The arguments of `@auth`. Without any, every authenticated caller passes. */
export interface AuthArguments {
  readonly roles?: Names;
  readonly scopes?: Names;
  readonly policies?: Names;
  /** What a denial does that is certain before execution. @default 'REJECT' for mutations and subscriptions, 'NULL' for queries */
  readonly mode?: AuthMode;
}

/** The arguments of `@owner`. */
export interface OwnerArguments {
  /** Property of the object that is its owner, or a path by dots. @default 'ownerId' */
  readonly field?: string;
  /** Claim of the caller that must equal the owner. @default 'sub' */
  readonly claim?: string;
  /** Argument that must equal the claim. Beside `loader`: the one that names the rows for the loader. */
  readonly arg?: string;
  /** Name of the loader that finds the object or its owners. */
  readonly loader?: string;
  /** Roles that need not be an owner. */
  readonly bypass?: Names;
  /** What stands in place of what is denied. @default 'ERROR' */
  readonly mode?: OwnerMode;
  /** Whether the argument may be left out. @default only an input field of a mutation may */
  readonly optional?: boolean;
  /** Whether an argument that is left out is filled in with the claim. @default false */
  readonly preset?: boolean;
}

/** What would be written on one element of a schema. A list is a repeated directive. */
export interface CodeRule {
  readonly auth?: AuthArguments | readonly AuthArguments[];
  readonly owner?: OwnerArguments | readonly OwnerArguments[];
  readonly public?: true;
}

/** Schema coordinate -> rule: `Invoice`, `Invoice.total`, `Query.invoices(userId:)`, `InvoiceInput.ownerId`, `Status.PAID`. */
export type CodeRules = Readonly<Record<string, CodeRule>>;

/** Adds rules from code to those that the schema carries. @throws {TypeError} for a coordinate that the schema does not have. */
export function addCodeRules(schema: GraphQLSchema, readUses: DirectiveReader, rules: CodeRules): DirectiveReader {
  const byCoordinate = new Map<string, ReadonlyMap<string, DirectiveArguments[]>>();
  const known = listCoordinates(schema);
  for (const [coordinate, rule] of Object.entries<unknown>(rules)) {
    if (!known.has(coordinate)) throw new TypeError(`rules: the schema has no ${coordinate}.`);
    if (!isRecord(rule)) {
      throw new TypeError(`rules: the rule of ${coordinate} must be an object, but is ${show(rule)}.`);
    }
    requireKnownOptions(`rules: ${coordinate}`, rule, ['auth', 'owner', 'public']);
    const asked = Object.entries(rule).map(([name, given]) => [name, readCodeRule(given, name, coordinate)] as const);
    byCoordinate.set(coordinate, new Map(asked));
    if (asked.length === 0) throw new TypeError(`rules: ${coordinate} needs auth, owner or public.`);
  }
  return (element, name, coordinate) => [
    ...readUses(element, name, coordinate),
    ...(byCoordinate.get(coordinate)?.get(name) ?? []),
  ];
}

function readCodeRule(given: unknown, name: string, coordinate: string): DirectiveArguments[] {
  if (name === 'public' && given === true) return [{}];
  const list: unknown[] = Array.isArray(given) ? given : [given];
  if (list.length > 0 && name !== 'public' && list.every(isRecord)) return list;
  throw new TypeError(`rules: ${name} of ${coordinate} must be ${name === 'public' ? 'true' : 'its arguments'}.`);
}

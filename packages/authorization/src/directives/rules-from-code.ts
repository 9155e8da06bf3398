/** Rules given from code, for schemas that have no SDL to annotate: the same rules, by coordinate. */
import { isRecord, requireKnownOptions, show } from '@graphql-bulwark/core/internal';
import type { GraphQLSchema } from 'graphql';
import type { DirectiveArguments } from './read-directive.ts';
import { type AuthMode, coordinatesOf, type OwnerMode, type Uses } from './sdl.ts';

/** One name, alternatives, or alternatives of names that must all be held. */
export type Names = string | readonly (string | readonly string[])[];

/** The arguments of `@auth`. None: any authenticated caller. */
export interface AuthArguments {
  readonly roles?: Names;
  readonly scopes?: Names;
  readonly policies?: Names;
  /** @default 'REJECT' for mutations and subscriptions, 'NULL' for queries */
  readonly mode?: AuthMode;
}

/** The arguments of `@owner`. */
export interface OwnerArguments {
  /** @default 'ownerId' */
  readonly field?: string;
  /** @default 'sub' */
  readonly claim?: string;
  /** The argument that must be the caller. Beside `loader`: the one that names the rows that the loader is asked for. */
  readonly arg?: string;
  readonly loader?: string;
  readonly bypass?: Names;
  /** @default 'ERROR' */
  readonly mode?: OwnerMode;
  readonly optional?: boolean;
  readonly preset?: boolean;
}

/** What would be written on one element of a schema; a list is a repeated directive. */
export interface CodeRule {
  readonly auth?: AuthArguments | readonly AuthArguments[];
  readonly owner?: OwnerArguments | readonly OwnerArguments[];
  readonly public?: true;
}

/** Schema coordinate -> rule: `Invoice`, `Invoice.total`, `Query.invoices(userId:)`, `InvoiceInput.ownerId`, `Status.PAID`. */
export type CodeRules = Readonly<Record<string, CodeRule>>;

/** Adds the rules from code to what the schema itself carries. @throws {TypeError} for a coordinate that is not there. */
export function withCodeRules(schema: GraphQLSchema, uses: Uses, rules: CodeRules): Uses {
  const byCoordinate = new Map<string, ReadonlyMap<string, DirectiveArguments[]>>();
  const known = coordinatesOf(schema);
  for (const [coordinate, rule] of Object.entries<unknown>(rules)) {
    if (!known.has(coordinate)) throw new TypeError(`rules: the schema has no ${coordinate}.`);
    if (!isRecord(rule)) {
      throw new TypeError(`rules: the rule of ${coordinate} must be an object, but is ${show(rule)}.`);
    }
    requireKnownOptions(`rules: ${coordinate}`, rule, ['auth', 'owner', 'public']);
    const asked = Object.entries(rule).map(([name, given]) => [name, fromCode(given, name, coordinate)] as const);
    byCoordinate.set(coordinate, new Map(asked));
    if (asked.length === 0) throw new TypeError(`rules: ${coordinate} needs auth, owner or public.`);
  }
  return (element, name, coordinate) => [
    ...uses(element, name, coordinate),
    ...(byCoordinate.get(coordinate)?.get(name) ?? []),
  ];
}

function fromCode(given: unknown, name: string, coordinate: string): DirectiveArguments[] {
  if (name === 'public' && given === true) return [{}];
  const list: unknown[] = Array.isArray(given) ? given : [given];
  if (list.length > 0 && name !== 'public' && list.every(isRecord)) return list;
  throw new TypeError(`rules: ${name} of ${coordinate} must be ${name === 'public' ? 'true' : 'its arguments'}.`);
}

/**
 * `@rateLimit` in a schema, compiled once: which root fields are limited, how, and by which values.
 *
 * Whatever could not be counted as it is written keeps the server from starting.
 */
import { knownOptions, show, wholeNumber } from '@graphql-bulwark/core';
import { getDirective } from '@graphql-tools/utils';
import {
  type GraphQLField,
  type GraphQLNamedType,
  type GraphQLSchema,
  getNamedType,
  isAbstractType,
  isInputObjectType,
  isInterfaceType,
  isObjectType,
} from 'graphql';
import { type ArgumentPath, argumentPath } from './argument-path.ts';

/** The definitions of `@rateLimit`, to put beside the type definitions that use it. */
export const rateLimitDirectives: string = /* GraphQL */ `
"What a rate limit counts by."
enum RateLimitKey {
  "The authenticated caller; an anonymous one is told by its address."
  PRINCIPAL
  "The address that the request came from."
  ADDRESS
  "All callers together."
  GLOBAL
}

"At most \`max\` calls of this root field per window and key. Several on one field all hold."
directive @rateLimit(
  max: Int!
  windowSeconds: Int! = 60
  "Together one key."
  by: [RateLimitKey!]! = [PRINCIPAL]
  "Paths of arguments whose values join the key, such as \\"input.email\\"."
  args: [String!]
) repeatable on FIELD_DEFINITION
`;

const scopes = ['PRINCIPAL', 'ADDRESS', 'GLOBAL'] as const;
export type Scope = (typeof scopes)[number];

/** One `@rateLimit`. */
export interface Rule {
  /** Names the bucket: the coordinate, with `#2`, `#3`, ... from the second rule of a field on. */
  readonly policy: string;
  readonly coordinate: string;
  readonly max: number;
  readonly windowSeconds: number;
  /** In the order of the enum, each once. */
  readonly by: readonly Scope[];
  readonly args: readonly ArgumentPath[];
}

/** A root field with its rules. */
export interface LimitedField {
  readonly field: GraphQLField<unknown, unknown>;
  readonly rules: readonly Rule[];
}

/** Name of a root type -> name of a field -> its rules; fields without rules are left out. */
export type LimitedFields = ReadonlyMap<string, ReadonlyMap<string, LimitedField>>;

/** The longest delay that a Node.js timer can hold, which the memory store ends its windows with. */
export const longestWindowSeconds = 2_147_483;

/** @throws {TypeError} for a rule that makes no sense or stands where it would not be counted. */
export function compileRules(schema: GraphQLSchema): LimitedFields {
  const limited = new Map<string, Map<string, LimitedField>>();
  const roots = [schema.getQueryType(), schema.getMutationType(), schema.getSubscriptionType()];
  for (const type of Object.values(schema.getTypeMap())) {
    refuseAt(type.name, getDirective(schema, type, 'rateLimit'));
    if (isInputObjectType(type)) {
      for (const field of Object.values(type.getFields())) {
        refuseAt(`${type.name}.${field.name}`, getDirective(schema, field, 'rateLimit'));
      }
    }
    if (!isObjectType(type) && !isInterfaceType(type)) continue;
    const fields = new Map<string, LimitedField>();
    for (const field of Object.values(type.getFields())) {
      const coordinate = `${type.name}.${field.name}`;
      const directives = getDirective(schema, field, 'rateLimit') ?? [];
      if (!roots.some((root) => root === type)) refuseAt(coordinate, directives);
      const rules = directives.map((values, i) => compileRule(coordinate, i, field, values));
      if (rules.length > 0) fields.set(field.name, { field, rules });
    }
    if (fields.size === 0) continue;
    refuseNested(schema, type);
    limited.set(type.name, fields);
  }
  return limited;
}

function refuseAt(coordinate: string, directives: readonly unknown[] | undefined): void {
  if (!directives?.length) return;
  throw new TypeError(`@rateLimit on ${coordinate}: only fields of Query, Mutation and Subscription can be limited.`);
}

/** Where a root type comes back below the root, its fields would be called without being counted. */
function refuseNested(schema: GraphQLSchema, root: GraphQLNamedType): void {
  for (const type of Object.values(schema.getTypeMap())) {
    if (!isObjectType(type) && !isInterfaceType(type)) continue;
    for (const field of Object.values(type.getFields())) {
      const returned = getNamedType(field.type);
      if (returned !== root && !(isAbstractType(returned) && isObjectType(root) && schema.isSubType(returned, root))) {
        continue;
      }
      throw new TypeError(
        `@rateLimit on fields of ${root.name}: ${type.name}.${field.name} returns ${returned.name}, ` +
          'and below the root they would not be counted.',
      );
    }
  }
}

function compileRule(
  coordinate: string,
  index: number,
  field: GraphQLField<unknown, unknown>,
  values: Readonly<Record<string, unknown>>,
): Rule {
  const where = `@rateLimit on ${coordinate}`;
  knownOptions(where, values, ['max', 'windowSeconds', 'by', 'args']);
  const { max, windowSeconds = 60, by = ['PRINCIPAL'], args } = values;
  const paths = args === undefined || args === null ? [] : list(`${where}: args`, args);
  if (wholeNumber(`${where}: windowSeconds`, windowSeconds) > longestWindowSeconds) {
    throw new TypeError(
      `${where}: windowSeconds must be at most ${longestWindowSeconds}, but is ${show(windowSeconds)}.`,
    );
  }
  const named = list(`${where}: by`, by);
  for (const scope of named) {
    if (!scopes.some((known) => known === scope)) {
      throw new TypeError(`${where}: by must hold PRINCIPAL, ADDRESS or GLOBAL, but holds ${show(scope)}.`);
    }
  }
  return {
    policy: index === 0 ? coordinate : `${coordinate}#${index + 1}`,
    coordinate,
    max: wholeNumber(`${where}: max`, max),
    windowSeconds: wholeNumber(`${where}: windowSeconds`, windowSeconds),
    by: scopes.filter((scope) => named.includes(scope)),
    args: paths.map((path) => argumentPath(where, field, path)),
  };
}

function list(option: string, value: unknown): readonly unknown[] {
  if (Array.isArray(value) && value.length > 0) return value;
  throw new TypeError(
    `${option} must be a list that is not empty, but is ${Array.isArray(value) ? 'empty' : show(value)}.`,
  );
}

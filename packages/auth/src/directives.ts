/** The three directives, and where a schema carries them: in its SDL, in extensions of it, or in `extensions` from code. */
import { getDirective } from '@graphql-tools/utils';
import {
  type GraphQLNamedType,
  type GraphQLSchema,
  isEnumType,
  isInputObjectType,
  isInterfaceType,
  isObjectType,
} from 'graphql';

/** SDL to put among a schema's type definitions. */
export const authDirectives: string = /* GraphQL */ `
"Only for a caller who holds the roles and the scopes. The outer list is an OR, the inner lists are ANDs; without arguments any authenticated caller. Repeated: all must pass."
directive @auth(roles: [[String!]!], scopes: [[String!]!]) repeatable on OBJECT | FIELD_DEFINITION

"Only for the caller whose claim equals the object's own property. Repeated: one owner is enough. Beside @auth: both must pass."
directive @owner(field: String = "ownerId", claim: String = "sub") repeatable on OBJECT

"For everyone. Takes a root field, or all fields of a root type, out of the default rule."
directive @public on FIELD_DEFINITION | OBJECT
`;

/** The name of one of the three directives. */
export type DirectiveName = 'auth' | 'owner' | 'public';

const names: readonly DirectiveName[] = ['auth', 'owner', 'public'];

/** A part of a schema that can carry directives. */
export type Directable = Parameters<typeof getDirective>[1];

/** The arguments of one use of a directive. */
export type DirectiveArguments = Readonly<Record<string, unknown>>;

/** Each use of a directive on one element. @throws {TypeError} naming the coordinate, for a form that cannot be read. */
export function usesOf(
  schema: GraphQLSchema,
  element: Directable,
  name: DirectiveName,
  coordinate: string,
): DirectiveArguments[] {
  const inExtensions: unknown = (element.extensions as Record<string, unknown> | undefined)?.['directives'];
  if (Array.isArray(inExtensions) && inExtensions.some((use: { name?: unknown } | null) => use?.name === name)) {
    throw new TypeError(
      `${coordinate}: give extensions.directives as an object ({ ${name}: { ... } }), not as a list.`,
    );
  }
  return read(schema, element, name, coordinate).map((use) => {
    if (typeof use === 'object' && use !== null && !Array.isArray(use)) return use as DirectiveArguments;
    throw new TypeError(`${coordinate}: the arguments of @${name} must be an object.`);
  });
}

/** @throws {TypeError} for an argument that the directive does not have: it would be silently without effect. */
export function knownArguments(
  use: DirectiveArguments,
  name: DirectiveName,
  coordinate: string,
  known: readonly string[],
): void {
  for (const argument of Object.keys(use)) {
    if (!known.includes(argument)) throw new TypeError(`${coordinate}: @${name} has no argument '${argument}'.`);
  }
}

/** Whether the schema declares one of the directives, or uses one without declaring it. */
export function usesDirectives(schema: GraphQLSchema): boolean {
  if (names.some((name) => schema.getDirective(name))) return true;
  for (const [coordinate, element] of elementsOf(schema)) {
    if (names.some((name) => usesOf(schema, element, name, coordinate).length > 0)) return true;
  }
  return false;
}

/** @throws {TypeError} for a directive where it would have no effect. SDL cannot hold one there; code can. */
export function checkLocations(schema: GraphQLSchema): void {
  for (const [coordinate, element, allowed] of elementsOf(schema)) {
    for (const name of names) {
      if (!allowed.includes(name) && usesOf(schema, element, name, coordinate).length > 0) {
        throw new TypeError(`${coordinate}: @${name} has no effect here.`);
      }
    }
  }
}

function read(schema: GraphQLSchema, element: Directable, name: DirectiveName, coordinate: string): unknown[] {
  try {
    return getDirective(schema, element, name) ?? [];
  } catch (error) {
    throw new TypeError(`${coordinate}: the arguments of @${name} cannot be read.`, { cause: error });
  }
}

type Element = readonly [coordinate: string, element: Directable, allowed: readonly DirectiveName[]];

function* elementsOf(schema: GraphQLSchema): Generator<Element> {
  yield ['schema', schema, []];
  for (const type of Object.values(schema.getTypeMap())) {
    if (type.name.startsWith('__')) continue;
    yield [type.name, type, isObjectType(type) ? names : []];
    yield* membersOf(type);
  }
}

function* membersOf(type: GraphQLNamedType): Generator<Element> {
  if (isObjectType(type) || isInterfaceType(type)) {
    for (const field of Object.values(type.getFields())) {
      const coordinate = `${type.name}.${field.name}`;
      yield [coordinate, field, ['auth', 'public']];
      for (const argument of field.args) yield [`${coordinate}(${argument.name}:)`, argument, []];
    }
  } else if (isInputObjectType(type)) {
    for (const field of Object.values(type.getFields())) yield [`${type.name}.${field.name}`, field, []];
  } else if (isEnumType(type)) {
    for (const value of type.getValues()) yield [`${type.name}.${value.name}`, value, []];
  }
}

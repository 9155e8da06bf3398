/** Reads a directive on one element of a schema: from its SDL, from extensions of it (`extend type`), or from `extensions` in code. */
import { isRecord, selectDirective } from '@graphql-bulwark/core/internal';
import { getDirective } from '@graphql-tools/utils';
import type { GraphQLSchema } from 'graphql';

/** A part of a schema that can carry directives. */
export type Directable = Parameters<typeof getDirective>[1];

/** The arguments of one use of a directive. */
export type DirectiveArguments = Readonly<Record<string, unknown>>;

/** Reads the arguments of each use. @throws {TypeError} naming the coordinate, for a form that cannot be read. */
export function readDirective(
  schema: GraphQLSchema,
  element: Directable,
  name: string,
  coordinate: string,
): DirectiveArguments[] {
  return readUses(schema, element, name, coordinate).map((use) => {
    if (isRecord(use)) return use;
    throw new TypeError(`${coordinate}: the arguments of @${name} must be an object.`);
  });
}

function readUses(schema: GraphQLSchema, element: Directable, name: string, coordinate: string): unknown[] {
  const selected = selectDirective(element, name, coordinate);
  try {
    return getDirective(schema, selected, name) ?? [];
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new TypeError(`${coordinate}: the arguments of @${name} cannot be read: ${why}`, { cause: error });
  }
}

/** Reads a directive on one element of a schema: from its SDL, from extensions of it (`extend type`), or from `extensions` in code. */
import { isRecord } from '@graphql-bulwark/core/internal';
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
  const inExtensions: unknown = (element.extensions as Record<string, unknown> | undefined)?.['directives'] ?? {};
  const isOverlooked = Array.isArray(inExtensions)
    ? inExtensions.some((use: { name?: unknown } | null) => use?.name === name)
    : !isRecord(inExtensions) || [inExtensions[name]].flat().length === 0;
  if (isOverlooked) {
    throw new TypeError(`${coordinate}: give extensions.directives as an object ({ ${name}: { ... } }).`);
  }
  return readUses(schema, element, name, coordinate).map((use) => {
    if (isRecord(use)) return use;
    throw new TypeError(`${coordinate}: the arguments of @${name} must be an object.`);
  });
}

function readUses(schema: GraphQLSchema, element: Directable, name: string, coordinate: string): unknown[] {
  try {
    return getDirective(schema, element, name) ?? [];
  } catch (error) {
    throw new TypeError(`${coordinate}: the arguments of @${name} cannot be read.`, { cause: error });
  }
}

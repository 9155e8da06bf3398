/** Finds owners that are read from a property whose name is most likely misspelt: every caller would be denied. */
import { findSimilar } from '@graphql-bulwark/core/internal';
import { type GraphQLObjectType, type GraphQLSchema, getNamedType, isObjectType } from 'graphql';
import type { Guarded } from './compiled-rules.ts';
import type { OwnerRule } from './owner-rule.ts';

type ByCoordinate = ReadonlyMap<string, Guarded>;

/**
 * Lists rules whose `field` names what no type of the schema has, beside a similar field that the type does have. A property
 * that the schema does not show is valid, so this is no reason to refuse.
 *
 * @returns one text per rule, such as `Note: @owner(field: "ownrId") - did you mean 'ownerId'?`.
 */
export function listMisspeltOwners(schema: GraphQLSchema, types: ByCoordinate, fields: ByCoordinate): string[] {
  const objects = Object.values(schema.getTypeMap()).filter(isObjectType);
  const known = new Set(objects.flatMap((type) => Object.keys(type.getFields())));
  const found: string[] = [];
  for (const [coordinate, { owners }] of [...types, ...fields]) {
    const type = schema.getType(coordinate.split('.')[0] ?? '');
    for (const owner of isObjectType(type) ? owners.filter(readsObject) : []) {
      const meant = findMeant(type as GraphQLObjectType, owner.path, known);
      if (meant) found.push(`${coordinate}: @owner(field: "${owner.path.join('.')}") - did you mean '${meant}'?`);
    }
  }
  return found;
}

/** Whether the owner is a property of the object, and no argument or what a loader finds. */
function readsObject({ place, arg, loader }: OwnerRule): boolean {
  return (place === 'object' || place === 'field') && arg === undefined && loader === undefined;
}

/** Follows a path through the types as far as they show it. @returns the field that is similar to the first unknown key. */
function findMeant(start: GraphQLObjectType, path: readonly string[], known: ReadonlySet<string>): string | undefined {
  let type = start;
  for (const key of path) {
    const fields = type.getFields();
    const field = fields[key];
    if (!field) {
      // A field with a resolver can stand for a column that is called otherwise.
      const plain = Object.values(fields).filter(({ resolve }) => resolve === undefined);
      return known.has(key)
        ? undefined
        : findSimilar(
            key,
            plain.map(({ name }) => name),
          );
    }
    const named = getNamedType(field.type);
    if (!isObjectType(named)) return undefined;
    type = named;
  }
  return undefined;
}

/**
 * Checks types of a subgraph whose objects may come from a router rather than from a database. A representation is whatever was sent,
 * so an owner that is read from it is one that a client may have chosen.
 */
import { isPlainField } from '@graphql-bulwark/core/internal';
import { type GraphQLObjectType, type GraphQLSchema, getNamedType, isObjectType } from 'graphql';
import { type Guarded, listPossibleTypes } from '../compile/compiled-rules.ts';
import type { OwnerRule } from '../compile/owner-rule.ts';
import { isSentByRouter } from '../directives/federation.ts';

type ByCoordinate = ReadonlyMap<string, Guarded>;

/**
 * @throws {TypeError} for a type with `@key`, and with an `@owner` on itself or on a field, that has no `__resolveReference`; for
 * one of whose fields without a resolver answers with objects of such a type.
 */
export function validateEntities(
  schema: GraphQLSchema,
  { types, fields }: { readonly types: ByCoordinate; readonly fields: ByCoordinate },
): void {
  const listFieldOwners = (type: GraphQLObjectType): readonly OwnerRule[] =>
    Object.keys(type.getFields()).flatMap((field) => fields.get(`${type.name}.${field}`)?.owners ?? []);
  const readsObject = ({ arg, loader }: OwnerRule): boolean => arg === undefined && loader === undefined;
  for (const type of Object.values(schema.getTypeMap())) {
    if (!isObjectType(type) || !isSentByRouter(schema, type)) continue;
    if ((types.get(type.name)?.owners ?? []).length > 0 || listFieldOwners(type).some(readsObject)) {
      throw new TypeError(
        `${type.name} has @key and @owner and needs a __resolveReference that loads it, in extensions.apollo.subgraph.`,
      );
    }
    for (const [coordinate, along] of findSentTypes(schema, type)) {
      if (![...(types.get(along.name)?.owners ?? []), ...listFieldOwners(along)].some(readsObject)) continue;
      throw new TypeError(
        `${coordinate} needs a resolver, or ${type.name} a __resolveReference: a router could name the owner of a ${along.name}.`,
      );
    }
  }
}

/** Finds the types of objects within a representation that are answered as they were sent: of fields without a resolver, and of theirs. */
function* findSentTypes(
  schema: GraphQLSchema,
  sent: GraphQLObjectType,
): Generator<readonly [coordinate: string, type: GraphQLObjectType]> {
  const holders = new Set([sent]);
  for (const holder of holders) {
    for (const field of Object.values(holder.getFields())) {
      if (!isPlainField(field)) continue;
      for (const type of listPossibleTypes(schema, getNamedType(field.type))) {
        if (!isObjectType(type)) continue;
        yield [`${holder.name}.${field.name}`, type];
        holders.add(type);
      }
    }
  }
}

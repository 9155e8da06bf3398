/** What a federation router sends in place of an object that the subgraph loads: an owner must not be read from there. */
import { isPlainField } from '@graphql-bulwark/core/internal';
import { type GraphQLObjectType, type GraphQLSchema, getNamedType, isAbstractType, isObjectType } from 'graphql';
import type { Guarded } from '../compile/compiled-rules.ts';
import type { OwnerRule } from '../compile/owner-rule.ts';
import { isSent } from '../directives/federation.ts';

type ByCoordinate = ReadonlyMap<string, Guarded>;

/**
 * Where a subgraph takes objects out of what a router sends, an owner must not be read from there.
 *
 * @throws {TypeError} for a type with `@key`, and with an `@owner` on itself or on a field, that has no `__resolveReference`; for
 * one of whose fields without a resolver answers with objects of such a type.
 */
export function checkEntities(
  schema: GraphQLSchema,
  { types, fields }: { readonly types: ByCoordinate; readonly fields: ByCoordinate },
): void {
  const ownersOf = (type: GraphQLObjectType): readonly OwnerRule[] =>
    Object.keys(type.getFields()).flatMap((field) => fields.get(`${type.name}.${field}`)?.owners ?? []);
  const isRead = ({ arg, loader }: OwnerRule): boolean => arg === undefined && loader === undefined;
  for (const type of Object.values(schema.getTypeMap())) {
    if (!isObjectType(type) || !isSent(schema, type)) continue;
    if ((types.get(type.name)?.owners ?? []).length > 0 || ownersOf(type).some(isRead)) {
      throw new TypeError(
        `${type.name} has @key and @owner and needs a __resolveReference that loads it, in extensions.apollo.subgraph.`,
      );
    }
    for (const [coordinate, along] of sentAlong(schema, type)) {
      if (![...(types.get(along.name)?.owners ?? []), ...ownersOf(along)].some(isRead)) continue;
      throw new TypeError(
        `${coordinate} needs a resolver, or ${type.name} a __resolveReference: a router could say whose a ${along.name} is.`,
      );
    }
  }
}

/** What stands in an object that was sent and is answered as it is: the types of fields without a resolver, and of theirs. */
function* sentAlong(
  schema: GraphQLSchema,
  sent: GraphQLObjectType,
): Generator<readonly [coordinate: string, type: GraphQLObjectType]> {
  const holders = new Set([sent]);
  for (const holder of holders) {
    for (const field of Object.values(holder.getFields())) {
      if (!isPlainField(field)) continue;
      const named = getNamedType(field.type);
      for (const type of isAbstractType(named) ? schema.getPossibleTypes(named) : [named]) {
        if (!isObjectType(type)) continue;
        yield [`${holder.name}.${field.name}`, type];
        holders.add(type);
      }
    }
  }
}

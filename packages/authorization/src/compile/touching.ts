/** Where a selection may meet a guard: the coordinates, those of interfaces included, at which an answer depends on the caller. */
import {
  type GraphQLNamedType,
  type GraphQLOutputType,
  type GraphQLSchema,
  getNamedType,
  isAbstractType,
  isInterfaceType,
  isListType,
  isNonNullType,
  isObjectType,
} from 'graphql';
import type { Guarded, RuleIndex } from './compiled-rules.ts';

export function touchingOf(
  schema: GraphQLSchema,
  fields: ReadonlyMap<string, Guarded>,
  types: ReadonlyMap<string, Guarded>,
): Set<string> {
  const touching = new Set<string>();
  for (const type of Object.values(schema.getTypeMap())) {
    if (!isObjectType(type) && !isInterfaceType(type)) continue;
    const concrete = isAbstractType(type) ? schema.getPossibleTypes(type) : [type];
    for (const field of Object.values(type.getFields())) {
      const named = getNamedType(field.type);
      const results = isAbstractType(named) ? schema.getPossibleTypes(named) : [named];
      const guarded = concrete.some(({ name }) => fields.has(`${name}.${field.name}`) || types.has(name));
      if (guarded || results.some(({ name }) => types.has(name))) touching.add(`${type.name}.${field.name}`);
    }
  }
  return touching;
}

/**
 * Tells in which fields a denial, or a promise that it waits for, may reach an item that cannot be null: an executor may give up
 * such a list while the item still runs.
 */
export function listsThatDenialsReach(
  schema: GraphQLSchema,
  index: Pick<RuleIndex, 'fields' | 'types'>,
): (type: GraphQLOutputType) => boolean {
  const deniable = new Set<GraphQLNamedType>();
  const reaches = (type: GraphQLOutputType): boolean => isNonNullType(type) && reachesBare(type.ofType);
  const reachesBare = (type: GraphQLOutputType): boolean => {
    if (isNonNullType(type)) return reachesBare(type.ofType);
    return isListType(type) ? reaches(type.ofType) : deniable.has(type);
  };
  const isDeniable = (type: GraphQLNamedType): boolean => {
    if (isAbstractType(type)) return schema.getPossibleTypes(type).some((possible) => deniable.has(possible));
    if (!isObjectType(type)) return false;
    return (
      index.types.has(type.name) ||
      Object.values(type.getFields()).some(
        (field) => (isNonNullType(field.type) && index.fields.has(`${type.name}.${field.name}`)) || reaches(field.type),
      )
    );
  };
  const types = Object.values(schema.getTypeMap());
  for (let before = -1; before < deniable.size; ) {
    before = deniable.size;
    for (const type of types) if (!deniable.has(type) && isDeniable(type)) deniable.add(type);
  }
  const returnsLosable = (type: GraphQLOutputType): boolean => {
    if (isNonNullType(type)) return returnsLosable(type.ofType);
    return isListType(type) && (reaches(type.ofType) || returnsLosable(type.ofType));
  };
  return returnsLosable;
}

/** Where a selection may meet a guard: the coordinates, those of interfaces included, at which an answer depends on the caller. */
import { type GraphQLSchema, getNamedType, isAbstractType, isInterfaceType, isObjectType } from 'graphql';
import type { Guarded } from './guarded.ts';

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

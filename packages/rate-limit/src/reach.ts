/** What leads to limited fields, and what a subscription leads to. */
import {
  type GraphQLNamedType,
  type GraphQLSchema,
  getNamedType,
  isAbstractType,
  isCompositeType,
  isInterfaceType,
  isObjectType,
} from 'graphql';

/** Name of a type -> name of a field -> what is counted by selection. */
type Limited = ReadonlyMap<string, ReadonlyMap<string, { readonly rules: readonly unknown[] }>>;

/** Adds every type from which one of these can be reached. */
export function leadingTo(schema: GraphQLSchema, types: Set<string>): ReadonlySet<string> {
  const composite = Object.values(schema.getTypeMap()).filter((type) => isCompositeType(type));
  for (let before = -1; before < types.size; ) {
    before = types.size;
    for (const type of composite) {
      const next = isAbstractType(type)
        ? schema.getPossibleTypes(type)
        : Object.values(type.getFields()).map((field) => getNamedType(field.type));
      if (next.some(({ name }) => types.has(name))) types.add(type.name);
    }
  }
  return types;
}

/** Coordinates that are counted by selection and that a subscription reaches: it selects them once, for all of its events. */
export function belowSubscriptions(schema: GraphQLSchema, fields: Limited): string[] {
  const reached = new Set<GraphQLNamedType>();
  const below = (type: GraphQLNamedType): void => {
    if (reached.has(type)) return;
    reached.add(type);
    if (isAbstractType(type)) schema.getPossibleTypes(type).forEach(below);
    if (!isObjectType(type) && !isInterfaceType(type)) return;
    for (const field of Object.values(type.getFields())) below(getNamedType(field.type));
  };
  for (const field of Object.values(schema.getSubscriptionType()?.getFields() ?? {})) below(getNamedType(field.type));
  return [...reached].flatMap(({ name: type }) =>
    [...(fields.get(type) ?? [])].flatMap(([name, { rules }]) => (rules.length > 0 ? [`${type}.${name}`] : [])),
  );
}

/** Lists of which nothing says how long they can be: each is priced as by default, whatever it returns. */
import {
  type GraphQLNamedType,
  type GraphQLSchema,
  getNamedType,
  isAbstractType,
  isInterfaceType,
  isObjectType,
} from 'graphql';
import type { SizedFields } from './cost-list-size.ts';
import type { CostSchema } from './cost-schema.ts';

/** @returns the coordinates of such fields; those of leaves cost nothing by their length. */
export function unsizedLists(costs: CostSchema): string[] {
  const { schema } = costs;
  const objects = Object.values(schema.getTypeMap()).filter((type) => isObjectType(type));
  const fields = objects.flatMap((type) => [...(costs.typeNamed(type.name)?.fields.values() ?? [])]);
  const sizedByParent = new Set<string>();
  for (const { sizing, composite } of fields) {
    if (sizing?.sizedFields && composite) mark(schema, composite.type, sizing.sizedFields, sizedByParent);
  }
  return fields
    .filter(({ composite, dimensions, sizing }) => composite && dimensions > 0 && !sizing)
    .map(({ coordinate }) => coordinate)
    .filter((coordinate) => !sizedByParent.has(coordinate));
}

/** Marks the fields that `sizedFields` names on a type, or on its members. */
function mark(schema: GraphQLSchema, type: GraphQLNamedType, sized: SizedFields, found: Set<string>): void {
  for (const one of isAbstractType(type) ? [type, ...schema.getPossibleTypes(type)] : [type]) {
    if (!isObjectType(one) && !isInterfaceType(one)) continue;
    for (const [name, below] of sized) {
      const field = one.getFields()[name];
      if (!field) continue;
      if (below === true) found.add(`${one.name}.${name}`);
      else mark(schema, getNamedType(field.type), below, found);
    }
  }
}

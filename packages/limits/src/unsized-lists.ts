/** Lists of which nothing says how long they can be: each is priced as by default, whatever it returns. */
import { isObjectType } from 'graphql';
import type { SizedFields } from './cost-list-size.ts';
import type { CostSchema, TypeCosts } from './cost-schema.ts';

/** @returns the coordinates of such fields; those of leaves cost nothing by their length. */
export function unsizedLists(costs: CostSchema): string[] {
  const objects = Object.values(costs.schema.getTypeMap()).filter((type) => isObjectType(type));
  const fields = objects.flatMap((type) => [...(costs.typeNamed(type.name)?.fields.values() ?? [])]);
  const sizedByParent = new Set<string>();
  for (const { sizing, composite } of fields) {
    if (sizing?.sizedFields && composite) mark(composite, sizing.sizedFields, sizedByParent);
  }
  return fields
    .filter(({ composite, dimensions, sizing }) => composite && dimensions > 0 && !sizing)
    .map(({ coordinate }) => coordinate)
    .filter((coordinate) => !sizedByParent.has(coordinate));
}

/** Marks the fields that `sizedFields` names on a type, or on its members. */
function mark(type: TypeCosts, sized: SizedFields, found: Set<string>): void {
  for (const { fields } of [type, ...(type.members ?? [])]) {
    for (const [name, below] of sized) {
      const field = fields.get(name);
      if (!field) continue;
      if (below === true) found.add(field.coordinate);
      else if (field.composite) mark(field.composite, below, found);
    }
  }
}

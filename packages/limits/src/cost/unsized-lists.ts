/** Lists whose price is a guess: those of which nothing says how long they can be, and those of which nothing enforces it. */
import { isObjectType } from 'graphql';
import { isSizeEnforced } from '../execution/bound-schema.ts';
import type { SizedFields } from './list-size.ts';
import type { CostSchema, FieldCost, TypeCosts } from './schema.ts';

/** Coordinates of fields; lists of leaves are not among them, as they cost nothing by their length. */
export interface UnsizedLists {
  /** Each is priced as by default. */
  readonly unknown: readonly string[];
  /** Each is priced by an `assumedSize` alone: no argument says its length, and a resolver may return any number of items. */
  readonly assumed: readonly string[];
}

export function unsizedLists(costs: CostSchema): UnsizedLists {
  const objects = Object.values(costs.schema.getTypeMap()).filter((type) => isObjectType(type));
  const fields = objects.flatMap((type) => [...(costs.typeNamed(type.name)?.fields.values() ?? [])]);
  const sizedByParent = new Set<string>();
  const assumedByParent = new Set<string>();
  for (const field of fields) {
    const { sizing, composite } = field;
    if (!sizing?.sizedFields || !composite) continue;
    mark(composite, sizing.sizedFields, sizedByParent);
    if (isAssumed(field)) mark(composite, sizing.sizedFields, assumedByParent);
  }
  const lists = fields.filter(({ composite, dimensions }) => composite && dimensions > 0);
  const unknown = lists.filter(({ sizing, coordinate }) => !sizing && !sizedByParent.has(coordinate));
  const assumed = lists.filter(
    (list) =>
      (assumedByParent.has(list.coordinate) || (isAssumed(list) && !list.sizing?.sizedFields)) && !isSizeEnforced(list.field),
  );
  return { unknown: unknown.map(coordinateOf), assumed: assumed.map(coordinateOf) };
}

function isAssumed({ sizing }: FieldCost): boolean {
  return sizing?.assumedSize !== undefined && sizing.slicing.length === 0;
}

function coordinateOf({ coordinate }: FieldCost): string {
  return coordinate;
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

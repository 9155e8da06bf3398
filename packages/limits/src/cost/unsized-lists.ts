/** Finds lists whose price is a guess, to be named when a server starts: their length is unknown, inferred, or not enforced. */
import { isObjectType } from 'graphql';
import { isSizeEnforced } from '../execution/bound-schema.ts';
import type { SizedFields } from './list-size.ts';
import type { CostSchema, FieldCost, TypeCosts } from './schema.ts';

/** Coordinates of fields. Lists of leaves are left out, because their length costs nothing. */
export interface UnsizedLists {
  /** `Type.field`: lists without any size. Each is priced with `defaultListSize` items. */
  readonly unknown: readonly string[];
  /** `Type.field(argument:)`: arguments that are taken for a list size because of their names. */
  readonly inferred: readonly string[];
  /** `Type.field`: lists with an `assumedSize` alone. No argument gives their length, and a resolver may return any number of items. */
  readonly assumed: readonly string[];
}

/** Lists the fields of a schema whose list sizes are a guess. */
export function listUnsized(costs: CostSchema): UnsizedLists {
  const objects = Object.values(costs.schema.getTypeMap()).filter((type) => isObjectType(type));
  const fields = objects.flatMap((type) => [...(costs.findType(type.name)?.fields.values() ?? [])]);
  const sizedByParent = new Set<string>();
  const assumedByParent = new Set<string>();
  for (const field of fields) {
    const { sizing, composite } = field;
    if (!sizing?.sizedFields || !composite) continue;
    markField(composite, sizing.sizedFields, sizedByParent);
    if (isAssumed(field)) markField(composite, sizing.sizedFields, assumedByParent);
  }
  const lists = fields.filter(({ composite, dimensions }) => composite && dimensions > 0);
  const unknown = lists.filter(({ sizing, coordinate }) => !sizing && !sizedByParent.has(coordinate));
  const assumed = lists.filter(
    (list) =>
      (assumedByParent.has(list.coordinate) || (isAssumed(list) && !list.sizing?.sizedFields)) &&
      !isSizeEnforced(list.field),
  );
  const inferred = fields.flatMap(({ sizing, coordinate }) =>
    sizing?.inferred ? sizing.slicing.map(({ argument }) => `${coordinate}(${argument.name}:)`) : [],
  );
  return { unknown: unknown.map(readCoordinate), inferred, assumed: assumed.map(readCoordinate) };
}

function isAssumed({ sizing }: FieldCost): boolean {
  return sizing?.assumedSize !== undefined && sizing.slicing.length === 0;
}

function readCoordinate({ coordinate }: FieldCost): string {
  return coordinate;
}

/** Adds the coordinates of the fields that `sizedFields` names on a type, or on its members. */
function markField(type: TypeCosts, sized: SizedFields, found: Set<string>): void {
  for (const { fields } of [type, ...(type.members ?? [])]) {
    for (const [name, below] of sized) {
      const field = fields.get(name);
      if (!field) continue;
      if (below === true) found.add(field.coordinate);
      else if (field.composite) markField(field.composite, below, found);
    }
  }
}

/**
 * A schema without the elements that a caller may not use: a valid schema of its own, for introspection and for validation.
 *
 * An element that cannot be used without a hidden one is hidden as well: a field of a hidden type, a field or directive that requires a
 * hidden argument, a field of an interface that is hidden in a type that implements it, and a type to which no visible field leads.
 */
import type { GraphQLSchema } from 'graphql';
import { rebuildSchema } from './rebuild-schema.ts';
import { type Place, readSchemaParts, type SchemaParts, type TypeParts } from './schema-parts.ts';

/** `Type`, `Type.field`, `Type.field(argument:)`, `Input.field` or `Enum.VALUE` -> whether the caller may use it. */
export type Sees = (coordinate: string) => boolean;

/** Number of a coordinate -> 1 where it is hidden. */
type Flags = Uint8Array;

/**
 * Builds the part of a schema that one caller may use.
 *
 * @returns the schema itself where nothing is hidden; a schema with an empty query type where everything is.
 */
export function buildVisibleSchema(schema: GraphQLSchema, sees: Sees): GraphQLSchema {
  const parts = readSchemaParts(schema);
  const { coordinates, idOf, asked } = parts;
  const hidden: Flags = new Uint8Array(coordinates.length);
  for (const id of asked) if (!sees(coordinates[id] ?? '')) hidden[id] = 1;
  if (!hidden.includes(1)) return schema;
  while (hideUnusable(parts, hidden));
  const isHidden = (coordinate: string): boolean => hidden[idOf.get(coordinate) ?? -1] === 1;
  return rebuildSchema(schema, { has: isHidden }, findReachable(parts, hidden));
}

/**
 * Hides what became unusable. To be repeated, because each element that is hidden can make others unusable.
 *
 * @returns whether anything was hidden.
 */
function hideUnusable({ types }: SchemaParts, hidden: Flags): boolean {
  let changed = false;
  const hide = (id: number): void => {
    if (hidden[id] === 1) return;
    hidden[id] = 1;
    changed = true;
  };
  const isLost = ({ of, twins }: Place): boolean =>
    hidden[of] === 1 || twins.some(({ type, place }) => hidden[type] !== 1 && hidden[place] === 1);
  for (const type of types) {
    if (hidden[type.id] === 1) continue;
    for (const place of type.places) {
      for (const arg of place.args) {
        if (isLost(arg)) hide(arg.id);
        if (arg.required && hidden[arg.id] === 1) hide(place.id);
      }
      if (isLost(place)) hide(place.id);
      if (type.isInput && place.required && hidden[place.id] === 1) hide(type.id);
    }
    if (isUseless(type, hidden)) hide(type.id);
  }
  return changed;
}

function isUseless({ needsMembers, members, objects }: TypeParts, hidden: Flags): boolean {
  const isHidden = (id: number): boolean => hidden[id] === 1;
  return (objects.length > 0 && objects.every(isHidden)) || (needsMembers && members.every(isHidden));
}

/** @returns the names of the types to which a visible element leads. */
function findReachable({ typeAt, roots }: SchemaParts, hidden: Flags): Set<string> {
  const found = new Set<string>();
  const queue: TypeParts[] = [];
  const reach = (id: number): void => {
    const type = hidden[id] === 1 ? undefined : typeAt.get(id);
    if (!type || found.has(type.name)) return;
    found.add(type.name);
    queue.push(type);
  };
  const reachBy = ({ id, of, args }: Place): void => {
    if (hidden[id] === 1) return;
    reach(of);
    args.forEach(reachBy);
  };
  roots.forEach(reach);
  for (const type of queue) {
    type.leadsTo.forEach(reach);
    type.places.forEach(reachBy);
  }
  return found;
}

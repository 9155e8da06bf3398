/** Refuses an `@owner`, when the schema is guarded, that cannot work with the others at its coordinate or with its field's type. */
import {
  type GraphQLField,
  type GraphQLInputType,
  type GraphQLOutputType,
  type GraphQLSchema,
  getNamedType,
  isInputObjectType,
  isInterfaceType,
  isListType,
  isNonNullType,
  isObjectType,
} from 'graphql';
import { type Guarded, getOwnerMode, listPossibleTypes } from './compiled-rules.ts';
import type { OwnerRule } from './owner-rule.ts';

/** @throws {TypeError} for owners of one coordinate that contradict each other, or of which one would let every caller pass. */
export function validateOwners(owners: OwnerRule[], coordinate: string): OwnerRule[] {
  if (new Set(owners.map(({ mode }) => mode)).size > 1) {
    throw new TypeError(`${coordinate}: give every @owner here the same mode.`);
  }
  // An argument is filled in once. Callers who have only the claim of the second owner would be denied.
  if (owners.filter(({ preset }) => preset).length > 1) {
    throw new TypeError(`${coordinate}: give preset to one @owner only.`);
  }
  const others = new Set(owners.map(({ arg }) => arg?.join('.')));
  if (others.size > 1 && owners.some(({ arg, optional }) => arg && optional === true)) {
    throw new TypeError(
      `${coordinate}: with optional, callers who leave the argument out pass every other @owner here; leave optional out.`,
    );
  }
  return owners;
}

/** @throws {TypeError} for a field whose `@owner` has no object, or names an argument that does not exist. */
export function validateReferences(
  field: GraphQLField<unknown, unknown>,
  owners: readonly OwnerRule[],
  isRoot: boolean,
  coordinate: string,
): void {
  for (const { arg, loader, rows } of owners) {
    if (isRoot && !arg && loader === undefined) {
      throw new TypeError(`${coordinate}: a root field has no object; give @owner an arg or a loader.`);
    }
    const path = arg ?? rows;
    if (path && !isArgumentPath(field, path)) {
      throw new TypeError(`${coordinate}: @owner(arg: "${path.join('.')}") leads to no argument.`);
    }
  }
}

/** @throws {TypeError} for `mode: NULL` of an object, a field, an argument or an input field where the answer cannot be `null`. */
export function validateNullMode(
  schema: GraphQLSchema,
  { types, fields, inputs }: Readonly<Record<'types' | 'fields' | 'inputs', ByCoordinate>>,
): void {
  const guards = [...fields.values(), ...inputs.values()];
  const nulling = new Set(guards.filter((one) => getOwnerMode(one) === 'NULL').map(({ coordinate }) => coordinate));
  for (const type of Object.values(schema.getTypeMap())) {
    if (!isObjectType(type) && !isInterfaceType(type)) continue;
    for (const field of Object.values(type.getFields())) {
      const results = listPossibleTypes(schema, getNamedType(field.type));
      const nulled = results.find(({ name }) => types.get(name)?.owners.some(({ mode }) => mode === 'NULL'));
      if (nulled && hasNonNullItem(field.type)) {
        throw new TypeError(
          `${type.name}.${field.name}: @owner(mode: NULL) of ${nulled.name} needs a place that can be null.`,
        );
      }
      const isRefused = type === schema.getSubscriptionType();
      if (nulling.size === 0 || !(isRefused || isNonNullType(field.type))) continue;
      const at = listOwnerCoordinates(`${type.name}.${field.name}`, field).find((coordinate) =>
        nulling.has(coordinate),
      );
      if (at !== undefined) {
        const why = isRefused ? 'is refused as a whole' : 'cannot';
        throw new TypeError(
          `${at}: mode NULL of @owner needs a field that can be null, but ${type.name}.${field.name} ${why}.`,
        );
      }
    }
  }
}

type ByCoordinate = ReadonlyMap<string, Guarded>;

function hasNonNullItem(type: GraphQLOutputType): boolean {
  if (isNonNullType(type)) return isListType(type.ofType) ? hasNonNullItem(type.ofType.ofType) : true;
  return isListType(type) && hasNonNullItem(type.ofType);
}

/** The coordinates whose owners may deny a field: its own, and those of its arguments with all input fields in them. */
function listOwnerCoordinates(coordinate: string, field: GraphQLField<unknown, unknown>): string[] {
  const seen = new Set<string>();
  const members = (type: GraphQLInputType): string[] => {
    const named = getNamedType(type);
    if (!isInputObjectType(named) || seen.has(named.name)) return [];
    seen.add(named.name);
    return Object.values(named.getFields()).flatMap((one) => [`${named.name}.${one.name}`, ...members(one.type)]);
  };
  return [coordinate, ...field.args.flatMap(({ name, type }) => [`${coordinate}(${name}:)`, ...members(type)])];
}

function isArgumentPath(field: GraphQLField<unknown, unknown>, [first, ...rest]: readonly string[]): boolean {
  let type: GraphQLInputType | undefined = field.args.find(({ name }) => name === first)?.type;
  for (const key of rest) {
    const named = type && getNamedType(type);
    type = isInputObjectType(named) ? named.getFields()[key]?.type : undefined;
  }
  return type !== undefined;
}

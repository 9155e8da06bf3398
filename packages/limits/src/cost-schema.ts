/**
 * What each field, type, argument and input field of a schema costs, read from `@cost`, `@listSize` and the options and
 * validated once, before a server starts (IBM cost directives, section 9).
 */
import { knownOptions, show } from '@graphql-bulwark/core';
import {
  type GraphQLAbstractType,
  type GraphQLArgument,
  type GraphQLField,
  type GraphQLInputField,
  type GraphQLInputType,
  type GraphQLInterfaceType,
  type GraphQLNamedType,
  type GraphQLObjectType,
  type GraphQLSchema,
  getNamedType,
  getNullableType,
  isAbstractType,
  isCompositeType,
  isInputObjectType,
  isInterfaceType,
  isListType,
  isObjectType,
  isUnionType,
} from 'graphql';
import { type Annotated, elementsOf, readDirective } from './cost-directives.ts';
import { compileSizing, type Sizing } from './cost-list-size.ts';
import { type CostSettings, checkWeight, type ListSize } from './cost-options.ts';

/** What is known of one field of an object or interface type. */
export interface FieldCost {
  /** Schema coordinate. */
  readonly coordinate: string;
  readonly field: GraphQLField<unknown, unknown>;
  readonly named: GraphQLNamedType;
  readonly weight: number;
  /** Lists around the type: 2 for `[[T]]`. */
  readonly dimensions: number;
  readonly sizing: Sizing | undefined;
  /** A leaf that is no list, so that nothing can be said about sizes. */
  readonly plain: boolean;
  /** Arguments that can cost something. */
  readonly priced: readonly GraphQLArgument[];
  /** Equal for fields of several types that cost the same whatever is asked of them. */
  readonly shape: string;
}

export interface CostSchema {
  readonly schema: GraphQLSchema;
  readonly settings: CostSettings;
  fieldOf(type: GraphQLObjectType | GraphQLInterfaceType, name: string): FieldCost | undefined;
  typeWeight(type: GraphQLNamedType): number;
  /** Weight of an argument, input field or directive argument; `undefined` where none was given. */
  inputWeight(input: GraphQLArgument | GraphQLInputField): number | undefined;
  pricedArguments(args: readonly GraphQLArgument[]): readonly GraphQLArgument[];
  /** Groups the members of an abstract type by what its own fields cost on them: type name -> group. */
  shapesOf(type: GraphQLAbstractType): ReadonlyMap<string, number>;
}

/** @throws {TypeError} for a directive or option that could not be counted as it is written. */
export function compileCostSchema(schema: GraphQLSchema, settings: CostSettings): CostSchema {
  const weights = readWeights(schema, settings);
  const inputs = new Map<GraphQLArgument | GraphQLInputField, number>();
  for (const [coordinate, element] of elementsOf(schema)) {
    const weight = weights.get(coordinate);
    if (weight !== undefined) inputs.set(element as GraphQLArgument, weight);
  }
  const fields = new Map<string, FieldCost>();
  const shapes = new Map<string, ReadonlyMap<string, number>>();
  const typeWeights = new Map<string, number>();

  const costs: CostSchema = {
    schema,
    settings,
    fieldOf: (type, name) => fields.get(`${type.name}.${name}`),
    typeWeight(type) {
      let weight = typeWeights.get(type.name);
      if (weight === undefined) {
        weight = weights.get(type.name) ?? defaultTypeWeight(type);
        typeWeights.set(type.name, weight);
      }
      return weight;
    },
    inputWeight: (input) => inputs.get(input),
    pricedArguments: (args) => args.filter((arg) => canCost(arg.type, inputs.get(arg))),
    shapesOf(type) {
      let known = shapes.get(type.name);
      if (!known) {
        known = groupMembers(type);
        shapes.set(type.name, known);
      }
      return known;
    },
  };

  function defaultTypeWeight(type: GraphQLNamedType): number {
    if (!isAbstractType(type)) return isObjectType(type) ? 1 : 0;
    // Budgets of Apollo Router count 1 for an interface or union, whatever its members weigh.
    if (settings.model === 'apollo') return 1;
    return Math.max(0, ...schema.getPossibleTypes(type).map((member) => costs.typeWeight(member)));
  }

  function canCost(type: GraphQLInputType, weight: number | undefined): boolean {
    const named = getNamedType(type);
    return isInputObjectType(named) || (weight ?? costs.typeWeight(named)) !== 0;
  }

  function groupMembers(type: GraphQLAbstractType): ReadonlyMap<string, number> {
    const names = isInterfaceType(type) ? Object.keys(type.getFields()) : [];
    const groups = new Map<string, number>();
    return new Map(
      schema.getPossibleTypes(type).map((member) => {
        const shape = names.map((name) => fields.get(`${member.name}.${name}`)?.shape).join('\n');
        const group = groups.get(shape) ?? groups.size;
        groups.set(shape, group);
        return [member.name, group];
      }),
    );
  }

  const unused = new Set(settings.listSizes.keys());
  for (const type of Object.values(schema.getTypeMap())) {
    if (type.name.startsWith('__') || (!isObjectType(type) && !isInterfaceType(type))) continue;
    for (const field of Object.values(type.getFields())) {
      const coordinate = `${type.name}.${field.name}`;
      unused.delete(coordinate);
      fields.set(coordinate, fieldCost(type, field, coordinate));
    }
  }
  for (const coordinate of unused) throw new TypeError(`cost: listSizes names '${coordinate}', which is no field.`);
  return costs;

  function fieldCost(
    type: GraphQLObjectType | GraphQLInterfaceType,
    field: GraphQLField<unknown, unknown>,
    coordinate: string,
  ): FieldCost {
    const named = getNamedType(field.type);
    const priced = costs.pricedArguments(field.args);
    const weight = weights.get(coordinate) ?? costs.typeWeight(named);
    const given = listSizeOf(type, field, settings);
    const sizing = given && compileSizing(coordinate, field, given, settings.maxListSize);
    const args = field.args.map((arg) => [arg.name, String(arg.type), arg.defaultValue, inputs.get(arg)]);
    const shape = JSON.stringify([String(field.type), weight, given, args], (_, value: unknown) =>
      typeof value === 'bigint' ? String(value) : value,
    );
    const dimensions = dimensionsOf(field);
    const plain = dimensions === 0 && !sizing && !isCompositeType(named);
    return { coordinate, field, named, weight, dimensions, sizing, plain, priced, shape };
  }
}

/** coordinate -> weight, from the schema, then from the options. */
function readWeights(schema: GraphQLSchema, { weights: given }: CostSettings): Map<string, number> {
  const weights = new Map<string, number>();
  const known = new Set<string>();
  for (const [coordinate, element] of elementsOf(schema)) {
    const directive = readDirective(element, 'cost');
    const allowed = mayCost(schema, coordinate, element);
    if (allowed) known.add(coordinate);
    if (!directive) continue;
    if (!allowed)
      throw new TypeError(`@cost on ${coordinate}: interfaces, their fields, unions and input types have none.`);
    knownOptions(`@cost on ${coordinate}`, directive, ['weight']);
    weights.set(coordinate, checkWeight(`@cost on ${coordinate}: weight`, directive['weight']));
  }
  for (const [coordinate, weight] of given) {
    if (!known.has(coordinate)) {
      throw new TypeError(
        `cost: weights names ${show(coordinate)}, which is no object, scalar, enum, field of an object, argument or input field.`,
      );
    }
    weights.set(coordinate, weight);
  }
  return weights;
}

function mayCost(schema: GraphQLSchema, coordinate: string, element: Annotated): boolean {
  const type = element as GraphQLNamedType;
  if (isInterfaceType(type) || isUnionType(type) || isInputObjectType(type)) return false;
  if (coordinate.includes('(') || coordinate.startsWith('@')) return true;
  const [owner = '', field] = coordinate.split('.');
  return field === undefined || !isInterfaceType(schema.getType(owner));
}

/** What the options say, over the field's own directive, over that of an interface which it implements. */
function listSizeOf(
  type: GraphQLObjectType | GraphQLInterfaceType,
  field: GraphQLField<unknown, unknown>,
  settings: CostSettings,
): ListSize | undefined {
  const { listSizes } = settings;
  const declared = [type, ...type.getInterfaces()]
    .map((owner) => {
      const own = owner.getFields()[field.name];
      const directive = own && readDirective(own as Annotated, 'listSize');
      const option = listSizes.get(`${owner.name}.${field.name}`);
      return directive || option ? { ...directive, ...option } : undefined;
    })
    .find((found) => found !== undefined);
  // Federation: as many entities as representations.
  const entities = field.name === '_entities' && field.args.find(({ name }) => name === 'representations');
  const fallback =
    entities && isListType(getNullableType(entities.type)) ? { slicingArguments: ['representations'] } : undefined;
  return declared ?? fallback;
}

function dimensionsOf({ type }: GraphQLField<unknown, unknown>): number {
  let dimensions = 0;
  let inner: unknown = getNullableType(type);
  while (isListType(inner)) {
    dimensions += 1;
    inner = getNullableType(inner.ofType);
  }
  return dimensions;
}

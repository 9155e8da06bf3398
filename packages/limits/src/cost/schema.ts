/**
 * What each field, type, argument and input field of a schema costs, read from `@cost`, `@listSize` and the options and
 * validated once, before a server starts (IBM cost directives, section 9).
 */
import { countListDimensions } from '@graphql-bulwark/core/internal';
import {
  type GraphQLArgument,
  type GraphQLCompositeType,
  type GraphQLField,
  type GraphQLInputField,
  type GraphQLInputObjectType,
  type GraphQLInputType,
  type GraphQLInterfaceType,
  type GraphQLNamedType,
  type GraphQLObjectType,
  type GraphQLSchema,
  getNamedType,
  isAbstractType,
  isCompositeType,
  isInputObjectType,
  isObjectType,
  isUnionType,
} from 'graphql';
import { createAnnotationReader } from './annotations.ts';
import { listElements } from './directives.ts';
import { compileSizing, inferSizing, readListSize, type Sizing } from './list-size.ts';
import type { CostSettings } from './options.ts';
import { readWeights } from './weights.ts';

/** What is known of one field of an object or interface type. */
export interface FieldCost {
  /** Schema coordinate. */
  readonly coordinate: string;
  readonly field: GraphQLField<unknown, unknown>;
  /** What is selected of it; `undefined` for a leaf. */
  readonly composite: TypeCosts | undefined;
  readonly weight: number;
  /** The weight where no argument and no directive adds to it. 0 or more. */
  readonly own: number;
  /** What each object of it adds to the type cost. 0 or more. */
  readonly typeWeight: number;
  /** Lists around the type: 2 for `[[T]]`. */
  readonly dimensions: number;
  readonly sizing: Sizing | undefined;
  /** A leaf that is no list and costs nothing, whatever is asked of it. */
  readonly isFree: boolean;
  /** Arguments that can cost something. */
  readonly priced: readonly GraphQLArgument[];
  /** Equal for fields of several types that cost the same whatever is asked of them. */
  readonly shape: string;
}

/** An object, interface or union type. */
export interface TypeCosts {
  readonly type: GraphQLCompositeType;
  /** Of an interface or union: the objects that it can be. */
  readonly members: ReadonlySet<TypeCosts> | undefined;
  /** name -> field; none in a union. */
  readonly fields: ReadonlyMap<string, FieldCost>;
  /** Whether nothing costs that is asked without selecting below it, and without directives. */
  readonly hasFreeLeaves: boolean;
}

/** While it is being made. */
interface Filled extends TypeCosts {
  readonly members: Set<TypeCosts> | undefined;
  readonly fields: Map<string, FieldCost>;
  hasFreeLeaves: boolean;
}

/** The members of an abstract type in groups. */
export interface MemberGroups {
  readonly groups: readonly (readonly TypeCosts[])[];
  /** One of each group. */
  readonly first: readonly TypeCosts[];
  /** member -> index of its group */
  readonly indexOf: ReadonlyMap<TypeCosts, number>;
}

export interface CostSchema {
  readonly schema: GraphQLSchema;
  readonly settings: CostSettings;
  /** `undefined` for what is no object, interface or union. */
  typeNamed(name: string): TypeCosts | undefined;
  typeWeight(type: GraphQLNamedType): number;
  /** What one object of the type adds to the type cost: 0 where its weight is negative, as it pays for no other object. */
  objectCost(type: GraphQLNamedType): number;
  /** Weight of an argument, input field or directive argument; `undefined` where none was given. */
  inputWeight(input: GraphQLArgument | GraphQLInputField): number | undefined;
  pricedArguments(args: readonly GraphQLArgument[]): readonly GraphQLArgument[];
  /** Name -> field of an input object that can cost something. */
  pricedFields(type: GraphQLInputObjectType): ReadonlyMap<string, GraphQLInputField>;
  /** Groups the members of an abstract type by what its own fields cost on them. */
  groupsOf(type: TypeCosts): MemberGroups;
}

/** @throws {TypeError} for a directive or option that could not be counted as it is written. */
export function compileCostSchema(schema: GraphQLSchema, settings: CostSettings): CostSchema {
  const weights = readWeights(schema, settings);
  const inputs = new Map<GraphQLArgument | GraphQLInputField, number>();
  for (const [coordinate, element] of listElements(schema)) {
    const weight = weights.get(coordinate);
    if (weight !== undefined) inputs.set(element as GraphQLArgument, weight);
  }
  const types = new Map<string, Filled>();
  const grouped = new Map<TypeCosts, MemberGroups>();
  const typeWeights = new Map<string, number>();
  const pricedFields = new Map<GraphQLInputObjectType, ReadonlyMap<string, GraphQLInputField>>();

  const costs: CostSchema = {
    schema,
    settings,
    typeNamed: (name) => types.get(name),
    typeWeight(type) {
      let weight = typeWeights.get(type.name);
      if (weight === undefined) {
        weight = weights.get(type.name) ?? defaultTypeWeight(type);
        typeWeights.set(type.name, weight);
      }
      return weight;
    },
    objectCost: (type) => Math.max(0, costs.typeWeight(type)),
    inputWeight: (input) => inputs.get(input),
    pricedArguments: (args) => args.filter((arg) => canCost(arg.type, inputs.get(arg))),
    pricedFields(type) {
      const known =
        pricedFields.get(type) ??
        new Map(Object.entries(type.getFields()).filter(([, field]) => canCost(field.type, inputs.get(field))));
      pricedFields.set(type, known);
      return known;
    },
    groupsOf(type) {
      const known = grouped.get(type) ?? groupMembers(type);
      grouped.set(type, known);
      return known;
    },
  };

  function defaultTypeWeight(type: GraphQLNamedType): number {
    if (!isAbstractType(type)) return isObjectType(type) ? 1 : 0;
    // Budgets of Apollo Router count 1 for an interface or union, whatever its members weigh.
    if (settings.model?.name === 'apollo') return 1;
    return Math.max(0, ...schema.getPossibleTypes(type).map((member) => costs.typeWeight(member)));
  }

  function canCost(type: GraphQLInputType, weight: number | undefined): boolean {
    const named = getNamedType(type);
    return isInputObjectType(named) || (weight ?? costs.typeWeight(named)) !== 0;
  }

  function groupMembers({ fields, members }: TypeCosts): MemberGroups {
    const names = [...fields.keys()];
    const byShape = new Map<string, TypeCosts[]>();
    for (const member of members ?? []) {
      const shape = names.map((name) => member.fields.get(name)?.shape).join('\n');
      const alike = byShape.get(shape);
      if (alike) alike.push(member);
      else byShape.set(shape, [member]);
    }
    const groups = [...byShape.values()];
    return {
      groups,
      first: groups.flatMap(([member]) => member ?? []),
      indexOf: new Map(groups.flatMap((alike, i) => alike.map((member) => [member, i] as const))),
    };
  }

  const readSize = createAnnotationReader(schema, 'listSize', settings);
  const unused = new Set(settings.listSizes.keys());
  for (const type of Object.values(schema.getTypeMap())) {
    if (type.name.startsWith('__') || !isCompositeType(type)) continue;
    const members = isAbstractType(type) ? new Set<TypeCosts>() : undefined;
    types.set(type.name, { type, members, fields: new Map(), hasFreeLeaves: false });
  }
  // Fields point to the types of what is below them, each way around.
  for (const filled of types.values()) {
    const { type, members, fields } = filled;
    if (isAbstractType(type)) {
      for (const { name } of schema.getPossibleTypes(type)) members?.add(types.get(name) as TypeCosts);
    }
    if (isUnionType(type)) continue;
    for (const field of Object.values(type.getFields())) {
      const coordinate = `${type.name}.${field.name}`;
      unused.delete(coordinate);
      fields.set(field.name, fieldCost(type, field, coordinate));
    }
    filled.hasFreeLeaves = [...fields.values()].every(({ isFree, composite }) => isFree || composite !== undefined);
  }
  for (const coordinate of unused) throw new TypeError(`cost: listSizes names '${coordinate}', which is no field.`);
  return costs;

  function saysNothing(owner: GraphQLObjectType | GraphQLInterfaceType, list: GraphQLField<unknown, unknown>): boolean {
    return readListSize(owner, list, settings, readSize) === undefined;
  }

  function fieldCost(
    type: GraphQLObjectType | GraphQLInterfaceType,
    field: GraphQLField<unknown, unknown>,
    coordinate: string,
  ): FieldCost {
    const named = getNamedType(field.type);
    const priced = costs.pricedArguments(field.args);
    const weight = weights.get(coordinate) ?? costs.typeWeight(named);
    const given = readListSize(type, field, settings, readSize);
    const sizing = given
      ? compileSizing(coordinate, field, given, settings.maxListSize)
      : inferSizing(field, settings.inferredSlicingArguments, saysNothing);
    const args = field.args.map((arg) => [arg.name, String(arg.type), arg.defaultValue, inputs.get(arg)]);
    // What an estimator says can depend on the type alone.
    const who = settings.model?.name === 'estimators' ? type.name : '';
    const shape = JSON.stringify([who, String(field.type), weight, given, args], (_, value: unknown) =>
      typeof value === 'bigint' ? String(value) : value,
    );
    const dimensions = countListDimensions(field.type);
    const composite = types.get(named.name);
    const own = Math.max(0, weight);
    const typeWeight = costs.objectCost(named);
    // A negative weight is no 0: it takes something off the directives of the field that merges first.
    const costsNothing =
      weight === 0 && typeWeight === 0 && priced.length === 0 && settings.model?.name !== 'estimators';
    // Which keys an answer has tells what type it is of, and so what it cost in the end.
    const isFree = !composite && dimensions === 0 && !sizing && costsNothing && !settings.actualCost;
    return {
      coordinate,
      field,
      composite,
      weight,
      own,
      typeWeight,
      dimensions,
      sizing,
      isFree,
      priced,
      shape,
    };
  }
}

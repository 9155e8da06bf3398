/**
 * What each field, type, argument and input field of a schema costs: read from `@cost`, `@listSize` and the options, and validated
 * while a server starts (IBM cost directives, section 9).
 */
import { countListDimensions, readOptions, show } from '@graphql-bulwark/core/internal';
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
  isInterfaceType,
  isObjectType,
  isUnionType,
} from 'graphql';
import { type Annotated, createAnnotationReader, listElements } from './directives.ts';
import { compileSizing, inferSizing, readListSize, type Sizing } from './list-size.ts';
import { type CostSettings, checkWeight } from './options.ts';

/** What one field of an object or interface type costs. */
export interface FieldCost {
  /** `Type.field` */
  readonly coordinate: string;
  readonly field: GraphQLField<unknown, unknown>;
  /** The returned type; `undefined` for a leaf. */
  readonly composite: TypeCosts | undefined;
  readonly weight: number;
  /** The cost of the field where no argument and no directive adds to it: its weight, 0 or more. */
  readonly own: number;
  /** What each returned object adds to the type cost. 0 or more. */
  readonly typeWeight: number;
  /** Lists around the type: 2 for `[[T]]`. */
  readonly dimensions: number;
  readonly sizing: Sizing | undefined;
  /** A leaf that is no list and costs nothing, whatever its arguments are. */
  readonly isFree: boolean;
  /** Arguments that can cost something. */
  readonly priced: readonly GraphQLArgument[];
  /** Equal for fields of several types that always cost the same. */
  readonly shape: string;
}

/** What an object, interface or union type costs. */
export interface TypeCosts {
  readonly type: GraphQLCompositeType;
  /** The possible object types of an interface or union; `undefined` for an object type. */
  readonly members: ReadonlySet<TypeCosts> | undefined;
  /** Name of a field -> its cost; empty for a union. */
  readonly fields: ReadonlyMap<string, FieldCost>;
  /** Whether all leaves are free where they carry no directives. */
  readonly hasFreeLeaves: boolean;
}

/** A {@link TypeCosts} while the schema is being compiled. */
interface Filled extends TypeCosts {
  readonly members: Set<TypeCosts> | undefined;
  readonly fields: Map<string, FieldCost>;
  hasFreeLeaves: boolean;
}

/** The members of an abstract type, grouped by what the fields of that type cost on them. */
export interface MemberGroups {
  readonly groups: readonly (readonly TypeCosts[])[];
  /** The first member of each group. */
  readonly first: readonly TypeCosts[];
  /** Member -> index of its group. */
  readonly indexOf: ReadonlyMap<TypeCosts, number>;
}

/** A schema compiled with the options of one control. */
export interface CostSchema {
  readonly schema: GraphQLSchema;
  readonly settings: CostSettings;
  /** @returns `undefined` where no object, interface or union has the name. */
  findType(name: string): TypeCosts | undefined;
  weighType(type: GraphQLNamedType): number;
  /** What one object of the type adds to the type cost. A negative weight counts as 0, because an object must not pay for others. */
  weighObject(type: GraphQLNamedType): number;
  /** @returns the weight of an argument, input field or directive argument; `undefined` where none is set. */
  weighInput(input: GraphQLArgument | GraphQLInputField): number | undefined;
  listPricedArguments(args: readonly GraphQLArgument[]): readonly GraphQLArgument[];
  /** @returns name -> field, for the fields of an input object that can cost something. */
  findPricedFields(type: GraphQLInputObjectType): ReadonlyMap<string, GraphQLInputField>;
  /** Groups the members of an abstract type by what the fields of that type cost on them. */
  findGroups(type: TypeCosts): MemberGroups;
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
    findType: (name) => types.get(name),
    weighType(type) {
      let weight = typeWeights.get(type.name);
      if (weight === undefined) {
        weight = weights.get(type.name) ?? chooseTypeWeight(type);
        typeWeights.set(type.name, weight);
      }
      return weight;
    },
    weighObject: (type) => Math.max(0, costs.weighType(type)),
    weighInput: (input) => inputs.get(input),
    listPricedArguments: (args) => args.filter((arg) => canCost(arg.type, inputs.get(arg))),
    findPricedFields(type) {
      const known =
        pricedFields.get(type) ??
        new Map(Object.entries(type.getFields()).filter(([, field]) => canCost(field.type, inputs.get(field))));
      pricedFields.set(type, known);
      return known;
    },
    findGroups(type) {
      const known = grouped.get(type) ?? groupMembers(type);
      grouped.set(type, known);
      return known;
    },
  };

  function chooseTypeWeight(type: GraphQLNamedType): number {
    if (!isAbstractType(type)) return isObjectType(type) ? 1 : 0;
    // Apollo Router counts 1 for an interface or union, whatever its members weigh.
    if (settings.model?.name === 'apollo') return 1;
    return Math.max(0, ...schema.getPossibleTypes(type).map((member) => costs.weighType(member)));
  }

  function canCost(type: GraphQLInputType, weight: number | undefined): boolean {
    const named = getNamedType(type);
    return isInputObjectType(named) || (weight ?? costs.weighType(named)) !== 0;
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

  const readSize = createAnnotationReader(schema, 'listSize', settings.model?.name === 'estimators');
  const unused = new Set(settings.listSizes.keys());
  for (const type of Object.values(schema.getTypeMap())) {
    if (type.name.startsWith('__') || !isCompositeType(type)) continue;
    const members = isAbstractType(type) ? new Set<TypeCosts>() : undefined;
    types.set(type.name, { type, members, fields: new Map(), hasFreeLeaves: false });
  }
  // Only now, because fields refer to the types that they return, and types refer to each other.
  for (const filled of types.values()) {
    const { type, members, fields } = filled;
    if (isAbstractType(type)) {
      for (const { name } of schema.getPossibleTypes(type)) members?.add(types.get(name) as TypeCosts);
    }
    if (isUnionType(type)) continue;
    for (const field of Object.values(type.getFields())) {
      const coordinate = `${type.name}.${field.name}`;
      unused.delete(coordinate);
      fields.set(field.name, compileField(type, field, coordinate));
    }
    filled.hasFreeLeaves = [...fields.values()].every(({ isFree, composite }) => isFree || composite !== undefined);
  }
  for (const coordinate of unused) {
    throw new TypeError(`cost: listSizes names '${coordinate}', but the schema has no such field. Write 'Type.field'.`);
  }
  return costs;

  function isUnsized(owner: GraphQLObjectType | GraphQLInterfaceType, list: GraphQLField<unknown, unknown>): boolean {
    return readListSize(owner, list, settings, readSize) === undefined;
  }

  function compileField(
    type: GraphQLObjectType | GraphQLInterfaceType,
    field: GraphQLField<unknown, unknown>,
    coordinate: string,
  ): FieldCost {
    const named = getNamedType(field.type);
    const priced = costs.listPricedArguments(field.args);
    const weight = weights.get(coordinate) ?? costs.weighType(named);
    const given = readListSize(type, field, settings, readSize);
    const sizing = given
      ? compileSizing(coordinate, field, given, settings.maxListSize)
      : inferSizing(field, settings.inferredSlicingArguments, isUnsized);
    const args = field.args.map((arg) => [arg.name, String(arg.type), arg.defaultValue, inputs.get(arg)]);
    // An estimator can return another number for each type.
    const who = settings.model?.name === 'estimators' ? type.name : '';
    const shape = JSON.stringify([who, String(field.type), weight, given, args], (_, value: unknown) =>
      typeof value === 'bigint' ? String(value) : value,
    );
    const dimensions = countListDimensions(field.type);
    const composite = types.get(named.name);
    const own = Math.max(0, weight);
    const typeWeight = costs.weighObject(named);
    // Only a weight of 0 is free: a negative one reduces the cost of the directives on the field.
    const costsNothing =
      weight === 0 && typeWeight === 0 && priced.length === 0 && settings.model?.name !== 'estimators';
    // With `actualCost` the plan keeps free leaves too: which keys a response has shows the type of an object.
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

const directiveTable = { weight: { required: true, check: checkWeight } } as const;

/** @returns coordinate -> weight, from the schema; options win. @throws {TypeError} for a weight that is invalid or misplaced. */
function readWeights(schema: GraphQLSchema, { weights: given, model }: CostSettings): Map<string, number> {
  const read = createAnnotationReader(schema, 'cost', model?.name === 'estimators');
  const weights = new Map<string, number>();
  const known = new Set<string>();
  for (const [coordinate, element] of listElements(schema)) {
    const annotation = read(element, coordinate);
    const allowed = mayCost(schema, coordinate, element);
    if (allowed) known.add(coordinate);
    if (!annotation) continue;
    const where = `@${annotation.name} on ${coordinate}`;
    if (!allowed) {
      throw new TypeError(
        `${where}: interfaces, their fields, unions and input types have no cost of their own. Put it on their members or fields.`,
      );
    }
    const { weight } = readOptions(where, annotation.given as { weight: unknown }, directiveTable);
    weights.set(coordinate, checkWeight(`${where}: weight`, weight));
  }
  for (const [coordinate, weight] of given) {
    if (!known.has(coordinate)) {
      throw new TypeError(
        `cost: weights names ${show(coordinate)}, but the schema has no such object, scalar, enum, field of an object, argument or ` +
          'input field.',
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

/** The elements of a schema by number, so that what one caller may not see is computed without reading the schema again. */
import {
  type GraphQLInputType,
  type GraphQLNamedType,
  type GraphQLOutputType,
  type GraphQLSchema,
  getNamedType,
  isEnumType,
  isInputObjectType,
  isInterfaceType,
  isIntrospectionType,
  isObjectType,
  isRequiredArgument,
  isRequiredInputField,
  isScalarType,
  isUnionType,
} from 'graphql';
import { isForClients } from './rebuild-schema.ts';

/** A field, an argument or an input field. Numbers are those of coordinates. */
export interface Place {
  readonly id: number;
  /** The named type of its values. */
  readonly of: number;
  /** Whether a client must give a value. Never true for a field of an output type. */
  readonly required: boolean;
  /** For an interface: the same place in each type that implements it. */
  readonly twins: readonly { readonly type: number; readonly place: number }[];
  readonly args: readonly Place[];
}

/** A type and its elements. Numbers are those of coordinates. */
export interface TypeParts {
  readonly id: number;
  readonly name: string;
  readonly isInput: boolean;
  /** Whether it cannot be used when all of its members are hidden. */
  readonly needsMembers: boolean;
  readonly places: readonly Place[];
  /** Fields, members of a union, values of an enum. */
  readonly members: readonly number[];
  /** Object types that implement this interface. */
  readonly objects: readonly number[];
  /** Types that are visible with it: its interfaces, the types that implement it, the members of a union. */
  readonly leadsTo: readonly number[];
}

/** The elements of a schema. */
export interface SchemaParts {
  /** Number -> coordinate. */
  readonly coordinates: readonly string[];
  /** Coordinate -> number. */
  readonly idOf: ReadonlyMap<string, number>;
  /** The coordinates for which rights are asked. */
  readonly asked: readonly number[];
  readonly types: readonly TypeParts[];
  readonly typeAt: ReadonlyMap<number, TypeParts>;
  /** The root types, and those of the arguments of directives. */
  readonly roots: readonly number[];
}

const compiled = new WeakMap<GraphQLSchema, SchemaParts>();

/** Reads a schema once; the result is the same for callers with any rights. */
export function readSchemaParts(schema: GraphQLSchema): SchemaParts {
  const known = compiled.get(schema);
  if (known) return known;
  const parts = compileParts(schema);
  compiled.set(schema, parts);
  return parts;
}

function compileParts(schema: GraphQLSchema): SchemaParts {
  const coordinates: string[] = [];
  const idOf = new Map<string, number>();
  const asked: number[] = [];
  const idAt = (coordinate: string): number => {
    const known = idOf.get(coordinate);
    if (known !== undefined) return known;
    idOf.set(coordinate, coordinates.length);
    return coordinates.push(coordinate) - 1;
  };
  const ask = (coordinate: string): number => {
    const id = idAt(coordinate);
    asked.push(id);
    return id;
  };
  const named = ({ name }: { readonly name: string }): number => idAt(name);

  function readPlaces(type: GraphQLNamedType): Place[] {
    if (isInputObjectType(type)) {
      return Object.values(type.getFields()).map((field) =>
        readPlace(ask(`${type.name}.${field.name}`), field, isRequiredInputField(field)),
      );
    }
    if (!isObjectType(type) && !isInterfaceType(type)) return [];
    // Rights are not asked for fields of an interface: one is visible if it is visible in all visible types that implement it.
    const enter = isObjectType(type) ? ask : idAt;
    const implementations = isInterfaceType(type) ? schema.getImplementations(type) : { objects: [], interfaces: [] };
    const types = [...implementations.objects, ...implementations.interfaces];
    const twins = (member: string): Place['twins'] =>
      types.map(({ name }) => ({ type: idAt(name), place: idAt(`${name}${member}`) }));
    return Object.values(type.getFields()).map((field) => ({
      ...readPlace(enter(`${type.name}.${field.name}`), field, false),
      twins: twins(`.${field.name}`),
      args: field.args.map((arg) => {
        const member = `.${field.name}(${arg.name}:)`;
        return { ...readPlace(enter(`${type.name}${member}`), arg, isRequiredArgument(arg)), twins: twins(member) };
      }),
    }));
  }

  const readPlace = (
    id: number,
    { type }: { readonly type: GraphQLInputType | GraphQLOutputType },
    required: boolean,
  ): Place => ({
    id,
    of: named(getNamedType(type)),
    required,
    twins: [],
    args: [],
  });

  function readType(type: GraphQLNamedType): TypeParts {
    const id = ask(type.name);
    const places = readPlaces(type);
    const values = isEnumType(type) ? type.getValues().map(({ name }) => ask(`${type.name}.${name}`)) : [];
    const unionMembers = isUnionType(type) ? type.getTypes().map(named) : [];
    const interfaces = isObjectType(type) || isInterfaceType(type) ? type.getInterfaces().map(named) : [];
    const objects = isInterfaceType(type) ? schema.getImplementations(type).objects.map(named) : [];
    return {
      id,
      name: type.name,
      isInput: isInputObjectType(type),
      needsMembers: !isScalarType(type) && type !== schema.getQueryType(),
      places,
      members: [...places.map((place) => place.id), ...values, ...unionMembers],
      objects,
      leadsTo: [...interfaces, ...objects, ...unionMembers],
    };
  }

  const types = Object.values(schema.getTypeMap())
    .filter((type) => !isIntrospectionType(type))
    .map(readType);
  const roots = [schema.getQueryType(), schema.getMutationType(), schema.getSubscriptionType()];
  const ofDirectives = schema
    .getDirectives()
    .filter(isForClients)
    .flatMap(({ args }) => args.map(({ type }) => getNamedType(type)));
  return {
    coordinates,
    idOf,
    asked,
    types,
    typeAt: new Map(types.map((type) => [type.id, type])),
    roots: [...roots, ...ofDirectives].flatMap((type) => (type ? [named(type)] : [])),
  };
}

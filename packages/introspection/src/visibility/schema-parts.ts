/** What a schema is made of, by number, so that what one caller does not see is found without reading the schema again. */
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

/** A field, an argument or an input field. */
export interface Place {
  readonly id: number;
  /** The named type of its values. */
  readonly of: number;
  readonly required: boolean;
  /** Of an interface: the same place in each type that implements it. */
  readonly twins: readonly { readonly type: number; readonly place: number }[];
  readonly args: readonly Place[];
}

/** A type, and what it is made of. Numbers are those of coordinates. */
export interface TypeParts {
  readonly id: number;
  readonly name: string;
  readonly isInput: boolean;
  /** Whether it is of no use without at least one of its members. */
  readonly needsMembers: boolean;
  readonly places: readonly Place[];
  /** Fields, members of a union, values of an enum. */
  readonly members: readonly number[];
  /** Object types that implement this interface. */
  readonly objects: readonly number[];
  /** Types that it leads to by itself: its interfaces, what implements it, the members of a union. */
  readonly leadsTo: readonly number[];
}

/** A schema, numbered: `coordinates[id]` and `idOf` translate. */
export interface SchemaParts {
  /** Coordinate by number. */
  readonly coordinates: readonly string[];
  readonly idOf: ReadonlyMap<string, number>;
  /** Coordinates that rights may hide by themselves. */
  readonly asked: readonly number[];
  readonly types: readonly TypeParts[];
  readonly typeAt: ReadonlyMap<number, TypeParts>;
  /** The root types, and those of the arguments of directives. */
  readonly roots: readonly number[];
}

const compiled = new WeakMap<GraphQLSchema, SchemaParts>();

/** Reads a schema, once: callers with other rights find the same parts. */
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
    // What an interface shows is what its types show: rights are not asked about it.
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

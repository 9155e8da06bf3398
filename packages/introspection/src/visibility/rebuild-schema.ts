/** Builds a schema out of the parts of another that are not hidden. Scalars are shared, so that values coerce alike. */
import {
  type GraphQLArgumentConfig,
  GraphQLDirective,
  GraphQLEnumType,
  type GraphQLFieldConfigArgumentMap,
  type GraphQLFieldConfigMap,
  type GraphQLInputFieldConfig,
  GraphQLInputObjectType,
  type GraphQLInputType,
  GraphQLInterfaceType,
  GraphQLList,
  type GraphQLNamedType,
  GraphQLNonNull,
  GraphQLObjectType,
  type GraphQLOutputType,
  GraphQLSchema,
  type GraphQLType,
  GraphQLUnionType,
  getNamedType,
  isEnumType,
  isInputObjectType,
  isInterfaceType,
  isListType,
  isNonNullType,
  isObjectType,
  isRequiredArgument,
  isSpecifiedDirective,
  isUnionType,
} from 'graphql';
import { type Hidden, withoutHiddenDefault } from './default-value.ts';

/** @param names of the types that stay. */
export function rebuildSchema(schema: GraphQLSchema, hidden: Hidden, names: ReadonlySet<string>): GraphQLSchema {
  const made = new Map<string, GraphQLNamedType>();

  const renewed = <T extends GraphQLType>(type: T): T => {
    if (isListType(type)) return new GraphQLList(renewed(type.ofType as GraphQLType)) as unknown as T;
    if (isNonNullType(type)) return new GraphQLNonNull(renewed(type.ofType as never)) as unknown as T;
    return make(type as GraphQLNamedType) as T;
  };
  const named = <T extends GraphQLNamedType>(types: readonly T[]): T[] =>
    types.filter(({ name }) => names.has(name)).map((type) => make(type) as T);
  const args = (config: GraphQLFieldConfigArgumentMap, field: string): GraphQLFieldConfigArgumentMap =>
    shown(
      config,
      (name) => `${field}(${name}:)`,
      (arg) => input(arg),
    );
  const input = <T extends GraphQLArgumentConfig | GraphQLInputFieldConfig>(config: T): T => {
    const shownConfig = withoutHiddenDefault(config, hidden);
    return { ...shownConfig, type: renewed<GraphQLInputType>(shownConfig.type) };
  };
  const fields = (config: Fields, type: string): Fields =>
    shown(
      config,
      (name) => `${type}.${name}`,
      (field, name) => ({
        ...field,
        type: renewed<GraphQLOutputType>(field.type),
        args: args(field.args ?? {}, `${type}.${name}`),
      }),
    );

  function shown<T>(
    map: Readonly<Record<string, T>>,
    coordinate: (name: string) => string,
    renew: (value: T, name: string) => T,
  ): Record<string, T> {
    const kept = Object.entries(map).filter(([name]) => !hidden.has(coordinate(name)));
    return Object.fromEntries(kept.map(([name, value]) => [name, renew(value, name)]));
  }

  function make(type: GraphQLNamedType): GraphQLNamedType {
    let fresh = made.get(type.name);
    if (!fresh) {
      fresh = copy(type);
      made.set(type.name, fresh);
    }
    return fresh;
  }

  function copy(type: GraphQLNamedType): GraphQLNamedType {
    const { name, description, extensions } = type;
    const plain = { name, description, extensions };
    if (isObjectType(type) || isInterfaceType(type)) {
      const parts = {
        ...plain,
        interfaces: () => named(type.getInterfaces()),
        fields: () => fields(type.toConfig().fields, name),
      };
      return isObjectType(type)
        ? new GraphQLObjectType({ ...parts, isTypeOf: type.isTypeOf })
        : new GraphQLInterfaceType({ ...parts, resolveType: type.resolveType });
    }
    if (isUnionType(type)) {
      return new GraphQLUnionType({ ...plain, resolveType: type.resolveType, types: () => named(type.getTypes()) });
    }
    if (isInputObjectType(type)) {
      const inner = () =>
        shown(
          type.toConfig().fields,
          (field) => `${name}.${field}`,
          (field) => input(field),
        );
      return new GraphQLInputObjectType({ ...plain, isOneOf: type.isOneOf, fields: inner });
    }
    if (isEnumType(type)) {
      const values = shown(
        type.toConfig().values,
        (value) => `${name}.${value}`,
        (value) => value,
      );
      return new GraphQLEnumType({ ...plain, values });
    }
    return type;
  }

  const visible = (type: GraphQLNamedType | null | undefined): GraphQLNamedType | undefined =>
    type && names.has(type.name) ? make(type) : undefined;
  // The whole schema would ask for the argument by its name and type, which the caller must not learn.
  const needsHidden = ({ args: declared }: GraphQLDirective): boolean =>
    declared.some((arg) => isRequiredArgument(arg) && !names.has(getNamedType(arg.type).name));
  const directives = schema
    .getDirectives()
    .filter((directive) => isForClients(directive) && (isSpecifiedDirective(directive) || !needsHidden(directive)))
    .map((directive) => {
      if (isSpecifiedDirective(directive)) return directive;
      const config = directive.toConfig();
      const kept = Object.entries(config.args).filter(([, arg]) => names.has(getNamedType(arg.type).name));
      const own = Object.fromEntries(kept.map(([name, arg]) => [name, input(arg)]));
      return new GraphQLDirective({ ...config, astNode: undefined, args: own });
    });
  return new VisibleSchema(schema, { names, directives, visible, size: () => made.size });
}

interface Parts {
  readonly names: ReadonlySet<string>;
  readonly directives: readonly GraphQLDirective[];
  /** The visible part of a type of the whole schema; `undefined` for one that is hidden. */
  readonly visible: (type: GraphQLNamedType | null | undefined) => GraphQLNamedType | undefined;
  readonly size: () => number;
}

/**
 * Types are made when they are asked for: a document asks for a few, and callers with many different rights would make all of a
 * large schema over and over.
 */
class VisibleSchema extends GraphQLSchema {
  readonly whole: GraphQLSchema;
  readonly parts: Parts;
  readonly types: TypeMap;

  constructor(whole: GraphQLSchema, parts: Parts) {
    const { description } = whole;
    // Makes what arguments of directives need, and brings what introspection needs.
    super({ description, directives: parts.directives, assumeValid: true });
    this.whole = whole;
    this.parts = parts;
    this.types = makeTypeMap(super.getTypeMap(), parts.names, (name) => parts.visible(whole.getType(name)));
  }

  override getQueryType(): Maybe<GraphQLObjectType> {
    return this.parts.visible(this.whole.getQueryType()) as GraphQLObjectType | undefined;
  }

  override getMutationType(): Maybe<GraphQLObjectType> {
    return this.parts.visible(this.whole.getMutationType()) as GraphQLObjectType | undefined;
  }

  override getSubscriptionType(): Maybe<GraphQLObjectType> {
    return this.parts.visible(this.whole.getSubscriptionType()) as GraphQLObjectType | undefined;
  }

  override getTypeMap(): TypeMap {
    return this.types;
  }

  override getImplementations({ name }: GraphQLInterfaceType): Implementations {
    const whole = this.whole.getType(name);
    if (!isInterfaceType(whole)) return { objects: [], interfaces: [] };
    const { objects, interfaces } = this.whole.getImplementations(whole);
    const visible = <T extends GraphQLNamedType>(types: readonly T[]): T[] =>
      types.flatMap((type) => (this.parts.visible(type) as T | undefined) ?? []);
    return { objects: visible(objects), interfaces: visible(interfaces) };
  }
}

/** How many types of a view were made by now; 0 for any other schema. */
export function countTypesMade(schema: GraphQLSchema): number {
  return schema instanceof VisibleSchema ? schema.parts.size() : 0;
}

/** @param own what is there in any case. */
function makeTypeMap(
  own: TypeMap,
  names: ReadonlySet<string>,
  type: (name: string) => GraphQLNamedType | undefined,
): TypeMap {
  const keys = [...new Set([...names, ...Object.keys(own)])];
  return new Proxy<TypeMap>(own, {
    get: (_, name) => (typeof name === 'string' ? (type(name) ?? own[name]) : undefined),
    has: (_, name) => typeof name === 'string' && (names.has(name) || name in own),
    ownKeys: () => keys,
    getOwnPropertyDescriptor(_, name) {
      if (typeof name !== 'string' || !(names.has(name) || name in own)) return undefined;
      return { get: () => type(name) ?? own[name], enumerable: true, configurable: true };
    },
  });
}

type TypeMap = ReturnType<GraphQLSchema['getTypeMap']>;
type Implementations = ReturnType<GraphQLSchema['getImplementations']>;
type Maybe<T> = T | null | undefined;
type Fields = GraphQLFieldConfigMap<unknown, unknown>;

/** A directive of the schema's own tells a client how its rules are written. */
export function isForClients(directive: Parameters<typeof isSpecifiedDirective>[0]): boolean {
  const executable = ['QUERY', 'MUTATION', 'SUBSCRIPTION', 'FIELD', 'FRAGMENT_DEFINITION', 'FRAGMENT_SPREAD'];
  const places: readonly string[] = [...executable, 'INLINE_FRAGMENT', 'VARIABLE_DEFINITION'];
  return isSpecifiedDirective(directive) || directive.locations.some((place) => places.includes(place));
}

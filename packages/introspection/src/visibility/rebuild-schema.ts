/** Builds a schema from the elements of another that are not hidden. Scalars are shared, so values coerce as in the other schema. */
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
import { type Hidden, removeHiddenDefault } from './default-value.ts';

/**
 * Builds the schema. Each type is copied when it is first read.
 *
 * @param hidden the coordinates to leave out. @param names of the types that stay.
 */
export function rebuildSchema(schema: GraphQLSchema, hidden: Hidden, names: ReadonlySet<string>): GraphQLSchema {
  const made = new Map<string, GraphQLNamedType>();

  const renewType = <T extends GraphQLType>(type: T): T => {
    if (isListType(type)) return new GraphQLList(renewType(type.ofType as GraphQLType)) as unknown as T;
    if (isNonNullType(type)) return new GraphQLNonNull(renewType(type.ofType as never)) as unknown as T;
    return copyOnce(type as GraphQLNamedType) as T;
  };
  const renewVisible = <T extends GraphQLNamedType>(types: readonly T[]): T[] =>
    types.filter(({ name }) => names.has(name)).map((type) => copyOnce(type) as T);
  const copyArguments = (config: GraphQLFieldConfigArgumentMap, field: string): GraphQLFieldConfigArgumentMap =>
    copyVisible(
      config,
      (name) => `${field}(${name}:)`,
      (arg) => copyInput(arg),
    );
  const copyInput = <T extends GraphQLArgumentConfig | GraphQLInputFieldConfig>(config: T): T => {
    const shownConfig = removeHiddenDefault(config, hidden);
    return { ...shownConfig, type: renewType<GraphQLInputType>(shownConfig.type) };
  };
  const copyFields = (config: Fields, type: string): Fields =>
    copyVisible(
      config,
      (name) => `${type}.${name}`,
      (field, name) => ({
        ...field,
        type: renewType<GraphQLOutputType>(field.type),
        args: copyArguments(field.args ?? {}, `${type}.${name}`),
      }),
    );

  function copyVisible<T>(
    map: Readonly<Record<string, T>>,
    coordinate: (name: string) => string,
    renew: (value: T, name: string) => T,
  ): Record<string, T> {
    const kept = Object.entries(map).filter(([name]) => !hidden.has(coordinate(name)));
    return Object.fromEntries(kept.map(([name, value]) => [name, renew(value, name)]));
  }

  function copyOnce(type: GraphQLNamedType): GraphQLNamedType {
    let fresh = made.get(type.name);
    if (!fresh) {
      fresh = copyType(type);
      made.set(type.name, fresh);
    }
    return fresh;
  }

  function copyType(type: GraphQLNamedType): GraphQLNamedType {
    const { name, description, extensions } = type;
    const plain = { name, description, extensions };
    if (isObjectType(type) || isInterfaceType(type)) {
      const parts = {
        ...plain,
        interfaces: () => renewVisible(type.getInterfaces()),
        fields: () => copyFields(type.toConfig().fields, name),
      };
      return isObjectType(type)
        ? new GraphQLObjectType({ ...parts, isTypeOf: type.isTypeOf })
        : new GraphQLInterfaceType({ ...parts, resolveType: type.resolveType });
    }
    if (isUnionType(type)) {
      return new GraphQLUnionType({
        ...plain,
        resolveType: type.resolveType,
        types: () => renewVisible(type.getTypes()),
      });
    }
    if (isInputObjectType(type)) {
      const inner = () =>
        copyVisible(
          type.toConfig().fields,
          (field) => `${name}.${field}`,
          (field) => copyInput(field),
        );
      return new GraphQLInputObjectType({ ...plain, isOneOf: type.isOneOf, fields: inner });
    }
    if (isEnumType(type)) {
      const values = copyVisible(
        type.toConfig().values,
        (value) => `${name}.${value}`,
        (value) => value,
      );
      return new GraphQLEnumType({ ...plain, values });
    }
    return type;
  }

  const visible = (type: GraphQLNamedType | null | undefined): GraphQLNamedType | undefined =>
    type && names.has(type.name) ? copyOnce(type) : undefined;
  // Execution would refuse a missing required argument with its name and type, which the caller must not learn: so the directive goes.
  const needsHidden = ({ args: declared }: GraphQLDirective): boolean =>
    declared.some((arg) => isRequiredArgument(arg) && !names.has(getNamedType(arg.type).name));
  const directives = schema
    .getDirectives()
    .filter((directive) => isForClients(directive) && (isSpecifiedDirective(directive) || !needsHidden(directive)))
    .map((directive) => {
      if (isSpecifiedDirective(directive)) return directive;
      const config = directive.toConfig();
      const kept = Object.entries(config.args).filter(([, arg]) => names.has(getNamedType(arg.type).name));
      const own = Object.fromEntries(kept.map(([name, arg]) => [name, copyInput(arg)]));
      return new GraphQLDirective({ ...config, astNode: undefined, args: own });
    });
  return new VisibleSchema(schema, { names, directives, visible, size: () => made.size });
}

/** What a view knows of the schema that it is a part of. */
interface Parts {
  readonly names: ReadonlySet<string>;
  readonly directives: readonly GraphQLDirective[];
  /** Finds the copy of a type of the whole schema; `undefined` for a hidden one. */
  readonly visible: (type: GraphQLNamedType | null | undefined) => GraphQLNamedType | undefined;
  /** How many types have been copied. */
  readonly size: () => number;
}

/**
 * A schema that copies a type when it is first read. A document needs only a few types, and with callers of many different rights a large
 * schema would otherwise be copied as a whole again and again.
 */
class VisibleSchema extends GraphQLSchema {
  readonly whole: GraphQLSchema;
  readonly parts: Parts;
  readonly types: TypeMap;

  constructor(whole: GraphQLSchema, parts: Parts) {
    const { description } = whole;
    // This reads the types of directive arguments, and adds those of introspection.
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

/** @returns how many types a view has copied so far; 0 for any other schema. */
export function countTypesMade(schema: GraphQLSchema): number {
  return schema instanceof VisibleSchema ? schema.parts.size() : 0;
}

/** @param own the types that are in the map in any case. @param type finds a visible type by its name. */
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

/**
 * Whether clients can use a directive. The others, such as `@auth`, only annotate the schema, and their definitions would show a client
 * how access rules are written.
 */
export function isForClients(directive: Parameters<typeof isSpecifiedDirective>[0]): boolean {
  const executable = ['QUERY', 'MUTATION', 'SUBSCRIPTION', 'FIELD', 'FRAGMENT_DEFINITION', 'FRAGMENT_SPREAD'];
  const places: readonly string[] = [...executable, 'INLINE_FRAGMENT', 'VARIABLE_DEFINITION'];
  return isSpecifiedDirective(directive) || directive.locations.some((place) => places.includes(place));
}

/** Makes a schema anew out of the parts of another that are not hidden. Scalars are shared, so that values coerce alike. */
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
  isSpecifiedDirective,
  isUnionType,
} from 'graphql';
import { type Hidden, withoutHiddenDefault } from './default-value.ts';

/** @param names of the types that stay. */
export function rebuild(schema: GraphQLSchema, hidden: Hidden, names: ReadonlySet<string>): GraphQLSchema {
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
    const plain = { astNode: undefined, extensionASTNodes: [] };
    if (isObjectType(type) || isInterfaceType(type)) {
      const config = type.toConfig();
      const parts = {
        ...plain,
        interfaces: () => named(type.getInterfaces()),
        fields: () => fields(config.fields, type.name),
      };
      return isObjectType(type)
        ? new GraphQLObjectType({ ...type.toConfig(), ...parts })
        : new GraphQLInterfaceType({ ...type.toConfig(), ...parts });
    }
    if (isUnionType(type)) {
      return new GraphQLUnionType({ ...type.toConfig(), ...plain, types: () => named(type.getTypes()) });
    }
    if (isInputObjectType(type)) {
      const config = type.toConfig();
      const inner = () =>
        shown(
          config.fields,
          (name) => `${type.name}.${name}`,
          (field) => input(field),
        );
      return new GraphQLInputObjectType({ ...config, ...plain, fields: inner });
    }
    if (isEnumType(type)) {
      const config = type.toConfig();
      const values = shown(
        config.values,
        (name) => `${type.name}.${name}`,
        (value) => value,
      );
      return new GraphQLEnumType({ ...config, ...plain, values });
    }
    return type;
  }

  const root = (type: GraphQLObjectType | null | undefined): GraphQLObjectType | undefined =>
    type && names.has(type.name) ? (make(type) as GraphQLObjectType) : undefined;
  return new GraphQLSchema({
    description: schema.description,
    query: root(schema.getQueryType()),
    mutation: root(schema.getMutationType()),
    subscription: root(schema.getSubscriptionType()),
    types: named(Object.values(schema.getTypeMap())),
    directives: schema
      .getDirectives()
      .filter(isForClients)
      .map((directive) => {
        if (isSpecifiedDirective(directive)) return directive;
        const config = directive.toConfig();
        const kept = Object.entries(config.args).filter(([, arg]) => names.has(getNamedType(arg.type).name));
        const own = Object.fromEntries(kept.map(([name, arg]) => [name, input(arg)]));
        return new GraphQLDirective({ ...config, astNode: undefined, args: own });
      }),
    assumeValid: true,
  });
}

type Fields = GraphQLFieldConfigMap<unknown, unknown>;

/** A directive of the schema's own tells a client how its rules are written. */
export function isForClients(directive: Parameters<typeof isSpecifiedDirective>[0]): boolean {
  const executable = ['QUERY', 'MUTATION', 'SUBSCRIPTION', 'FIELD', 'FRAGMENT_DEFINITION', 'FRAGMENT_SPREAD'];
  const places: readonly string[] = [...executable, 'INLINE_FRAGMENT', 'VARIABLE_DEFINITION'];
  return isSpecifiedDirective(directive) || directive.locations.some((place) => places.includes(place));
}

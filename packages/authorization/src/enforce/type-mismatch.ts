/**
 * Values that are not of their field's type. graphql-js prints such a value in its error, and an object of a guarded type, or one
 * with guarded fields, could be read there by every caller. So the schema refuses it first, with an error that prints nothing.
 */
import { deny, isIterable, isPromise, type Resolver, settleUnlessGivenUp } from '@graphql-bulwark/core/internal';
import {
  defaultTypeResolver,
  type GraphQLAbstractType,
  type GraphQLError,
  type GraphQLIsTypeOfFn,
  type GraphQLOutputType,
  type GraphQLSchema,
  type GraphQLTypeResolver,
  getNamedType,
  isAbstractType,
  isEnumType,
  isLeafType,
  isListType,
  isNonNullType,
  isObjectType,
  isSpecifiedScalarType,
} from 'graphql';
import type { CompiledRules } from '../compile/compiled-rules.ts';

/** The type of `isTypeOf`. */
export type TypePredicate = GraphQLIsTypeOfFn<unknown, unknown>;

/** The error in place of graphql-js's own one. */
export function createTypeMismatch(coordinate: string): GraphQLError {
  return deny('INTERNAL_SERVER_ERROR', { coordinate, reason: 'not of its type' });
}

export interface ExposedTypes {
  /** Names of object types whose `isTypeOf` must throw rather than answer `false`. */
  readonly objects: ReadonlySet<string>;
  /** Names of abstract types that must be resolved by the `isTypeOf` of the unguarded schema. */
  readonly abstracts: ReadonlySet<string>;
}

/** Finds the types of which an object with something guarded may be: those with rules, and the abstract types around them. */
export function findExposedTypes(
  schema: GraphQLSchema,
  { types, fields }: Pick<CompiledRules, 'types' | 'fields'>,
): ExposedTypes {
  const all = Object.values(schema.getTypeMap());
  const objects = new Set<string>();
  for (const type of all.filter(isObjectType)) {
    const hasRule = Object.keys(type.getFields()).some((fieldName) => fields.has(`${type.name}.${fieldName}`));
    if (types.has(type.name) || hasRule) objects.add(type.name);
  }
  // Without any `isTypeOf` or `resolveType` only the executor's own `typeResolver` can tell the type, so it is left to that.
  const needsResolver = (type: GraphQLAbstractType): boolean => {
    const possible = schema.getPossibleTypes(type);
    if (possible.some(({ name }) => types.has(name))) return true;
    return possible.some(({ name }) => objects.has(name)) && Boolean(type.resolveType ?? possible.some(hasIsTypeOf));
  };
  const abstracts = new Set<string>();
  for (let before = -1; before < abstracts.size; ) {
    before = abstracts.size;
    for (const type of all.filter(isAbstractType)) {
      if (abstracts.has(type.name) || !needsResolver(type)) continue;
      abstracts.add(type.name);
      for (const { name } of schema.getPossibleTypes(type)) objects.add(name);
    }
  }
  return { objects, abstracts };
}

function hasIsTypeOf({ isTypeOf }: { readonly isTypeOf?: unknown }): boolean {
  return Boolean(isTypeOf);
}

/**
 * Makes a resolver that replaces objects where a built-in scalar or an enum should be.
 *
 * @returns the resolver itself for fields of other types: custom scalars write their own messages.
 */
export function checkLeafValues(type: GraphQLOutputType, coordinate: string, resolver: Resolver): Resolver {
  const leaf = getNamedType(type);
  if (!isLeafType(leaf) || !(isSpecifiedScalarType(leaf) || isEnumType(leaf))) return resolver;
  const isSerializable = (value: object): boolean => {
    try {
      const serialized: unknown = leaf.serialize(value);
      return serialized !== null && serialized !== undefined;
    } catch {
      return false;
    }
  };
  function checkValue(at: GraphQLOutputType, value: unknown): unknown {
    if (typeof value !== 'object' || value === null || value instanceof Error) return value;
    if (isPromise(value)) return Promise.resolve(value).then((one) => checkValue(at, one));
    const bare = isNonNullType(at) ? at.ofType : at;
    if (!isListType(bare)) return isSerializable(value) ? value : createTypeMismatch(coordinate);
    if (!isIterable(value)) return value;
    // The executor would iterate over all of it as well.
    const items: unknown[] = Array.isArray(value) ? value : [...value];
    return items.some((item) => typeof item === 'object' && item !== null)
      ? items.map((item) => checkValue(bare.ofType, item))
      : items;
  }
  return function resolveLeaf(source, args, contextValue, info) {
    const value: unknown = resolver(source, args, contextValue, info);
    return typeof value === 'object' && value !== null ? checkValue(type, value) : value;
  };
}

/** Makes an `isTypeOf` that throws where the original answers `false`, and else calls `isAllowed`. */
export function requireType(
  original: TypePredicate,
  coordinate: string,
  isAllowed: TypePredicate = () => true,
): TypePredicate {
  return function isOfTypeAndAllowed(value, contextValue, info) {
    const isOfType = original(value, contextValue, info);
    if (!isPromise(isOfType)) {
      if (!isOfType) throw createTypeMismatch(coordinate);
      return isAllowed(value, contextValue, info);
    }
    const later = Promise.resolve(isOfType).then((settled) => {
      if (!settled) throw createTypeMismatch(coordinate);
      return isAllowed(value, contextValue, info);
    });
    return settleUnlessGivenUp(later, info);
  };
}

/**
 * Makes a `resolveType` that finds the type as the unguarded schema would: by the type's own resolver, else by graphql-js's default
 * one, which is given the unguarded types. A guarded `isTypeOf` is true for every object that it lets pass, of whatever type.
 *
 * @param schema the schema before it was guarded, to which `abstractType` belongs.
 */
export function createOriginalTypeResolver(
  schema: GraphQLSchema,
  abstractType: GraphQLAbstractType,
): GraphQLTypeResolver<unknown, unknown> {
  const { resolveType } = abstractType;
  return function resolveOriginalType(value, contextValue, info, type) {
    const name: unknown = resolveType
      ? resolveType(value, contextValue, info, type)
      : defaultTypeResolver(value, contextValue, { ...info, schema }, abstractType);
    return isPromise(name) ? settleUnlessGivenUp(Promise.resolve(name).then(requireName), info) : requireName(name);
  };
  function requireName(name: unknown): string | undefined {
    if (typeof name !== 'string' && name !== null && name !== undefined) throw createTypeMismatch(abstractType.name);
    return name ?? undefined;
  }
}

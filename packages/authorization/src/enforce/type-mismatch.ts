/**
 * Values that do not fit where they stand. graphql-js prints them in its errors, so that an object of a guarded type, or one with
 * guarded fields, could be read there by anybody: the schema itself says so first, in words that print nothing.
 */
import { deny, isIterable, isPromise, type Resolver } from '@graphql-bulwark/core/internal';
import {
  type GraphQLAbstractType,
  type GraphQLError,
  type GraphQLOutputType,
  type GraphQLSchema,
  getNamedType,
  isAbstractType,
  isEnumType,
  isLeafType,
  isListType,
  isNonNullType,
  isObjectType,
  isSpecifiedScalarType,
} from 'graphql';
import type { RuleIndex } from '../compile/compiled-rules.ts';

/** In place of graphql-js's own error. */
export function misfit(coordinate: string): GraphQLError {
  return deny('INTERNAL_SERVER_ERROR', { coordinate, reason: 'not of its type' });
}

export interface Exposed {
  /** Names of object types whose predicate must not answer `false`. */
  readonly objects: ReadonlySet<string>;
  /** Names of abstract types that are resolved with the predicates as they were. */
  readonly abstracts: ReadonlySet<string>;
}

/** The types at which an object with something guarded may come up: those with rules, and what stands for them. */
export function exposedTypes(schema: GraphQLSchema, { types, fields }: Pick<RuleIndex, 'types' | 'fields'>): Exposed {
  const all = Object.values(schema.getTypeMap());
  const objects = new Set<string>();
  for (const type of all.filter(isObjectType)) {
    const hasRule = Object.keys(type.getFields()).some((fieldName) => fields.has(`${type.name}.${fieldName}`));
    if (types.has(type.name) || hasRule) objects.add(type.name);
  }
  // An executor's own type resolver stays in charge where no predicate could be asked in its place.
  const isResolvedHere = (type: GraphQLAbstractType): boolean => {
    const possible = schema.getPossibleTypes(type);
    if (possible.some(({ name }) => types.has(name))) return true;
    return possible.some(({ name }) => objects.has(name)) && Boolean(type.resolveType ?? possible.some(asksPredicate));
  };
  const abstracts = new Set<string>();
  for (let before = -1; before < abstracts.size; ) {
    before = abstracts.size;
    for (const type of all.filter(isAbstractType)) {
      if (abstracts.has(type.name) || !isResolvedHere(type)) continue;
      abstracts.add(type.name);
      for (const { name } of schema.getPossibleTypes(type)) objects.add(name);
    }
  }
  return { objects, abstracts };
}

function asksPredicate({ isTypeOf }: { readonly isTypeOf?: unknown }): boolean {
  return Boolean(isTypeOf);
}

/** @returns the resolver itself for fields of objects, and of scalars of the application, whose words are its own. */
export function withoutMisfits(type: GraphQLOutputType, coordinate: string, resolver: Resolver): Resolver {
  const leaf = getNamedType(type);
  if (!isLeafType(leaf) || !(isSpecifiedScalarType(leaf) || isEnumType(leaf))) return resolver;
  const fits = (value: object): boolean => {
    try {
      const serialized: unknown = leaf.serialize(value);
      return serialized !== null && serialized !== undefined;
    } catch {
      return false;
    }
  };
  function checked(at: GraphQLOutputType, value: unknown): unknown {
    if (typeof value !== 'object' || value === null || value instanceof Error) return value;
    if (isPromise(value)) return Promise.resolve(value).then((one) => checked(at, one));
    const bare = isNonNullType(at) ? at.ofType : at;
    if (!isListType(bare)) return fits(value) ? value : misfit(coordinate);
    if (!isIterable(value)) return value;
    // An executor would read all of it as well.
    const items: unknown[] = Array.isArray(value) ? value : [...value];
    return items.some((item) => typeof item === 'object' && item !== null)
      ? items.map((item) => checked(bare.ofType, item))
      : items;
  }
  return function resolveWithoutMisfits(source, args, contextValue, info) {
    const value: unknown = resolver(source, args, contextValue, info);
    return typeof value === 'object' && value !== null ? checked(type, value) : value;
  };
}

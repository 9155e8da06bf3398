/**
 * Lists in which one denied item nulls the whole list.
 *
 * graphql-js gives up such a list where an item throws, and forgets the items before it. Were one of those still running and
 * failed later, its rejection would be nobody's, and end the process: a caller could do that with two objects that are not
 * theirs. So the items of these lists are all completed later, where graphql-js waits for every one of them.
 *
 * Only lists of non-null items in which a denial can reach the item: no other is touched.
 */
import {
  type GraphQLNamedType,
  type GraphQLOutputType,
  type GraphQLSchema,
  isAbstractType,
  isListType,
  isNonNullType,
  isObjectType,
} from 'graphql';
import type { Resolver } from './field-guard.ts';
import { isPromise } from './owner.ts';
import type { RuleIndex } from './rule-index.ts';

/** @returns whether a field of this type returns such a list. */
export function losesItems(
  schema: GraphQLSchema,
  index: Pick<RuleIndex, 'fields' | 'types'>,
): (type: GraphQLOutputType) => boolean {
  const deniable = new Set<GraphQLNamedType>();
  /** Whether a denial in a value of this type can null what holds the value. */
  const reaches = (type: GraphQLOutputType): boolean => isNonNullType(type) && reachesBare(type.ofType);
  const reachesBare = (type: GraphQLOutputType): boolean => {
    if (isNonNullType(type)) return reachesBare(type.ofType);
    return isListType(type) ? reaches(type.ofType) : deniable.has(type);
  };
  const isDeniable = (type: GraphQLNamedType): boolean => {
    if (isAbstractType(type)) return schema.getPossibleTypes(type).some((possible) => deniable.has(possible));
    if (!isObjectType(type)) return false;
    return (
      index.types.has(type.name) ||
      Object.values(type.getFields()).some(
        (field) => (isNonNullType(field.type) && index.fields.has(`${type.name}.${field.name}`)) || reaches(field.type),
      )
    );
  };
  const types = Object.values(schema.getTypeMap());
  for (let before = -1; before < deniable.size; ) {
    before = deniable.size;
    for (const type of types) if (!deniable.has(type) && isDeniable(type)) deniable.add(type);
  }
  return function loses(type): boolean {
    if (isNonNullType(type)) return loses(type.ofType);
    return isListType(type) && (reaches(type.ofType) || loses(type.ofType));
  };
}

/** Hands graphql-js a promise for every item. */
export function withSteadyItems(resolver: Resolver): Resolver {
  return (source, args, contextValue, info) => {
    const result: unknown = resolver(source, args, contextValue, info);
    return isPromise(result) ? Promise.resolve(result).then(steady) : steady(result);
  };
}

function steady(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || !(Symbol.iterator in value)) return value;
  return Array.from(value as Iterable<unknown>, (item) => {
    const later = Promise.resolve(isPromise(item) ? Promise.resolve(item).then(steady) : steady(item));
    later.catch(() => {}); // graphql-js hears of it all the same
    return later;
  });
}

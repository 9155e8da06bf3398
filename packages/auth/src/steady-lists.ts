/**
 * Lists in which one denied item nulls the whole list.
 *
 * graphql-js gives up such a list where an item throws, and forgets the items before it. Were one of those still running and
 * failed later, its rejection would be nobody's, and end the process: a caller could do that with two objects that are not
 * theirs. So in an operation with such a list a denial rejects and never throws; and from the first item in which there was a
 * denial, or a promise that a denial may follow, the rest of the list is completed later, where graphql-js waits for every item.
 * Until then nothing is made per item.
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
import type { RuleIndex } from './guarded.ts';
import { forget, handled } from './maybe.ts';
import type { Memo, Memos } from './memo.ts';
import { isPromise } from './owner.ts';

export interface Losing {
  /** Whether a field of this type returns such a list. */
  readonly loses: (type: GraphQLOutputType) => boolean;
  /** Whether a denial in a value of this type can null what holds the value. */
  readonly reaches: (type: GraphQLOutputType) => boolean;
}

/** Where a denial goes. */
export function losesItems(schema: GraphQLSchema, index: Pick<RuleIndex, 'fields' | 'types'>): Losing {
  const deniable = new Set<GraphQLNamedType>();
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
  const loses = (type: GraphQLOutputType): boolean => {
    if (isNonNullType(type)) return loses(type.ofType);
    return isListType(type) && (reaches(type.ofType) || loses(type.ofType));
  };
  return { loses, reaches };
}

/** Hands graphql-js promises for the items, from the first on that leaves something running. */
export function withSteadyItems(resolver: Resolver, type: GraphQLOutputType, memos: Memos): Resolver {
  const depth = depthOf(type);
  return (source, args, contextValue, info) => {
    const memo = memos.during(contextValue, info);
    memo.steady = true;
    const result: unknown = resolver(source, args, contextValue, info);
    if (!isPromise(result)) return steady(result, depth, memo);
    memo.promises += 1;
    return Promise.resolve(result).then((settled) => steady(settled, depth, memo));
  };
}

/** For a field whose promise a denial may follow. */
export function withNotedPromise(resolver: Resolver, memos: Memos): Resolver {
  return (source, args, contextValue, info) => {
    const result: unknown = resolver(source, args, contextValue, info);
    if (isPromise(result)) memos.during(contextValue, info).promises += 1;
    return result;
  };
}

/** @param depth how many lists stand in each other. */
function steady(value: unknown, depth: number, memo: Memo): unknown {
  if (depth === 0 || typeof value !== 'object' || value === null || !(Symbol.iterator in value)) return value;
  return { [Symbol.iterator]: () => steadyItems(value as Iterable<unknown>, depth - 1, memo) };
}

/** graphql-js asks for an item when it has begun to complete the one before. */
function steadyItems(items: Iterable<unknown>, depth: number, memo: Memo): Iterator<unknown> {
  const iterator = items[Symbol.iterator]();
  // A list is completed in one go: what comes up meanwhile belongs to its items.
  const before = memo.promises;
  return {
    next() {
      const next = iterator.next();
      if (next.done === true) return next;
      const { value } = next;
      if (isPromise(value)) memo.promises += 1;
      if (memo.promises > before) return { value: laterItem(value, depth, memo), done: false };
      return depth === 0 ? next : { value: steady(value, depth, memo), done: false };
    },
    return() {
      forget(items);
      return iterator.return?.() ?? { value: undefined, done: true };
    },
  };
}

function laterItem(item: unknown, depth: number, memo: Memo): PromiseLike<unknown> {
  // graphql-js hears of its rejection all the same.
  return handled(Promise.resolve(item).then((one) => steady(one, depth, memo)));
}

function depthOf(type: GraphQLOutputType): number {
  if (isNonNullType(type)) return depthOf(type.ofType);
  return isListType(type) ? 1 + depthOf(type.ofType) : 0;
}

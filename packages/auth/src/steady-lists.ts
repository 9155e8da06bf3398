/**
 * Lists in which one denied item nulls the whole list.
 *
 * graphql-js gives up such a list where an item throws, and forgets the items before it. Were one of those still running and
 * failed later, its rejection would be nobody's, and end the process: a caller could do that with two objects that are not
 * theirs. So in an operation with such a list a denial rejects and never throws; and graphql-js gets an array of ours, of which
 * the items that it has not read yet become promises as soon as there was a denial in an item, or a promise that a denial may
 * follow: the rest is completed later, where graphql-js waits for every item. Until then an item costs one look for a promise.
 *
 * Only lists of non-null items in which a denial can reach the item: no other is touched.
 */
import { dimensionsOf, isIterable, isPromise } from '@graphql-bulwark/core';
import {
  type GraphQLNamedType,
  type GraphQLOutputType,
  type GraphQLSchema,
  isAbstractType,
  isListType,
  isNonNullType,
  isObjectType,
} from 'graphql';
import type { Path } from './error-cap.ts';
import type { Resolver } from './field-guard.ts';
import type { RuleIndex } from './guarded.ts';
import { handled } from './maybe.ts';
import type { Memo, Memos } from './memo.ts';

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

/** Hands graphql-js an array that {@link unsettled} finds. */
export function withSteadyItems(resolver: Resolver, type: GraphQLOutputType, memos: Memos): Resolver {
  const depth = dimensionsOf(type);
  return (source, args, contextValue, info) => {
    const memo = memos.during(contextValue, info);
    memo.steady = true;
    const hold = (result: unknown): unknown => held(result, depth, memo, info.path);
    const result: unknown = resolver(source, args, contextValue, info);
    if (!isPromise(result)) return hold(result);
    unsettled(memo, info.path);
    return Promise.resolve(result).then(hold);
  };
}

/** For a field whose promise a denial may follow. */
export function withNotedPromise(resolver: Resolver, memos: Memos): Resolver {
  return (source, args, contextValue, info) => {
    const result: unknown = resolver(source, args, contextValue, info);
    if (isPromise(result)) unsettled(memos.during(contextValue, info), info.path);
    return result;
  };
}

/**
 * Says that at this field there was a denial, or a promise that one may follow: what is left of the lists around it is
 * completed later.
 */
export function unsettled(memo: Memo, path: Path | undefined): void {
  memo.promises += 1;
  // A path tells the place in a list for what is below the item, not for the item itself.
  for (let at = path, from = 0; at; at = at.prev) {
    const list = memo.lists.get(at);
    if (list) {
      memo.lists.delete(at);
      postpone(list, from);
    }
    from = typeof at.key === 'number' ? at.key + 1 : 0;
  }
}

/** @param depth how many lists stand in each other. */
function held(value: unknown, depth: number, memo: Memo, path: Path): unknown {
  const list = copied(value, depth);
  if (!list) return value;
  const promised = firstPromise(list);
  if (promised !== undefined) {
    unsettled(memo, path);
    postpone(list, promised);
  }
  memo.lists.set(path, list);
  return list.items;
}

/** An array of our own, of which nobody else changes an item. */
export interface HeldList {
  readonly items: unknown[];
  /** The lists in it, where it is a list of lists; an item may still be none. */
  readonly lists: readonly (HeldList | undefined)[] | undefined;
}

function copied(value: unknown, depth: number): HeldList | undefined {
  if (depth === 0 || !isIterable(value)) return undefined;
  const items = [...value];
  if (depth === 1) return { items, lists: undefined };
  const lists = items.map((item) => copied(item, depth - 1));
  return { items: items.map((item, i) => lists[i]?.items ?? inPromise(item, depth - 1)), lists };
}

/** What a promise for a list brings is completed later, all of it. */
function inPromise(item: unknown, depth: number): unknown {
  if (!isPromise(item)) return item;
  return Promise.resolve(item).then((value) => {
    const list = copied(value, depth);
    if (!list) return value;
    postpone(list, 0);
    return list.items;
  });
}

function firstPromise({ items, lists }: HeldList): number | undefined {
  for (let i = 0; i < items.length; i += 1) {
    if (isPromise(items[i])) return i;
    const list = lists?.[i];
    if (list && firstPromise(list) !== undefined) return i;
  }
  return undefined;
}

/** Of lists in a list all of them: which one is being completed is not told. */
function postpone({ items, lists }: HeldList, from: number): void {
  for (const list of lists ?? []) if (list) postpone(list, 0);
  for (let i = lists ? 0 : from; i < items.length; i += 1) {
    const item = items[i];
    items[i] = isPromise(item) ? handled(item) : Promise.resolve(item);
  }
}

/**
 * Hands lists over to the executor: the one place of the suite where that happens.
 *
 * An executor completes a list item by item. Where an item that cannot be null fails at once, the executor gives the list up:
 * it no longer waits for the items before that one. A promise among them that rejects later has no handler, and ends the
 * process. An anonymous caller could cause that with two items: one that is denied later, and one that is `null`.
 *
 * So the executor gets an array of ours. `Array.from()` and `for ... of` call `return()` of its iterator exactly when the
 * list is given up, and from then on no promise settles that the suite makes or delays below the list. Where such a promise
 * came up in an item, the items after it become promises as well. The executor then waits for all of them, so a denial never
 * makes it give up a list that it would have completed without Bulwark.
 */
import { type GraphQLResolveInfo, getNullableType, isListType, isNonNullType } from 'graphql';
import type { Resolver } from '../lib/default-resolver.ts';
import { countListDimensions, isIterable } from '../lib/list-types.ts';
import { discardValue, isPromise } from '../lib/promises.ts';

/** The path to a value in the answer, from its end. An executor makes one object for each field that it executes. */
type Path = GraphQLResolveInfo['path'];

/** A field that is being executed. */
type RunningField = Pick<GraphQLResolveInfo, 'path' | 'returnType'>;

/** The lists of one field: one, or several where it returns lists of lists. */
interface HandedLists {
  readonly path: Path;
  readonly read: ReadList;
  readonly until: CutOff | undefined;
  /** Whether a promise came up in them or below. */
  isWaiting: boolean;
  readonly handed: HandedList[];
  /** Where the lists stand that the executor has given up. */
  givenUp: ListPlace[];
}

/** A list that the executor reads or has read. */
interface HandedList {
  /** An array of our own, so that no other code changes its items. */
  readonly items: unknown[];
  readonly place: ListPlace;
}

/** The indices of a list in the lists around it, outermost first; empty for the outermost list. */
type ListPlace = readonly number[];
const outermost: ListPlace = [];

/** How an array of ours knows its list. */
const handedKey: unique symbol = Symbol('handed');
interface HandedArray extends Array<unknown> {
  [handedKey]: { readonly list: HandedList; readonly lists: HandedLists };
}

function isHanded(value: unknown): value is HandedArray {
  return handedKey in (value as object);
}

/**
 * The lists of a field, at its path. A property, because a `WeakMap` with an entry for each list makes every garbage
 * collection slow.
 */
const listsKey: unique symbol = Symbol('lists');
type MarkedPath = Path & { [listsKey]?: HandedLists };

function findLists(path: Path): HandedLists | undefined {
  return (path as MarkedPath)[listsKey];
}

/** Reads a list of a field. @returns its items, or the error that replaces the list. */
export type ReadList = (list: Iterable<unknown>) => readonly unknown[] | Error;

/** An execution whose answer will be discarded: what is left of its lists need not be executed. */
export interface CutOff {
  readonly isCut: boolean;
}

/**
 * Prepares the result of a field for the executor: its lists become arrays of ours, anything else stays as it is.
 *
 * @param read reads each list. Left out: all items.
 * @param until says when the rest of the items is no longer wanted. Left out: never.
 * @throws {unknown} what the iterator of the list throws.
 */
export function handOverLists(
  result: unknown,
  field: RunningField,
  read: ReadList = readItems,
  until?: CutOff,
): unknown {
  if (isPromise(result)) {
    const settled = Promise.resolve(result).then((value) => handOverLists(value, field, read, until));
    return settleUnlessGivenUp(settled, field);
  }
  if (!isIterable(result)) return result;
  const { path, returnType } = field;
  // Handed over already, by a wrapper around the same resolver: its last list is the outermost.
  if (read === readItems && isHanded(result) && findLists(path) === result[handedKey].lists) return result;
  const lists: HandedLists = { path, read, until, isWaiting: isWaitingAbove(path), handed: [], givenUp: [] };
  (path as MarkedPath)[listsKey] = lists;
  return handOver(result, countListDimensions(returnType), lists, outermost);
}

/** Wraps a resolver so that its result is handed over. */
export function wrapToHandOverLists(resolver: Resolver): Resolver {
  return function resolveAndHandOver(source, args, contextValue, info) {
    return handOverLists(resolver(source, args, contextValue, info), info);
  };
}

/**
 * Settles as the promise does, except where a list around the field, or the list that holds its value, has been given up.
 * Then it never settles, because nothing waits for it.
 */
export function settleUnlessGivenUp<T>(promise: PromiseLike<T>, { path }: Pick<RunningField, 'path'>): Promise<T> {
  for (let at: Path | undefined = path; at; at = at.prev) {
    const lists = findLists(at);
    if (lists) startWaiting(lists);
  }
  return whileWanted(promise, path, []);
}

/**
 * Whether a list around a field has been given up. Then nothing waits for the value of the field, and a promise for it that
 * rejects would end the process.
 */
export function isGivenUpAround({ path }: Pick<RunningField, 'path'>): boolean {
  return isGivenUp(path, []);
}

/** Whether a promise came up in a list around a field. Then the field may be one that would not be executed without Bulwark. */
function isWaitingAbove(path: Path): boolean {
  for (let at = path.prev; at; at = at.prev) if (findLists(at)?.isWaiting) return true;
  return false;
}

/**
 * Fails a field in place of its value. The error is thrown where that gives up no list: where the field may be null, or is in
 * no list. Otherwise the returned promise rejects with it.
 *
 * @throws {unknown} the error.
 */
export function failField(error: unknown, field: RunningField): Promise<never> {
  if (!isNonNullType(field.returnType) || !standsInList(field.path)) throw error;
  return rejectUnlessGivenUp(error, field);
}

/**
 * Fails an object or leaf that a field has returned, by itself or in a list. As {@link failField}, but the lists of the field
 * count too.
 *
 * @throws {unknown} the error.
 */
export function failValue(error: unknown, field: RunningField): Promise<never> {
  let type = field.returnType;
  let isItem = false;
  for (let bare = getNullableType(type); isListType(bare); bare = getNullableType(type)) {
    type = bare.ofType;
    isItem = true;
  }
  if (!isNonNullType(type) || !(isItem || standsInList(field.path))) throw error;
  return rejectUnlessGivenUp(error, field);
}

function rejectUnlessGivenUp(reason: unknown, field: RunningField): Promise<never> {
  // oxlint-disable-next-line typescript/prefer-promise-reject-errors -- what the application threw is passed on unchanged
  return settleUnlessGivenUp(Promise.reject(reason), field);
}

function standsInList(path: Path): boolean {
  for (let at: Path | undefined = path; at; at = at.prev) if (typeof at.key === 'number') return true;
  return false;
}

/** Hands over one list, and the lists in it. @param dimensions how many lists are nested here. */
function handOver(value: unknown, dimensions: number, lists: HandedLists, place: ListPlace): unknown {
  if (dimensions === 0 || !isIterable(value)) return value;
  const read = lists.read(value);
  if (read instanceof Error) return read;
  const items = [...read];
  if (dimensions > 1) {
    for (const [i, item] of items.entries()) {
      const hand = (list: unknown): unknown => handOverInner(list, dimensions - 1, lists, [...place, i]);
      items[i] = isPromise(item) ? whileWanted(Promise.resolve(item).then(hand), lists.path, place) : hand(item);
    }
  }
  const list = { items, place };
  lists.handed.push(list);
  if (lists.isWaiting) postpone(list, lists);
  else if (items.some(isPromise)) startWaiting(lists);
  // It stays an array for an executor that reads it by index. Properties are assigned, since defining them takes longer.
  const array = items as HandedArray;
  array[handedKey] = { list, lists };
  array[Symbol.iterator] = iterateHandedList;
  return array;
}

/** The iterator of each array of ours. */
function iterateHandedList(this: unknown[]): ArrayIterator<unknown> {
  const { list, lists } = (this as HandedArray)[handedKey];
  // A plugin may have read a part of the list before the executor: that did not give it up.
  if (lists.givenUp.length > 0) lists.givenUp = lists.givenUp.filter((one) => one !== list.place);
  // Every item is a promise by now, and none of them fails at once. So the executor does not give the list up: a reader that
  // stops early is a plugin that reads a part of the list while the executor waits.
  if (lists.isWaiting) return list.items.values();
  return new HandedIterator(list, lists);
}

/** An iterator with a method `return()`, which an executor calls when it gives the list up. */
class HandedIterator implements IterableIterator<unknown> {
  readonly #list: HandedList;
  readonly #lists: HandedLists;
  #next = 0;

  constructor(list: HandedList, lists: HandedLists) {
    this.#list = list;
    this.#lists = lists;
  }

  [Symbol.iterator](): this {
    return this;
  }

  next(): IteratorResult<unknown, undefined> {
    const { items } = this.#list;
    const i = this.#next;
    if (this.#lists.until?.isCut === true) {
      discardValue(items.slice(i));
      return { value: undefined, done: true };
    }
    this.#next += 1;
    return i < items.length ? { value: items[i], done: false } : { value: undefined, done: true };
  }

  return(): IteratorResult<unknown, undefined> {
    discardValue(this.#list.items.slice());
    this.#lists.givenUp.push(this.#list.place);
    return { value: undefined, done: true };
  }
}

/**
 * Returns the error of an inner list that cannot be read. If it were thrown, the promises beside that list would have no
 * handler.
 */
function handOverInner(value: unknown, dimensions: number, lists: HandedLists, place: ListPlace): unknown {
  try {
    return handOver(value, dimensions, lists, place);
  } catch (thrown) {
    return thrown instanceof Error ? thrown : new Error('a list could not be read', { cause: thrown });
  }
}

/** Reads all items. @throws {unknown} what the iterator throws. */
function readItems(list: Iterable<unknown>): readonly unknown[] {
  if (Array.isArray(list)) return list as unknown[];
  const items: unknown[] = [];
  try {
    for (const item of list) items.push(item);
  } catch (error) {
    discardValue(items);
    throw error;
  }
  return items;
}

/** Makes promises of all items that the executor has not read yet. */
function startWaiting(lists: HandedLists): void {
  if (lists.isWaiting) return;
  lists.isWaiting = true;
  for (const list of lists.handed) postpone(list, lists);
}

/** Makes promises of all items that are none. Items that the executor has read already stay as it read them. */
function postpone({ items, place }: HandedList, { path }: HandedLists): void {
  for (const [i, item] of items.entries()) {
    if (!isPromise(item)) items[i] = whileWanted(Promise.resolve(item), path, place);
  }
}

/**
 * Settles as the promise does, unless a list around it is given up.
 *
 * @param place that of the list with the promise, where it is known.
 */
function whileWanted<T>(promise: PromiseLike<T>, path: Path, place: ListPlace): Promise<T> {
  return new Promise((resolve, reject) => {
    const ifWanted =
      <V>(settle: (result: V) => void) =>
      (result: V): void => {
        if (!isGivenUp(path, place)) settle(result);
      };
    promise.then(ifWanted(resolve), ifWanted(reject));
  });
}

/**
 * Whether one of the lists around a value has been given up. In a list of lists, the path of a field does not tell which
 * inner list holds the value. No inner list is given up any more by then, since all their items are promises.
 */
function isGivenUp(path: Path, place: ListPlace): boolean {
  /** The indices from `at` down to the value. */
  let below = place;
  for (let at: Path | undefined = path; at; at = at.prev) {
    for (const list of findLists(at)?.givenUp ?? []) {
      if (list.every((index, i) => index === below[i])) return true;
    }
    below = typeof at.key === 'number' ? [at.key, ...below] : [];
  }
  return false;
}

/**
 * Hands lists over to the executor: the one place of the suite where that happens.
 *
 * An executor completes a list item by item. Where an item that cannot be null fails at once, it gives the list up: it forgets
 * the items before that one, of which some may still be running. A promise among them that rejects later has no reader any more,
 * and ends the process. An anonymous caller could cause that with two items: one that is denied later, and one that is `null`.
 *
 * So the executor gets an array of ours. Its iterator is told when the list is given up: `Array.from()` and `for ... of` call
 * `return()` exactly then, and from then on no promise settles that the suite makes or delays below the list. And where such a
 * promise came up in an item, the items that are still to be read become promises as well: the executor waits for all of them, so
 * that a denial never makes it give up a list which it would have completed without the guard.
 */
import { type GraphQLResolveInfo, getNullableType, isListType, isNonNullType } from 'graphql';
import type { Resolver } from '../lib/default-resolver.ts';
import { dimensionsOf, isIterable } from '../lib/list-types.ts';
import { forget, isPromise } from '../lib/promises.ts';

/** The way to a value in the answer, from its end. An executor makes one object for each field that it executes. */
type Path = GraphQLResolveInfo['path'];

/** A field of an operation that runs. */
type RunningField = Pick<GraphQLResolveInfo, 'path' | 'returnType'>;

/** The lists of one field: one, or several where it returns lists of lists. */
interface HandedLists {
  readonly path: Path;
  readonly read: ReadList;
  /** Whether something in them waits for a promise. */
  isWaiting: boolean;
  readonly handed: HandedList[];
  givenUp: ListPlace[];
}

interface HandedList {
  /** An array of our own: no other code changes its items. */
  readonly items: unknown[];
  readonly place: ListPlace;
}

/** Where a list stands in the lists around it, the outermost first; empty for the outermost itself. */
type ListPlace = readonly number[];

const handedLists = new WeakMap<Path, HandedLists>();

/** Reads a list of a field: its items, or the error that stands in place of the list. */
export type ReadList = (list: Iterable<unknown>) => readonly unknown[] | Error;

/** What a field returns, lists in a form in which they can be given up: what else it may be is left to the executor. */
export function handOverLists(result: unknown, field: RunningField, read: ReadList = readItems): unknown {
  if (isPromise(result)) {
    const settled = Promise.resolve(result).then((value) => handOverLists(value, field, read));
    return unlessGivenUp(settled, field);
  }
  if (!isIterable(result)) return result;
  const { path, returnType } = field;
  const lists = { path, read, isWaiting: isWaitingAbove(path), handed: [], givenUp: [] };
  handedLists.set(path, lists);
  return handOver(result, dimensionsOf(returnType), lists, []);
}

/** Hands over what a resolver returns. */
export function handingOverLists(resolver: Resolver): Resolver {
  return function resolveAndHandOver(source, args, contextValue, info) {
    return handOverLists(resolver(source, args, contextValue, info), info);
  };
}

/**
 * Settles as the promise does, and never where a list above the field, or the list that its value stands in, has been given up:
 * there no one waits for it.
 */
export function unlessGivenUp<T>(promise: PromiseLike<T>, { path }: Pick<RunningField, 'path'>): Promise<T> {
  for (let at: Path | undefined = path; at; at = at.prev) {
    const lists = handedLists.get(at);
    if (lists) startWaiting(lists);
  }
  return whileWanted(promise, path, []);
}

/** Whether a list around a field has something that waits: then the field may be one that would not have been executed else. */
function isWaitingAbove(path: Path): boolean {
  for (let at = path.prev; at; at = at.prev) if (handedLists.get(at)?.isWaiting) return true;
  return false;
}

/**
 * Fails a field in place of its value. Throws where that gives up no list: where `null` may stand there instead, or no list stands
 * around the field. Else it rejects.
 *
 * @throws {unknown} the error.
 */
export function failField(error: unknown, field: RunningField): Promise<never> {
  if (!isNonNullType(field.returnType) || !standsInList(field.path)) throw error;
  return rejectUnlessGivenUp(error, field);
}

/**
 * Fails an object or leaf that a field has returned, itself or in a list. As {@link failField}, with the lists of the field.
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
  // oxlint-disable-next-line typescript/prefer-promise-reject-errors -- what the application threw stays what it is
  return unlessGivenUp(Promise.reject(reason), field);
}

function standsInList(path: Path): boolean {
  for (let at: Path | undefined = path; at; at = at.prev) if (typeof at.key === 'number') return true;
  return false;
}

/** @param dimensions lists that stand in each other here. */
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
  // An array stays an array, also for an executor that reads it by index.
  return Object.defineProperty(items, Symbol.iterator, { value: () => iterate(list, lists) });
}

/** An inner list that cannot be read is an error in its place: what is thrown would leave the promises beside it without a reader. */
function handOverInner(value: unknown, dimensions: number, lists: HandedLists, place: ListPlace): unknown {
  try {
    return handOver(value, dimensions, lists, place);
  } catch (thrown) {
    return thrown instanceof Error ? thrown : new Error('a list could not be read', { cause: thrown });
  }
}

function readItems(list: Iterable<unknown>): readonly unknown[] {
  if (Array.isArray(list)) return list as unknown[];
  const items: unknown[] = [];
  try {
    for (const item of list) items.push(item);
  } catch (error) {
    forget(items);
    throw error;
  }
  return items;
}

/** The iterator of an array, with one more method: an executor calls it where it gives the list up. */
function iterate({ items, place }: HandedList, lists: HandedLists): IterableIterator<unknown> {
  // A plugin that read a part of it before the executor did not give it up.
  if (lists.givenUp.length > 0) lists.givenUp = lists.givenUp.filter((one) => one !== place);
  const values = items.values();
  // Every item is a promise by now, and none of them fails at once: who stops reading is not the executor, but a plugin that reads
  // a part of it while the executor waits.
  if (lists.isWaiting) return values;
  return Object.assign(values, {
    return() {
      // Nobody reads the rest of it.
      forget([...items.values()]);
      lists.givenUp.push(place);
      return { value: undefined, done: true as const };
    },
  });
}

function startWaiting(lists: HandedLists): void {
  if (lists.isWaiting) return;
  lists.isWaiting = true;
  for (const list of lists.handed) postpone(list, lists);
}

/** What has been read already stays as it was read. */
function postpone({ items, place }: HandedList, { path }: HandedLists): void {
  for (const [i, item] of items.entries()) {
    if (!isPromise(item)) items[i] = whileWanted(Promise.resolve(item), path, place);
  }
}

/** @param place of the list that the promise stands in, where that is known. */
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
 * Whether one of the lists around a value has been given up. In a list of lists the path of a field does not tell which of them
 * its value stands in; but of those none is given up any more, since the value waits.
 */
function isGivenUp(path: Path, place: ListPlace): boolean {
  /** From the value at `at` down to the value. */
  let below = place;
  for (let at: Path | undefined = path; at; at = at.prev) {
    for (const list of handedLists.get(at)?.givenUp ?? []) {
      if (list.every((index, i) => index === below[i])) return true;
    }
    below = typeof at.key === 'number' ? [at.key, ...below] : [];
  }
  return false;
}

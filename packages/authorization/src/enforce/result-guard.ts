/**
 * Judges what a field returns before graphql-js completes it, where a denial is more than an error at its place: a list full of
 * denied items costs a few errors, and FILTER and NULL none.
 *
 * The gate of a type judges its objects again: what is let pass here is not yet answered.
 */
import {
  discardValue,
  failField,
  failValue,
  handOverLists,
  isAsyncIterable,
  isIterable,
  isPromise,
  type Resolver,
  settleUnlessGivenUp,
  wrapToHandOverLists,
} from '@graphql-bulwark/core/internal';
import { type GraphQLError, type GraphQLOutputType, type GraphQLSchema, isListType, isNonNullType } from 'graphql';
import type { GuardedField, RuleIndex } from '../compile/compiled-rules.ts';
import { type Path, type Question, whereOf } from '../evaluate/access-request.ts';
import { isNothing } from '../evaluate/at-a-glance.ts';
import { after, handled, type Maybe } from '../evaluate/maybe.ts';
import type { Denials } from './denial.ts';
import { more } from './error-cap.ts';
import type { Guarding } from './field-guard.ts';
import { dropped, nullsMore, Refused, type Treatment, treatmentOf } from './treatment.ts';

/** Stands for a value whose error nulls what holds it. */
class Nulling {
  readonly error: GraphQLError;

  constructor(error: GraphQLError) {
    this.error = error;
  }
}

/** @returns the resolver itself where nothing that the field returns is to be judged or handed over. */
export function guardedResult(
  schema: GraphQLSchema,
  type: GraphQLOutputType,
  field: GuardedField | undefined,
  index: Pick<RuleIndex, 'types'>,
  resolver: Resolver,
  guarding: Guarding,
): Resolver {
  const treatment = treatmentOf(schema, type, field, index, guarding);
  const mayBeGivenUp = guarding.mayBeGivenUp(type);
  if (!treatment) return mayBeGivenUp ? wrapToHandOverLists(resolver) : resolver;
  const { memos, denials } = guarding;
  const keeps = keepsAll(type, treatment);
  const isEarly = !nullsMore(type);
  return function resolveAndGuardResult(source, args: Question['args'], contextValue, info) {
    let result: unknown;
    try {
      result = resolver(source, args, contextValue, info);
    } catch (error) {
      // What is missing must not fail earlier than what is hidden: of two errors the first is the answer.
      if (isEarly) throw error;
      return failField(error, info);
    }
    if (!keeps(result, contextValue)) {
      const memo = memos.during(contextValue, info);
      const question = { contextValue, operation: info.operation, memo, source, args, info, resolved: true };
      const judged = guardValue(type, result, { treatment, question, denials }, info.path, false);
      if (judged instanceof Nulling) return failValue(judged.error, info);
      result = isPromise(judged) ? settleUnlessGivenUp(Promise.resolve(judged).then(thrown), info) : judged;
    }
    return mayBeGivenUp ? handOverLists(result, info) : result;
  };
}

function thrown(one: unknown): unknown {
  if (one instanceof Nulling) throw one.error;
  return one;
}

/** Whether the whole result surely stays as it is: the common case, in which nothing is made. */
function keepsAll(type: GraphQLOutputType, { glance }: Treatment): (result: unknown, contextValue: unknown) => boolean {
  const bare = isNonNullType(type) ? type.ofType : type;
  const item = isListType(bare) ? bare.ofType : undefined;
  if (!item)
    return (result, contextValue) => isNothing(result) || (!isPromise(result) && glance.one(result, contextValue));
  if (isListType(isNonNullType(item) ? item.ofType : item)) return isNothing;
  return (result, contextValue) => (Array.isArray(result) ? glance.all(result, contextValue) : isNothing(result));
}

/** What is the same for every value of a result. */
interface Judging {
  readonly treatment: Treatment;
  readonly question: Question;
  readonly denials: Denials;
}

/** Judges a value, or each item of a list, as graphql-js will complete it. */
function guardValue(
  type: GraphQLOutputType,
  value: unknown,
  judging: Judging,
  path: Path,
  inList: boolean,
): Maybe<unknown> {
  if (isPromise(value)) return Promise.resolve(value).then((one) => guardValue(type, one, judging, path, inList));
  if (isNothing(value)) return value;
  const isNullable = !isNonNullType(type);
  const bare = isNullable ? type : type.ofType;
  if (!isListType(bare)) {
    const judged = judging.treatment.of(value, inList, judging.question);
    return after(judged, (one) => inPlace(one, isNullable, judging, path));
  }
  if (!isIterable(value)) {
    // To graphql-js this is no list, but other executors read it.
    return isAsyncIterable(value) ? guardItemsToCome(bare.ofType, value, judging, path) : value;
  }
  // graphql-js would read all of it as well.
  const values: unknown[] = Array.isArray(value) ? value : [...value];
  const items: unknown[] = [];
  for (const one of values) {
    const item = guardValue(bare.ofType, one, judging, { prev: path, key: items.length }, true);
    if (item instanceof Nulling) {
      discardValue(items);
      discardValue(values);
      return inPlace(item, isNullable, judging, path);
    }
    items.push(item);
  }
  return after(keptOf(items, bare.ofType, judging), (one) => inPlace(one, isNullable, judging, path));
}

/** Judges the items of a list that come one after the other: nothing else asks about an enum value, or drops what is hidden. */
async function* guardItemsToCome(
  type: GraphQLOutputType,
  values: AsyncIterable<unknown>,
  judging: Judging,
  path: Path,
): AsyncGenerator {
  let key = 0;
  for await (const value of values) {
    const item = await settledItem(guardValue(type, value, judging, { prev: path, key }, true));
    if (item === dropped) continue;
    key += 1;
    yield item instanceof Nulling ? item.error : item;
  }
}

/** A generator that throws is over: an item that fails is an error in its place, and the next ones still come. */
async function settledItem(item: Maybe<unknown>): Promise<unknown> {
  try {
    return await item;
  } catch (error) {
    return error instanceof Error ? error : new Error('an item of a list failed', { cause: error });
  }
}

function inPlace(one: unknown, isNullable: boolean, { treatment, denials, question }: Judging, path: Path): unknown {
  if (one instanceof Nulling) return isNullable ? one.error : one;
  if (!(one instanceof Refused)) return one;
  const where = whereOf(question);
  // The place before items are dropped would tell how many: graphql-js finds the one after, or that of the list.
  const error = denials.errorOf(one.denied, where, treatment.drops ? undefined : path);
  return isNullable ? (error ?? null) : new Nulling(error ?? more(where));
}

/** The items that stay in a list, or what nulls it. */
function keptOf(items: readonly unknown[], type: GraphQLOutputType, { treatment }: Judging): Maybe<unknown> {
  const kept = (all: readonly unknown[]): unknown =>
    all.find((one) => one instanceof Nulling) ?? all.filter((one) => one !== dropped);
  if (!items.some(isPromise)) return kept(items);
  if (!treatment.drops && !isNonNullType(type)) return items.map((item) => (isPromise(item) ? handled(item) : item));
  return Promise.allSettled(items).then((settled) => {
    const all = kept(settled.map(asItCame));
    // Still later, all of them: graphql-js gives up a list where an item throws at once, and forgets those that are running.
    return Array.isArray(all) ? all.map((one: unknown) => (isPromise(one) ? one : Promise.resolve(one))) : all;
  });
}

/** An item that fails still fails later: were it an error by now, graphql-js would give up the list around it. */
function asItCame(item: PromiseSettledResult<unknown>): unknown {
  return item.status === 'fulfilled' ? item.value : handled(Promise.reject(item.reason));
}

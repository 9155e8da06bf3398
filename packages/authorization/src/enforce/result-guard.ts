/**
 * Guards what a field returns before graphql-js completes it, where a denial must do more than put an error in the place of its
 * value: a list of many denied items has few errors, and what FILTER, NULL and NOT_FOUND hide has none.
 *
 * The guard of a type evaluates its objects again when they are completed, so a mistake here cannot let an object through.
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
import {
  defaultTypeResolver,
  type GraphQLAbstractType,
  type GraphQLError,
  type GraphQLOutputType,
  type GraphQLResolveInfo,
  type GraphQLSchema,
  getNamedType,
  isAbstractType,
  isListType,
  isNonNullType,
} from 'graphql';
import {
  type CompiledRules,
  type Guarded,
  type GuardedField,
  getOwnerMode,
  listPossibleTypes,
  nullsParent,
} from '../compile/compiled-rules.ts';
import { hidingModes } from '../compile/owner-rule.ts';
import { type AccessRequest, type Denial, noArgs, type Path, toAccessContext } from '../evaluate/access-request.ts';
import { after, firstOf, handled, type Maybe } from '../evaluate/maybe.ts';
import { createFastPath, type FastPath, isNothing } from '../evaluate/owner.ts';
import { type DenialReporter, getOmittedError } from './denial.ts';
import type { Enforcement } from './field-guard.ts';

/** In place of an item that is left out of its list. */
const droppedItem: unique symbol = Symbol('dropped item');

/** In place of a value that is denied with an error. */
class DeniedValue {
  readonly denial: Denial;

  constructor(denial: Denial) {
    this.denial = denial;
  }
}

/** In place of a value that cannot be null: its error nulls what holds it (GraphQL specification, "Handling Execution Errors"). */
class PropagatedError {
  readonly error: GraphQLError;

  constructor(error: GraphQLError) {
    this.error = error;
  }
}

/** Guards single values of a field: enum values, or objects. */
interface ValueGuard {
  /** Recognises values that certainly stay. */
  readonly fastPath: FastPath;
  /** The value, or what stands in its place. */
  readonly guard: (value: unknown, inList: boolean, request: AccessRequest) => Maybe<unknown>;
  /** Whether items may be left out of their list. */
  readonly dropsItems: boolean;
}

/** @returns the resolver itself if nothing that the field returns is guarded here or in a list that may be given up. */
export function guardResult(
  schema: GraphQLSchema,
  type: GraphQLOutputType,
  field: GuardedField | undefined,
  rules: Pick<CompiledRules, 'types'>,
  resolver: Resolver,
  enforcement: Enforcement,
): Resolver {
  const values = field?.values
    ? createEnumGuard(field.values, enforcement)
    : createObjectGuard(schema, type, rules, enforcement);
  const mayBeGivenUp = enforcement.mayBeGivenUp(type);
  if (!values) return mayBeGivenUp ? wrapToHandOverLists(resolver) : resolver;
  const { caches, denials } = enforcement;
  const stays = createResultFastPath(type, values.fastPath);
  const failsInPlace = !nullsParent(type);
  return function resolveAndGuardResult(source, args: AccessRequest['args'], contextValue, info) {
    let result: unknown;
    try {
      result = resolver(source, args, contextValue, info);
    } catch (error) {
      // Of two errors that null the same object the first one is the answer. A missing object must not fail before a hidden one.
      if (failsInPlace) throw error;
      return failField(error, info);
    }
    if (!stays(result, contextValue)) {
      const cache = caches.duringExecution(contextValue, info);
      const request = { contextValue, operation: info.operation, cache, source, args, info, resolved: true };
      const guarded = guardValue(type, result, { values, request, denials }, info.path, false);
      if (guarded instanceof PropagatedError) return failValue(guarded.error, info);
      result = isPromise(guarded) ? settleUnlessGivenUp(Promise.resolve(guarded).then(throwPropagated), info) : guarded;
    }
    return mayBeGivenUp ? handOverLists(result, info) : result;
  };
}

function throwPropagated(value: unknown): unknown {
  if (value instanceof PropagatedError) throw value.error;
  return value;
}

/** Recognises a result that certainly stays as it is: the common case, in which nothing is made. */
function createResultFastPath(
  type: GraphQLOutputType,
  fastPath: FastPath,
): (result: unknown, contextValue: unknown) => boolean {
  const bare = isNonNullType(type) ? type.ofType : type;
  const item = isListType(bare) ? bare.ofType : undefined;
  if (!item) {
    return (result, contextValue) => isNothing(result) || (!isPromise(result) && fastPath.allows(result, contextValue));
  }
  if (isListType(isNonNullType(item) ? item.ofType : item)) return isNothing;
  return (result, contextValue) =>
    Array.isArray(result) ? fastPath.allowsAll(result, contextValue) : isNothing(result);
}

/** What is the same for every value of one result. */
interface ResultRequest {
  readonly values: ValueGuard;
  readonly request: AccessRequest;
  readonly denials: DenialReporter;
}

/** Guards a value, or each item of a list, in the order in which graphql-js would complete them. */
function guardValue(
  type: GraphQLOutputType,
  value: unknown,
  result: ResultRequest,
  path: Path,
  inList: boolean,
): Maybe<unknown> {
  if (isPromise(value))
    return Promise.resolve(value).then((settled) => guardValue(type, settled, result, path, inList));
  if (isNothing(value)) return value;
  const isNullable = !isNonNullType(type);
  const bare = isNullable ? type : type.ofType;
  if (!isListType(bare)) {
    const guarded = result.values.guard(value, inList, result.request);
    return after(guarded, (one) => placeValue(one, isNullable, result, path));
  }
  if (!isIterable(value)) {
    // graphql-js does not take this for a list, but other executors iterate over it.
    return isAsyncIterable(value) ? guardAsyncItems(bare.ofType, value, result, path) : value;
  }
  // graphql-js would iterate over all of it as well.
  const values: unknown[] = Array.isArray(value) ? value : [...value];
  const items: unknown[] = [];
  for (const one of values) {
    const item = guardValue(bare.ofType, one, result, { prev: path, key: items.length }, true);
    if (item instanceof PropagatedError) {
      discardValue(items);
      discardValue(values);
      return placeValue(item, isNullable, result, path);
    }
    items.push(item);
  }
  return after(keepItems(items, bare.ofType, result.values), (one) => placeValue(one, isNullable, result, path));
}

/** Guards items that come one after the other. No other guard evaluates an enum value, or drops hidden items. */
async function* guardAsyncItems(
  type: GraphQLOutputType,
  values: AsyncIterable<unknown>,
  result: ResultRequest,
  path: Path,
): AsyncGenerator {
  let key = 0;
  for await (const value of values) {
    const item = await settleItem(guardValue(type, value, result, { prev: path, key }, true));
    if (item === droppedItem) continue;
    key += 1;
    yield item instanceof PropagatedError ? item.error : item;
  }
}

/** The value of an item, or its error: a generator that throws is done, and further items would not come. */
async function settleItem(item: Maybe<unknown>): Promise<unknown> {
  try {
    return await item;
  } catch (error) {
    return error instanceof Error ? error : new Error('an item of a list failed', { cause: error });
  }
}

/** Turns a denied value into its error. Where there can be no null, the error goes on to what holds the value. */
function placeValue(
  value: unknown,
  isNullable: boolean,
  { values, denials, request }: ResultRequest,
  path: Path,
): unknown {
  if (value instanceof PropagatedError) return isNullable ? value.error : value;
  if (!(value instanceof DeniedValue)) return value;
  const context = toAccessContext(request);
  // Items are dropped later, so this path would tell how many were. Without one graphql-js locates the error.
  const error = denials.createError(value.denial, context, values.dropsItems ? undefined : path);
  return isNullable ? (error ?? null) : new PropagatedError(error ?? getOmittedError(context));
}

/** The items that stay in a list, or the error that nulls it. */
function keepItems(items: readonly unknown[], type: GraphQLOutputType, { dropsItems }: ValueGuard): Maybe<unknown> {
  const keep = (all: readonly unknown[]): unknown =>
    all.find((one) => one instanceof PropagatedError) ?? all.filter((one) => one !== droppedItem);
  if (!items.some(isPromise)) return keep(items);
  if (!dropsItems && !isNonNullType(type)) return items.map((item) => (isPromise(item) ? handled(item) : item));
  return Promise.allSettled(items).then((settled) => {
    const all = keep(settled.map(restoreItem));
    // Promises again, each of them: at an item that throws at once graphql-js gives up the list, and no longer handles those that
    // still run.
    return Array.isArray(all) ? all.map((one: unknown) => (isPromise(one) ? one : Promise.resolve(one))) : all;
  });
}

/** The value of an item, or a promise that rejects as the item did: an error in its place would make graphql-js give up the list. */
function restoreItem(item: PromiseSettledResult<unknown>): unknown {
  return item.status === 'fulfilled' ? item.value : handled(Promise.reject(item.reason));
}

/** @param values internal value of an enum -> its guards. */
function createEnumGuard(values: ReadonlyMap<unknown, readonly Guarded[]>, { evaluator }: Enforcement): ValueGuard {
  return {
    dropsItems: false,
    fastPath: {
      allows: (value) => !values.has(value),
      allowsAll: (list) => !list.some((value) => values.has(value) || isPromise(value)),
    },
    guard: function guardEnumValue(value, _, request) {
      const denied = firstOf(values.get(value) ?? [], (guarded) =>
        evaluator.evaluate(guarded, { ...request, args: noArgs }),
      );
      return after(denied, (denial) => (denial ? new DeniedValue(denial) : value));
    },
  };
}

/**
 * Guards objects of guarded types.
 *
 * Where a denial nulls more than its own place, the guard of the type answers it. It does so later than a resolver that finds
 * nothing fails, and a client could tell the two apart. So objects that their owners hide are guarded here in any case.
 *
 * @returns `undefined` if the field returns no object that is guarded here.
 */
function createObjectGuard(
  schema: GraphQLSchema,
  type: GraphQLOutputType,
  { types }: Pick<CompiledRules, 'types'>,
  { evaluator, denials, grants }: Enforcement,
): ValueGuard | undefined {
  const named = getNamedType(type);
  const guards = new Map<string, Guarded>();
  for (const { name } of listPossibleTypes(schema, named)) {
    const guarded = types.get(name);
    if (guarded) guards.set(name, guarded);
  }
  const all = [...guards.values()];
  const mayHide = all.some((guarded) => hidingModes.has(getOwnerMode(guarded)));
  if (all.length === 0 || (nullsParent(type) && !mayHide)) return undefined;
  const fastPaths = new Map(all.map((guarded) => [guarded, createFastPath(guarded, grants)]));
  const readTypeName = createTypeNameReader(schema);
  // A router reads the items of `_entities` by their index: without one of them it would take the next object for it.
  const dropsItems = mayHide && named.name !== '_Entity';

  /** @param name of the object's type in the unguarded schema. */
  function guardObject(
    value: unknown,
    inList: boolean,
    fieldRequest: AccessRequest,
    name: unknown = isAbstractType(named) ? readTypeName(named, value, fieldRequest) : named.name,
  ): Maybe<unknown> {
    if (isPromise(name)) {
      return Promise.resolve(name).then((settled) => guardObject(value, inList, fieldRequest, settled ?? null));
    }
    const guarded = typeof name === 'string' ? guards.get(name) : undefined;
    if (!guarded || fastPaths.get(guarded)?.allows(value, fieldRequest.contextValue)) return value;
    const request = { ...fieldRequest, source: value, args: noArgs };
    return after(evaluator.evaluate(guarded, request), (denial) => {
      if (!denial) return value;
      const { mode } = denial;
      const isDropped = inList && dropsItems && hidingModes.has(mode);
      // With NOT_FOUND the answer is the error of notFound(), as for an object that is not there.
      if (!isDropped && mode !== 'NULL' && mode !== 'FILTER') return new DeniedValue(denial);
      denials.count(denial, toAccessContext(request));
      return isDropped ? droppedItem : null;
    });
  }

  return {
    dropsItems,
    fastPath: combineFastPaths(all, [...fastPaths.values()], isAbstractType(named)),
    guard: guardObject,
  };
}

/** The fast path of the type. For an abstract type there is one only if no rule compares owners, whatever type an object is of. */
function combineFastPaths(guards: readonly Guarded[], fastPaths: readonly FastPath[], isAbstract: boolean): FastPath {
  const [first] = fastPaths;
  if (first && !isAbstract) return first;
  const needsObject = guards.some(({ owners }) => owners.length > 0);
  const allows = (_: unknown, contextValue: unknown): boolean =>
    !needsObject && fastPaths.every((fastPath) => fastPath.allows(undefined, contextValue));
  return { allows, allowsAll: allows };
}

/** Makes a function that tells the type of an object as the unguarded schema would. What it cannot tell is left to the type's guard. */
function createTypeNameReader(
  schema: GraphQLSchema,
): (type: GraphQLAbstractType, value: unknown, request: AccessRequest) => unknown {
  const infos = new WeakMap<AccessRequest, GraphQLResolveInfo>();
  return function readTypeName(type, value, request) {
    let info = infos.get(request);
    if (!info) {
      info = { ...request.info, schema } as GraphQLResolveInfo;
      infos.set(request, info);
    }
    const original = schema.getType(type.name) as GraphQLAbstractType;
    try {
      const name = (original.resolveType ?? defaultTypeResolver)(value, request.contextValue, info, original);
      return isPromise(name) ? Promise.resolve(name).catch(() => undefined) : name;
    } catch {
      return undefined;
    }
  };
}

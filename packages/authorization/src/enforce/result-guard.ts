/**
 * Judges what a field returns before graphql-js completes it, where a denial is more than an error at its place: a list full of
 * denied items costs a few errors, and FILTER and NULL none.
 *
 * The gate of a type judges its objects again: what is let pass here is not yet answered.
 */
import {
  failField,
  failValue,
  forget,
  handingOverLists,
  handOverLists,
  isIterable,
  isPromise,
  type Resolver,
  unlessGivenUp,
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
import { type Guarded, type GuardedField, nullsMore, ownerModeOf, type RuleIndex } from '../compile/compiled-rules.ts';
import { hidingModes } from '../compile/owner-rule.ts';
import { type Denied, noArgs, type Path, type Question, whereOf } from '../evaluate/access-request.ts';
import { after, firstOf, handled, type Maybe } from '../evaluate/maybe.ts';
import { atAGlance, type Glance, isNothing } from '../evaluate/owner.ts';
import type { Denials } from './denial.ts';
import { more } from './denial.ts';
import type { Guarding } from './field-guard.ts';

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
  if (!treatment) return mayBeGivenUp ? handingOverLists(resolver) : resolver;
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
      result = isPromise(judged) ? unlessGivenUp(Promise.resolve(judged).then(thrown), info) : judged;
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
  if (!isIterable(value)) return value;
  // graphql-js would read all of it as well.
  const values: unknown[] = Array.isArray(value) ? value : [...value];
  const items: unknown[] = [];
  for (const one of values) {
    const item = guardValue(bare.ofType, one, judging, { prev: path, key: items.length }, true);
    if (item instanceof Nulling) {
      forget(items);
      forget(values);
      return inPlace(item, isNullable, judging, path);
    }
    items.push(item);
  }
  return after(keptOf(items, bare.ofType, judging), (one) => inPlace(one, isNullable, judging, path));
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

/** Stands for an item that is not in the list. */
export const dropped: unique symbol = Symbol('dropped');

/** Stands for a value that is denied with an error. */
export class Refused {
  readonly denied: Denied;

  constructor(denied: Denied) {
    this.denied = denied;
  }
}

export interface Treatment {
  /** What surely stays as it is. */
  readonly glance: Glance;
  /** The value, or what stands in its place. */
  readonly of: (value: unknown, inList: boolean, question: Question) => Maybe<unknown>;
  /** Whether items may be dropped. */
  readonly drops: boolean;
}

/** @returns `undefined` where nothing that the field returns is to be judged. */
export function treatmentOf(
  schema: GraphQLSchema,
  type: GraphQLOutputType,
  field: GuardedField | undefined,
  index: Pick<RuleIndex, 'types'>,
  guarding: Guarding,
): Treatment | undefined {
  return field?.values ? enumValues(field.values, guarding) : objects(schema, type, index, guarding);
}

function enumValues(values: ReadonlyMap<unknown, readonly Guarded[]>, { judge }: Guarding): Treatment {
  return {
    drops: false,
    glance: {
      one: (value) => !values.has(value),
      all: (list) => !list.some((value) => values.has(value) || isPromise(value)),
    },
    of: function guardEnumValue(value, _, question) {
      const denied = firstOf(values.get(value) ?? [], (guarded) =>
        judge.evaluate(guarded, { ...question, args: noArgs }),
      );
      return after(denied, (no) => (no ? new Refused(no) : value));
    },
  };
}

/**
 * None for a field whose `null` would not be its own: there the gate answers. But it answers later than a resolver that finds
 * nothing, and of two errors the earlier one is the answer: what is hidden is judged here as well.
 */
function objects(
  schema: GraphQLSchema,
  type: GraphQLOutputType,
  { types }: Pick<RuleIndex, 'types'>,
  { judge, denials, standings }: Guarding,
): Treatment | undefined {
  const named = getNamedType(type);
  const possible = isAbstractType(named) ? schema.getPossibleTypes(named) : [named];
  const guards = new Map<string, Guarded>();
  for (const { name } of possible) {
    const guarded = types.get(name);
    if (guarded) guards.set(name, guarded);
  }
  const judgedHere = [...guards.values()].filter((one) => !nullsMore(type) || hidingModes.has(ownerModeOf(one)));
  if (judgedHere.length === 0) return undefined;
  const glances = new Map([...guards].map(([name, guarded]) => [name, atAGlance(guarded, standings)]));
  const nameOf = concreteNames(schema);
  const keepsPlaces = named.name === '_Entity';

  /** @param name of the type that the object is of, as the schema had it before it was guarded. */
  function guardObject(
    value: unknown,
    inList: boolean,
    asked: Question,
    name: unknown = isAbstractType(named) ? nameOf(named, value, asked) : named.name,
  ): Maybe<unknown> {
    if (isPromise(name)) {
      return Promise.resolve(name).then((settled) => guardObject(value, inList, asked, settled ?? null));
    }
    const guarded = typeof name === 'string' ? guards.get(name) : undefined;
    if (!guarded || glances.get(guarded.coordinate)?.one(value, asked.contextValue)) return value;
    const question = { ...asked, source: value, args: noArgs };
    return after(judge.evaluate(guarded, question), (denied) => {
      if (!denied) return value;
      const stand = standInFor(denied, inList, keepsPlaces);
      if (!(stand instanceof Refused)) denials.noted(denied, whereOf(question));
      return stand;
    });
  }

  return {
    drops: !keepsPlaces && [...guards.values()].some((guarded) => hidingModes.has(ownerModeOf(guarded))),
    glance: glanceAt([...guards.values()], [...glances.values()], isAbstractType(named)),
    of: guardObject,
  };
}

/**
 * What stands in place of a denied object.
 *
 * @param keepsPlaces for federation's `_entities`, of which a router reads the items by their places: without one of them it
 * would take the next object for it.
 */
function standInFor(denied: Denied, inList: boolean, keepsPlaces: boolean): unknown {
  const { mode } = denied;
  if (inList && !keepsPlaces && hidingModes.has(mode)) return dropped;
  // What is not there is null, or the error of notFound().
  return mode === 'NULL' || mode === 'FILTER' ? null : new Refused(denied);
}

/** Of an abstract type only where no object matters: which type a value is of is not told at a glance. */
function glanceAt(guards: readonly Guarded[], glances: readonly Glance[], isAbstract: boolean): Glance {
  const [first] = glances;
  if (first && !isAbstract) return first;
  const needsObject = guards.some(({ owners }) => owners.length > 0);
  const passes = (contextValue: unknown): boolean =>
    !needsObject && glances.every((glance) => glance.one(undefined, contextValue));
  return { one: (_, contextValue) => passes(contextValue), all: (_, contextValue) => passes(contextValue) };
}

/** The type of a value as the schema had it before it was guarded. What cannot be told is left to the gate. */
function concreteNames(
  schema: GraphQLSchema,
): (type: GraphQLAbstractType, value: unknown, question: Question) => unknown {
  const infos = new WeakMap<Question, GraphQLResolveInfo>();
  return (type, value, question) => {
    let info = infos.get(question);
    if (!info) {
      info = { ...question.info, schema } as GraphQLResolveInfo;
      infos.set(question, info);
    }
    const original = schema.getType(type.name) as GraphQLAbstractType;
    try {
      const name = (original.resolveType ?? defaultTypeResolver)(value, question.contextValue, info, original);
      return isPromise(name) ? Promise.resolve(name).catch(() => undefined) : name;
    } catch {
      return undefined;
    }
  };
}

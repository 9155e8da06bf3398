/**
 * What becomes of one value that a field returns: enum values that not everybody may read, objects that their type's rule
 * denies, that FILTER and NOT_FOUND drop and that NULL replaces.
 */
import { isPromise } from '@graphql-bulwark/core/internal';
import {
  defaultTypeResolver,
  type GraphQLAbstractType,
  type GraphQLOutputType,
  type GraphQLResolveInfo,
  type GraphQLSchema,
  getNamedType,
  isAbstractType,
  isListType,
  isNonNullType,
} from 'graphql';
import { type Guarded, type GuardedField, ownerModeOf, type RuleIndex } from '../compile/compiled-rules.ts';
import { hidingModes } from '../compile/owner-rule.ts';
import { type Denied, noArgs, type Question, whereOf } from '../evaluate/access-request.ts';
import { atAGlance, type Glance } from '../evaluate/at-a-glance.ts';
import { after, firstOf, type Maybe } from '../evaluate/maybe.ts';
import type { Guarding } from './field-guard.ts';

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

/** Whether the `null` of a denied object would not stay at its place. */
export function nullsMore(type: GraphQLOutputType): boolean {
  return isNonNullType(type) && !isListType(type.ofType);
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

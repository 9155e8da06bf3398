/**
 * Judges what a field returns where the answer is not an error: items that FILTER drops, objects that NULL replaces, and
 * enum values that not everybody may read.
 */
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
import type { Denied } from './denials.ts';
import type { Guarding, Resolver } from './field-guard.ts';
import { type Question, whereOf } from './judge.ts';
import { after, firstOf, type Maybe } from './maybe.ts';
import { isPromise } from './owner.ts';
import { type Guarded, type GuardedField, ownerModeOf, type RuleIndex } from './rule-index.ts';

/** Stands for an item that is not in the list. */
const dropped: unique symbol = Symbol('dropped');

/** What becomes of one value. */
type Treat = (value: unknown, inList: boolean, question: Question) => Maybe<unknown>;

/** @returns the resolver itself where nothing that the field returns is to be judged. */
export function judgedResult(
  schema: GraphQLSchema,
  type: GraphQLOutputType,
  field: GuardedField | undefined,
  index: Pick<RuleIndex, 'types'>,
  resolver: Resolver,
  guarding: Guarding,
): Resolver {
  const treat = field?.values ? enumValues(field.values, guarding) : objects(schema, type, index, guarding);
  if (!treat) return resolver;
  return (source, args: Question['args'], contextValue, info) => {
    const memo = guarding.memos.during(contextValue, info);
    const question = { contextValue, operation: info.operation, memo, source, args, info };
    const result = through(type, resolver(source, args, contextValue, info), treat, question, false);
    return isPromise(result) ? guarding.denials.later(Promise.resolve(result), memo) : result;
  };
}

/** Follows graphql-js into lists. */
function through(
  type: GraphQLOutputType,
  value: unknown,
  treat: Treat,
  question: Question,
  inList: boolean,
): Maybe<unknown> {
  if (isPromise(value)) return Promise.resolve(value).then((one) => through(type, one, treat, question, inList));
  if (value === null || value === undefined || value instanceof Error) return value;
  if (isNonNullType(type)) return through(type.ofType, value, treat, question, inList);
  if (!isListType(type)) return treat(value, inList, question);
  if (typeof value !== 'object' || !(Symbol.iterator in value)) return value;
  const items = Array.from(value as Iterable<unknown>, (item) => through(type.ofType, item, treat, question, true));
  if (!items.some(isPromise)) return items.filter((item) => item !== dropped);
  // An item that fails is an error in its place; a rejection that nobody waits for would end the process.
  const settled = items.map((item) => Promise.resolve(item).catch(asError));
  return Promise.all(settled).then((all) => all.filter((item) => item !== dropped));
}

function asError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error('a list item failed', { cause: thrown });
}

function enumValues(values: ReadonlyMap<unknown, readonly Guarded[]>, { judge, denials }: Guarding): Treat {
  return (value, inList, question) => {
    const guards = values.get(value) ?? [];
    const denied = firstOf(guards, (guarded) => judge.object(guarded, question));
    return after(denied, (no) => {
      if (!no) return value;
      const error = denials.errorOf(no, whereOf(question));
      if (inList) return error;
      throw error;
    });
  };
}

function objects(
  schema: GraphQLSchema,
  type: GraphQLOutputType,
  { types }: Pick<RuleIndex, 'types'>,
  { judge, denials }: Guarding,
): Treat | undefined {
  const named = getNamedType(type);
  const possible = isAbstractType(named) ? schema.getPossibleTypes(named) : [named];
  const silent = new Map<string, Guarded>();
  for (const { name } of possible) {
    const guarded = types.get(name);
    if (guarded && ['FILTER', 'NULL'].includes(ownerModeOf(guarded))) silent.set(name, guarded);
  }
  if (silent.size === 0) return undefined;

  const judged = (name: unknown, value: unknown, inList: boolean, question: Question): Maybe<unknown> => {
    const guarded = typeof name === 'string' ? silent.get(name) : undefined;
    if (!guarded) return value;
    const filters = ownerModeOf(guarded) === 'FILTER';
    // Claims and policies, and a single object under FILTER, are left to the gate, which denies with an error.
    if ((filters && !inList) || judge.claims(guarded, question.contextValue)) return value;
    return after(judge.owner(guarded, { ...question, source: value, args: {} }), (denied: Denied | undefined) => {
      if (!denied) return value;
      denials.errorOf(denied, whereOf(question));
      return filters ? dropped : null;
    });
  };
  return (value, inList, question) => {
    if (!isAbstractType(named)) return judged(named.name, value, inList, question);
    const name = concreteName(schema, named, value, question);
    return isPromise(name)
      ? Promise.resolve(name).then((one) => judged(one, value, inList, question))
      : judged(name, value, inList, question);
  };
}

/** The type of a value as the schema had it before it was guarded. What cannot be told is left to the gate. */
function concreteName(schema: GraphQLSchema, type: GraphQLAbstractType, value: unknown, question: Question): unknown {
  const info = { ...question.info, schema } as GraphQLResolveInfo;
  const original = schema.getType(type.name) as GraphQLAbstractType;
  try {
    const name = (original.resolveType ?? defaultTypeResolver)(value, question.contextValue, info, original);
    return isPromise(name) ? Promise.resolve(name).catch(() => undefined) : name;
  } catch {
    return undefined;
  }
}

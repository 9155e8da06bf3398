/**
 * Loaders: named functions of the application that find an object, or its owners, before an operation touches it.
 *
 * What a loader finds is kept for the operation and offered to the resolver, so that both decide about the same row.
 */
import {
  aFunction,
  awaitWithin,
  isObject,
  isPromise,
  must,
  type OptionTable,
  readOptions,
} from '@graphql-bulwark/core/internal';
import type { GraphQLResolveInfo } from 'graphql';
import { askOnce, createAnswerKey } from './answer-cache.ts';
import { askInBatch } from './batch.ts';
import { refuseDelegated } from './delegated-objects.ts';
import { after, type Maybe } from './maybe.ts';
import type { PolicyRequest } from './policies.ts';

/** What a loader is asked for. */
export interface LoaderQuestion<C> {
  /** The field's coerced arguments; none for an object. */
  readonly args: Readonly<Record<string, unknown>>;
  /** The object whose field is asked for, or the object itself for a rule on a type. */
  readonly source: unknown;
  readonly context: C;
  /** Left out while an operation is checked before it runs. */
  readonly info?: GraphQLResolveInfo | undefined;
}

/**
 * Finds the owners of a row or an object. It must not change anything. What it returns, itself or as a promise:
 *
 * - asked about one row, or about an object: the object, the id of its owner, a list of the ids of its owners, of which one must be
 *   the caller, or `null` when there is none. Of a list of objects all must be owned;
 * - asked for several rows: a list with one entry for each requested row, in any order, each of them as above. Every entry must
 *   pass: `null` is a missing row, a list names the owners of one row. Another number of entries denies, and is logged.
 *
 * It is asked for several rows if the argument that names them is a list: the argument at `@owner(arg:)` or, left out, the only
 * argument of a root field, unless that is an input object. A list on the way counts, and so does a value of a custom scalar that
 * is a list. Each item is a row, twice where it is asked for twice.
 *
 * Where neither says which argument names rows, a returned list could be rows or owners. It denies, and is logged, if a list is
 * among the arguments or in their input objects, or an argument of a custom scalar is an object. Any other answer is about one row.
 */
export type Loader<C> = (question: LoaderQuestion<C>) => unknown;

/** A loader that finds what many questions ask for in one call: those of a whole list. */
export interface LoaderForMany<C> {
  /** Returns one answer for each question, in their order, each as of a {@link Loader}. */
  readonly many: (
    context: C,
    questions: readonly LoaderQuestion<C>[],
  ) => readonly unknown[] | Promise<readonly unknown[]>;
}

/** Name -> loader, as `@owner(loader:)` names it. */
export type Loaders<C> = Readonly<Record<string, Loader<C> | LoaderForMany<C>>>;

/** The loaders of one guarded schema. */
export interface LoaderRegistry {
  /** @throws {TypeError} for a loader that does not exist. */
  readonly require: (name: string, coordinate: string) => void;
  /** What the loader returns, also set among the request's `rows`. Throws or rejects as the loader does, or if it takes too long. */
  load(name: string, request: PolicyRequest): Maybe<unknown>;
}

// Registered, so that an ES module copy and a CommonJS copy of this package see the same.
const loadedKey: unique symbol = Symbol.for('graphql-bulwark.loaded') as never;

type Loaded = ReadonlyMap<string, unknown>;

/** @param timeoutMilliseconds for one call. @throws {TypeError} for an invalid loader. */
export function createLoaderRegistry(
  loaders: Readonly<Record<string, unknown>>,
  timeoutMilliseconds: number,
): LoaderRegistry {
  const byName = new Map(Object.entries(loaders).map(([name, loader]) => [name, readLoader(name, loader)]));
  return {
    require(name, coordinate) {
      if (!byName.has(name)) throw new TypeError(`${coordinate}: there is no loader '${name}'.`);
    },
    load(name, { cache, contextValue, coordinate, args, source, info, rows }) {
      const loader = byName.get(name);
      if (!loader) throw new Error(`there is no loader '${name}'`);
      refuseDelegated(source);
      const answer = askOnce(cache, loader, createAnswerKey(cache, coordinate, source, args), (): Maybe<unknown> => {
        const question = { args, source, context: contextValue, ...(info && { info }) };
        const found =
          typeof loader === 'function'
            ? loader(question)
            : askInBatch(cache, loader, question, (questions) => loader.many(contextValue, questions));
        return isPromise(found) ? awaitWithin(timeoutMilliseconds, found) : found;
      });
      return after(answer, (found) => {
        rows?.set(name, found);
        return found;
      });
    },
  };
}

const optionTable = { many: { required: true, check: aFunction } } satisfies OptionTable<LoaderForMany<unknown>>;

function readLoader(name: string, loader: unknown): Loader<unknown> | LoaderForMany<unknown> {
  if (typeof loader === 'function') return loader as Loader<unknown>;
  const where = `guardSchema: loaders.${name}`;
  must('be a function or an object with one', isObject)(where, loader);
  return readOptions(where, loader as LoaderForMany<unknown>, optionTable);
}

/** The resolver's `info`, with what was loaded for its field: what {@link loaded} reads. */
export function addLoaded(info: GraphQLResolveInfo, found: Loaded): GraphQLResolveInfo {
  return { ...info, [loadedKey]: found } as GraphQLResolveInfo;
}

/**
 * In a resolver: what the loader of the field's `@owner` found, so that it need not be read again. `undefined` if the decision did
 * not need it, because another owner or a bypass was enough.
 *
 * @example payInvoice: (_, args, context, info) => pay(loaded(info, 'invoice') as Invoice)
 */
export function loaded(info: GraphQLResolveInfo, loader: string): unknown {
  return (info as { readonly [loadedKey]?: Loaded })[loadedKey]?.get(loader);
}

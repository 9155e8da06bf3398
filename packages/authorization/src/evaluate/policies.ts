/**
 * Policies: named functions of the application that decide what roles and scopes cannot say.
 *
 * Only `true` lets pass. What throws, rejects, takes too long or returns anything else denies. A policy is asked each question once
 * per operation, and one with `many` gets the keys of a whole list in one call.
 */
import type { Principal } from '@graphql-bulwark/core';
import {
  aFlag,
  aFunction,
  awaitWithin,
  isPromise,
  must,
  type OptionTable,
  readOptions,
  show,
} from '@graphql-bulwark/core/internal';
import type { GraphQLResolveInfo } from 'graphql';
import type { AnyOf } from '../compile/auth-rule.ts';
import type { AccessRequest } from './access-request.ts';
import { type AnswerCache, createAnswerKey, getAnswers } from './answer-cache.ts';
import { askInBatch } from './batch.ts';
import { refuseDelegated } from './delegated-objects.ts';
import { allTrue, anyTrue, type Maybe } from './maybe.ts';

/** What a policy is asked about. */
export interface PolicyQuestion {
  /** The field's coerced arguments; none for an object. */
  readonly args: Readonly<Record<string, unknown>>;
  /** The object whose field is asked for, or the object itself for a rule on a type. `undefined` on a root field. */
  readonly source: unknown;
  /** The coordinate that carries the rule: `Query.invoice`, `Invoice`, `Query.invoices(userId:)`. */
  readonly coordinate: string;
  /** `null` for an anonymous caller: only policies with `allowAnonymous` are asked about those. */
  readonly principal: Principal | null;
  /** Left out while an operation is checked before it runs. */
  readonly info?: GraphQLResolveInfo | undefined;
}

/** Decides about one question. Only `true` lets pass. */
export type PolicyFunction<C> = (context: C, question: PolicyQuestion) => boolean | Promise<boolean>;

/** A policy with options, in place of a function. */
export interface PolicyOptions<C> {
  /** Decides about one question. Give this or `many`. */
  readonly check?: PolicyFunction<C> | undefined;
  /** Decides about many questions in one call: returns one answer for each key, in their order. */
  readonly many?:
    | ((context: C, keys: readonly string[]) => readonly boolean[] | Promise<readonly boolean[]>)
    | undefined;
  /** What the answer depends on: questions with equal keys are asked once per operation. Required with `many`. */
  readonly key?: ((question: PolicyQuestion) => string) | undefined;
  /** Whether it is asked about anonymous callers too. @default false: they are denied */
  readonly allowAnonymous?: boolean | undefined;
}

/** Name -> policy, as `@auth(policies:)` names it. */
export type Policies<C> = Readonly<Record<string, PolicyFunction<C> | PolicyOptions<C>>>;

/** What policies and loaders are asked, with the cache of the operation. */
export interface PolicyRequest extends PolicyQuestion {
  readonly contextValue: unknown;
  readonly cache: AnswerCache;
  /** As in {@link AccessRequest}: filled in by loaders. */
  readonly rows?: AccessRequest['rows'];
  /** Logs what a policy threw. */
  readonly failed: (error: unknown) => void;
}

/** The policies of one guarded schema. */
export interface PolicyRegistry {
  /** Whether a policy is asked about anonymous callers. @throws {TypeError} for a policy that does not exist. */
  readonly allowsAnonymous: (name: string, coordinate: string) => boolean;
  /** Whether all of these requirements are met. Promises are awaited together. Never rejects. */
  agree(requirements: readonly AnyOf[], request: PolicyRequest): Maybe<boolean>;
}

type Entry = PolicyOptions<never>;

/** @param timeoutMilliseconds for one call. @throws {TypeError} for an invalid policy. */
export function createPolicyRegistry(
  policies: Readonly<Record<string, unknown>>,
  timeoutMilliseconds: number,
): PolicyRegistry {
  const byName = new Map(Object.entries(policies).map(([name, policy]) => [name, readPolicy(name, policy)]));

  const createKey = ({ key }: Entry, request: PolicyRequest): string => {
    if (key) {
      const own: unknown = key(request);
      if (typeof own !== 'string') {
        throw new TypeError(`a policy's key must be text, but is ${show(own)}`);
      }
      return own;
    }
    return createAnswerKey(request.cache, request.coordinate, request.source, request.args);
  };

  /** Whether all policies of one alternative let pass. */
  function meetRequirement(alternatives: AnyOf, request: PolicyRequest): Maybe<boolean> {
    const met: Maybe<boolean>[] = [];
    for (const names of alternatives) {
      const answers: Maybe<boolean>[] = [];
      for (const name of names) {
        const answer = askPolicy(name, request);
        answers.push(answer);
        if (answer === false) break;
      }
      const one = allTrue(answers);
      if (one === true) return true;
      met.push(one);
    }
    return anyTrue(met);
  }

  /** What a policy answers. Each question is asked once per operation. */
  function askPolicy(name: string, request: PolicyRequest): Maybe<boolean> {
    const entry = byName.get(name);
    if (!entry || (!request.principal && entry.allowAnonymous !== true)) return false;
    const { contextValue, cache, failed, args, source, coordinate, principal, info } = request;
    const denyFailed = (error: unknown): false => {
      failed(error);
      return false;
    };
    const answers = getAnswers(cache, entry);
    let key: string | undefined;
    try {
      refuseDelegated(source);
      key = createKey(entry, request);
      const known = answers.get(key) as Maybe<boolean> | undefined;
      if (known !== undefined) return known;
      const said: unknown = entry.many
        ? askInBatch(cache, entry, key, (keys) => entry.many?.(contextValue as never, keys))
        : entry.check?.(contextValue as never, { args, source, coordinate, principal, ...(info && { info }) });
      const answer = isPromise(said)
        ? awaitWithin(timeoutMilliseconds, said).then((settled) => settled === true, denyFailed)
        : said === true;
      answers.set(key, answer);
      return answer;
    } catch (error) {
      if (key !== undefined) answers.set(key, false);
      return denyFailed(error);
    }
  }

  return {
    allowsAnonymous(name, coordinate) {
      const entry = byName.get(name);
      if (!entry) throw new TypeError(`${coordinate}: there is no policy '${name}'.`);
      return entry.allowAnonymous === true;
    },
    agree(requirements, request) {
      const met: Maybe<boolean>[] = [];
      for (const alternatives of requirements) {
        const one = meetRequirement(alternatives, request);
        if (one === false) return false;
        met.push(one);
      }
      return allTrue(met);
    },
  };
}

const optionTable = {
  check: { check: aFunction },
  many: { check: aFunction },
  key: { check: aFunction },
  allowAnonymous: { default: false, check: aFlag },
} satisfies OptionTable<Entry>;

function readPolicy(name: string, policy: unknown): Entry {
  if (typeof policy === 'function') return { check: policy as NonNullable<Entry['check']> };
  const where = `guardSchema: policies.${name}`;
  must('be a function or an object with one', (one: unknown) => typeof one === 'object' && one !== null)(where, policy);
  const entry = readOptions(where, policy as Entry, optionTable);
  const { check, many, key } = entry;
  if ((check === undefined) === (many === undefined)) {
    throw new TypeError(`policies.${name} needs either check or many.`);
  }
  if (many !== undefined && key === undefined) throw new TypeError(`policies.${name} needs a key for its many.`);
  return entry;
}

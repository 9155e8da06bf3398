/**
 * Policies: named functions of the application that decide what roles and scopes cannot say.
 *
 * Only `true` lets pass. What throws, rejects, takes too long or answers anything else denies. Each question is asked once
 * per operation, and a policy with `many` gets the keys of a whole list in one call.
 */
import type { Principal } from '@graphql-bulwark/core';
import {
  aFlag,
  aFunction,
  isPromise,
  must,
  type OptionTable,
  readOptions,
  show,
  within,
} from '@graphql-bulwark/core/internal';
import type { GraphQLResolveInfo } from 'graphql';
import type { AnyOf } from '../compile/auth-rule.ts';
import type { Question } from './access-request.ts';
import { answersOf, type Memo, questionKey } from './answer-cache.ts';
import { askTogether } from './batch.ts';
import { refuseDelegated } from './delegated-objects.ts';
import { allTrue, anyTrue, type Maybe } from './maybe.ts';

/** What a policy is asked about. */
export interface PolicyQuestion {
  /** The field's coerced arguments; none for an object. */
  readonly args: Readonly<Record<string, unknown>>;
  /** The object whose field is asked for, or the object itself for a rule on a type. `undefined` on a root field. */
  readonly source: unknown;
  /** `Query.invoice`, `Invoice`, `Query.invoices(userId:)`. */
  readonly coordinate: string;
  readonly principal: Principal | null;
  /** Left out while an operation is checked before it runs. */
  readonly info?: GraphQLResolveInfo | undefined;
}

/** Decides by itself. Only `true` lets pass. */
export type PolicyFunction<C> = (context: C, question: PolicyQuestion) => boolean | Promise<boolean>;

/** A policy with more to say than a function. */
export interface PolicyOptions<C> {
  /** Decides one question. Give this or `many`. */
  readonly check?: PolicyFunction<C> | undefined;
  /** Decides many at once: one answer for each key, in their order. */
  readonly many?:
    | ((context: C, keys: readonly string[]) => readonly boolean[] | Promise<readonly boolean[]>)
    | undefined;
  /** What the answer depends on: questions with equal keys have one answer per operation. Required with `many`. */
  readonly key?: ((question: PolicyQuestion) => string) | undefined;
  /** Asked about callers without a principal too. @default false: those are denied */
  readonly allowAnonymous?: boolean | undefined;
}

/** Name -> policy. */
export type Policies<C> = Readonly<Record<string, PolicyFunction<C> | PolicyOptions<C>>>;

/** A question on its way, with the operation's memory. */
export interface Asking extends PolicyQuestion {
  readonly contextValue: unknown;
  readonly memo: Memo;
  /** As in {@link Question}. */
  readonly rows?: Question['rows'];
  /** Told of what failed, once per coordinate and operation. */
  readonly failed: (error: unknown) => void;
}

export interface PolicyBook {
  /** @throws {TypeError} for a policy that there is not. */
  readonly allowsAnonymous: (name: string, coordinate: string) => boolean;
  /** Whether all of these requirements are met. What can be asked at once is; never rejects. */
  agree(requirements: readonly AnyOf[], asking: Asking): Maybe<boolean>;
}

type Entry = PolicyOptions<never>;

/** @throws {TypeError} for an invalid policy. */
export function policyBook(policies: Readonly<Record<string, unknown>>, timeoutMilliseconds: number): PolicyBook {
  const book = new Map(Object.entries(policies).map(([name, policy]) => [name, entryOf(name, policy)]));

  const keyOf = ({ key }: Entry, asking: Asking): string => {
    if (key) {
      const own: unknown = key(asking);
      if (typeof own !== 'string') {
        throw new TypeError(`a policy's key must be text, but is ${show(own)}`);
      }
      return own;
    }
    return questionKey(asking.memo, asking.coordinate, asking.source, asking.args);
  };

  /** Whether all policies of one alternative agree. */
  function agreeOnOne(alternatives: AnyOf, asking: Asking): Maybe<boolean> {
    const met: Maybe<boolean>[] = [];
    for (const names of alternatives) {
      const answers: Maybe<boolean>[] = [];
      for (const name of names) {
        const answer = askPolicy(name, asking);
        answers.push(answer);
        if (answer === false) break;
      }
      const one = allTrue(answers);
      if (one === true) return true;
      met.push(one);
    }
    return anyTrue(met);
  }

  /** What a policy says, asked once for each question. */
  function askPolicy(name: string, asking: Asking): Maybe<boolean> {
    const entry = book.get(name);
    if (!entry || (!asking.principal && entry.allowAnonymous !== true)) return false;
    const { contextValue, memo, failed, args, source, coordinate, principal, info } = asking;
    const denyFailed = (error: unknown): false => {
      failed(error);
      return false;
    };
    const answers = answersOf(memo, entry);
    let key: string | undefined;
    try {
      refuseDelegated(source);
      key = keyOf(entry, asking);
      const known = answers.get(key) as Maybe<boolean> | undefined;
      if (known !== undefined) return known;
      const said: unknown = entry.many
        ? askTogether(memo, entry, key, (keys) => entry.many?.(contextValue as never, keys))
        : entry.check?.(contextValue as never, { args, source, coordinate, principal, ...(info && { info }) });
      const answer = isPromise(said)
        ? within(timeoutMilliseconds, said).then((settled) => settled === true, denyFailed)
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
      const entry = book.get(name);
      if (!entry) throw new TypeError(`${coordinate}: there is no policy '${name}'.`);
      return entry.allowAnonymous === true;
    },
    agree(requirements, asking) {
      const met: Maybe<boolean>[] = [];
      for (const alternatives of requirements) {
        const one = agreeOnOne(alternatives, asking);
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

function entryOf(name: string, policy: unknown): Entry {
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

/** Guards a field: judges before its resolver, before its source stream is opened, and what it returns. */

import { isPromise } from '@graphql-bulwark/core';
import { defaultFieldResolver, type GraphQLFieldConfig, type GraphQLFieldResolver, isNonNullType } from 'graphql';
import { type Denials, type Denied, type Where, whyOf } from './denials.ts';
import { more } from './error-cap.ts';
import type { GuardedField } from './guarded.ts';
import type { Judge } from './judge.ts';
import { withLoaded } from './loaders.ts';
import type { Memos } from './memo.ts';
import { type Question, whereOf } from './question.ts';
import { type Standings, surelyPasses, verdicts } from './standing.ts';
import { unsettled, withNotedPromise } from './steady-lists.ts';

export type Resolver = GraphQLFieldResolver<unknown, unknown>;
type FieldConfig = GraphQLFieldConfig<unknown, unknown>;

export interface Guarding {
  readonly standings: Standings;
  readonly judge: Judge;
  readonly memos: Memos;
  readonly denials: Denials;
  /** Resolves fields that have no resolver. */
  readonly fieldResolver: Resolver;
}

/**
 * Puts a guard in front of a resolver.
 *
 * @param notes whether a denial may follow a promise that the resolver returns.
 */
export function behind(guarded: GuardedField, resolver: Resolver, guarding: Guarding, notes = false): Resolver {
  const onlyClaims = guarded.policies.length === 0 && guarded.owners.length === 0 && !guarded.find;
  if (onlyClaims) return behindClaims(guarded, resolver, guarding, notes);
  return behindAll(guarded, notes ? withNotedPromise(resolver, guarding.memos) : resolver, guarding);
}

/** Guards what resolves a field, and what opens its source stream where it has one. @param notes as in {@link behind}. */
export function guardedField(
  config: FieldConfig,
  guarded: GuardedField,
  guarding: Guarding,
  notes: boolean,
): FieldConfig {
  const { resolve = guarding.fieldResolver, subscribe } = config;
  return {
    ...config,
    resolve: behind(guarded, resolve, guarding, notes),
    ...(subscribe && { subscribe: behind(guarded, subscribe, guarding) }),
  };
}

function behindClaims(
  guarded: GuardedField,
  resolver: Resolver,
  { standings, memos, denials }: Guarding,
  notes: boolean,
): Resolver {
  const { slot } = guarded;
  const pass = standings.passOf(slot);
  const noted: Resolver = notes ? withNotedPromise(resolver, memos) : resolver;
  const judged: Resolver = (source, args, contextValue, info) => {
    const verdict = standings.judge(contextValue, slot);
    if (verdict === verdicts.allowed) return noted(source, args, contextValue, info);
    const where = { contextValue, operation: info.operation, memo: memos.during(contextValue, info), info };
    return refused({ guarded, ...whyOf(verdict), mode: 'ERROR' }, where, denials);
  };
  // Most fields have no resolver of their own: a call that is always the same costs less.
  if (resolver === defaultFieldResolver) {
    return (source, args, contextValue, info) => {
      if (!surelyPasses(pass, contextValue)) return judged(source, args, contextValue, info);
      const result = defaultFieldResolver(source, args, contextValue, info);
      if (notes && isPromise(result)) unsettled(memos.during(contextValue, info), info.path);
      return result;
    };
  }
  return (source, args, contextValue, info) => {
    if (surelyPasses(pass, contextValue)) return noted(source, args, contextValue, info);
    return judged(source, args, contextValue, info);
  };
}

function behindAll(guarded: GuardedField, resolver: Resolver, { judge, memos, denials }: Guarding): Resolver {
  const loads = guarded.owners.some(({ loader }) => loader !== undefined);
  return (source, args: Question['args'], contextValue, info) => {
    const memo = memos.during(contextValue, info);
    const rows = loads ? new Map<string, unknown>() : undefined;
    const question = { contextValue, operation: info.operation, memo, source, args, info, rows };
    const decide = (denied: Denied | undefined): unknown => {
      if (denied) return refused(denied, whereOf(question), denials);
      const completed = judge.completed(guarded, args, contextValue);
      return resolver(source, completed, contextValue, rows ? withLoaded(info, rows) : info);
    };
    const denied = judge.field(guarded, question);
    return isPromise(denied) ? denials.later(denied.then(decide), question) : decide(denied);
  };
}

/** `null` without an error where the mode says so, or where the client has read enough; the operator hears of it all the same. */
function refused(denied: Denied, where: Where, denials: Denials): unknown {
  if (denied.mode === 'NULL') {
    denials.noted(denied, where);
    return null;
  }
  const error = denials.errorOf(denied, where);
  if (!error && !isNonNullType(where.info?.returnType)) return null;
  return denials.no(error ?? more(where), where);
}

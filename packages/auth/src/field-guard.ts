/** Guards a field: judges before its resolver, before its source stream is opened, and what it returns. */

import { failField, isPromise, type Resolver, unlessGivenUp } from '@graphql-bulwark/core';
import { defaultFieldResolver, type GraphQLFieldConfig, type GraphQLResolveInfo, isNonNullType } from 'graphql';
import { type Denials, type Denied, type Where, whyOf } from './denials.ts';
import { more } from './error-cap.ts';
import type { GuardedField } from './guarded.ts';
import type { Judge } from './judge.ts';
import { withLoaded } from './loaders.ts';
import type { Memos } from './memo.ts';
import { type Question, whereOf } from './question.ts';
import { type Standings, surelyPasses, verdicts } from './standing.ts';

type FieldConfig = GraphQLFieldConfig<unknown, unknown>;

export interface Guarding {
  readonly standings: Standings;
  readonly judge: Judge;
  readonly memos: Memos;
  readonly denials: Denials;
  /** Resolves fields that have no resolver. */
  readonly fieldResolver: Resolver;
}

/** Puts a guard in front of a resolver. */
export function behind(guarded: GuardedField, resolver: Resolver, guarding: Guarding): Resolver {
  const onlyClaims = guarded.policies.length === 0 && guarded.owners.length === 0 && !guarded.find;
  return (onlyClaims ? behindClaims : behindAll)(guarded, resolver, guarding);
}

/** Guards what resolves a field, and what opens its source stream where it has one. */
export function guardedField(config: FieldConfig, guarded: GuardedField, guarding: Guarding): FieldConfig {
  const { resolve = guarding.fieldResolver, subscribe } = config;
  return {
    ...config,
    resolve: behind(guarded, resolve, guarding),
    ...(subscribe && { subscribe: behind(guarded, subscribe, guarding) }),
  };
}

function behindClaims(guarded: GuardedField, resolver: Resolver, { standings, memos, denials }: Guarding): Resolver {
  const { slot } = guarded;
  const pass = standings.passOf(slot);
  const judged: Resolver = (source, args, contextValue, info) => {
    const verdict = standings.judge(contextValue, slot);
    if (verdict === verdicts.allowed) return resolver(source, args, contextValue, info);
    const where = { contextValue, operation: info.operation, memo: memos.during(contextValue, info), info };
    return refused({ guarded, ...whyOf(verdict), mode: 'ERROR' }, where, info, denials);
  };
  // Most fields have no resolver of their own: a call that is always the same costs less.
  if (resolver === defaultFieldResolver) {
    return (source, args, contextValue, info) =>
      surelyPasses(pass, contextValue)
        ? defaultFieldResolver(source, args, contextValue, info)
        : judged(source, args, contextValue, info);
  }
  return (source, args, contextValue, info) =>
    surelyPasses(pass, contextValue)
      ? resolver(source, args, contextValue, info)
      : judged(source, args, contextValue, info);
}

function behindAll(guarded: GuardedField, resolver: Resolver, { judge, memos, denials }: Guarding): Resolver {
  const loads = guarded.owners.some(({ loader }) => loader !== undefined);
  return (source, args: Question['args'], contextValue, info) => {
    const memo = memos.during(contextValue, info);
    const rows = loads ? new Map<string, unknown>() : undefined;
    const question = { contextValue, operation: info.operation, memo, source, args, info, rows };
    const decide = (denied: Denied | undefined): unknown => {
      if (denied) return refused(denied, whereOf(question), info, denials);
      const completed = judge.completed(guarded, args, contextValue);
      return resolver(source, completed, contextValue, rows ? withLoaded(info, rows) : info);
    };
    const denied = judge.field(guarded, question);
    return isPromise(denied) ? unlessGivenUp(denied.then(decide), info) : decide(denied);
  };
}

/** `null` without an error where the mode says so, or where the client has read enough; the operator hears of it all the same. */
function refused(denied: Denied, where: Where, info: GraphQLResolveInfo, denials: Denials): unknown {
  if (denied.mode === 'NULL') {
    denials.noted(denied, where);
    return null;
  }
  const error = denials.errorOf(denied, where);
  if (!error && !isNonNullType(info.returnType)) return null;
  return failField(error ?? more(where), info);
}

/** Guards a field: judges before its resolver, before its source stream is opened, and what it returns. */

import { failField, isPromise, type Resolver, unlessGivenUp } from '@graphql-bulwark/core/internal';
import {
  defaultFieldResolver,
  type GraphQLFieldConfig,
  type GraphQLOutputType,
  type GraphQLResolveInfo,
  isNonNullType,
} from 'graphql';
import type { GuardedField } from '../compile/compiled-rules.ts';
import { type Denied, type Question, type Where, whereOf } from '../evaluate/access-request.ts';
import type { Memos } from '../evaluate/answer-cache.ts';
import type { Judge } from '../evaluate/evaluate.ts';
import { withLoaded } from '../evaluate/loaders.ts';
import { type Standings, surelyPasses, type Verdict, verdicts, whyOf } from '../evaluate/roles-and-scopes.ts';
import type { Denials } from './denial.ts';
import { more } from './denial.ts';

type FieldConfig = GraphQLFieldConfig<unknown, unknown>;

export interface Guarding {
  readonly standings: Standings;
  readonly judge: Judge;
  readonly memos: Memos;
  readonly denials: Denials;
  /** Whether a field of this type returns a list that an executor may give up while an item of it runs into a denial. */
  readonly mayBeGivenUp: (type: GraphQLOutputType) => boolean;
  /** Resolves fields that have no resolver. */
  readonly fieldResolver: Resolver;
}

/** Puts a guard in front of a resolver. */
export function behind(guarded: GuardedField, resolver: Resolver, guarding: Guarding): Resolver {
  const onlyClaims = guarded.checks.every((check) => check === 'claims');
  return (onlyClaims ? behindClaims : behindChecks)(guarded, resolver, guarding);
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
  function refuse(verdict: Exclude<Verdict, 1>, contextValue: unknown, info: GraphQLResolveInfo): unknown {
    const where = { contextValue, operation: info.operation, memo: memos.during(contextValue, info), info };
    return refused({ guarded, ...whyOf(verdict), mode: 'ERROR' }, where, info, denials);
  }
  // Most fields have no resolver of their own: a call that is always the same costs less.
  if (resolver === defaultFieldResolver) {
    return function readIfClaimsAllow(source, args, contextValue, info) {
      if (!surelyPasses(pass, contextValue)) {
        const verdict = standings.judge(contextValue, slot);
        if (verdict !== verdicts.allowed) return refuse(verdict, contextValue, info);
      }
      return defaultFieldResolver(source, args, contextValue, info);
    };
  }
  return function resolveIfClaimsAllow(source, args, contextValue, info) {
    if (!surelyPasses(pass, contextValue)) {
      const verdict = standings.judge(contextValue, slot);
      if (verdict !== verdicts.allowed) return refuse(verdict, contextValue, info);
    }
    return resolver(source, args, contextValue, info);
  };
}

function behindChecks(guarded: GuardedField, resolver: Resolver, { judge, memos, denials }: Guarding): Resolver {
  const loads = guarded.owners.some(({ loader }) => loader !== undefined);
  return function resolveIfAllowed(source, args: Question['args'], contextValue, info) {
    const memo = memos.during(contextValue, info);
    const rows = loads ? new Map<string, unknown>() : undefined;
    const question: Question = { contextValue, operation: info.operation, memo, source, args, info, rows };
    const decide = (denied: Denied | undefined): unknown =>
      denied
        ? refused(denied, whereOf(question), info, denials)
        : resolver(source, question.args, contextValue, rows ? withLoaded(info, rows) : info);
    const denied = judge.evaluate(guarded, question);
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

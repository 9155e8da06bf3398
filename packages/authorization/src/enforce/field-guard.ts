/** Guards a field: evaluates its rule before its resolver runs, and before its source stream is opened. */
import { failField, isPromise, type Resolver, settleUnlessGivenUp } from '@graphql-bulwark/core/internal';
import {
  defaultFieldResolver,
  type GraphQLFieldConfig,
  type GraphQLOutputType,
  type GraphQLResolveInfo,
  isNonNullType,
} from 'graphql';
import type { GuardedField } from '../compile/compiled-rules.ts';
import { type AccessContext, type AccessRequest, type Denial, toAccessContext } from '../evaluate/access-request.ts';
import type { AnswerCaches } from '../evaluate/answer-cache.ts';
import type { RuleEvaluator } from '../evaluate/evaluate.ts';
import { addLoaded } from '../evaluate/loaders.ts';
import {
  type CallerGrants,
  type Decision,
  decisions,
  explainDecision,
  isLastAllowed,
} from '../evaluate/roles-and-scopes.ts';
import { type DenialReporter, getOmittedError } from './denial.ts';

type FieldConfig = GraphQLFieldConfig<unknown, unknown>;

/** What all guards of one schema share. */
export interface Enforcement {
  readonly grants: CallerGrants;
  readonly evaluator: RuleEvaluator;
  readonly caches: AnswerCaches;
  readonly denials: DenialReporter;
  /** Whether a field of this type returns a list that an executor may give up while one of its items is still evaluated. */
  readonly mayBeGivenUp: (type: GraphQLOutputType) => boolean;
  /** Resolves fields that have no resolver. */
  readonly fieldResolver: Resolver;
}

/** Guards what resolves a field, and what opens its source stream if it has one. */
export function guardField(config: FieldConfig, guarded: GuardedField, enforcement: Enforcement): FieldConfig {
  const { resolve = enforcement.fieldResolver, subscribe } = config;
  const onlyClaims = guarded.checks.every((check) => check === 'claims');
  const guard = onlyClaims ? guardByClaims : guardByChecks;
  return {
    ...config,
    resolve: guard(guarded, resolve, enforcement),
    ...(subscribe && { subscribe: guard(guarded, subscribe, enforcement) }),
  };
}

/** For rules that ask for roles and scopes only: nothing is made for a caller who is let pass. */
function guardByClaims(guarded: GuardedField, resolver: Resolver, { grants, caches, denials }: Enforcement): Resolver {
  const { slot } = guarded;
  const last = grants.getLastAllowed(slot);
  function deny(decision: Exclude<Decision, 1>, contextValue: unknown, info: GraphQLResolveInfo): unknown {
    const cache = caches.duringExecution(contextValue, info);
    const context = { contextValue, operation: info.operation, cache, info };
    return answerDenial({ guarded, ...explainDecision(decision), mode: 'ERROR' }, context, info, denials);
  }
  // Most fields have the default resolver, and a call whose target never changes is faster.
  if (resolver === defaultFieldResolver) {
    return function readIfClaimsAllow(source, args, contextValue, info) {
      if (!isLastAllowed(last, contextValue)) {
        const decision = grants.decide(contextValue, slot);
        if (decision !== decisions.allowed) return deny(decision, contextValue, info);
      }
      return defaultFieldResolver(source, args, contextValue, info);
    };
  }
  return function resolveIfClaimsAllow(source, args, contextValue, info) {
    if (!isLastAllowed(last, contextValue)) {
      const decision = grants.decide(contextValue, slot);
      if (decision !== decisions.allowed) return deny(decision, contextValue, info);
    }
    return resolver(source, args, contextValue, info);
  };
}

/** For every other rule. */
function guardByChecks(
  guarded: GuardedField,
  resolver: Resolver,
  { evaluator, caches, denials }: Enforcement,
): Resolver {
  const loads = guarded.owners.some(({ loader }) => loader !== undefined);
  return function resolveIfAllowed(source, args: AccessRequest['args'], contextValue, info) {
    const cache = caches.duringExecution(contextValue, info);
    const rows = loads ? new Map<string, unknown>() : undefined;
    const request: AccessRequest = { contextValue, operation: info.operation, cache, source, args, info, rows };
    const decide = (denial: Denial | undefined): unknown =>
      denial
        ? answerDenial(denial, toAccessContext(request), info, denials)
        : resolver(source, request.args, contextValue, rows ? addLoaded(info, rows) : info);
    const denial = evaluator.evaluate(guarded, request);
    return isPromise(denial) ? settleUnlessGivenUp(denial.then(decide), info) : decide(denial);
  };
}

/** `null` without an error if the mode is NULL or the field has had enough errors. The operator is told all the same. */
function answerDenial(
  denial: Denial,
  context: AccessContext,
  info: GraphQLResolveInfo,
  denials: DenialReporter,
): unknown {
  if (denial.mode === 'NULL') {
    denials.count(denial, context);
    return null;
  }
  const error = denials.createError(denial, context);
  if (!error && !isNonNullType(info.returnType)) return null;
  return failField(error ?? getOmittedError(context), info);
}

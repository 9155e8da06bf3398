/**
 * Runs the checks of a guarded coordinate, which were compiled to a list, until one of them denies.
 *
 * An evaluation is synchronous unless a policy, a loader or a property is a promise. What throws or rejects denies.
 */
import { isPromise } from '@graphql-bulwark/core/internal';
import type { Check, Guarded, GuardedField, GuardedPart } from '../compile/compiled-rules.ts';
import type { AccessRequest, Denial, EvaluationReports } from './access-request.ts';
import { forgetBeforeRootField, forgetOtherCaller } from './answer-cache.ts';
import type { LoaderRegistry } from './loaders.ts';
import { after, firstOf, type Maybe } from './maybe.ts';
import { createOwnerCheck } from './owner.ts';
import type { PolicyRegistry, PolicyRequest } from './policies.ts';
import { type CallerGrants, decisions, explainDecision } from './roles-and-scopes.ts';

export interface RuleEvaluator {
  /** Evaluates roles and scopes alone. */
  evaluateClaims(guarded: Guarded, contextValue: unknown): Denial | undefined;
  /** Runs all checks: of a field before its resolver, of an object (`source`), or of a part of the arguments (`part`). */
  evaluate(guarded: Guarded, request: AccessRequest): Maybe<Denial | undefined>;
  /** Evaluates roles and scopes of everything guarded among the arguments; returns each denial. */
  evaluateInputClaims(guarded: GuardedField, args: AccessRequest['args'], contextValue: unknown): Denial[];
}

/** What an evaluation asks, and where it reports bypasses and failures. */
export interface EvaluatorParts {
  readonly grants: CallerGrants;
  readonly policies: PolicyRegistry;
  readonly loaders: LoaderRegistry;
  readonly reports: EvaluationReports;
}

type RunCheck = (guarded: Guarded, request: AccessRequest) => Maybe<Denial | undefined>;

/** Makes the evaluator of one guarded schema. */
export function createRuleEvaluator({ grants, policies, loaders, reports }: EvaluatorParts): RuleEvaluator {
  const checkOwners = createOwnerCheck({ grants, loaders, reports }, createPolicyRequest);

  const runs: Readonly<Record<Check, RunCheck>> = {
    claims: checkClaims,
    arguments: checkArguments,
    presets: fillInPresets,
    policies: checkPolicies,
    owners: checkOwners,
  };

  function evaluate(guarded: Guarded, request: AccessRequest, from = 0): Maybe<Denial | undefined> {
    const { checks } = guarded;
    for (let i = from; i < checks.length; i += 1) {
      const denied = runs[checks[i] as Check](guarded, request);
      if (isPromise(denied)) return denied.then((settled) => settled ?? evaluate(guarded, request, i + 1));
      if (denied) return denied;
    }
    return undefined;
  }

  function evaluateClaims(guarded: Guarded, contextValue: unknown): Denial | undefined {
    const decision = grants.decide(contextValue, guarded.slot);
    return decision === decisions.allowed ? undefined : { guarded, ...explainDecision(decision), mode: 'ERROR' };
  }

  function checkClaims(guarded: Guarded, request: AccessRequest): Denial | undefined {
    return evaluateClaims(guarded, request.contextValue);
  }

  /** Evaluates every guarded part of the arguments by its own checks. */
  function checkArguments(guarded: GuardedField, request: AccessRequest): Maybe<Denial | undefined> {
    return firstOf(findGuardedParts(guarded, request.args), (part) => {
      const partRequest = { ...request, part };
      if (part.present) return evaluate(part.guarded, partRequest);
      // A part that its owners allow to be left out has no value that the other checks could be about. Where they do not allow it, the
      // checks run in their order, so that a caller without the role hears of the role first. The denial stands in any case.
      return after(
        checkOwners(part.guarded, partRequest),
        (denied) => denied && after(evaluate(part.guarded, partRequest), (first) => first ?? denied),
      );
    });
  }

  /** Fills in the arguments that were left out, for the checks that follow and for the resolver. */
  function fillInPresets({ presets = [] }: GuardedField, request: AccessRequest): undefined {
    for (const { name, claim, list } of presets) {
      if (Object.hasOwn(request.args, name)) continue;
      const { identities } = grants.identify(request.contextValue, claim);
      request.args = { ...request.args, [name]: list ? [...identities] : identities[0] };
    }
  }

  function checkPolicies(guarded: Guarded, request: AccessRequest): Maybe<Denial | undefined> {
    const agreed = policies.agree(guarded.policies, createPolicyRequest(guarded, request));
    return agreed === true ? undefined : after(agreed, (yes) => (yes ? undefined : denyByPolicy(guarded, request)));
  }

  function denyByPolicy(guarded: Guarded, { contextValue }: AccessRequest): Denial {
    const code = grants.getPrincipal(contextValue) === null ? 'UNAUTHENTICATED' : 'FORBIDDEN';
    return { guarded, code, reason: 'no policy passed', mode: 'ERROR' };
  }

  /** What policies and loaders are asked, after answers that no longer hold have been forgotten. */
  function createPolicyRequest(guarded: Guarded, request: AccessRequest): PolicyRequest {
    const { contextValue, cache, info, resolved } = request;
    const principal = grants.getPrincipal(contextValue);
    forgetOtherCaller(cache, principal);
    forgetBeforeRootField(cache, info, resolved);
    const failed = (error: unknown): void => reports.logFailure(guarded, error, cache);
    return { ...request, coordinate: guarded.coordinate, principal, failed };
  }

  function evaluateInputClaims(guarded: GuardedField, args: AccessRequest['args'], contextValue: unknown): Denial[] {
    const given = findGuardedParts(guarded, args).filter(({ present }) => present);
    return given.flatMap((part) => evaluateClaims(part.guarded, contextValue) ?? []);
  }

  return { evaluateClaims, evaluate, evaluateInputClaims };
}

/** The guarded parts of the arguments. A guard that compares no owner is listed once, whatever the number of values. */
function findGuardedParts(guarded: GuardedField, args: AccessRequest['args']): GuardedPart[] {
  const found: GuardedPart[] = [];
  const seen = new Set<Guarded>();
  guarded.findParts?.(args, (part, value, present) => {
    if (seen.has(part) && part.owners.length === 0) return;
    seen.add(part);
    found.push({ guarded: part, value, present });
  });
  return found;
}

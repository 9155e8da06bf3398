/**
 * Guards the objects of a type, however they are reached: graphql-js calls a type's `isTypeOf` for every object before it reads
 * anything of it, `__typename` included.
 */
import { failValue, isPromise, settleUnlessGivenUp } from '@graphql-bulwark/core/internal';
import type { GraphQLResolveInfo } from 'graphql';
import type { Guarded } from '../compile/compiled-rules.ts';
import { type Denial, noArgs, toAccessContext } from '../evaluate/access-request.ts';
import { createFastPath } from '../evaluate/owner.ts';
import { getOmittedError } from './denial.ts';
import type { Enforcement } from './field-guard.ts';
import { requireType, type TypePredicate } from './type-mismatch.ts';

/**
 * Makes an `isTypeOf` that also evaluates the rule of the type.
 *
 * It throws where the original answers `false`, because graphql-js prints the object in the error of a `false`.
 */
export function guardType(
  original: TypePredicate | null | undefined,
  guarded: Guarded,
  { grants, evaluator, caches, denials }: Enforcement,
): TypePredicate {
  const fastPath = createFastPath(guarded, grants);
  function evaluateObject(value: unknown, contextValue: unknown, info: GraphQLResolveInfo): true | Promise<true> {
    const cache = caches.duringExecution(contextValue, info);
    const { operation } = info;
    const request = { contextValue, operation, cache, source: value, args: noArgs, info, resolved: true };
    const decide = (denial: Denial | undefined): true | Promise<never> => {
      if (!denial) return true;
      const context = toAccessContext(request);
      return failValue(denials.createError(denial, context) ?? getOmittedError(context), info);
    };
    const denial = evaluator.evaluate(guarded, request);
    return isPromise(denial) ? settleUnlessGivenUp(denial.then(decide), info) : decide(denial);
  }
  function isAllowed(value: unknown, contextValue: unknown, info: GraphQLResolveInfo): true | Promise<true> {
    return fastPath.allows(value, contextValue) || evaluateObject(value, contextValue, info);
  }
  return original ? requireType(original, guarded.coordinate, isAllowed) : isAllowed;
}

/**
 * Guards the objects of a type, however they are reached: graphql-js calls a type's `isTypeOf` for every object before it reads
 * anything of it, `__typename` included.
 */
import { failValue, isPromise, unlessGivenUp } from '@graphql-bulwark/core/internal';
import {
  defaultTypeResolver,
  type GraphQLAbstractType,
  type GraphQLIsTypeOfFn,
  type GraphQLResolveInfo,
  type GraphQLSchema,
  type GraphQLTypeResolver,
} from 'graphql';
import type { GuardedCoordinate } from '../compile/compiled-rules.ts';
import { type Denial, noArgs, toAccessContext } from '../evaluate/access-request.ts';
import { createFastPath } from '../evaluate/owner.ts';
import { getOmittedError } from './denial.ts';
import type { Enforcement } from './field-guard.ts';
import { createTypeMismatch } from './type-mismatch.ts';

type TypePredicate = GraphQLIsTypeOfFn<unknown, unknown>;

/**
 * Makes an `isTypeOf` that also evaluates the rule of the type.
 *
 * It throws where the original answers `false`, because graphql-js prints the object in the error of a `false`.
 */
export function guardType(
  original: TypePredicate | null | undefined,
  guarded: GuardedCoordinate,
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
    return isPromise(denial) ? unlessGivenUp(denial.then(decide), info) : decide(denial);
  }
  function isAllowed(value: unknown, contextValue: unknown, info: GraphQLResolveInfo): true | Promise<true> {
    return fastPath.allows(value, contextValue) || evaluateObject(value, contextValue, info);
  }
  return original ? requireType(original, guarded.coordinate, isAllowed) : isAllowed;
}

/** Makes an `isTypeOf` that throws where the original answers `false`, and else calls `isAllowed`. */
export function requireType(
  original: TypePredicate,
  coordinate: string,
  isAllowed: TypePredicate = () => true,
): TypePredicate {
  return function isOfTypeAndAllowed(value, contextValue, info) {
    const isOfType = original(value, contextValue, info);
    if (!isPromise(isOfType)) {
      if (!isOfType) throw createTypeMismatch(coordinate);
      return isAllowed(value, contextValue, info);
    }
    const later = Promise.resolve(isOfType).then((settled) => {
      if (!settled) throw createTypeMismatch(coordinate);
      return isAllowed(value, contextValue, info);
    });
    return unlessGivenUp(later, info);
  };
}

/**
 * Makes a `resolveType` that finds the type as the unguarded schema would: by the type's own resolver, else by graphql-js's default
 * one, which is given the unguarded types. A guarded `isTypeOf` is true for every object that it lets pass, of whatever type.
 *
 * @param schema the schema before it was guarded, to which `abstractType` belongs.
 */
export function createOriginalTypeResolver(
  schema: GraphQLSchema,
  abstractType: GraphQLAbstractType,
): GraphQLTypeResolver<unknown, unknown> {
  const { resolveType } = abstractType;
  return function resolveOriginalType(value, contextValue, info, type) {
    const name: unknown = resolveType
      ? resolveType(value, contextValue, info, type)
      : defaultTypeResolver(value, contextValue, { ...info, schema }, abstractType);
    return isPromise(name) ? unlessGivenUp(Promise.resolve(name).then(requireName), info) : requireName(name);
  };
  function requireName(name: unknown): string | undefined {
    if (typeof name !== 'string' && name !== null && name !== undefined) throw createTypeMismatch(abstractType.name);
    return name ?? undefined;
  }
}

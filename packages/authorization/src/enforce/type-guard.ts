/**
 * Guards the objects of a type, wherever they come up: graphql-js asks a type's `isTypeOf` about every object before it
 * reads anything of it, `__typename` included.
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
import type { Guarded } from '../compile/compiled-rules.ts';
import { type Denied, noArgs, whereOf } from '../evaluate/access-request.ts';
import { atAGlance } from '../evaluate/owner.ts';
import { more } from './denial.ts';
import type { Guarding } from './field-guard.ts';
import { misfit } from './type-mismatch.ts';

type Predicate = GraphQLIsTypeOfFn<unknown, unknown>;

/** A predicate that also judges. It never answers `false`: graphql-js prints the object of a `false` in its error. */
export function objectGate(
  original: Predicate | null | undefined,
  guarded: Guarded,
  { standings, judge, memos, denials }: Pick<Guarding, 'standings' | 'judge' | 'memos' | 'denials'>,
): Predicate {
  const glance = atAGlance(guarded, standings);
  function allowed(value: unknown, contextValue: unknown, info: GraphQLResolveInfo): true | Promise<true> {
    const memo = memos.during(contextValue, info);
    const { operation } = info;
    const question = { contextValue, operation, memo, source: value, args: noArgs, info, resolved: true };
    const decide = (denied: Denied | undefined): true | Promise<never> => {
      if (!denied) return true;
      const where = whereOf(question);
      return failValue(denials.errorOf(denied, where) ?? more(where), info);
    };
    const denied = judge.evaluate(guarded, question);
    return isPromise(denied) ? unlessGivenUp(denied.then(decide), info) : decide(denied);
  }
  function isAllowed(value: unknown, contextValue: unknown, info: GraphQLResolveInfo): true | Promise<true> {
    return glance.one(value, contextValue) || allowed(value, contextValue, info);
  }
  if (!original) return isAllowed;
  return ofItsType(original, guarded.coordinate, isAllowed);
}

/** A predicate that fails where the original answers `false`, and then asks on. */
export function ofItsType(original: Predicate, coordinate: string, isAllowed: Predicate = () => true): Predicate {
  return function isOfTypeAndAllowed(value, contextValue, info) {
    const isOfType = original(value, contextValue, info);
    if (!isPromise(isOfType)) {
      if (!isOfType) throw misfit(coordinate);
      return isAllowed(value, contextValue, info);
    }
    const later = Promise.resolve(isOfType).then((settled) => {
      if (!settled) throw misfit(coordinate);
      return isAllowed(value, contextValue, info);
    });
    return unlessGivenUp(later, info);
  };
}

/**
 * The type's own resolver; or graphql-js's default, asked about the original types: to a gate every value that it lets pass is
 * of its type.
 *
 * @param schema the schema before it was guarded, which `abstractType` is of.
 */
export function originalTypeResolver(
  schema: GraphQLSchema,
  abstractType: GraphQLAbstractType,
): GraphQLTypeResolver<unknown, unknown> {
  const { resolveType } = abstractType;
  return function resolveOriginalType(value, contextValue, info, type) {
    const name: unknown = resolveType
      ? resolveType(value, contextValue, info, type)
      : defaultTypeResolver(value, contextValue, { ...info, schema }, abstractType);
    return isPromise(name) ? unlessGivenUp(Promise.resolve(name).then(named), info) : named(name);
  };
  function named(name: unknown): string | undefined {
    if (typeof name !== 'string' && name !== null && name !== undefined) throw misfit(abstractType.name);
    return name ?? undefined;
  }
}

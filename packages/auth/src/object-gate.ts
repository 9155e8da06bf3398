/**
 * Guards the objects of a type, wherever they come up: graphql-js asks a type's `isTypeOf` about every object before it
 * reads anything of it, `__typename` included.
 */
import {
  defaultTypeResolver,
  type GraphQLAbstractType,
  type GraphQLIsTypeOfFn,
  type GraphQLResolveInfo,
  type GraphQLSchema,
  type GraphQLTypeResolver,
} from 'graphql';
import { whyOf } from './denials.ts';
import type { Guarding } from './field-guard.ts';
import { type Answer, anyOwned, isPromise, type Ownership, ownership } from './owner.ts';
import type { Guarded } from './rule-index.ts';
import { verdicts } from './standing.ts';

type Judging = Pick<Guarding, 'standings' | 'denials'>;
type Predicate = GraphQLIsTypeOfFn<unknown, unknown>;

/**
 * A predicate that also judges. It answers `false` only where the original does: graphql-js prints the object of a `false`
 * in its error.
 */
export function objectGate(
  original: Predicate | null | undefined,
  guarded: Guarded,
  { standings, denials }: Judging,
): Predicate {
  const judge = (value: unknown, contextValue: unknown, info: GraphQLResolveInfo): true | Promise<true> => {
    const verdict = standings.judge(contextValue, guarded.slot);
    if (verdict !== verdicts.allowed) return denials.no(guarded, whyOf(verdict), { contextValue, info });
    if (guarded.owners.length === 0) return true;
    const answer = ownedBy(value, contextValue, info);
    if (answer === 'owned') return true;
    if (typeof answer === 'string') return denials.no(guarded, whyNot(answer), { contextValue, info });
    const asking = { contextValue, info };
    const settled = answer.then((one) => one === 'owned' || denials.no(guarded, whyNot(one), asking));
    return denials.later(settled, asking);
  };
  /** Owned under any of the rules. What throws or rejects while it is read is nobody's. */
  const ownedBy = (value: unknown, contextValue: unknown, info: GraphQLResolveInfo): Answer => {
    const failed = (error: unknown): Ownership => {
      denials.failed(guarded, error, { contextValue, info });
      return 'unresolved';
    };
    return anyOwned(guarded.owners, ({ path, claim }) => {
      try {
        const answer = ownership(value, path, standings.identities(contextValue, claim));
        return typeof answer === 'string' ? answer : answer.catch(failed);
      } catch (error) {
        return failed(error);
      }
    });
  };
  return (value, contextValue, info) => {
    const isOfType = original ? original(value, contextValue, info) : true;
    if (!isPromise(isOfType)) return isOfType && judge(value, contextValue, info);
    return denials.later(
      Promise.resolve(isOfType).then((settled) => settled && judge(value, contextValue, info)),
      { contextValue, info },
    );
  };
}

/**
 * graphql-js's default, asked about the original types: to a gate every value that it lets pass is of its type.
 *
 * @param schema the schema before it was guarded, which `abstractType` is of.
 */
export function originalTypeResolver(
  schema: GraphQLSchema,
  abstractType: GraphQLAbstractType,
  { denials }: Judging,
): GraphQLTypeResolver<unknown, unknown> {
  return (value, contextValue, info) => {
    const name = defaultTypeResolver(value, contextValue, { ...info, schema }, abstractType);
    return isPromise(name) ? denials.later(Promise.resolve(name), { contextValue, info }) : name;
  };
}

function whyNot(owned: Ownership): { code: 'FORBIDDEN'; reason: string } {
  return { code: 'FORBIDDEN', reason: owned === 'unresolved' ? 'OWNER_UNRESOLVED' : 'owner' };
}

/** What one caller may use of a guarded schema, by coordinate: for showing a schema, not for guarding it. */
import type { GraphQLSchema } from 'graphql';
import type { Guarded } from './compile/compiled-rules.ts';
import { findGuards } from './guarded-schema.ts';

/** What roles and scopes decide. Policies and owners need an object, and are left out. */
export interface CallerRights {
  /** One character per guarded coordinate: callers with equal keys may use the same coordinates. */
  readonly key: string;
  /** Whether a coordinate may be used. One without a rule may. */
  readonly sees: (coordinate: string) => boolean;
}

/** The rule of a coordinate, or `undefined`. `demanding`: being authenticated is not enough. */
export function findRule(
  schema: GraphQLSchema,
  coordinate: string,
): { readonly text: string; readonly demanding: boolean } | undefined {
  const index = findGuards(schema)?.compiled;
  const guarded = index?.fields.get(coordinate) ?? index?.types.get(coordinate) ?? index?.inputs.get(coordinate);
  if (!index || !guarded) return undefined;
  const { slot, owners, policies } = guarded;
  const demanding = (index.claimRules[slot]?.requirements.length ?? 0) > 0 || owners.length > 0 || policies.length > 0;
  return { text: guarded.rule, demanding };
}

/** Reads what the caller in this context may use. @returns `undefined` for a schema that `guardSchema()` did not make. */
export function readCallerRights({
  schema,
  contextValue,
}: {
  readonly schema: GraphQLSchema;
  readonly contextValue: unknown;
}): CallerRights | undefined {
  const guards = findGuards(schema);
  if (!guards) return undefined;
  const { compiled, evaluator } = guards;
  const mayUse = (guarded: Guarded): boolean => evaluator.evaluateClaims(guarded, contextValue) === undefined;
  const all = [compiled.fields, compiled.types, compiled.inputs].flatMap((guardeds) => [...guardeds.values()]);
  return {
    key: all.map((guarded) => (mayUse(guarded) ? '1' : '0')).join(''),
    sees(coordinate) {
      const guarded =
        compiled.fields.get(coordinate) ?? compiled.types.get(coordinate) ?? compiled.inputs.get(coordinate);
      return !guarded || mayUse(guarded);
    },
  };
}

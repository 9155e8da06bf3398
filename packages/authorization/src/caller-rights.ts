/** What one caller may use of a guarded schema, coordinate by coordinate: for those who show a schema, not for guards. */
import type { GraphQLSchema } from 'graphql';
import type { Guarded } from './compile/compiled-rules.ts';
import { markOf } from './guarded-schema.ts';

/** The part of the rules that decides without an object: whose an object is, is not asked here. */
export interface CallerRights {
  /** One character per rule of the schema: callers with the same key may use the same. */
  readonly key: string;
  /** For `Type` and `Type.field`; every other coordinate may be used. */
  readonly sees: (coordinate: string) => boolean;
}

/** The rule of a coordinate: `demanding` when being signed in is not enough. `undefined`: there is none. */
export function ruleAt(
  schema: GraphQLSchema,
  coordinate: string,
): { readonly text: string; readonly demanding: boolean } | undefined {
  const index = markOf(schema)?.index;
  const guarded = index?.fields.get(coordinate) ?? index?.types.get(coordinate) ?? index?.inputs.get(coordinate);
  if (!index || !guarded) return undefined;
  const { slot, owners, policies } = guarded;
  const demanding = (index.rules[slot]?.requirements.length ?? 0) > 0 || owners.length > 0 || policies.length > 0;
  return { text: guarded.rule, demanding };
}

/** @returns `undefined` for a schema that {@link guardSchema} did not make. */
export function rightsOf({
  schema,
  contextValue,
}: {
  readonly schema: GraphQLSchema;
  readonly contextValue: unknown;
}): CallerRights | undefined {
  const guards = markOf(schema);
  if (!guards) return undefined;
  const { index, judge } = guards;
  const may = (guarded: Guarded): boolean => judge.claims(guarded, contextValue) === undefined;
  const all = [index.fields, index.types, index.inputs].flatMap((guardeds) => [...guardeds.values()]);
  return {
    key: all.map((guarded) => (may(guarded) ? '1' : '0')).join(''),
    sees(coordinate) {
      const guarded = index.fields.get(coordinate) ?? index.types.get(coordinate) ?? index.inputs.get(coordinate);
      return !guarded || may(guarded);
    },
  };
}

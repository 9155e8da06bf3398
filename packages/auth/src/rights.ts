/** What one caller may use of a guarded schema, coordinate by coordinate: for those who show a schema, not for guards. */
import type { GraphQLSchema } from 'graphql';
import { markOf } from './marker.ts';
import { verdicts } from './standing.ts';

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
  const guarded = index?.fields.get(coordinate) ?? index?.types.get(coordinate);
  if (!index || !guarded) return undefined;
  const demanding = (index.rules[guarded.slot]?.requirements.length ?? 0) > 0 || guarded.owners.length > 0;
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
  const { index, standings } = guards;
  const may = (slot: number): boolean => standings.judge(contextValue, slot) === verdicts.allowed;
  return {
    key: index.rules.map((_, slot) => (may(slot) ? '1' : '0')).join(''),
    sees(coordinate) {
      const guarded = index.fields.get(coordinate) ?? index.types.get(coordinate);
      return !guarded || may(guarded.slot);
    },
  };
}

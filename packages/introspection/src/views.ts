/** The schemas that callers may know: one per set of rights, kept while it is in use. */
import type { GraphQLSchema } from 'graphql';
import { type Sees, visibleSchema } from './visible-schema.ts';

/** What one caller may use of a schema. */
export interface Rights {
  /** The same for callers who may use the same. */
  readonly key: string;
  readonly sees: Sees;
}

/** The rights of whoever this context belongs to, or `undefined` for a schema without rules. */
export type RightsOf = (request: {
  readonly schema: GraphQLSchema;
  readonly contextValue: unknown;
}) => Rights | undefined;

/** The schema as a caller may know it: the schema itself where that is all of it. */
export type ViewOf = (request: { readonly schema: GraphQLSchema; readonly contextValue: unknown }) => GraphQLSchema;

/** Sets of rights remembered per schema; a further one takes the place of the one that was longest not used. */
const maxViews = 50;

/** @returns a function that makes each view once. */
export function views(rightsOf: RightsOf): ViewOf {
  const bySchema = new WeakMap<GraphQLSchema, Map<string, GraphQLSchema>>();
  return (request) => {
    const { schema } = request;
    const rights = rightsOf(request);
    if (!rights) return schema;
    const known = bySchema.get(schema) ?? new Map<string, GraphQLSchema>();
    bySchema.set(schema, known);
    const view = known.get(rights.key) ?? visibleSchema(schema, rights.sees);
    known.delete(rights.key);
    known.set(rights.key, view);
    const [oldest] = known.keys();
    if (known.size > maxViews && oldest !== undefined) known.delete(oldest);
    return view;
  };
}

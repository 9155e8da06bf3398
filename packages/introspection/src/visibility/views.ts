/** The schemas that callers may know: one per set of rights, kept while it is in use. */
import type { GraphQLSchema } from 'graphql';
import { typesMade } from './rebuild-schema.ts';
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

/**
 * Views remembered per schema, one per set of rights. A further one takes the place of the one that was longest not used, and is
 * made in a few milliseconds, as much as validation takes: callers with ever other rights cannot keep the server busy with it.
 */
const maxViews = 500;

/** The types of all views together, as a multiple of the schema's own: a view makes those that are asked for. */
const maxShare = 50;

/** @returns a function that makes each view once. */
export function views(rightsOf: RightsOf): ViewOf {
  const bySchema = new WeakMap<GraphQLSchema, Remembered>();
  return (request) => {
    const { schema } = request;
    const rights = rightsOf(request);
    if (!rights) return schema;
    const remembered = bySchema.get(schema) ?? remember(schema);
    bySchema.set(schema, remembered);
    const { known } = remembered;
    const view = known.get(rights.key) ?? visibleSchema(schema, rights.sees);
    known.delete(rights.key);
    known.set(rights.key, view);
    forgetOldest(remembered);
    return view;
  };
}

interface Remembered {
  /** Key of the rights -> view, the last used at the end. */
  readonly known: Map<string, GraphQLSchema>;
  readonly maxTypes: number;
}

function remember(schema: GraphQLSchema): Remembered {
  return { known: new Map(), maxTypes: maxShare * Object.keys(schema.getTypeMap()).length };
}

/** All but the last one, which is in use. What was made of a view since it was last asked for counts too. */
function forgetOldest({ known, maxTypes }: Remembered): void {
  let types = 0;
  for (const view of known.values()) types += typesMade(view);
  for (const [key, view] of known) {
    const isWithin = known.size <= maxViews && types <= maxTypes;
    if (isWithin || known.size === 1) return;
    known.delete(key);
    types -= typesMade(view);
  }
}

/**
 * Stops: learning from an answer whether a field that the caller may not use exists.
 * Room: check, before every other control, and on the way out of what Apollo Server refused by itself.
 * Answers: `GRAPHQL_VALIDATION_FAILED`, 400, as for a field that does not exist; for values `BAD_USER_INPUT`, 400.
 */
import type { Control } from '@graphql-bulwark/core';
import type { GraphQLSchema } from 'graphql';
import type { FindView } from '../access.ts';
import { countTypesMade } from './rebuild-schema.ts';
import { buildVisibleSchema, type Sees } from './visible-schema.ts';

/** What one caller may use of a schema. */
export interface Rights {
  /** The same for callers who may use the same. */
  readonly key: string;
  /** Whether the caller may use what stands at a coordinate. */
  readonly sees: Sees;
}

/** The rights of the caller whose context this is, or `undefined` for a schema without rules. */
export type ReadRights = (request: {
  readonly schema: GraphQLSchema;
  readonly contextValue: unknown;
}) => Rights | undefined;

/** @param findView the schema as a caller may know it; made by `createViews`. */
export function hideUnauthorized<C = unknown>(findView: FindView): Control<C> {
  return {
    name: 'hide-unauthorized',
    view(request) {
      const view = findView(request);
      return view === request.schema ? undefined : view;
    },
    // Which document is refused depends on the caller.
    check: (operation) => operation.neverCache(),
  };
}

/**
 * Views remembered per schema, one per set of rights. A new one replaces the one that was not used for the longest time, and is
 * made in a few milliseconds, about the time of a validation: callers with ever new rights cannot keep the server busy with it.
 */
const maxViews = 500;

/** The types of all views together, as a multiple of the schema's own: a view makes a type when it is asked for. */
const maxShare = 50;

/** @returns a function that makes the view of each set of rights once. */
export function createViews(readRights: ReadRights): FindView {
  const bySchema = new WeakMap<GraphQLSchema, Remembered>();
  return function findView(request) {
    const { schema } = request;
    const rights = readRights(request);
    if (!rights) return schema;
    const remembered = bySchema.get(schema) ?? startRemembering(schema);
    bySchema.set(schema, remembered);
    const { known } = remembered;
    const view = known.get(rights.key) ?? buildVisibleSchema(schema, rights.sees);
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

function startRemembering(schema: GraphQLSchema): Remembered {
  return { known: new Map(), maxTypes: maxShare * Object.keys(schema.getTypeMap()).length };
}

/** Keeps at least the last view, which is in use. Types that a view has made since it was last asked for count too. */
function forgetOldest({ known, maxTypes }: Remembered): void {
  let types = 0;
  for (const view of known.values()) types += countTypesMade(view);
  for (const [key, view] of known) {
    const isWithin = known.size <= maxViews && types <= maxTypes;
    if (isWithin || known.size === 1) return;
    known.delete(key);
    types -= countTypesMade(view);
  }
}

/**
 * Stops: callers who find out from an error whether a field exists that they may not use.
 * Room: check, before every other control; and on the way out, for what Apollo Server refused by itself.
 * Answers: `GRAPHQL_VALIDATION_FAILED`, 400, as for a field that does not exist; for values `BAD_USER_INPUT`, 400.
 */
import type { Control } from '@graphql-bulwark/core';
import type { GraphQLSchema } from 'graphql';
import type { FindView } from '../access.ts';
import { countTypesMade } from './rebuild-schema.ts';
import { buildVisibleSchema, type Sees } from './visible-schema.ts';

/** What one caller may use of a schema. */
export interface Rights {
  /** Equal for callers with the same rights. */
  readonly key: string;
  /** Whether the caller may use the element with a coordinate. */
  readonly sees: Sees;
}

/** Reads the rights of the caller whose context this is. @returns `undefined` for a schema without rules. */
export type ReadRights = (request: {
  readonly schema: GraphQLSchema;
  readonly contextValue: unknown;
}) => Rights | undefined;

/**
 * Validates each operation against the part of the schema that its caller may know.
 *
 * @param findView finds that part; made by `createViews`.
 */
export function hideUnauthorized<C = unknown>(findView: FindView): Control<C> {
  return {
    name: 'hide-unauthorized',
    view(request) {
      const view = findView(request);
      return view === request.schema ? undefined : view;
    },
    // The same document can be refused for one caller and answered for another, so neither response may be cached for others.
    check: (operation) => operation.neverCache(),
  };
}

/**
 * How many views are remembered per schema, one per set of rights. A new one replaces the least recently used. To build one takes a few
 * milliseconds, about as long as a validation, so callers with ever new rights cannot keep the server busy with it.
 */
const maxViews = 500;

/** How many types all views may hold together, as a multiple of the schema's types. A view builds a type when it is first read. */
const maxShare = 50;

/** @returns a function that finds the view of a caller, and builds one for each set of rights. */
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
  /** Key of the rights -> view, the least recently used first. */
  readonly known: Map<string, GraphQLSchema>;
  readonly maxTypes: number;
}

function startRemembering(schema: GraphQLSchema): Remembered {
  return { known: new Map(), maxTypes: maxShare * Object.keys(schema.getTypeMap()).length };
}

/** Forgets views until both bounds hold. The last view is kept in any case, because it is in use. */
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

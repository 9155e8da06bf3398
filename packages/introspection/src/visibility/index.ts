/** A schema for each caller: what the caller may introspect, and what exists for the caller. */
export { createViews, hideUnauthorized, type ReadRights, type Rights } from './hide-unauthorized.ts';
export { buildVisibleSchema, type Sees } from './visible-schema.ts';

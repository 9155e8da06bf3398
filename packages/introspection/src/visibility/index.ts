/** A schema for each caller: what it may introspect, and what exists for it. */
export { createViews, hideUnauthorized, type ReadRights, type Rights } from './hide-unauthorized.ts';
export { buildVisibleSchema, type Sees } from './visible-schema.ts';

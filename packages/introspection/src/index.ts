export { introspectionPolicy, type Policy, type PolicyOptions } from './access.ts';
export { type IntrospectionOptions, introspection } from './introspection.ts';
export type { ExtentOptions } from './introspection-limits.ts';
export type { SecretHeader } from './secret-header.ts';
export { hideUnauthorized } from './visibility/hide-unauthorized.ts';
export { type Rights, type RightsOf, type ViewOf, views } from './visibility/views.ts';
export { type Sees, visibleSchema } from './visibility/visible-schema.ts';

export type { ExtentOptions } from './extent.ts';
export { hideUnauthorized } from './hide-unauthorized.ts';
export { type IntrospectionOptions, introspection } from './introspection.ts';
export { introspectionPolicy, type Policy, type PolicyOptions } from './policy.ts';
export type { SecretHeader } from './secret-header.ts';
export { type Rights, type RightsOf, type ViewOf, views } from './views.ts';
export { type Sees, visibleSchema } from './visible-schema.ts';

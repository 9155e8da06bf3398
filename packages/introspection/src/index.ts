export { type AccessOptions, compileAccess, type FindView, type MayIntrospect, type SecretHeader } from './access.ts';
export { type IntrospectionOptions, introspection } from './introspection.ts';
export type { IntrospectionLimits } from './introspection-limits.ts';

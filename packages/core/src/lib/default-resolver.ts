/** Fields that answer with what their object holds, also where a resolver of ours stands around them. */
import { defaultFieldResolver, type GraphQLFieldResolver } from 'graphql';

export type Resolver = GraphQLFieldResolver<unknown, unknown>;

// Registered, so that an ES module copy and a CommonJS copy of this package see the same.
const key: unique symbol = Symbol.for('graphql-bulwark.plain-field') as never;

/** Whether the application has a resolver for a field. */
export function isPlainField({ resolve }: { readonly resolve?: unknown }): boolean {
  return !resolve || resolve === defaultFieldResolver || (resolve as { readonly [key]?: true })[key] === true;
}

/** The same resolver, which says so where it stands around none of the application's. */
export function around<R extends object>(field: { readonly resolve?: unknown }, resolver: R): R {
  return isPlainField(field) ? Object.assign(resolver, { [key]: true }) : resolver;
}

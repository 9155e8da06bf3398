/**
 * Fields without a resolver of the application: their value is a property of their object, even where Bulwark has wrapped
 * them.
 */
import { defaultFieldResolver, type GraphQLFieldResolver } from 'graphql';

/** A resolver of a field, whatever its object and context. */
export type Resolver = GraphQLFieldResolver<unknown, unknown>;

// A registered symbol, because an ES module copy and a CommonJS copy of this package must see the same mark.
const key: unique symbol = Symbol.for('graphql-bulwark.plain-field') as never;

/** Whether the application has no resolver for a field. */
export function isPlainField({ resolve }: { readonly resolve?: unknown }): boolean {
  return !resolve || resolve === defaultFieldResolver || (resolve as { readonly [key]?: true })[key] === true;
}

/**
 * Marks a resolver that wraps a field, so that {@link isPlainField} says the same of the wrapped field as before.
 *
 * @param resolver is changed in place.
 * @returns the resolver.
 */
export function carryPlainMark<R extends object>(field: { readonly resolve?: unknown }, resolver: R): R {
  return isPlainField(field) ? Object.assign(resolver, { [key]: true }) : resolver;
}

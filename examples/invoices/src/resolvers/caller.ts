/** Who is asking, as far as the resolvers care: to pick whose data is meant, not to decide which of it they may see. */
import { notFound } from '@graphql-bulwark/authorization';
import { GraphQLError } from 'graphql';
import type { InvoicesContext } from '../app.ts';

/**
 * The caller's organisation. Every query that filters by it asks here.
 *
 * @throws {GraphQLError} where the caller has none: "no organisation" must never come to mean "all of them".
 */
export function tenantOf({ security: { principal } }: InvoicesContext): string {
  const org = principal?.claims['org'];
  if (typeof org === 'string' && org !== '') return org;
  const code = principal ? 'FORBIDDEN' : 'UNAUTHENTICATED';
  throw new GraphQLError('This is for callers whose token names their organisation', { extensions: { code } });
}

export function callerId(context: InvoicesContext): string | null {
  return context.security.principal?.id ?? null;
}

/** A mistake of the client that it may read about. */
export function badInput(message: string): GraphQLError {
  return new GraphQLError(message, { extensions: { code: 'BAD_USER_INPUT' } });
}

/** @throws {GraphQLError} the same error for what is not there as Bulwark answers for what is hidden. */
export function found<T>(row: T | undefined): T {
  if (row === undefined) throw notFound();
  return row;
}

/** Checks a page size. */
export function pageSize(first: number): number {
  if (first < 1 || first > 100) throw badInput('"first" is between 1 and 100');
  return first;
}

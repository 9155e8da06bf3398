/** Who is asking, as far as the resolvers care: to pick whose data is meant, not to decide who may see it. */
import { notFound } from '@graphql-bulwark/auth';
import { GraphQLError } from 'graphql';
import type { InvoicesContext } from '../app.ts';

/** The caller's organisation, or null where nobody has said. Lists take null for "all of them". */
export function tenantOf(context: InvoicesContext): string | null {
  const org = context.security.principal?.claims['org'];
  return typeof org === 'string' ? org : null;
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

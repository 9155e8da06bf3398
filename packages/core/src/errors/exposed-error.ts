/**
 * Errors that say themselves that clients may read them, as the library http-errors marks them: `expose: true` beside a 4xx
 * `status` or `statusCode`.
 *
 * A status alone says nothing of that kind: what an HTTP client throws has the status of another server, and the message may
 * hold its address, its answer or a credential.
 */
import { STATUS_CODES } from 'node:http';
import { GraphQLError } from 'graphql';
import { findFirstThrown } from './parser-overflow.ts';

/** Status -> code, where clients of Apollo Server know another code than the name of the status. */
const knownCodes: Readonly<Record<number, string>> = { 401: 'UNAUTHENTICATED', 422: 'BAD_USER_INPUT' };

/** Reads the status of such an error. @returns 400 to 499; `undefined` for any other value. */
export function readExposedStatus(thrown: unknown): number | undefined {
  if (!(thrown instanceof Error) || thrown instanceof GraphQLError) return undefined;
  try {
    const { expose, status, statusCode = status } = thrown as Error & Readonly<Record<string, unknown>>;
    if (expose !== true || !Number.isInteger(statusCode)) return undefined;
    return (statusCode as number) >= 400 && (statusCode as number) < 500 ? (statusCode as number) : undefined;
  } catch {
    return undefined; // a getter that throws says nothing
  }
}

/** As {@link readExposedStatus}, for what was thrown first below the GraphQLErrors that wrap it. */
export function findExposedStatus(error: GraphQLError | undefined): number | undefined {
  return error && readExposedStatus(findFirstThrown(error));
}

/** Names the code of a status: that which clients of Apollo Server know, or the name of the status, as in `CONFLICT`. */
export function nameStatus(status: number): string {
  const name = STATUS_CODES[status] ?? 'Bad Request';
  return knownCodes[status] ?? name.toUpperCase().replace(/[^A-Z]+/g, '_');
}

/** Turns such an error into one that answers for a whole request, with its status. Any other value stays as it is. */
export function exposeHttpError(thrown: unknown): unknown {
  const status = readExposedStatus(thrown);
  if (status === undefined) return thrown;
  return new GraphQLError((thrown as Error).message, { extensions: { code: nameStatus(status), http: { status } } });
}

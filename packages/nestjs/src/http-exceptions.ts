/**
 * Nest's exceptions for HTTP, said in GraphQL: what tells a client of its own mistake (4xx) passes masking; the rest stays masked.
 */

import { isPromise } from '@graphql-bulwark/core/internal';
import { HttpException, HttpStatus } from '@nestjs/common';
import { GraphQLError, type GraphQLSchema, isIntrospectionType, isObjectType } from 'graphql';

/** Where the codes that clients of Apollo Server know are not the names of the statuses. */
const codes: Readonly<Record<number, string>> = { 401: 'UNAUTHENTICATED', 422: 'BAD_USER_INPUT' };

/**
 * The error for the client, with the message of the exception and, in `extensions`, `code`, `status` and what Nest answers over HTTP
 * as `originalError`: the list of a validation pipe is there. Anything but an `HttpException` of 400 to 499 is returned as it is.
 */
export function clientError(thrown: unknown): unknown {
  if (!(thrown instanceof HttpException)) return thrown;
  const status = thrown.getStatus();
  if (!(status >= 400 && status < 500)) return thrown;
  const code = codes[status] ?? HttpStatus[status] ?? 'BAD_REQUEST';
  // Not as the original error: an error that was put around one of another class is masked.
  const extensions = { code, status, originalError: thrown.getResponse(), http: { status } };
  return new GraphQLError(thrown.message, { extensions });
}

/** A function that throws client errors in place of exceptions. What is not a promise stays so. */
export function translated<A extends readonly unknown[], R>(run: (...given: A) => R): (...given: A) => R {
  return function translateExceptions(...given) {
    try {
      const result = run(...given);
      return isPromise(result) ? ((result as PromiseLike<unknown>).then(undefined, rethrow) as R) : result;
    } catch (thrown) {
      throw clientError(thrown);
    }
  };
}

function rethrow(thrown: unknown): never {
  throw clientError(thrown);
}

/** In the schema itself, so that it holds over every transport. Nest made the schema for this server alone. */
export function passHttpExceptions(schema: GraphQLSchema): void {
  for (const type of Object.values(schema.getTypeMap())) {
    if (!isObjectType(type) || isIntrospectionType(type)) continue;
    for (const field of Object.values(type.getFields())) {
      if (field.resolve) field.resolve = translated(field.resolve);
      if (field.subscribe) field.subscribe = translated(field.subscribe);
    }
  }
}

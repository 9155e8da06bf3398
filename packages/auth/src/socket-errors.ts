/** Errors as a client reads them over a WebSocket. */
import { deny, isExpectedError, refusalCode } from '@graphql-bulwark/core';
import type { GraphQLError, GraphQLFormattedError } from 'graphql';

/** An answer made of errors must not be larger than the request that made it. */
const maxErrors = 20;
const maxMessageLength = 1_000;

/** @param onFailure told in full of what the client must not see. */
export function shownErrors(
  errors: readonly GraphQLError[],
  onFailure: (error: unknown) => void,
): GraphQLFormattedError[] {
  return errors.slice(0, maxErrors).map((error) => masked(error, onFailure));
}

/** HTTP means nothing here, and what was not meant for the client stays here. */
function masked(error: GraphQLError, onFailure: (error: unknown) => void): GraphQLFormattedError {
  const isRequestError = !error.originalError && error.path === undefined && error.extensions['code'] === undefined;
  const isMeant = refusalCode(error) !== undefined || isRequestError || isExpectedError(error);
  if (!isMeant) onFailure(error.originalError ?? error);
  const { message, locations, path } = error.toJSON();
  const { http: _http, stacktrace: _stacktrace, ...extensions } = isMeant ? error.extensions : internal.extensions;
  return {
    message: isMeant ? message.slice(0, maxMessageLength) : internal.message,
    ...(locations && { locations }),
    ...(path && { path }),
    ...(Object.keys(extensions).length > 0 && { extensions }),
  };
}

const internal = deny('INTERNAL_SERVER_ERROR');

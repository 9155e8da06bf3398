/** The bearer token of a request (RFC 6750 section 2.1): the `Authorization` header and nothing else. */
import { type RequestOrigin, refuse } from '@graphql-bulwark/core';
import { challenge } from './challenge.ts';

/** The part of an HTTP request that carries a credential; `http.IncomingMessage` and Express requests fit. */
export interface CredentialSource extends RequestOrigin {
  /** Names and values in turn, as received: Node itself keeps only the first of several `Authorization` headers. */
  readonly rawHeaders?: readonly string[] | undefined;
}

const maxHeaderLength = 8_192;

/** Base64url in three parts; what a JWS in compact form must look like, spelled in exactly one way. */
const compactJws = /^[\w-]+\.[\w-]+\.[\w-]*$/;

/**
 * @returns the token, or `null` where no credential was sent.
 * @throws {GraphQLError} `BAD_REQUEST` for several credentials, `UNAUTHENTICATED` for one that is no bearer token.
 */
export function bearerToken(request: CredentialSource, realm: string): string | null {
  const [header, ...more] = authorizationHeaders(request);
  if (header === undefined) return null;
  if (more.length > 0 || header.includes(',')) {
    throw refuse('BAD_REQUEST', { headers: challenge(realm, 'invalid_request'), reason: 'several credentials' });
  }
  if (header.length > maxHeaderLength) {
    throw refuse('UNAUTHENTICATED', { headers: challenge(realm, 'invalid_token'), reason: 'credential too long' });
  }
  const scheme = header.slice(0, 'bearer '.length);
  if (scheme.toLowerCase() !== 'bearer ') {
    throw refuse('UNAUTHENTICATED', { headers: challenge(realm), reason: 'not a bearer credential' });
  }
  const token = header.slice(scheme.length);
  if (!compactJws.test(token)) {
    throw refuse('UNAUTHENTICATED', { headers: challenge(realm, 'invalid_token'), reason: 'malformed token' });
  }
  return token;
}

function authorizationHeaders({ headers = {}, rawHeaders = [] }: CredentialSource): string[] {
  const sent = rawHeaders.filter((_, i) => i % 2 === 1 && rawHeaders[i - 1]?.toLowerCase() === 'authorization');
  if (sent.length > 1) return sent;
  const named = Object.keys(headers).filter((name) => name.toLowerCase() === 'authorization');
  return named.flatMap((name) => headers[name] ?? []);
}

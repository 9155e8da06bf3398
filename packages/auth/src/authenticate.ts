/**
 * Stops: tokens that are forged, expired, or meant for someone else.
 * Room: `context()`, the only place that sees the HTTP request.
 * Answers: `UNAUTHENTICATED`, 401, `WWW-Authenticate` (RFC 6750 section 3); `SERVICE_UNAVAILABLE`, 503, when keys are missing.
 */
import { type Principal, refuse } from '@graphql-bulwark/core';
import { bearerToken, type CredentialSource } from './bearer.ts';
import { challenge, checkedRealm } from './challenge.ts';
import { checkIssuerOptions, type IssuerOptions, tokenVerifier } from './issuer.ts';

export interface AuthenticateOptions extends IssuerOptions {
  /** The realm in `WWW-Authenticate`. @default 'graphql' */
  readonly realm?: string | undefined;
}

/** The caller of a request, or `null` for an anonymous one. @throws {GraphQLError} when a credential was sent and is not valid. */
export type Authenticate = (request: CredentialSource) => Promise<Principal | null>;

/** When to try again while an issuer does not answer. */
const retryAfterSeconds = 10;

/**
 * Compiles what tokens must be to a function from a request to its principal.
 *
 * A request without a credential is anonymous. A credential that is sent and not valid refuses the request: it is never
 * taken for anonymous.
 *
 * @throws {TypeError} while the server is built, when an option is missing, unknown or out of range.
 * @example
 * const whoIsAsking = authenticate({
 *   issuer: 'https://login.example.com/',
 *   audience: 'https://api.example.com',
 *   algorithms: ['ES256'],
 *   jwksUrl: 'https://login.example.com/.well-known/jwks.json',
 * })
 */
export function authenticate(options: AuthenticateOptions): Authenticate {
  checkIssuerOptions('authenticate', options, ['realm']);
  const realm = checkedRealm(options.realm ?? 'graphql');
  const verify = tokenVerifier(options);

  return async (request) => {
    const token = bearerToken(request, realm);
    if (token === null) return null;
    const verification = await verify(token);
    if ('principal' in verification) return verification.principal;
    if ('unavailable' in verification) {
      throw refuse('SERVICE_UNAVAILABLE', { retryAfterSeconds, reason: verification.unavailable });
    }
    throw refuse('UNAUTHENTICATED', { headers: challenge(realm, 'invalid_token'), reason: verification.invalid });
  };
}

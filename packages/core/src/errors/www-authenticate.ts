/** The `WWW-Authenticate` header (RFC 9110 section 11.6.1, RFC 6750 section 3, RFC 9449 section 7.1). */
import { type Check, mustUnshown } from '../lib/read-options.ts';

/** Why a credential does not do; left out when none was sent (RFC 6750 section 3.1). */
export type BearerError =
  | 'invalid_request'
  | 'invalid_token'
  | 'insufficient_scope'
  | 'invalid_dpop_proof'
  | 'use_dpop_nonce';

/** How a credential is sent (RFC 9110 section 11.1), of those that an API takes. */
export type AuthScheme = 'Bearer' | 'DPoP' | 'ApiKey';

/** The header that says how to authenticate, and what was wrong. */
export function buildChallenge(
  realm: string,
  error?: BearerError,
  scheme: AuthScheme = 'Bearer',
): { readonly 'www-authenticate': string } {
  return { 'www-authenticate': `${scheme} realm="${realm}"${error ? `, error="${error}"` : ''}` };
}

/** The row of the option `realm`: text that needs no escapes. */
export const realmRow: { readonly default: string; readonly check: Check } = {
  default: 'graphql',
  check: mustUnshown('be printable ASCII text without quotes and backslashes', isRealm),
};

function isRealm(value: unknown): boolean {
  return typeof value === 'string' && /^[\x20-\x7e]+$/.test(value) && !/["\\]/.test(value);
}

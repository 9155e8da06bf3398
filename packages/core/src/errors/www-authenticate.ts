/** The `WWW-Authenticate` header (RFC 9110 section 11.6.1, RFC 6750 section 3, RFC 9449 section 7.1). */
import { type Check, mustUnshown } from '../lib/read-options.ts';

/** Why a credential was refused (RFC 6750 section 3.1, RFC 9449 sections 5 and 7.1). No error is named when none was sent. */
export type BearerError =
  | 'invalid_request'
  | 'invalid_token'
  | 'insufficient_scope'
  | 'invalid_dpop_proof'
  | 'use_dpop_nonce';

/** The authentication scheme with which a credential is sent (RFC 9110 section 11.1). */
export type AuthScheme = 'Bearer' | 'DPoP' | 'ApiKey';

/** Builds the header that tells a client how to authenticate, and what was wrong with its credential. */
export function buildChallenge(
  realm: string,
  error?: BearerError,
  scheme: AuthScheme = 'Bearer',
): { readonly 'www-authenticate': string } {
  return { 'www-authenticate': `${scheme} realm="${realm}"${error ? `, error="${error}"` : ''}` };
}

/** The row of the option `realm` in tables of options. The text must need no escapes in a quoted string. */
export const realmRow: { readonly default: string; readonly check: Check } = {
  default: 'graphql',
  check: mustUnshown('be printable ASCII text without quotes and backslashes', isRealm),
};

function isRealm(value: unknown): boolean {
  return typeof value === 'string' && /^[\x20-\x7e]+$/.test(value) && !/["\\]/.test(value);
}

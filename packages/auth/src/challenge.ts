/** The `WWW-Authenticate` header (RFC 6750 section 3). */

/** Why a bearer credential does not do; left out when none was sent (RFC 6750 section 3.1). */
export type BearerError = 'invalid_request' | 'invalid_token' | 'insufficient_scope';

/** The header that says how to authenticate, and what was wrong. */
export function challenge(realm: string, error?: BearerError): { readonly 'www-authenticate': string } {
  return { 'www-authenticate': `Bearer realm="${realm}"${error ? `, error="${error}"` : ''}` };
}

/** @throws {TypeError} for a realm that would have to be escaped. */
export function checkedRealm(realm: unknown): string {
  if (typeof realm === 'string' && /^[\x20-\x7e]+$/.test(realm) && !/["\\]/.test(realm)) return realm;
  throw new TypeError('realm must be printable ASCII text without quotes and backslashes.');
}

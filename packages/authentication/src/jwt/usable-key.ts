/** Which keys of a key set may verify signatures. The others are ignored (RFC 7517 section 5). */
import { createPublicKey } from 'node:crypto';
import type { JWK } from 'jose';

/** RFC 7518 section 3.3. */
export const minRsaBits = 2_048;

/**
 * Whether a key is public, readable and long enough.
 *
 * A secret or a private key in a published set is known to everyone, so anyone could sign with it. A key that jose cannot use
 * would fail only when a token names it, and that failure would look as if the issuer were down.
 */
export function isUsableKey(jwk: JWK): boolean {
  if (jwk.kty === 'oct' || ['d', 'k', 'priv'].some((secret) => Object.hasOwn(jwk, secret))) return false;
  try {
    const { asymmetricKeyDetails } = createPublicKey({ key: { ...jwk }, format: 'jwk' });
    return (asymmetricKeyDetails?.modulusLength ?? minRsaBits) >= minRsaBits;
  } catch {
    return false;
  }
}

/** Which keys of a key set may check signatures (RFC 7517 section 5: the others are as good as not there). */
import { createPublicKey } from 'node:crypto';
import type { JWK } from 'jose';

/** RFC 7518 section 3.3. */
export const minRsaBits = 2_048;

/**
 * Whether a key is public, readable and long enough. Secrets and private keys have no place in a published set; of one that jose
 * cannot use it would say so when a token names it, as if the issuer were down.
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

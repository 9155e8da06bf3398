/**
 * The issuer's ES256 keys. The next key is published before it signs, the previous one until its tokens have expired,
 * so that a rotation surprises no verifier.
 */
import { type CryptoKey, calculateJwkThumbprint, exportJWK, generateKeyPair, type JWK } from 'jose';

export interface SigningKey {
  readonly kid: string;
  readonly privateKey: CryptoKey;
  readonly publicJwk: JWK;
}

export interface SigningKeys {
  /** The key that signs now. */
  current(): SigningKey;
  /** What `/.well-known/jwks.json` answers. */
  published(): { readonly keys: readonly JWK[] };
  rotate(): Promise<void>;
}

export async function createSigningKeys(): Promise<SigningKeys> {
  let previous: SigningKey | undefined;
  let current = await createKey();
  let next = await createKey();
  return {
    current: () => current,
    published: () => ({
      keys: [current, next, previous].filter((key) => key !== undefined).map((key) => key.publicJwk),
    }),
    rotate: async () => {
      const fresh = await createKey();
      [previous, current, next] = [current, next, fresh];
    },
  };
}

export async function createKey(): Promise<SigningKey> {
  const { privateKey, publicKey } = await generateKeyPair('ES256', { extractable: true });
  const jwk = await exportJWK(publicKey);
  const kid = await calculateJwkThumbprint(jwk);
  return { kid, privateKey, publicJwk: { ...jwk, kid, alg: 'ES256', use: 'sig' } };
}

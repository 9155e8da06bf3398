/** Keys and tokens of one issuer. */
import {
  type CryptoKey,
  exportJWK,
  generateKeyPair,
  type JWK,
  type JWTHeaderParameters,
  type JWTPayload,
  SignJWT,
} from 'jose';

export const issuer = 'https://login.example.com/';
export const audience = 'https://api.example.com';

export const now = (): number => Math.floor(Date.now() / 1000);

/** Claims that pass. */
export const claims = (): JWTPayload => ({ iss: issuer, aud: audience, sub: 'u1', iat: now(), exp: now() + 300 });

export interface Signer {
  readonly publicKey: CryptoKey;
  readonly privateKey: CryptoKey;
  readonly jwk: JWK;
  /** Signs claims that pass, but for the given ones; `undefined` removes one. */
  sign(change?: Record<string, unknown>, header?: Partial<JWTHeaderParameters>): Promise<string>;
}

export async function signer(kid = 'k1', alg = 'ES256'): Promise<Signer> {
  const { publicKey, privateKey } = await generateKeyPair(alg, { extractable: true });
  return {
    publicKey,
    privateKey,
    jwk: { ...(await exportJWK(publicKey)), kid, alg },
    sign: (change = {}, header = {}) =>
      new SignJWT({ ...claims(), ...change })
        .setProtectedHeader({ alg, typ: 'at+jwt', kid, ...header })
        .sign(privateKey),
  };
}

export const bearer = (token: string): { headers: { authorization: string } } => ({
  headers: { authorization: `Bearer ${token}` },
});

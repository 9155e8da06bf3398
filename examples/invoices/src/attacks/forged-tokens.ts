/** Tokens that must not work: expired, for somebody else, of somebody else, or not signed at all. */
import { createPublicKey } from 'node:crypto';
import { type JWTPayload, SignJWT } from 'jose';
import { demoUsers } from '../demo-users.ts';
import { accessTokenSeconds, type Identity } from '../identity.ts';
import { createKey } from '../signing-keys.ts';

const { admin } = demoUsers;

export function expired(identity: Identity): Promise<string> {
  return identity.issueAccessToken(admin, { ageSeconds: accessTokenSeconds + 300 });
}

export function wrongAudience(identity: Identity): Promise<string> {
  return identity.issueAccessToken(admin, { audience: 'https://newsletter.example.com' });
}

export function idToken(identity: Identity): Promise<string> {
  return identity.issueAccessToken(admin, { typ: 'JWT' });
}

/** Another issuer, with keys of its own. */
export async function foreignIssuer(identity: Identity): Promise<string> {
  const { privateKey, kid } = await createKey();
  const issuer = 'https://login.attacker.example';
  return new SignJWT({ ...claims(identity), iss: issuer })
    .setProtectedHeader({ alg: 'ES256', typ: 'at+jwt', kid })
    .sign(privateKey);
}

/** The right issuer and key id, the wrong key. */
export async function foreignKey(identity: Identity): Promise<string> {
  const { privateKey } = await createKey();
  return new SignJWT(claims(identity))
    .setProtectedHeader({ alg: 'ES256', typ: 'at+jwt', kid: identity.signingKey().kid })
    .sign(privateKey);
}

/** HMAC with the bytes of the public key, for verifiers that take the algorithm from the token. */
export async function hmacWithPublicKey(identity: Identity): Promise<string> {
  const { kid, publicJwk } = identity.signingKey();
  const { kty = '', crv = '', x = '', y = '' } = publicJwk;
  const pem = createPublicKey({ key: { kty, crv, x, y }, format: 'jwk' }).export({ type: 'spki', format: 'pem' });
  return new SignJWT(claims(identity)).setProtectedHeader({ alg: 'HS256', typ: 'at+jwt', kid }).sign(Buffer.from(pem));
}

export function unsigned(identity: Identity): Promise<string> {
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  return Promise.resolve(`${part({ alg: 'none', typ: 'at+jwt' })}.${part(claims(identity))}.`);
}

/** A member's token with another role written into it. */
export async function tampered(identity: Identity): Promise<string> {
  const [header, payload, signature] = (await identity.issueAccessToken(demoUsers.attacker)).split('.');
  const known = JSON.parse(Buffer.from(payload ?? '', 'base64url').toString()) as JWTPayload;
  const changed = Buffer.from(JSON.stringify({ ...known, sub: admin.id, roles: ['ADMIN'] })).toString('base64url');
  return `${header}.${changed}.${signature}`;
}

function claims(identity: Identity): JWTPayload {
  const now = Math.floor(Date.now() / 1000);
  return {
    iss: identity.issuer,
    aud: identity.audience,
    sub: admin.id,
    org: admin.organisationId,
    roles: [admin.role],
    scope: 'directory:read mfa:manage',
    client_id: 'invoices-web',
    jti: 'forged',
    iat: now,
    exp: now + accessTokenSeconds,
  };
}

// The issuer over real HTTP: what its tokens say, that they verify, that keys rotate, and that forgeries fail.
import { createRemoteJWKSet, decodeProtectedHeader, errors, jwtVerify } from 'jose';
import { afterAll, beforeAll, expect, test } from 'vitest';
import * as forged from '../src/attacks/forged-tokens.ts';
import { demoUsers } from '../src/demo-users.ts';
import { type Identity, startIdentity } from '../src/identity.ts';

let identity: Identity;

beforeAll(async () => {
  identity = await startIdentity();
});

afterAll(() => identity.stop());

function verify(token: string): ReturnType<typeof jwtVerify> {
  const keys = createRemoteJWKSet(new URL(identity.jwksUri));
  const { issuer, audience } = identity;
  return jwtVerify(token, keys, { issuer, audience, typ: 'at+jwt', algorithms: ['ES256'] });
}

test('issues RFC 9068 tokens of 15 minutes that verify against its published keys', async () => {
  const { payload, protectedHeader } = await verify(await identity.issueAccessToken(demoUsers.admin));
  expect(protectedHeader).toEqual({ alg: 'ES256', typ: 'at+jwt', kid: identity.signingKey().kid });
  expect(payload).toMatchObject({ sub: 'usr_1', org: 'org_1', roles: ['ADMIN'], client_id: 'invoices-web' });
  expect((payload.exp ?? 0) - (payload.iat ?? 0)).toBe(900);
  expect(payload.jti).toMatch(/^[0-9a-f-]{36}$/);
});

test('publishes no private key', async () => {
  const answer = await fetch(identity.jwksUri);
  expect(answer.status).toBe(200);
  const { keys } = (await answer.json()) as { keys: Record<string, string>[] };
  expect(keys).toHaveLength(2);
  for (const key of keys) expect(Object.keys(key).toSorted()).toEqual(['alg', 'crv', 'kid', 'kty', 'use', 'x', 'y']);
});

test('rotates to a key that was published before, and ends the oldest after the second rotation', async () => {
  const published = async (): Promise<string[]> => {
    const { keys } = (await (await fetch(identity.jwksUri)).json()) as { keys: { kid: string }[] };
    return keys.map((key) => key.kid);
  };
  const before = await published();
  const old = await identity.issueAccessToken(demoUsers.member);
  await identity.rotate();
  const fresh = await identity.issueAccessToken(demoUsers.member);
  expect(decodeProtectedHeader(fresh).kid).not.toBe(decodeProtectedHeader(old).kid);
  expect(before).toContain(decodeProtectedHeader(fresh).kid);
  await expect(verify(old)).resolves.toMatchObject({ payload: { sub: 'usr_11' } });
  await expect(verify(fresh)).resolves.toMatchObject({ payload: { sub: 'usr_11' } });
  await identity.rotate();
  await expect(verify(old)).rejects.toThrow(errors.JWKSNoMatchingKey);
  await expect(verify(fresh)).resolves.toMatchObject({ payload: { sub: 'usr_11' } });
});

const forgeries: Readonly<Record<string, (identity: Identity) => Promise<string>>> = { ...forged };

test.each([
  ['unsigned', 'ERR_JOSE_ALG_NOT_ALLOWED'],
  ['expired', 'ERR_JWT_EXPIRED'],
  ['wrongAudience', 'ERR_JWT_CLAIM_VALIDATION_FAILED'],
  ['idToken', 'ERR_JWT_CLAIM_VALIDATION_FAILED'],
  ['foreignIssuer', 'ERR_JWKS_NO_MATCHING_KEY'],
  ['foreignKey', 'ERR_JWS_SIGNATURE_VERIFICATION_FAILED'],
  ['hmacWithPublicKey', 'ERR_JOSE_ALG_NOT_ALLOWED'],
  ['tampered', 'ERR_JWS_SIGNATURE_VERIFICATION_FAILED'],
])('forges a token that is wrong in one way: %s', async (name, code) => {
  const forge = forgeries[name];
  if (!forge) throw new Error('no such forgery');
  await expect(verify(await forge(identity))).rejects.toMatchObject({ code });
});

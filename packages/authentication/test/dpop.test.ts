// RFC 9449: a token bound to a key, and every way in which its proof may be wrong.
import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { readRefusalCode, readRefusalFacts } from '@graphql-bulwark/core/internal';
import { memoryStore, redisStore } from '@graphql-bulwark/rate-limit';
import { calculateJwkThumbprint, exportJWK, generateKeyPair, type JWK, SignJWT } from 'jose';
import { describe, expect, inject, it, onTestFinished, vi } from 'vitest';
import { Redis } from '../../../test/redis-client.ts';
import { type DpopOptions, dpop, type ProofVerifier } from '../src/dpop.ts';
import { authenticate } from '../src/index.ts';

const issuer = 'https://login.example.com/';
const audience = 'https://api.example.com';
const publicUrl = 'https://api.example.com/graphql';
const [signing, holder, thief] = await Promise.all([
  generateKeyPair('ES256'),
  generateKeyPair('ES256', { extractable: true }),
  generateKeyPair('ES256', { extractable: true }),
]);
const holderJwk = await exportJWK(holder.publicKey);
const thiefJwk = await exportJWK(thief.publicKey);
const jkt = await calculateJwkThumbprint(holderJwk);
const now = (): number => Math.floor(Date.now() / 1_000);
const sha256 = (text: string): string => createHash('sha256').update(text).digest('base64url');

function token(change: object = { cnf: { jkt } }): Promise<string> {
  return new SignJWT({ iss: issuer, aud: audience, sub: 'u1', iat: now(), exp: now() + 300, ...change })
    .setProtectedHeader({ alg: 'ES256', typ: 'at+jwt' })
    .sign(signing.privateKey);
}
const bound = await token();

interface Proof {
  readonly claims?: Record<string, unknown>;
  readonly header?: Record<string, unknown>;
  readonly by?: typeof holder;
  readonly jwk?: JWK;
  readonly for?: string;
}

function proof({
  claims = {},
  header = {},
  by = holder,
  jwk = holderJwk,
  for: text = bound,
}: Proof = {}): Promise<string> {
  return new SignJWT({ htm: 'POST', htu: publicUrl, iat: now(), jti: randomUUID(), ath: sha256(text), ...claims })
    .setProtectedHeader({ alg: 'ES256', typ: 'dpop+jwt', jwk, ...header })
    .sign(by.privateKey);
}

const make = (more: Partial<DpopOptions> | false = {}) =>
  authenticate({
    issuer,
    audience,
    algorithms: ['ES256'],
    key: signing.publicKey,
    ...(more !== false && { dpop: dpop({ publicUrl, store: memoryStore(), ...more }) }),
  });
const request = (sent: string | undefined, text = bound, scheme = 'DPoP', method = 'POST') => ({
  method,
  headers: { authorization: `${scheme} ${text}`, ...(sent !== undefined && { dpop: sent }) },
});

async function outcome(asked: Promise<unknown>): Promise<unknown> {
  try {
    return ((await asked) as { id: string }).id;
  } catch (thrown) {
    const { http } = (thrown as { extensions: { http: { status: number; headers: Map<string, string> } } }).extensions;
    const { headers } = http;
    return {
      code: readRefusalCode(thrown),
      status: http.status,
      reason: readRefusalFacts(thrown)?.reason,
      challenge: headers.get('www-authenticate'),
      nonce: headers.get('dpop-nonce'),
    };
  }
}

const badProof = { status: 401, challenge: 'DPoP realm="graphql", error="invalid_dpop_proof"' };
const badToken = { status: 401, reason: 'sender-constrained' };

describe('a token bound to a key', () => {
  it('a bound token passes with a proof, and again with another proof', async () => {
    const who = make();
    expect(await outcome(who(request(await proof())))).toBe('u1');
    expect(await outcome(who(request(await proof(), bound, 'dpop')))).toBe('u1');
    expect(await outcome(who(request(await proof({ claims: { htu: `${publicUrl}?a=b#c` } }))))).toBe('u1');
    expect(await outcome(who(request(await proof({ claims: { htu: 'HTTPS://API.example.com:443/graphql' } }))))).toBe(
      'u1',
    );
    expect(await outcome(who(request(await proof({ claims: { htm: 'GET' } }), bound, 'DPoP', 'GET')))).toBe('u1');
  });

  it('attack: a bound token is refused as a plain bearer, with and without DPoP, also when it is cached', async () => {
    for (const who of [make(), make(false)]) {
      expect(await outcome(who(request(undefined, bound, 'Bearer')))).toMatchObject(badToken);
      expect(await outcome(who(request(await proof(), bound, 'Bearer')))).toMatchObject(badToken);
      expect(await outcome(who(request(undefined, await token({ cnf: {} }), 'Bearer')))).toMatchObject(badToken);
    }
    const who = make();
    expect(await outcome(who(request(await proof())))).toBe('u1');
    expect(await outcome(who(request(undefined, bound, 'Bearer')))).toMatchObject(badToken);
    expect(await outcome(who(request(undefined)))).toMatchObject(badProof);
  });

  it('a token that is bound in another way than by a thumbprint is refused', async () => {
    const who = make();
    for (const cnf of [{}, null, 'x', { jkt: 5 }, { 'x5t#S256': 'x' }, { kid: 'x' }]) {
      const text = await token({ cnf });
      expect(await outcome(who(request(await proof({ for: text }), text)))).toMatchObject(badToken);
    }
  });

  it('a token that is not bound is refused with the scheme DPoP and passes as a bearer', async () => {
    const text = await token({});
    expect(await outcome(make()(request(await proof({ for: text }), text)))).toMatchObject(badToken);
    expect(await outcome(make()(request(undefined, text, 'Bearer')))).toBe('u1');
  });
});

describe('a proof', () => {
  it.each<[string, () => Promise<string | undefined>]>([
    ['that is missing', async () => undefined],
    ['that is empty', async () => ''],
    ['that is no token', async () => 'a.b'],
    ['of somebody else', () => proof({ by: thief, jwk: thiefJwk })],
    ['of somebody else with the key of the holder', () => proof({ by: thief })],
    ['for another method', () => proof({ claims: { htm: 'GET' } })],
    ['for a method in lower case', () => proof({ claims: { htm: 'post' } })],
    ['for another host', () => proof({ claims: { htu: 'https://evil.example/graphql' } })],
    ['for another path', () => proof({ claims: { htu: `${publicUrl}/x` } })],
    ['for another scheme', () => proof({ claims: { htu: publicUrl.replace('https', 'http') } })],
    ['for no URL', () => proof({ claims: { htu: 'graphql' } })],
    ['for another token', () => proof({ for: 'x' })],
    ['without the hash of its token', () => proof({ claims: { ath: undefined } })],
    ['that is old', () => proof({ claims: { iat: now() - 70 } })],
    ['of the future', () => proof({ claims: { iat: now() + 70 } })],
    ['without a time', () => proof({ claims: { iat: undefined } })],
    ['without an id', () => proof({ claims: { jti: undefined } })],
    ['with an id that is none', () => proof({ claims: { jti: { a: 1 } } })],
    ['with a long id', () => proof({ claims: { jti: 'x'.repeat(257) } })],
    ['that has expired', () => proof({ claims: { exp: now() - 100 } })],
    ['of another type', () => proof({ header: { typ: 'JWT' } })],
    ['of the type of a token', () => proof({ header: { typ: 'at+jwt' } })],
    ['without a key', () => proof({ header: { jwk: undefined } })],
    ['with a private key', async () => proof({ jwk: await exportJWK(holder.privateKey) })],
    ['with a secret', () => proof({ jwk: { kty: 'oct', k: 'AAAA' } })],
    ['with a key that is none', () => proof({ jwk: { kty: 'EC', crv: 'P-256', x: 'A', y: 'A' } })],
    ['that is not signed', async () => `${Buffer.from('{"alg":"none","typ":"dpop+jwt"}').toString('base64url')}.e30.`],
    [
      'signed with a secret',
      () =>
        new SignJWT({ htm: 'POST', htu: publicUrl, iat: now(), jti: 'j', ath: sha256(bound) })
          .setProtectedHeader({ alg: 'HS256', typ: 'dpop+jwt', jwk: holderJwk })
          .sign(randomBytes(32)),
    ],
  ])('a proof %s is refused with 401, and a valid one passes after it', async (_, forge) => {
    const who = make();
    expect(await outcome(who(request(await forge())))).toMatchObject(badProof);
    expect(await outcome(who(request(await proof())))).toBe('u1');
  });

  it('two proofs in one request are refused with 401', async () => {
    const [one, two] = [await proof(), await proof()];
    const sent = request(`${one}, ${two}`);
    expect(await outcome(make()(sent))).toMatchObject(badProof);
    const raw = { ...request(one), rawHeaders: ['DPoP', one, 'dpop', two] };
    expect(await outcome(make()(raw))).toMatchObject(badProof);
  });

  it('race: of 20 requests at the same time with one proof exactly one passes', async () => {
    const who = make();
    const once = await proof();
    const outcomes = await Promise.all(Array.from({ length: 20 }, () => outcome(who(request(once)))));
    expect(outcomes.filter((one) => one === 'u1')).toHaveLength(1);
    expect(await outcome(who(request(once)))).toMatchObject(badProof);
  });

  it('attack: a used proof that is dated ahead is refused until it is too old, two minutes later', async () => {
    vi.useFakeTimers({ toFake: ['Date', 'performance'] });
    onTestFinished(() => void vi.useRealTimers());
    const who = make();
    const ahead = await proof({ claims: { iat: now() + 59 } });
    expect(await outcome(who(request(ahead)))).toBe('u1');
    for (const seconds of [1, 58, 58]) {
      vi.advanceTimersByTime(1_000 * seconds);
      expect(await outcome(who(request(ahead)))).toMatchObject(badProof);
    }
    expect(await outcome(who(request(await proof())))).toBe('u1');
  });

  it.skipIf(inject('redisUrl') === undefined)('a proof passes once for all processes that share a Redis', async () => {
    const client = new Redis(inject('redisUrl') ?? '');
    onTestFinished(() => client.disconnect());
    const [here, there] = [make({ store: redisStore({ client }) }), make({ store: redisStore({ client }) })];
    await client.ping();
    const once = await proof();
    expect(await outcome(here(request(once)))).toBe('u1');
    expect(await outcome(there(request(once)))).toMatchObject(badProof);
    expect(await outcome(there(request(await proof())))).toBe('u1');
  });

  it('a proof that the store cannot remember is answered with 503', async () => {
    const dead = { ...memoryStore(), consume: () => Promise.reject(new Error('redis at 10.0.0.5')) };
    expect(await outcome(make({ store: dead })(request(await proof())))).toMatchObject({
      code: 'SERVICE_UNAVAILABLE',
      status: 503,
    });
  });
});

describe('a nonce', () => {
  const nonceSecret = randomBytes(32);
  const wanted = { status: 401, challenge: 'DPoP realm="graphql", error="use_dpop_nonce"' };

  it('with a nonceSecret a proof needs a nonce of that secret, which is accepted for a limited time', async () => {
    const who = make({ nonceSecret });
    const first = (await outcome(who(request(await proof())))) as { nonce: string };
    expect(first).toMatchObject(wanted);
    const withNonce = async (nonce: unknown) => outcome(who(request(await proof({ claims: { nonce } }))));
    expect(await withNonce(first.nonce)).toBe('u1');
    for (const nonce of [`${first.nonce}x`, '', 5, null, 'x'.repeat(43)])
      expect(await withNonce(nonce)).toMatchObject(wanted);
    expect(await outcome(make({ nonceSecret })(request(await proof({ claims: { nonce: first.nonce } }))))).toBe('u1');
    const other = make({ nonceSecret: randomBytes(32) });
    expect(await outcome(other(request(await proof({ claims: { nonce: first.nonce } }))))).toMatchObject(wanted);

    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 601_000 });
    onTestFinished(() => {
      vi.useRealTimers();
    });
    const text = await token();
    const late = proof({ claims: { nonce: first.nonce }, for: text });
    expect(await outcome(who(request(await late, text)))).toMatchObject(wanted);
  });
});

it('a proof without a nonce counts as no failure, and an invalid proof locks its address', async () => {
  const who = authenticate({
    issuer,
    audience,
    algorithms: ['ES256'],
    key: signing.publicKey,
    dpop: dpop({ publicUrl, store: memoryStore(), nonceSecret: randomBytes(32) }),
    bruteForce: { store: memoryStore(), maxFailures: 1 },
    maxCachedTokens: false,
  });
  let nonce: unknown;
  for (let i = 0; i < 3; i += 1) {
    const answer = (await outcome(who(request(await proof())))) as { nonce: string };
    expect(answer).toMatchObject({ code: 'UNAUTHENTICATED', reason: 'nonce' });
    ({ nonce } = answer);
  }
  expect(await outcome(who(request(await proof({ claims: { nonce } }))))).toBe('u1');
  expect(await outcome(who(request(await proof({ claims: { nonce, htm: 'GET' } }))))).toMatchObject(badProof);
  expect(await outcome(who(request(await proof({ claims: { nonce } }))))).toMatchObject({ code: 'RATE_LIMITED' });
});

it.each<[string, object]>([
  ['no URL', { publicUrl: 'graphql' }],
  ['another protocol', { publicUrl: 'ftp://api.example.com/' }],
  ['no store', { store: undefined }],
  ['HMAC', { algorithms: ['HS256'] }],
  ['no algorithms', { algorithms: [] }],
  ['much time', { maxAgeSeconds: 301 }],
  ['a short secret', { nonceSecret: randomBytes(31) }],
  ['a misspelt option', { publicURL: publicUrl }],
])('dpop() with %s keeps the server from starting', (_, more) => {
  expect(() => make(more)).toThrow(TypeError);
});

it('plain options instead of dpop() keep the server from starting, and the message names the import that is missing', () => {
  const plain = { publicUrl, store: memoryStore() };
  const start = (value: unknown): unknown =>
    authenticate({ issuer, audience, algorithms: ['ES256'], key: signing.publicKey, dpop: value as ProofVerifier });
  for (const value of [plain, true, null, [], dpop]) {
    expect(() => start(value)).toThrow(
      "dpop must be what dpop() returns: import { dpop } from '@graphql-bulwark/authentication/dpop' or " +
        "'graphql-bulwark/dpop' and write dpop: dpop({ publicUrl, store }).",
    );
  }
  expect(() => start(dpop(plain))).not.toThrow();
});

import { createPublicKey, createSecretKey, generateKeyPairSync, randomBytes } from 'node:crypto';
import { readRefusalCode, readRefusalFacts } from '@graphql-bulwark/core/internal';
import { CompactEncrypt, CompactSign, exportSPKI, SignJWT } from 'jose';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { type AuthenticateOptions, authenticate, type CredentialSource } from '../src/index.ts';
import { reasonOf } from './refused.ts';
import { audience, bearer, claims, issuer, now, signer } from './tokens.ts';

const key = await signer();
const stranger = await signer('k1');
const spki = await exportSPKI(key.publicKey);
const base = { issuer, audience, algorithms: ['ES256'] };
const options = (more: Partial<AuthenticateOptions> = {}): AuthenticateOptions => ({
  ...base,
  key: key.publicKey,
  ...more,
});
const asking = authenticate(options());

interface Refused {
  readonly code: unknown;
  readonly status: unknown;
  readonly challenge: unknown;
  readonly reason: unknown;
}

async function refusalOf(request: CredentialSource, who = asking): Promise<Refused> {
  const error: unknown = await who(request).then(
    (principal) => {
      throw new Error(`was not refused: ${JSON.stringify(principal)}`);
    },
    (thrown: unknown) => thrown,
  );
  const { status, headers } = (error as { extensions: { http: { status: number; headers: Map<string, string> } } })
    .extensions.http;
  const challenge = headers.get('www-authenticate');
  return { code: readRefusalCode(error), status, challenge, reason: readRefusalFacts(error)?.reason };
}

const invalid = (reason: string): Refused => ({
  code: 'UNAUTHENTICATED',
  status: 401,
  challenge: 'Bearer realm="graphql", error="invalid_token"',
  reason,
});

const encoded = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');

describe('a valid token', () => {
  it('a valid token makes a principal that is frozen with all that it holds', async () => {
    const exp = now() + 300;
    const token = await key.sign({ exp, roles: ['ADMIN', 7, null, ''], scope: 'read write', nested: { a: [1] } });
    const principal = await asking(bearer(token));

    expect(principal).toMatchObject({
      id: 'u1',
      roles: ['ADMIN'],
      scopes: ['read', 'write'],
      authMethod: 'jwt',
      expiresAt: exp,
    });
    expect(principal?.claims['sub']).toBe('u1');
    for (const part of [
      principal,
      principal?.claims,
      principal?.roles,
      principal?.scopes,
      principal?.claims['nested'],
    ]) {
      expect(Object.isFrozen(part)).toBe(true);
    }
  });

  it.each<[string, Partial<AuthenticateOptions>]>([
    ['a JSON Web Key Set', { key: undefined, jwks: { keys: [key.jwk] } }],
    ['a PEM key', { key: spki }],
    ['a KeyObject', { key: createPublicKey(spki) }],
  ])('a valid token passes when its issuer is configured with %s', async (_, more) => {
    expect(await authenticate(options(more))(bearer(await key.sign()))).toMatchObject({ id: 'u1' });
  });

  it.each([['RS256'], ['PS256'], ['ES384'], ['EdDSA'], ['Ed25519']])(
    'a token signed with %s passes where the issuer uses that algorithm, and one of ES256 is refused there',
    async (alg) => {
      const other = await signer('k2', alg);
      const who = authenticate({ ...base, algorithms: [alg], key: other.publicKey });
      expect(await who(bearer(await other.sign()))).toMatchObject({ id: 'u1' });
      expect(await refusalOf(bearer(await key.sign()), who)).toEqual(invalid('algorithm'));
    },
  );

  it('a token signed with HMAC passes with the right secret and is refused with another', async () => {
    const secret = randomBytes(32);
    const token = await new SignJWT(claims()).setProtectedHeader({ alg: 'HS256', typ: 'at+jwt' }).sign(secret);
    for (const form of [secret, createSecretKey(secret)]) {
      const who = authenticate({ ...base, algorithms: ['HS256'], key: form });
      expect(await who(bearer(token))).toMatchObject({ id: 'u1' });
    }
    const other = authenticate({ ...base, algorithms: ['HS256'], key: randomBytes(32) });
    expect(await refusalOf(bearer(token), other)).toEqual(invalid('signature'));
  });

  it('a token passes when one of its audiences is one of the configured ones, and is refused when none is', async () => {
    const who = authenticate(options({ audience: ['a', audience] }));
    expect(await who(bearer(await key.sign({ aud: ['x', audience] })))).toMatchObject({ id: 'u1' });
    expect(await refusalOf(bearer(await key.sign({ aud: ['x', 'y'] })), who)).toEqual(invalid('claims'));
  });

  it('a valid token passes in any case of the scheme and of the name of the header', async () => {
    const token = await key.sign();
    for (const scheme of ['Bearer', 'bearer', 'BEARER', 'bEaReR']) {
      expect(await asking({ headers: { authorization: `${scheme} ${token}` } })).toMatchObject({ id: 'u1' });
    }
    expect(await asking({ headers: { Authorization: `Bearer ${token}` } })).toMatchObject({ id: 'u1' });
    expect(await asking({ headers: { authorization: [`Bearer ${token}`] } })).toMatchObject({ id: 'u1' });
  });

  it('a token that expired within the clock tolerance passes, and without a tolerance it is refused', async () => {
    expect(await asking(bearer(await key.sign({ exp: now() - 3 })))).toMatchObject({ id: 'u1' });
    expect(
      await refusalOf(bearer(await key.sign({ exp: now() - 3 })), authenticate(options({ clockToleranceSeconds: 0 }))),
    ).toEqual(invalid('expired'));
  });
});

describe('roles and scopes', () => {
  const rolesOf = async (
    change: Record<string, unknown>,
    more: Partial<AuthenticateOptions> = {},
  ): Promise<unknown> => {
    const principal = await authenticate(options(more))(bearer(await key.sign(change)));
    return [principal?.roles, principal?.scopes];
  };

  it('roles and scopes are read from the configured claims', async () => {
    expect(await rolesOf({ realm_access: { roles: ['a'] } }, { rolesClaim: ['realm_access', 'roles'] })).toEqual([
      ['a'],
      [],
    ]);
    expect(await rolesOf({ 'https://x.example/roles': ['a'] }, { rolesClaim: 'https://x.example/roles' })).toEqual([
      ['a'],
      [],
    ]);
    expect(
      await rolesOf(
        { 'cognito:groups': ['a'], scp: ['s t', 'u'] },
        { rolesClaim: 'cognito:groups', scopesClaim: 'scp' },
      ),
    ).toEqual([['a'], ['s t', 'u']]);
    expect(await rolesOf({ roles: 'one role' })).toEqual([['one role'], []]);
  });

  it('a principal has no roles and scopes where the claim is missing or of another type', async () => {
    expect(await rolesOf({})).toEqual([[], []]);
    expect(await rolesOf({ roles: { ADMIN: true }, scope: { a: 1 } })).toEqual([[], []]);
    expect(await rolesOf({ roles: 5, scope: true })).toEqual([[], []]);
    expect(await rolesOf({ roles: [['ADMIN']], scope: '  a  b ' })).toEqual([[], ['a', 'b']]);
    expect(await rolesOf({ scope: 'a\tb\nc' })).toEqual([[], ['a\tb\nc']]);
    for (const rolesClaim of ['constructor', '__proto__', ['constructor', 'name'], ['__proto__', 'roles']]) {
      expect(await rolesOf({}, { rolesClaim })).toEqual([[], []]);
    }
  });

  it('roles and scopes are never read from inherited properties of the claims', async () => {
    const polluted = Object.prototype as { roles?: unknown };
    polluted.roles = ['ADMIN'];
    try {
      expect(await rolesOf({})).toEqual([[], []]);
      expect(await rolesOf({ realm: {} }, { rolesClaim: ['realm', 'roles'] })).toEqual([[], []]);
    } finally {
      delete polluted.roles;
    }
  });

  it('roles and scopes are never read from a member that is called __proto__', async () => {
    const withProto = JSON.parse(`{"__proto__":{"roles":["ADMIN"]},"a":{"__proto__":{"b":1}}}`) as Record<
      string,
      unknown
    >;
    const body = claims();
    const token = await new SignJWT(Object.defineProperties(body, Object.getOwnPropertyDescriptors(withProto)))
      .setProtectedHeader({ alg: 'ES256', typ: 'at+jwt' })
      .sign(key.privateKey);
    const principal = await asking(bearer(token));
    expect(principal?.roles).toEqual([]);
    expect(Object.keys(principal?.claims ?? {})).not.toContain('__proto__');
    expect(principal?.claims).not.toHaveProperty('roles');
  });
});

describe('no credential', () => {
  it('J1: a request without a credential is anonymous', async () => {
    expect(await asking({ headers: {} })).toBeNull();
    expect(await asking({})).toBeNull();
    expect(await asking({ headers: { 'x-authorization': 'Bearer x' }, rawHeaders: ['Host', 'x'] })).toBeNull();
  });
});

describe('an invalid token', () => {
  it.each<[string, () => Promise<string>, string]>([
    ['J2 expired', () => key.sign({ exp: now() - 10 }), 'expired'],
    ['J3 without exp', () => key.sign({ exp: undefined }), 'claims'],
    ['J3 without iat', () => key.sign({ iat: undefined }), 'claims'],
    ['J3 without sub', () => key.sign({ sub: undefined }), 'claims'],
    ['J3 exp as text', () => key.sign({ exp: '9999999999' }), 'claims'],
    ['J4 for another audience', () => key.sign({ aud: 'https://other.example.com' }), 'claims'],
    ['J4 for an audience that only begins alike', () => key.sign({ aud: `${audience}/` }), 'claims'],
    ['J4 without an audience', () => key.sign({ aud: undefined }), 'claims'],
    ['J4 with an audience that is an object', () => key.sign({ aud: { [audience]: true } }), 'claims'],
    ['of another issuer', () => key.sign({ iss: 'https://login.example.com' }), 'claims'],
    ['of several issuers', () => key.sign({ iss: [issuer] }), 'claims'],
    ['J5 of type JWT', () => key.sign({}, { typ: 'JWT' }), 'claims'],
    ['J5 without a type', () => key.sign({}, { typ: undefined } as never), 'claims'],
    ['not valid yet', () => key.sign({ nbf: now() + 60 }), 'not valid yet'],
    ['not valid at any time', () => key.sign({ nbf: 'tomorrow' }), 'claims'],
    ['J8 signed by someone else', () => stranger.sign(), 'signature'],
    ['J10 with an object as subject', () => key.sign({ sub: { id: 'u1' } }), 'sub'],
    ['J10 with a list as subject', () => key.sign({ sub: ['u1'] }), 'sub'],
    ['J10 with an empty subject', () => key.sign({ sub: '' }), 'sub'],
    ['J10 with a subject that is too long', () => key.sign({ sub: 'x'.repeat(257) }), 'sub'],
    ['bound to a key', () => key.sign({ cnf: { jkt: 'x' } }), 'sender-constrained'],
    ['bound to a certificate', () => key.sign({ cnf: { 'x5t#S256': 'x' } }), 'sender-constrained'],
    ['bound to nothing', () => key.sign({ cnf: null }), 'sender-constrained'],
  ])('a token is refused with 401 and never anonymous: %s', async (_, token, reason) => {
    expect(await refusalOf(bearer(await token()))).toEqual(invalid(reason));
  });

  it('J6: a token without a signature is refused, whatever algorithm it names', async () => {
    for (const alg of ['none', 'None', 'NONE', '']) {
      for (const signature of ['', 'AAAA']) {
        const token = `${encoded({ alg, typ: 'at+jwt' })}.${encoded(claims())}.${signature}`;
        expect(await refusalOf(bearer(token))).toMatchObject({ code: 'UNAUTHENTICATED', status: 401 });
      }
    }
    const [header, payload] = (await key.sign()).split('.');
    expect(await refusalOf(bearer(`${header}.${payload}.`))).toEqual(invalid('signature'));
  });

  it('J7: a token signed with HMAC and the public key as its secret is refused', async () => {
    for (const secret of [spki, spki.trimEnd(), JSON.stringify(key.jwk)]) {
      const token = await new SignJWT(claims())
        .setProtectedHeader({ alg: 'HS256', typ: 'at+jwt', kid: 'k1' })
        .sign(Buffer.from(secret));
      expect(await refusalOf(bearer(token))).toEqual(invalid('algorithm'));
      const withSet = authenticate(options({ key: undefined, jwks: { keys: [key.jwk] } }));
      expect(await refusalOf(bearer(token), withSet)).toEqual(invalid('algorithm'));
    }
  });

  it('J8: a token whose claims or key were changed after it was signed is refused', async () => {
    const [header, , signature] = (await key.sign()).split('.');
    const payload = encoded({ ...claims(), roles: ['ADMIN'] });
    expect(await refusalOf(bearer(`${header}.${payload}.${signature}`))).toEqual(invalid('signature'));
    const other = encoded({ alg: 'ES256', typ: 'at+jwt', kid: 'k1', jwk: stranger.jwk });
    const [, body, foreign] = (await stranger.sign({}, { jwk: stranger.jwk })).split('.');
    expect(await refusalOf(bearer(`${other}.${body}.${foreign}`))).toEqual(invalid('signature'));
  });

  it('a token is refused when it brings its own key or the URL of one, and neither is used', async () => {
    const jku = 'http://127.0.0.1:1/jwks';
    const token = await stranger.sign({}, { jku, x5u: jku, jwk: stranger.jwk, x5c: ['AAAA'] });
    expect(await refusalOf(bearer(token))).toEqual(invalid('signature'));
  });

  it('J9: a token with a critical header that is unknown is refused', async () => {
    const header = encoded({ alg: 'ES256', typ: 'at+jwt', crit: ['x'], x: 1 });
    const [, payload, signature] = (await key.sign()).split('.');
    expect(await refusalOf(bearer(`${header}.${payload}.${signature}`))).toEqual(invalid('not supported'));
    const unencoded = encoded({ alg: 'ES256', typ: 'at+jwt', crit: ['b64'], b64: false });
    expect(await refusalOf(bearer(`${unencoded}.${payload}.${signature}`))).toMatchObject({ status: 401 });
  });

  it('J14: an encrypted token is refused', async () => {
    const secret = randomBytes(32);
    const jwe = await new CompactEncrypt(Buffer.from(JSON.stringify(claims())))
      .setProtectedHeader({ alg: 'dir', enc: 'A256GCM' })
      .encrypt(secret);
    expect(await refusalOf(bearer(jwe))).toEqual(invalid('malformed token'));
  });

  it('a valid token is refused when it is spelled with padding or white space', async () => {
    const token = await key.sign();
    const [header, payload, signature] = token.split('.');
    for (const spelling of [
      `${token}=`,
      `${header}=.${payload}=.${signature}==`,
      `${header}\n.${payload}.${signature}`,
      `${header}. ${payload}.${signature}`,
      `${header}.${payload}.${signature} `,
      ` ${token}`,
    ]) {
      expect(await refusalOf(bearer(spelling))).toEqual(invalid('malformed token'));
    }
  });

  it.each([
    '',
    'x',
    'a.b',
    'a.b.c.d',
    '..',
    'a..c',
    'a.b.c=',
    'a.b+.c',
    'a.b/.c',
    ' a.b.c',
    'a.b.c ',
    'a .b.c',
    'a.b.c\t',
    '\u{e9}.b.c',
    '%61.b.c',
    '"a.b.c"',
    'a.b.c\n',
  ])('a token spelled %j is refused', async (token) => {
    expect(await refusalOf(bearer(token))).toMatchObject({ code: 'UNAUTHENTICATED', status: 401 });
  });

  it.each([
    'null',
    '[]',
    '"x"',
    '1',
    '{',
    '{"alg":"ES256"}garbage',
    '{"alg":["ES256"]}',
    '{"alg":{"toString":"ES256"}}',
    '{"alg":"ES256","b64":"x"}',
    '{"alg":"ES256","crit":[]}',
    '{"alg":"ES256","crit":"exp"}',
    '{"alg":"ES256","kid":{}}',
    '{"alg":"ES256","typ":5}',
    '{"__proto__":{"alg":"ES256"}}',
    '['.repeat(2000),
  ])('a token with the header %j is refused, with a key and with a key set', async (header) => {
    const [, payload, signature] = (await key.sign()).split('.');
    const token = `${Buffer.from(header).toString('base64url')}.${payload}.${signature}`;
    expect(await refusalOf(bearer(token))).toMatchObject({ code: 'UNAUTHENTICATED', status: 401 });
    const withSet = authenticate(options({ key: undefined, jwks: { keys: [key.jwk] } }));
    expect(await refusalOf(bearer(token), withSet)).toMatchObject({ code: 'UNAUTHENTICATED', status: 401 });
  });

  it.each(['null', '[]', '"x"', '{', '\u{fffd}', '['.repeat(2000)])(
    'a token whose claims are %j is refused, though its signature is valid',
    async (payload) => {
      const token = await new CompactSign(Buffer.from(payload))
        .setProtectedHeader({ alg: 'ES256', typ: 'at+jwt' })
        .sign(key.privateKey);
      expect(await refusalOf(bearer(token))).toEqual(invalid('malformed token'));
    },
  );

  it('a token longer than 8 KiB is refused', async () => {
    expect(await refusalOf(bearer(await key.sign({ padding: 'x'.repeat(8_000) })))).toEqual(
      invalid('credential too long'),
    );
  });

  it.each([undefined, 60])(
    'attack: a token issued in the future is refused, and within the clock tolerance it passes, with maxTokenAgeSeconds %j',
    async (maxTokenAgeSeconds) => {
      vi.useFakeTimers({ toFake: ['Date'], now: 1_000 * now() + 400 });
      onTestFinished(() => void vi.useRealTimers());
      const second = now();
      const ask = async (iat: number, clockToleranceSeconds: number) => {
        const who = authenticate(options({ maxTokenAgeSeconds, clockToleranceSeconds }));
        return reasonOf(who, bearer(await key.sign({ iat, exp: second + 9_000 })));
      };
      for (const iat of [second + 6, second + 6.2, second + 3_600, 253_402_300_799]) {
        expect(await ask(iat, 5)).toBe('not valid yet');
      }
      // Clocks differ, and some issuers write fractions of the current second.
      for (const iat of [second, second + 0.9, second + 5, second + 5.9]) expect(await ask(iat, 5)).toBe('let in');
      expect(await ask(second + 1, 0)).toBe('not valid yet');
      for (const iat of [second, second + 0.3, second + 0.9]) expect(await ask(iat, 0)).toBe('let in');
      const refused = await refusalOf(bearer(await key.sign({ iat: second + 6 })), authenticate(options()));
      expect(refused).toEqual(invalid('not valid yet'));
    },
  );

  it('a token older than maxTokenAgeSeconds is refused, and the principal of a younger one ends at that age', async () => {
    const who = authenticate(options({ maxTokenAgeSeconds: 60 }));
    expect(await refusalOf(bearer(await key.sign({ iat: now() - 90 })), who)).toEqual(invalid('expired'));
    const [iat, exp] = [now() - 30, now() + 3_600];
    // Subscriptions of the principal end then.
    expect(await who(bearer(await key.sign({ iat, exp })))).toMatchObject({ id: 'u1', expiresAt: iat + 60 });
    expect(await who(bearer(await key.sign({ iat, exp: now() + 10 })))).toMatchObject({ expiresAt: now() + 10 });
  });

  it('a token passes with the configured typ and is refused with another, unless any typ is accepted', async () => {
    const any = authenticate(options({ dangerouslyAcceptAnyTyp: true }));
    expect(await any(bearer(await key.sign({}, { typ: 'JWT' })))).toMatchObject({ id: 'u1' });
    const jwt = authenticate(options({ typ: 'JWT' }));
    expect(await jwt(bearer(await key.sign({}, { typ: 'jwt' })))).toMatchObject({ id: 'u1' });
    expect(await refusalOf(bearer(await key.sign()), jwt)).toEqual(invalid('claims'));
    expect(await asking(bearer(await key.sign({}, { typ: 'application/AT+JWT' })))).toMatchObject({ id: 'u1' });
  });
});

describe('the Authorization header', () => {
  const plainChallenge = { code: 'UNAUTHENTICATED', status: 401, challenge: 'Bearer realm="graphql"' };

  it('an Authorization header with another scheme, or with none, is refused', async () => {
    const token = await key.sign();
    for (const authorization of [
      'Basic dTpw',
      'Basic',
      'Bearer',
      '',
      `DPoP ${token}`,
      `Bearer\t${token}`,
      token,
      `Bearer${token}`,
    ]) {
      expect(await refusalOf({ headers: { authorization } })).toMatchObject(plainChallenge);
    }
  });

  it('J12: a request with several credentials is a bad request, and with one it passes', async () => {
    const token = await key.sign();
    const several = {
      code: 'BAD_REQUEST',
      status: 400,
      challenge: 'Bearer realm="graphql", error="invalid_request"',
      reason: 'several credentials',
    };
    const authorization = `Bearer ${token}`;
    for (const request of [
      { headers: { authorization: 'Bearer a, Bearer b' } },
      { headers: { authorization: `${authorization},` } },
      { headers: { authorization: [authorization, authorization] } },
      { headers: { authorization, Authorization: authorization } },
      { headers: { authorization }, rawHeaders: ['Authorization', authorization, 'authorization', 'Bearer x.y.z'] },
    ]) {
      expect(await refusalOf(request)).toEqual(several);
    }
    expect(
      await asking({ headers: { authorization }, rawHeaders: ['X', 'authorization', 'Authorization', authorization] }),
    ).toMatchObject({ id: 'u1' });
  });

  it('the credential is the one in headers, also where a middleware changed it and rawHeaders has another', async () => {
    const token = await key.sign();
    const rawHeaders = ['Authorization', `Bearer ${token}`];
    for (let time = 0; time < 2; time += 1) {
      expect(await asking({ headers: { authorization: `Bearer ${token}` }, rawHeaders })).toMatchObject({ id: 'u1' });
      expect(await asking({ headers: {}, rawHeaders })).toBeNull();
      expect(await refusalOf({ headers: { authorization: 'Bearer bad' }, rawHeaders })).toMatchObject({
        code: 'UNAUTHENTICATED',
      });
    }
  });

  it('a refusal names the configured realm in WWW-Authenticate', async () => {
    const who = authenticate(options({ realm: 'My API' }));
    expect((await refusalOf(bearer('x'), who)).challenge).toBe('Bearer realm="My API", error="invalid_token"');
  });
});

describe('an infrastructure that fails', () => {
  it('a configured key that cannot verify signatures is answered with 503 and not with 401', async () => {
    const raw = await crypto.subtle.exportKey('raw', key.publicKey);
    const useless = await crypto.subtle.importKey('raw', raw, { name: 'ECDSA', namedCurve: 'P-256' }, true, []);
    const who = authenticate(options({ key: useless }));
    expect(await refusalOf(bearer(await key.sign()), who)).toMatchObject({ code: 'SERVICE_UNAVAILABLE', status: 503 });
  });
});

describe('invalid options', () => {
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const ed25519 = generateKeyPairSync('ed25519');
  const p384 = generateKeyPairSync('ec', { namedCurve: 'P-384' });

  it.each<[string, object, RegExp]>([
    ['without an issuer', { issuer: undefined }, /^issuer/],
    ['with an empty issuer', { issuer: '' }, /^issuer/],
    ['with several issuers', { issuer: [issuer] }, /^issuer/],
    ['without an audience', { audience: undefined }, /^audience/],
    ['with an empty audience', { audience: '' }, /^audience/],
    ['with no audiences', { audience: [] }, /^audience/],
    ['with an empty one among audiences', { audience: [audience, ''] }, /^audience/],
    ['without algorithms', { algorithms: undefined }, /^algorithms/],
    ['with no algorithms', { algorithms: [] }, /^algorithms/],
    ['with algorithms as text', { algorithms: 'ES256' }, /^algorithms/],
    ['with none', { algorithms: ['ES256', 'none'] }, /^algorithms .* but has 'none'/],
    ['with an unknown algorithm', { algorithms: ['ES265'] }, /^algorithms/],
    ['with HMAC beside signatures', { algorithms: ['HS256', 'ES256'] }, /must not mix/],
    ['with HMAC and a public key', { algorithms: ['HS256'] }, /^key must be a secret/],
    ['with HMAC and PEM text', { algorithms: ['HS256'], key: spki }, /^key must be a secret/],
    ['with HMAC and a text', { algorithms: ['HS256'], key: 'x'.repeat(64) }, /must be a Uint8Array/],
    ['with HMAC and a short secret', { algorithms: ['HS256'], key: randomBytes(31) }, /at least as long/],
    ['with HMAC and a secret too short for it', { algorithms: ['HS512'], key: randomBytes(63) }, /at least as long/],
    ['with HMAC and a key set', { algorithms: ['HS256'], key: undefined, jwks: { keys: [key.jwk] } }, /^HMAC/],
    ['with HMAC and a JWKS URL', { algorithms: ['HS256'], key: undefined, jwksUrl: 'https://x.example/' }, /^HMAC/],
    ['with a secret for signatures', { key: randomBytes(32) }, /^key must be a public key/],
    ['with a private key', { key: key.privateKey }, /^key must be a public key/],
    ['with a private PEM key', { key: rsa.privateKey.export({ type: 'pkcs8', format: 'pem' }) }, /PEM public key/],
    ['with unreadable PEM', { key: '-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----' }, /not a readable/],
    ['with a key of another kind', { key: rsa.publicKey }, /fits each/],
    ['with a key of another curve', { key: p384.publicKey }, /fits each/],
    [
      'with algorithms of several kinds for one key',
      { algorithms: ['ES256', 'EdDSA'], key: ed25519.publicKey },
      /fits each/,
    ],
    ['with no keys', { key: undefined }, /exactly one of/],
    ['with two sources of keys', { jwks: { keys: [key.jwk] } }, /exactly one of/],
    ['with a key that is none', { key: 5 }, /./],
    ['with an empty key set', { key: undefined, jwks: { keys: [] } }, /^jwks/],
    ['with a key set that is none', { key: undefined, jwks: [key.jwk] }, /^jwks/],
    ['with a private key in the set', { key: undefined, jwks: { keys: [{ ...key.jwk, d: 'AAAA' }] } }, /^jwks/],
    ['with a broken key in the set', { key: undefined, jwks: { keys: [{ ...key.jwk, x: 'AAAA' }] } }, /readable/],
    ['with a secret in the set', { key: undefined, jwks: { keys: [{ kty: 'oct', k: 'AAAA' }] } }, /^jwks/],
    ['with keys over plain HTTP', { key: undefined, jwksUrl: 'http://login.example.com/jwks' }, /^jwksUrl/],
    ['with a host that looks like loopback', { key: undefined, jwksUrl: 'http://127.0.0.1.example.com/' }, /^jwksUrl/],
    ['with credentials in the URL', { key: undefined, jwksUrl: 'https://u:p@login.example.com/' }, /^jwksUrl/],
    ['with a file', { key: undefined, jwksUrl: 'file:///etc/jwks' }, /^jwksUrl/],
    ['with no URL', { key: undefined, jwksUrl: 'jwks.json' }, /^jwksUrl/],
    ['with an empty type', { typ: '' }, /^typ/],
    ['with a type and none', { typ: 'JWT', dangerouslyAcceptAnyTyp: true }, /^typ/],
    ['with any type as a text', { dangerouslyAcceptAnyTyp: 'false' }, /^dangerouslyAcceptAnyTyp/],
    ['with much tolerance', { clockToleranceSeconds: 61 }, /^clockToleranceSeconds/],
    ['with negative tolerance', { clockToleranceSeconds: -1 }, /^clockToleranceSeconds/],
    ['with no age', { maxTokenAgeSeconds: 0 }, /^maxTokenAgeSeconds/],
    ['with an age as text', { maxTokenAgeSeconds: '1h' }, /^maxTokenAgeSeconds/],
    ['with no timeout', { jwksTimeoutMilliseconds: 0 }, /^jwksTimeoutMilliseconds/],
    ['with an empty claim', { rolesClaim: '' }, /^rolesClaim/],
    ['with an empty path', { scopesClaim: [] }, /^scopesClaim/],
    ['with a realm to escape', { realm: 'a"b' }, /^realm/],
    ['with a realm over several lines', { realm: 'a\r\nSet-Cookie: x' }, /^realm/],
    ['with a bruteForce that is false', { bruteForce: false }, /^bruteForce/],
    ['with API keys that are null', { apiKeys: null }, /^apiKeys/],
    ['with DPoP that is null', { dpop: null }, /^dpop must be what dpop\(\) returns/],
    [
      'with a bad option of an option',
      { cookie: { name: 'a b' } },
      /^authenticate: cookie\.name must be a cookie's name/,
    ],
    ['with an option that is misspelt', { algoritms: ['ES256'] }, /did you mean 'algorithms'/],
  ])('authenticate refuses to start %s', (_, change, message) => {
    const start = (): unknown => authenticate({ ...options(), ...change });
    expect(start).toThrow(TypeError);
    expect(start).toThrow(message);
  });

  it('authenticate refuses to start without options', () => {
    expect(() => authenticate(undefined as never)).toThrow(TypeError);
    expect(() => authenticate({} as never)).toThrow(TypeError);
  });
});

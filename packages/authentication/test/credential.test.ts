// A token in a cookie is accepted only beside an Origin from the list.
import { describe, expect, it } from 'vitest';
import { authenticate, type CookieOptions } from '../src/index.ts';
import { reasonOf, refusedBy } from './refused.ts';
import { audience, bearer, issuer, now, signer } from './tokens.ts';

const key = await signer();
const origin = 'https://app.example.com';
const make = (cookie: CookieOptions) =>
  authenticate({ issuer, audience, algorithms: ['ES256'], key: key.publicKey, cookie });
const who = make({ name: '__Host-token', allowedOrigins: [origin, 'http://localhost:3000'] });
const token = await key.sign();
const cookie = `theme=dark; __Host-token=${token}; a=b`;

describe('a cookie', () => {
  it('a token in the cookie passes with an allowed Origin, and other cookies are ignored', async () => {
    expect(await who({ headers: { cookie, origin } })).toMatchObject({ id: 'u1' });
    expect(await who({ headers: { cookie, origin: 'http://localhost:3000' } })).toMatchObject({ id: 'u1' });
    expect(await who({ headers: { cookie: 'theme=dark', origin } })).toBeNull();
    expect(await who({ headers: { cookie: 'x__Host-token=a', origin: 'https://evil.example' } })).toBeNull();
  });

  it.each([
    undefined,
    '',
    'null',
    'https://evil.example',
    'https://app.example.com.evil.example',
    'https://app.example.com/',
    'http://app.example.com',
    'https://app.example.com:8443',
    'HTTPS://APP.EXAMPLE.COM',
    [origin, 'https://evil.example'],
  ])('attack: a cookie from the origin %j is refused with 403 and never anonymous', async (from) => {
    expect(await refusedBy(who, { headers: { cookie, ...(from !== undefined && { origin: from }) } })).toMatchObject({
      code: 'FORBIDDEN',
      status: 403,
      reason: 'cookie from another origin',
    });
  });

  it('a cookie that holds no valid token is refused with 401', async () => {
    for (const value of [await key.sign({ exp: now() - 60 }), 'x', '', `"${token}"`, encodeURIComponent(`${token}=`)]) {
      const refused = await refusedBy(who, { headers: { cookie: `__Host-token=${value}`, origin } });
      expect(refused).toMatchObject({ code: 'UNAUTHENTICATED', status: 401 });
      expect(refused.headers.get('www-authenticate')).toBe('Bearer realm="graphql", error="invalid_token"');
    }
  });

  it('a cookie that is sent twice, or beside an Authorization header, is a bad request', async () => {
    for (const headers of [
      { cookie: `__Host-token=${token}; __Host-token=${token}`, origin },
      { cookie, origin, ...bearer(token).headers },
    ]) {
      expect(await refusedBy(who, { headers })).toMatchObject({ code: 'BAD_REQUEST', status: 400 });
    }
  });

  it('a cookie is ignored where the option cookie is not set', async () => {
    const headersOnly = authenticate({ issuer, audience, algorithms: ['ES256'], key: key.publicKey });
    expect(await headersOnly({ headers: { cookie, origin } })).toBeNull();
  });

  it('a token in a header passes from any origin', async () => {
    expect(await reasonOf(who, { headers: { ...bearer(token).headers, origin: 'https://evil.example' } })).toBe(
      'let in',
    );
  });

  it.each<[string, object]>([
    ['no name', { allowedOrigins: [origin] }],
    ['a name with a space', { name: 'a b', allowedOrigins: [origin] }],
    ['no origins', { name: 'a' }],
    ['an empty list', { name: 'a', allowedOrigins: [] }],
    ['any origin', { name: 'a', allowedOrigins: ['*'] }],
    ['the null origin', { name: 'a', allowedOrigins: ['null'] }],
    ['a path', { name: 'a', allowedOrigins: [`${origin}/app`] }],
    ['a misspelt option', { name: 'a', origins: [origin] }],
  ])('the option cookie with %s keeps the server from starting', (_, options) => {
    expect(() => make(options as CookieOptions)).toThrow(TypeError);
  });
});

describe('a Request of the Fetch standard', () => {
  const url = 'https://api.example.com/graphql';
  const mixed = authenticate({
    issuer,
    audience,
    algorithms: ['ES256'],
    key: key.publicKey,
    apiKeys: { prefix: 'shop', store: { find: () => null } },
    cookie: { name: '__Host-token', allowedOrigins: [origin] },
  });
  const send = (headers: Sent) => mixed({ headers: new Headers(headers) });

  it('a valid token in its Headers is its caller, and without a credential it is anonymous', async () => {
    expect(await mixed(new Request(url, { headers: { Authorization: `Bearer ${token}` } }))).toMatchObject({
      id: 'u1',
    });
    expect(await send({ cookie, origin })).toMatchObject({ id: 'u1' });
    expect(await mixed(new Request(url))).toBeNull();
  });

  it.each<[string, Sent, string, number]>([
    ['garbage', { authorization: 'Bearer garbage' }, 'UNAUTHENTICATED', 401],
    ['an unknown API key', { 'X-API-Key': 'shop_garbage' }, 'UNAUTHENTICATED', 401],
    ['another scheme', { authorization: 'Basic dTpw' }, 'UNAUTHENTICATED', 401],
    ['a cookie of another site', { cookie, origin: 'https://evil.example' }, 'FORBIDDEN', 403],
    ['two tokens', [bearerPair(token), bearerPair(token)], 'BAD_REQUEST', 400],
    ['a token beside an API key', [bearerPair(token), ['x-api-key', 'shop_x']], 'BAD_REQUEST', 400],
  ])('attack: with %s it is refused and never anonymous', async (_, headers, code, status) => {
    const refused = await refusedBy(mixed, { headers: new Headers(headers) });
    expect([refused.code, refused.status]).toEqual([code, status]);
  });

  it('a header of Node that is called get does not turn its headers into Headers', async () => {
    expect(await mixed({ headers: { get: 'x', authorization: `Bearer ${token}` } })).toMatchObject({ id: 'u1' });
  });
});

type Sent = ConstructorParameters<typeof Headers>[0];

function bearerPair(text: string): [string, string] {
  return ['authorization', `Bearer ${text}`];
}

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

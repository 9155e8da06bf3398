// API keys, every way in which one may be wrong, and stores that fail.
import { createEvents, type SecurityEvent } from '@graphql-bulwark/core';
import { readRefusalFacts } from '@graphql-bulwark/core/internal';
import { describe, expect, it } from 'vitest';
import { type ApiKeyOptions, type ApiKeyRecord, type ApiKeyStore, authenticate, generateApiKey } from '../src/index.ts';
import { reasonOf, refusedBy } from './refused.ts';
import { audience, bearer, issuer, now, signer } from './tokens.ts';

const records = new Map<string, ApiKeyRecord>();
const uses: string[] = [];
const store: ApiKeyStore = {
  find: async (keyId) => records.get(keyId),
  used: (keyId) => {
    uses.push(keyId);
  },
};
const asking = authenticate({ apiKeys: { prefix: 'shop', store } });
const withKey = (key: string) => ({ headers: { 'x-api-key': key } });

function newKey(more: Partial<ApiKeyRecord> = {}): { key: string; keyId: string } {
  const { key, keyId, secretSha256 } = generateApiKey({ prefix: 'shop' });
  records.set(keyId, { secretSha256, subject: 'client1', ...more });
  return { key, keyId };
}

describe('an API key', () => {
  it('a generated API key is prefix, id and secret, is new each time, and is stored as a hash', () => {
    const made = generateApiKey({ prefix: 'shop_live' });
    expect(made.key).toMatch(/^shop_live_[0-9a-f]{16}_[0-9a-f]{64}$/);
    expect(made.key).toContain(made.keyId);
    expect(made.key).not.toContain(made.secretSha256);
    expect(generateApiKey({ prefix: 'shop_live' }).key).not.toBe(made.key);
  });

  it('an API key makes a frozen principal with the scopes, roles and claims of its record', async () => {
    const expiresAt = now() + 100;
    const { key, keyId } = newKey({ scopes: ['read'], roles: ['BOT'], claims: { org: 'o1', sub: 'x' }, expiresAt });
    const principal = await asking(withKey(key));
    expect(principal).toEqual({
      id: 'client1',
      claims: { org: 'o1', sub: 'client1' },
      roles: ['BOT'],
      scopes: ['read'],
      authMethod: 'api-key',
      keyId,
      expiresAt,
    });
    for (const part of [principal, principal?.claims, principal?.roles, principal?.scopes]) {
      expect(Object.isFrozen(part)).toBe(true);
    }
    expect(uses).toContain(keyId);
  });

  it('an API key passes in X-API-Key and in Authorization, and so does another key of the same client', async () => {
    const [one, two] = [newKey(), newKey()];
    expect(await asking(withKey(one.key))).toMatchObject({ id: 'client1', keyId: one.keyId });
    expect(await asking({ headers: { authorization: `ApiKey ${two.key}` } })).toMatchObject({ keyId: two.keyId });
    expect(await asking({ headers: { authorization: `apikey ${two.key}` } })).toMatchObject({ keyId: two.keyId });
    expect(await asking({ headers: {} })).toBeNull();
  });

  it('an API key passes when the store fails to note its use', async () => {
    const { key } = newKey();
    for (const used of [
      () => Promise.reject(new Error('down')),
      () => {
        throw new Error('down');
      },
    ]) {
      expect(
        await authenticate({ apiKeys: { prefix: 'shop', store: { ...store, used } } })(withKey(key)),
      ).toMatchObject({
        id: 'client1',
      });
    }
  });

  it.each<[string, () => string, string]>([
    ['of an unknown id', () => generateApiKey({ prefix: 'shop' }).key, 'unknown key'],
    ['with a wrong secret', () => newKey().key.replace(/.{64}$/, 'a'.repeat(64)), 'wrong secret'],
    ['with the secret of another', () => `shop_${newKey().keyId}_${newKey().key.slice(-64)}`, 'wrong secret'],
    ['that has expired', () => newKey({ expiresAt: now() - 1 }).key, 'expired'],
    ['that is not valid yet', () => newKey({ notBefore: now() + 60 }).key, 'not valid yet'],
    ['that was taken back', () => newKey({ revokedAt: now() }).key, 'revoked'],
    ['that was taken back at the beginning of time', () => newKey({ revokedAt: 0 }).key, 'revoked'],
    ['with another prefix', () => newKey().key.replace('shop', 'shot'), 'malformed key'],
    ['in upper case', () => newKey().key.toUpperCase(), 'malformed key'],
    ['with a space', () => `${newKey().key} `, 'malformed key'],
    ['without a secret', () => `shop_${newKey().keyId}_`, 'malformed key'],
    ['that is the hash', () => `shop_${newKey().keyId}_${'0'.repeat(64)}`, 'wrong secret'],
    ['of the dummy', () => `shop_${'0'.repeat(16)}_${'0'.repeat(64)}`, 'unknown key'],
    ['called __proto__', () => 'shop___proto___', 'malformed key'],
    ['that is empty', () => '', 'malformed key'],
  ])('an API key %s is refused with 401 and the challenge of API keys', async (_, make, reason) => {
    const refused = await refusedBy(asking, withKey(make()));
    expect(refused).toMatchObject({ code: 'UNAUTHENTICATED', status: 401, reason, message: 'Not authenticated' });
    expect(refused.headers.get('www-authenticate')).toBe('ApiKey realm="graphql"');
  });

  it('a valid API key with one character less or more is refused', async () => {
    const { key } = newKey();
    expect(await reasonOf(asking, withKey(key.slice(0, -1)))).toBe('malformed key');
    expect(await reasonOf(asking, withKey(`${key}0`))).toBe('malformed key');
  });

  it('an API key beside another credential is a bad request, and each of both alone passes', async () => {
    const signing = await signer();
    const token = bearer(await signing.sign()).headers;
    const { key } = newKey();
    const both = authenticate({
      issuer,
      audience,
      algorithms: ['ES256'],
      key: signing.publicKey,
      apiKeys: { prefix: 'shop', store },
    });
    expect(await both({ headers: token })).toMatchObject({ id: 'u1' });
    expect(await both(withKey(key))).toMatchObject({ id: 'client1' });
    for (const request of [
      { headers: { ...token, 'x-api-key': key } },
      withKey(`${key}, ${key}`),
      { headers: { 'x-api-key': [key, key] } },
      { headers: { 'x-api-key': key }, rawHeaders: ['X-API-Key', key, 'x-api-key', key] },
      { headers: { 'x-api-key': key, authorization: '' } },
    ]) {
      expect(await refusedBy(both, request)).toMatchObject({ code: 'BAD_REQUEST', status: 400 });
    }
  });

  it('an API key is ignored or refused where only tokens are accepted, and a token is refused where only API keys are', async () => {
    const signing = await signer();
    const tokensOnly = authenticate({ issuer, audience, algorithms: ['ES256'], key: signing.publicKey });
    const { key } = newKey();
    expect(await tokensOnly(withKey(key))).toBeNull();
    expect(await refusedBy(tokensOnly, { headers: { authorization: `ApiKey ${key}` } })).toMatchObject({ status: 401 });
    const refused = await refusedBy(asking, bearer(await signing.sign()));
    expect(refused.headers.get('www-authenticate')).toBe('ApiKey realm="graphql"');
  });
});

describe('a store of API keys', () => {
  it.each<[string, ApiKeyStore['find']]>([
    [
      'that fails',
      () => {
        throw new Error('db at 10.0.0.5');
      },
    ],
    ['that rejects', () => Promise.reject(new Error('db at 10.0.0.5'))],
    ['that hangs', () => new Promise(() => {})],
  ])('a store of API keys %s is answered with 503', async (_, find) => {
    const who = authenticate({ apiKeys: { prefix: 'shop', store: { find }, timeoutMilliseconds: 20 } });
    const refused = await refusedBy(who, withKey(generateApiKey({ prefix: 'shop' }).key));
    expect(refused).toMatchObject({ code: 'SERVICE_UNAVAILABLE', status: 503, reason: 'api key store' });
    expect(refused.message).toBe('Service temporarily unavailable');
  });

  it('a failing store of API keys is logged once a minute, and each event names that line of the log', async () => {
    const told: SecurityEvent[] = [];
    const log: string[] = [];
    const events = createEvents(
      (event) => void told.push(event),
      () => ({ warn() {}, error: (text) => void log.push(text) }),
    );
    const find = () => Promise.reject(new Error('db at 10.0.0.5'));
    const who = authenticate({ apiKeys: { prefix: 'shop', store: { find } }, events });
    for (let time = 1; time <= 3; time += 1) {
      await refusedBy(who, withKey(generateApiKey({ prefix: 'shop' }).key));
    }
    expect(log).toHaveLength(1);
    expect(log[0]).toContain('db at 10.0.0.5');
    const [{ errorId }] = told as [SecurityEvent & { errorId: string }];
    expect(log[0]).toContain(`api key store [${errorId}]`);
    const each = { type: 'auth.failure', reason: 'api key store', errorId };
    expect(told).toMatchObject([each, each, each]);
  });

  it.each<[string, Partial<ApiKeyRecord>]>([
    ['an empty subject', { subject: '' }],
    ['a number as subject', { subject: 5 as never }],
    ['scopes that are a text', { scopes: 'read' as never }],
    ['scopes that are numbers', { scopes: [5 as never] }],
    ['roles that are empty', { roles: [''] }],
    ['an end that is no time', { expiresAt: Number.NaN }],
    ['a beginning that is no time', { notBefore: Number.NaN }],
    ['an end in milliseconds', { expiresAt: Date.now() + 1_000 }],
    ['an end that is a Date', { expiresAt: new Date(0) as never }],
    ['a beginning that is a Date', { notBefore: new Date(0) as never }],
    ['no hash', { secretSha256: undefined as never }],
    ['a hash of another kind', { secretSha256: 'secret' }],
  ])('an API key whose record has %s is answered with 503', async (_, more) => {
    const { key } = newKey(more);
    const principal = await asking(withKey(key)).catch((thrown: unknown) => thrown);
    expect(principal).toMatchObject({ extensions: { code: 'SERVICE_UNAVAILABLE' } });
    expect(readRefusalFacts(principal)?.reason).toBe('malformed api key record');
  });

  it.each<[string, object]>([
    ['no prefix', { store }],
    ['a prefix with a hyphen', { prefix: 'a-b', store }],
    ['no store', { prefix: 'a' }],
    ['a store that finds nothing', { prefix: 'a', store: {} }],
    ['no timeout', { prefix: 'a', store, timeoutMilliseconds: 0 }],
    ['a misspelt option', { prefix: 'a', stores: store }],
  ])('the option apiKeys with %s keeps the server from starting', (_, apiKeys) => {
    expect(() => authenticate({ apiKeys: apiKeys as ApiKeyOptions })).toThrow(TypeError);
  });
});

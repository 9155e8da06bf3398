// Deny-lists in memory and in a real Redis.
import { afterAll, afterEach, describe, expect, inject, it, onTestFinished, vi } from 'vitest';
import { Redis } from '../../../../test/redis-client.ts';
import { authenticate, type DenyList, memoryDenyList, type RevocationOptions, redisDenyList } from '../../src/index.ts';
import { reasonOf, refusedBy } from '../refused.ts';
import { audience, bearer, issuer, now, signer } from '../tokens.ts';

const key = await signer();
const tolerance = 5;
const who = (revocation: RevocationOptions, clockToleranceSeconds = tolerance) =>
  authenticate({
    issuer,
    audience,
    algorithms: ['ES256'],
    key: key.publicKey,
    clockToleranceSeconds,
    revocation,
  });

/** Sets the clock ahead. */
function later(seconds: number): void {
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 1_000 * seconds });
}

const redisUrl = inject('redisUrl');
const clients: Redis[] = [];
let runs = 0;

function connected(url: string): Redis {
  const client = new Redis(url, { enableOfflineQueue: false, lazyConnect: true, retryStrategy: null });
  client.on('error', () => {});
  clients.push(client);
  return client;
}

afterEach(() => {
  vi.useRealTimers();
});
afterAll(() => {
  for (const client of clients) client.disconnect();
});

describe.each<[string, () => Promise<DenyList>, boolean]>([
  ['in memory', async () => memoryDenyList(), false],
  [
    'in Redis',
    async () => {
      const client = connected(redisUrl ?? '');
      await client.connect();
      runs += 1;
      return redisDenyList({ client, keyPrefix: `revoked:${process.pid}:${now()}:${runs}:` });
    },
    redisUrl === undefined,
  ],
])('a deny-list %s', (_, make, isSkipped) => {
  it.skipIf(isSkipped)('a revoked token is refused, and other tokens pass', async () => {
    const list = await make();
    const asking = who(list);
    const [one, two] = [await key.sign({ jti: 't1' }), await key.sign({ jti: 't2' })];
    await list.revoke('t1', now() + 300);
    const refused = await refusedBy(asking, bearer(one));
    expect(refused).toMatchObject({ code: 'UNAUTHENTICATED', status: 401, reason: 'revoked' });
    expect(refused.headers.get('www-authenticate')).toBe('Bearer realm="graphql", error="invalid_token"');
    expect(await reasonOf(asking, bearer(two))).toBe('let in');
    expect(await reasonOf(asking, bearer(await key.sign()))).toBe('let in');
  });

  it.skipIf(isSkipped)(
    'revokeAllFor ends every token issued until now, and later ones and those of other subjects pass',
    async () => {
      const list = await make();
      const asking = who(list);
      const before = await key.sign({ iat: now() - 100 });
      const sameSecond = await key.sign({ iat: now() });
      const another = await key.sign({ sub: 'u2', iat: now() - 100 });
      await list.revokeAllFor('u1');
      expect(await reasonOf(asking, bearer(before))).toBe('revoked');
      expect(await reasonOf(asking, bearer(sameSecond))).toBe('revoked');
      expect(await reasonOf(asking, bearer(another))).toBe('let in');
      later(tolerance + 1);
      expect(await reasonOf(asking, bearer(await key.sign()))).toBe('let in');
      expect(await reasonOf(asking, bearer(sameSecond))).toBe('revoked');
    },
  );

  it.skipIf(isSkipped)('revokeAllFor ends a token issued before it by an issuer whose clock is ahead', async () => {
    vi.useFakeTimers({ toFake: ['Date'] });
    const list = await make();
    const asking = who(list);
    const ahead = bearer(await key.sign({ iat: now() + tolerance }));
    // The token is cached from now on, and looked up in the list all the same.
    expect(await reasonOf(asking, ahead)).toBe('let in');
    await list.revokeAllFor('u1');
    expect(await reasonOf(asking, ahead)).toBe('revoked');
    later(120);
    expect(await reasonOf(asking, ahead)).toBe('revoked');
  });

  it.skipIf(isSkipped)(
    'without a clock tolerance revokeAllFor ends tokens of the same second, and those of the next one pass',
    async () => {
      vi.useFakeTimers({ toFake: ['Date'], now: 1_000 * now() + 400 });
      const list = await make();
      const asking = who(list, 0);
      const second = now();
      await list.revokeAllFor('u1');
      for (const iat of [second - 0.5, second, second + 0.3, second + 0.9]) {
        expect(await reasonOf(asking, bearer(await key.sign({ iat })))).toBe('revoked');
      }
      later(1);
      for (const iat of [second + 1, second + 1.2]) {
        expect(await reasonOf(asking, bearer(await key.sign({ iat })))).toBe('let in');
      }
    },
  );

  it.skipIf(isSkipped)(
    'revokeAllFor ends a token that does not say when it was issued, or names a time to come',
    async () => {
      const list = await make();
      const asked = { jti: undefined, sub: 'u1', iss: undefined, clockToleranceSeconds: tolerance };
      const times = [0, Number.NaN, Infinity, now() + 3_600, undefined as unknown as number];
      for (const iat of times) expect(await list.isRevoked({ ...asked, iat })).toBe(false);
      await list.revokeAllFor('u1');
      for (const iat of times) expect(await list.isRevoked({ ...asked, iat })).toBe(true);
      expect(await list.isRevoked({ ...asked, iat: now() - 9, clockToleranceSeconds: Number.NaN })).toBe(true);
    },
  );

  it.skipIf(isSkipped)('hostile ids are keys like any other, and invalid ids and times are rejected', async () => {
    const list = await make();
    const asking = who(list);
    for (const sub of ['__proto__', 'constructor', 'a:b', 'x\ny']) {
      expect(await reasonOf(asking, bearer(await key.sign({ sub, jti: sub })))).toBe('let in');
    }
    await list.revoke('__proto__', now() + 300);
    expect(await reasonOf(asking, bearer(await key.sign({ jti: '__proto__' })))).toBe('revoked');
    for (const jti of ['', 5, null, undefined])
      await expect(list.revoke(jti as string, now() + 9)).rejects.toThrow(TypeError);
    for (const exp of [Date.now(), Number.NaN, -1, '9'])
      await expect(list.revoke('x', exp as number)).rejects.toThrow(TypeError);
  });
});

describe('a deny-list in memory', () => {
  it('a full list in memory forgets the entries whose tokens have ended', async () => {
    const list = memoryDenyList({ maxEntries: 2, longestTokenSeconds: 100 });
    await list.revoke('t1', now() + 10);
    await list.revokeAllFor('u1');
    await expect(list.revoke('t2', now() + 10)).rejects.toThrow('full');
    later(252);
    await list.revoke('t2', now() + 10);
    const asked = { iss: undefined, clockToleranceSeconds: tolerance };
    expect(list.isRevoked({ ...asked, jti: 't2', sub: 'u', iat: now() })).toBe(true);
    expect(list.isRevoked({ ...asked, jti: undefined, sub: 'u1', iat: now() - 300 })).toBe(true);
  });

  it('a full list in memory renews an entry that it has, and rejects a new one', async () => {
    const list = memoryDenyList({ maxEntries: 2 });
    await list.revoke('t1', now() + 10);
    await list.revokeAllFor('u1');
    later(tolerance + 1);
    const next = { jti: undefined, sub: 'u1', iat: now(), iss: undefined, clockToleranceSeconds: tolerance };
    expect(list.isRevoked(next)).toBe(false);
    await list.revokeAllFor('u1');
    expect(list.isRevoked(next)).toBe(true);
    await expect(list.revokeAllFor('u2')).rejects.toThrow('full');
  });

  it('a full list in memory is swept at most once a second', async () => {
    const list = memoryDenyList({ maxEntries: 100_000 });
    for (let i = 0; i < 100_000; i += 1) await list.revoke(`t${i}`, now() + 300);
    vi.useFakeTimers({ toFake: ['Date'] });
    const looks = vi.spyOn(Map.prototype, Symbol.iterator);
    onTestFinished(() => looks.mockRestore());
    for (let i = 0; i < 20; i += 1) await expect(list.revoke(`more${i}`, now() + 300)).rejects.toThrow('full');
    expect(looks.mock.contexts.filter((map) => (map as Map<unknown, unknown>).size === 100_000)).toHaveLength(1);
  });
});

describe.skipIf(redisUrl === undefined)('a deny-list in Redis', () => {
  it('the entries of a list in Redis end with their tokens', async () => {
    const client = connected(redisUrl ?? '');
    await client.connect();
    const keyPrefix = `revoked:${process.pid}:ttl:`;
    const list = redisDenyList({ client, keyPrefix, longestTokenSeconds: 1_000 });
    await list.revoke('t1', now() + 100);
    await list.revokeAllFor('u1');
    await list.revoke('over', now() - 300);
    expect(await client.ttl(`${keyPrefix}jti:t1`)).toBeGreaterThan(300);
    expect(await client.ttl(`${keyPrefix}jti:t1`)).toBeLessThanOrEqual(340);
    expect(await client.ttl(`${keyPrefix}sub:u1`)).toBeGreaterThan(1_200);
    expect(await client.exists(`${keyPrefix}jti:over`)).toBe(0);
  });
});

it('a deny-list with bad options keeps the server from starting', () => {
  expect(() => memoryDenyList({ maxEntries: 0 })).toThrow(/maxEntries/);
  expect(() => memoryDenyList({ longestTokenSeconds: -1 })).toThrow(/longestTokenSeconds/);
  expect(() => redisDenyList({ client: {} as never })).toThrow(/client/);
  const ofNodeRedis = { get() {}, set() {}, setEx() {} };
  expect(() => redisDenyList({ client: ofNodeRedis as never })).toThrow(/client must be an ioredis client/);
});

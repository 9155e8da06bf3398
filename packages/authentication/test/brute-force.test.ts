// Failures cost a wait and then a lock, counted in memory and in a real Redis, for logins and for credentials.

import { type CounterStore, createEvents, type SecurityEvent, securityContext } from '@graphql-bulwark/core';
import { readRefusalCode, readRefusalFacts } from '@graphql-bulwark/core/internal';
import { memoryStore, redisStore } from '@graphql-bulwark/rate-limit';
import { afterAll, describe, expect, inject, it, onTestFinished, vi } from 'vitest';
import { Redis } from '../../../test/redis-client.ts';
import {
  type Attempt,
  authenticate,
  type BruteForceOptions,
  type BruteForceProtection,
  bruteForceProtection,
  generateApiKey,
} from '../src/index.ts';
import { audience, bearer, issuer, now, signer } from './tokens.ts';

const redisUrl = inject('redisUrl');
const clients: Redis[] = [];
afterAll(() => {
  for (const client of clients) client.disconnect();
});

async function inRedis(): Promise<CounterStore> {
  const client = new Redis(redisUrl ?? '', { lazyConnect: true, enableOfflineQueue: false });
  client.on('error', () => {});
  clients.push(client);
  await client.connect();
  return redisStore({ client });
}

let names = 0;
function make(store: CounterStore, more: Partial<BruteForceOptions> = {}): BruteForceProtection {
  names += 1;
  return bruteForceProtection({ store, name: `p${process.pid}:${Date.now()}:${names}`, ...more });
}

/** `'passed'`, or the code, status and seconds of the refusal. */
async function outcome(asked: Promise<unknown>): Promise<unknown> {
  try {
    await asked;
    return 'passed';
  } catch (thrown) {
    const { extensions } = thrown as { extensions?: { http?: { headers: Map<string, string> } } };
    return { code: readRefusalCode(thrown), after: Number(extensions?.http?.headers.get('retry-after')) };
  }
}

const counts = (outcomes: readonly unknown[]): number => outcomes.filter((one) => one === 'passed').length;

describe.each<[string, () => Promise<CounterStore>, boolean]>([
  ['in memory', async () => memoryStore(), false],
  ['in Redis', inRedis, redisUrl === undefined],
])('brute-force protection %s', (_, open, isSkipped) => {
  it.skipIf(isSkipped)(
    'attack: a name too long to be normalized is refused, and the failure is counted on its address',
    async () => {
      const guard = make(await open());
      const padded = `ann${'\u200b'.repeat(99_999)}`;
      const refused = { code: 'BAD_USER_INPUT', after: Number.NaN };
      expect(await outcome(guard.check(padded, '192.0.2.1'))).toEqual(refused);
      expect(await outcome(guard.look(padded, '192.0.2.1'))).toEqual(refused);
      for (let n = 0; n < 5; n += 1) expect(await outcome(guard.fail(padded, '192.0.2.1'))).toEqual(refused);
      // Looked at without counting: a `check` would lock the address by itself.
      await expect.poll(() => outcome(guard.look(null, '192.0.2.1'))).toMatchObject({ code: 'RATE_LIMITED' });
      for (const name of ['ann', 'Ann\u200b', `ann${'\u200b'.repeat(30_000)}`, '\uff41nn', 'ANN']) {
        expect(await outcome(guard.check(name, '192.0.2.2'))).toBe('passed');
      }
      expect(await outcome(guard.check('ann', '192.0.2.3'))).toMatchObject({ code: 'RATE_LIMITED' });
    },
  );

  it.skipIf(isSkipped)('after five attempts the subject and the address have to wait, and others do not', async () => {
    const guard = make(await open());
    for (let n = 0; n < 5; n += 1) expect(await outcome(guard.check('ann', '192.0.2.1'))).toBe('passed');
    expect(await outcome(guard.check('ann', '192.0.2.2'))).toEqual({ code: 'RATE_LIMITED', after: 1 });
    expect(await outcome(guard.check('bob', '192.0.2.1'))).toEqual({ code: 'RATE_LIMITED', after: 1 });
    expect(await outcome(guard.check('bob', '192.0.2.2'))).toBe('passed');
  });

  it.skipIf(isSkipped)(
    'a subject is locked after ten failures from any addresses, and another subject is not',
    async () => {
      const guard = make(await open());
      for (let n = 0; n < 10; n += 1) expect(await outcome(guard.fail('ann', `192.0.2.${n}`))).toBe('passed');
      const refused = await outcome(guard.check('ann', '198.51.100.1'));
      expect(refused).toMatchObject({ code: 'RATE_LIMITED' });
      expect((refused as { after: number }).after).toBeGreaterThan(880);
      expect(await outcome(guard.fail('ann', '198.51.100.1'))).toMatchObject({ code: 'RATE_LIMITED' });
      expect(await outcome(guard.check('bob', '198.51.100.1'))).toBe('passed');
    },
  );

  it.skipIf(isSkipped)(
    'an address is locked after ten failures with any subjects, and another address is not',
    async () => {
      const guard = make(await open());
      for (let n = 0; n < 10; n += 1) expect(await outcome(guard.fail(`user${n}`, '192.0.2.1'))).toBe('passed');
      expect(await outcome(guard.check('ann', '192.0.2.1'))).toMatchObject({ code: 'RATE_LIMITED' });
      expect(await outcome(guard.look(null, '192.0.2.1'))).toMatchObject({ code: 'RATE_LIMITED' });
      expect(await outcome(guard.check('ann', '192.0.2.2'))).toBe('passed');
    },
  );

  it.skipIf(isSkipped)(
    'attack: failures with a locked subject still count on the address, which is locked then',
    async () => {
      const guard = make(await open(), { maxFailures: 3, maxFailuresPerAddress: 8 });
      for (let time = 0; time < 8; time += 1) await outcome(guard.fail('victim', '192.0.2.1'));
      expect(await outcome(guard.look(null, '192.0.2.1'))).toMatchObject({ code: 'RATE_LIMITED' });
      expect(await outcome(guard.look(null, '192.0.2.2'))).toBe('passed');
    },
  );

  it.skipIf(isSkipped)(
    'attack: a locked subject stays locked when invisible characters stand before its name',
    async () => {
      const guard = make(await open(), { maxFailures: 1 });
      await outcome(guard.fail('victim'));
      for (const length of [1, 1_023, 1_024, 5_000]) {
        expect(await outcome(guard.look(`${'\u200b'.repeat(length)}victim`))).toMatchObject({ code: 'RATE_LIMITED' });
      }
    },
  );

  it.skipIf(isSkipped)('race: of 50 attempts at the same time exactly ten are let through', async () => {
    const guard = make(await open());
    const attempts = await Promise.all(Array.from({ length: 50 }, () => outcome(guard.check('ann'))));
    expect(counts(attempts)).toBe(10);
    expect(await outcome(guard.check('ann'))).toMatchObject({ code: 'RATE_LIMITED' });
  });

  it.skipIf(isSkipped)(
    'a success clears the failures of the subject, and of the address only its own attempt',
    async () => {
      const guard = make(await open(), { maxFailures: 4, maxFailuresPerAddress: 8 });
      await guard.fail('ann', '192.0.2.1');
      const attempt: Attempt = await guard.check('ann', '192.0.2.1');
      await attempt.succeeded();
      for (let n = 0; n < 2; n += 1) expect(await outcome(guard.check('ann'))).toBe('passed');
      // One failure stays on the address, and the successful attempt was taken back.
      for (let n = 0; n < 3; n += 1) expect(await outcome(guard.fail(null, '192.0.2.1'))).toBe('passed');
      expect(await outcome(guard.look(null, '192.0.2.1'))).toEqual({ code: 'RATE_LIMITED', after: 1 });
    },
  );

  it.skipIf(isSkipped)(
    'all spellings of a name count as one subject, and other names are not locked with it',
    async () => {
      const guard = make(await open(), { maxFailures: 2 });
      await guard.fail('Ann@Example.com');
      await guard.fail(' ann@example.COM ');
      for (const name of ['\uff41nn@example.com', 'a\u200bnn@example.com', '\u00e1nn@example.com']) {
        expect(await outcome(guard.check(name))).toMatchObject({ code: 'RATE_LIMITED' });
      }
      for (const name of ['__proto__', 'constructor', '', 'x'.repeat(100_000)]) {
        expect(await outcome(guard.check(name))).toBe('passed');
      }
    },
  );

  it.skipIf(isSkipped)('requests without an address share one bucket, so that they are limited as well', async () => {
    const guard = make(await open(), { maxFailures: 2 });
    await guard.fail('a', null);
    await guard.fail('b', null);
    expect(await outcome(guard.check('c', null))).toMatchObject({ code: 'RATE_LIMITED' });
  });
});

it('a success does not take back what was counted in a later window', async () => {
  vi.useFakeTimers({ toFake: ['Date', 'performance'] });
  onTestFinished(() => void vi.useRealTimers());
  const guard = make(memoryStore(), { maxFailures: 4, windowSeconds: 60 });
  const attempt = await guard.check('ann', '192.0.2.1');
  vi.advanceTimersByTime(61_000);
  for (const name of ['bob', 'eve']) await guard.fail(name, '192.0.2.1');
  await attempt.succeeded();
  await guard.fail('dan', '192.0.2.1');
  expect(await outcome(guard.look(null, '192.0.2.1'))).toEqual({ code: 'RATE_LIMITED', after: 2 });
});

it('a lock is reported as auth.locked, without the name of the subject', async () => {
  const seen: SecurityEvent[] = [];
  const events = createEvents(
    (event) => seen.push(event),
    () => console,
  );
  const guard = make(memoryStore(), { maxFailures: 1, events });
  await guard.check('ann@example.com', '192.0.2.1');
  expect(seen).toEqual([]);
  expect(await outcome(guard.check('ann@example.com', '192.0.2.1'))).toMatchObject({ code: 'RATE_LIMITED' });
  expect(await outcome(guard.fail('ann@example.com'))).toMatchObject({ code: 'RATE_LIMITED' });
  expect(seen).toMatchObject([
    { type: 'auth.locked', reason: 'locked' },
    { type: 'auth.locked', reason: 'locked' },
  ]);
  expect(JSON.stringify(seen)).not.toContain('ann');
});

describe('a store that is dead', () => {
  const dead: CounterStore = {
    consume: () => Promise.reject(new Error('redis at 10.0.0.5')),
    giveBack: () => Promise.reject(new Error('redis at 10.0.0.5')),
    peek: () => new Promise(() => {}),
    reset: () => Promise.reject(new Error('redis at 10.0.0.5')),
  };

  it('every attempt is refused with 503 while the store is down', async () => {
    const guard = make(dead, { storeTimeoutMilliseconds: 20 });
    expect(await outcome(guard.check('ann'))).toEqual({ code: 'SERVICE_UNAVAILABLE', after: 1 });
    expect(await outcome(guard.fail('ann'))).toEqual({ code: 'SERVICE_UNAVAILABLE', after: 1 });
  });

  it.each([undefined, {}, { allowed: true }])(
    'an attempt is refused with 503 when the store answers %o',
    async (answer) => {
      const store = { ...memoryStore(), consume: () => Promise.resolve(answer as never) };
      expect(await outcome(make(store).check('ann'))).toEqual({ code: 'SERVICE_UNAVAILABLE', after: 1 });
    },
  );

  it('the insurance store counts failures while the store is down', async () => {
    const guard = make(dead, { storeTimeoutMilliseconds: 20, insuranceStore: memoryStore(), maxFailures: 2 });
    const attempt = await guard.check('ann');
    await attempt.succeeded();
    await guard.fail('ann');
    await guard.fail('ann');
    expect(await outcome(guard.check('ann'))).toMatchObject({ code: 'RATE_LIMITED' });
  });
});

describe('a credential', () => {
  const { key, keyId, secretSha256 } = generateApiKey({ prefix: 'shop' });
  const store = { find: (id: string) => (id === keyId ? { secretSha256, subject: 'client1' } : undefined) };
  const wrong = key.replace(/.{64}$/, '0'.repeat(64));
  const asked = (clientIp: string) => securityContext({ clientIp });
  const withKey = (text: string) => ({ headers: { 'x-api-key': text } });

  function guarded(more: Partial<BruteForceOptions> = {}) {
    const seen: SecurityEvent[] = [];
    const who = authenticate({
      apiKeys: { prefix: 'shop', store },
      bruteForce: { store: memoryStore(), ...more },
      events: createEvents(
        (event) => seen.push(event),
        () => console,
      ),
    });
    return { who, seen };
  }

  it('wrong API keys lock their address, and then the right one is refused from there, and anonymous requests pass', async () => {
    const { who, seen } = guarded({ maxFailures: 1 });
    expect(await outcome(who(withKey(wrong), asked('192.0.2.1')))).toMatchObject({ code: 'UNAUTHENTICATED' });
    for (const text of [wrong, key]) {
      expect(await outcome(who(withKey(text), asked('192.0.2.1')))).toMatchObject({ code: 'RATE_LIMITED' });
    }
    expect(await outcome(who({ headers: {} }, asked('192.0.2.1')))).toBe('passed');
    expect(seen.map(({ type }) => type)).toEqual(['auth.failure', 'auth.locked', 'auth.locked']);
    expect(seen[0]).toMatchObject({ reason: 'wrong secret', keyId, clientIp: '192.0.2.1' });
    expect(JSON.stringify(seen)).not.toContain(key.slice(-64));
  });

  it('wrong API keys lock their address also where no events are configured, and another address is not locked', async () => {
    const who = authenticate({
      apiKeys: { prefix: 'shop', store },
      bruteForce: { store: memoryStore(), maxFailures: 1 },
    });
    const from = (remoteAddress: string, text: string) => ({ ...withKey(text), socket: { remoteAddress } });
    expect(await outcome(who(from('192.0.2.1', wrong)))).toMatchObject({ code: 'UNAUTHENTICATED' });
    expect(await outcome(who(from('192.0.2.1', key)))).toMatchObject({ code: 'RATE_LIMITED' });
    expect(await outcome(who(from('192.0.2.2', key)))).toBe('passed');
  });

  it.each([{ revokedAt: now() - 60 }, { expiresAt: now() - 60 }, { notBefore: now() + 60 }])(
    'an API key with the right secret that is not valid now (%j) is refused and counts as no failure',
    async (ended) => {
      const find = (): object => ({ secretSha256, subject: 'client1', ...ended });
      const who = authenticate({
        apiKeys: { prefix: 'shop', store: { find: find as typeof store.find } },
        bruteForce: { store: memoryStore(), maxFailures: 1 },
      });
      for (let i = 0; i < 3; i += 1) {
        expect(await outcome(who(withKey(key), asked('192.0.2.1')))).toMatchObject({ code: 'UNAUTHENTICATED' });
      }
    },
  );

  it('attack: wrong secrets for a known key id are locked, and the right secret still passes', async () => {
    const { who } = guarded({ maxFailures: 2, maxFailuresPerAddress: 100 });
    const from = (n: number) => asked(`198.51.100.${n}`);
    const tries = [];
    for (let n = 0; n < 5; n += 1) tries.push(await outcome(who(withKey(wrong), from(n))));
    expect(tries.slice(2)).toEqual(tries.slice(2).map(() => expect.objectContaining({ code: 'RATE_LIMITED' })));
    expect(await outcome(who(withKey(key), from(9)))).toBe('passed');
    // Success has cleared the id.
    expect(await outcome(who(withKey(wrong), from(10)))).toMatchObject({ code: 'UNAUTHENTICATED' });
  });

  it('race: of 50 wrong API keys at the same time exactly ten are compared', async () => {
    const { who } = guarded();
    const outcomes = await Promise.all(
      Array.from({ length: 50 }, () =>
        who(withKey(generateApiKey({ prefix: 'shop' }).key), asked('192.0.2.1')).catch(
          (thrown: unknown) => readRefusalFacts(thrown)?.reason,
        ),
      ),
    );
    expect(outcomes.filter((reason) => reason === 'unknown key')).toHaveLength(10);
    expect(outcomes.filter((reason) => reason === 'locked')).toHaveLength(40);
  });

  it('a malformed credential counts as a failure, like a wrong one', async () => {
    const { who } = guarded({ maxFailures: 2 });
    const authorization = 'Basic dTpw';
    await outcome(who({ headers: { authorization } }, asked('192.0.2.1')));
    await outcome(who(withKey('nonsense'), asked('192.0.2.1')));
    expect(await outcome(who({ headers: { authorization } }, asked('192.0.2.1')))).toMatchObject({
      code: 'RATE_LIMITED',
    });
  });
});

it.each<[string, object]>([
  ['no store', {}],
  ['a store that is none', { store: {} }],
  ['no failures', { store: memoryStore(), maxFailures: 0 }],
  ['half a failure', { store: memoryStore(), maxFailuresPerAddress: 0.5 }],
  ['no window', { store: memoryStore(), windowSeconds: 0 }],
  ['a misspelt option', { store: memoryStore(), maxFailure: 5 }],
  ['an insurance that is none', { store: memoryStore(), insuranceStore: {} }],
])('bruteForceProtection with %s keeps the server from starting', (_, options) => {
  expect(() => bruteForceProtection(options as BruteForceOptions)).toThrow(TypeError);
});

describe('a token', () => {
  it('tokens of an unknown key and tokens that are not valid yet lock nothing, and forged ones lock their address', async () => {
    const [old, next, forger] = await Promise.all(['k1', 'k2', 'k1'].map((kid) => signer(kid)));
    if (!old || !next || !forger) throw new Error('no keys');
    const who = authenticate({
      issuer,
      audience,
      algorithms: ['ES256'],
      jwks: { keys: [old.jwk] },
      bruteForce: { store: memoryStore(), maxFailures: 2 },
    });
    const from = securityContext({ clientIp: '192.0.2.1' });
    const code = async (token: Promise<string>): Promise<unknown> =>
      who(bearer(await token), from).then(() => 'passed', readRefusalCode);
    for (let i = 0; i < 5; i += 1) expect(await code(next.sign())).toBe('UNAUTHENTICATED');
    // The signature is valid, and the clock of the issuer is far ahead.
    for (const early of [{ iat: now() + 60 }, { nbf: now() + 60 }]) {
      for (let i = 0; i < 5; i += 1) expect(await code(old.sign(early))).toBe('UNAUTHENTICATED');
    }
    expect(await code(old.sign())).toBe('passed');
    expect(await code(forger.sign())).toBe('UNAUTHENTICATED');
    expect(await code(forger.sign())).toBe('RATE_LIMITED');
  });
});

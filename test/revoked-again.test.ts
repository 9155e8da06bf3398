// What was taken back, or given back, a second time: the second time takes nothing of the first one back.

import { bruteForceProtection, type DenyList, memoryDenyList, redisDenyList } from '@graphql-bulwark/authentication';
import { memoryStore } from '@graphql-bulwark/rate-limit';
import { afterAll, afterEach, describe, expect, inject, it, vi } from 'vitest';
import { Redis } from './redis-client.ts';

const now = (): number => Math.floor(Date.now() / 1_000);
const redisUrl = inject('redisUrl');
const client = redisUrl === undefined ? undefined : new Redis(redisUrl);
let runs = 0;
afterEach(() => void vi.useRealTimers());
afterAll(() => client?.disconnect());

const at = (seconds: number): void => void vi.useFakeTimers({ toFake: ['Date'], now: seconds * 1_000 });
const token = (iat: number, jti?: string) => ({ jti, sub: 'u1', iat, iss: undefined, clockToleranceSeconds: 0 });

describe.each<[string, () => DenyList, boolean]>([
  ['in memory', () => memoryDenyList({ maxEntries: 2 }), false],
  [
    'in Redis',
    () => {
      runs += 1;
      return redisDenyList({ client: client as Redis, keyPrefix: `again:${process.pid}:${now()}:${runs}:` });
    },
    redisUrl === undefined,
  ],
])('a deny-list %s', (_, make, isSkipped) => {
  it.skipIf(isSkipped)(
    'attack: by a clock that is behind, a second revocation lets no token of the first one in',
    async () => {
      const list = make();
      const second = now();
      at(second);
      await list.revokeAllFor('u1');
      expect(await list.isRevoked(token(second - 30))).toBe(true);
      at(second - 55);
      await list.revokeAllFor('u1');
      at(second + 1);
      expect(await list.isRevoked(token(second - 30))).toBe(true);
      expect(await list.isRevoked(token(second + 1))).toBe(false);
    },
  );

  it.skipIf(isSkipped)('a revocation by a clock that was hours ahead is corrected by the next one', async () => {
    const list = make();
    const second = now();
    at(second + 36_000);
    await list.revokeAllFor('u1');
    at(second);
    await list.revokeAllFor('u1');
    at(second + 1_000);
    expect(await list.isRevoked(token(second - 30))).toBe(true);
    expect(await list.isRevoked(token(second + 900))).toBe(false);
  });

  it.skipIf(isSkipped)('keeps a token as long as the latest end that it was told of', async () => {
    const list = make();
    const second = now();
    await list.revoke('t1', second + 3_600);
    await list.revoke('t1', second - 10_000);
    // In memory entries that are over make room here.
    await list.revoke('t2', second + 3_600);
    await list.revoke('t3', second + 3_600).catch(() => undefined);
    expect(await list.isRevoked(token(second, 't1'))).toBe(true);
  });
});

it.skipIf(redisUrl === undefined)('a token in Redis stays for as long as its latest end', async () => {
  const keyPrefix = `again:${process.pid}:${now()}:ttl:`;
  const list = redisDenyList({ client: client as Redis, keyPrefix });
  await list.revoke('t1', now() + 3_600);
  await list.revoke('t1', now() - 200);
  expect(await client?.ttl(`${keyPrefix}jti:t1`)).toBeGreaterThan(3_600);
});

it('an attempt that has succeeded twice is given back to its address once', async () => {
  const guard = bruteForceProtection({ store: memoryStore(), maxFailures: 20 });
  for (let failures = 0; failures < 5; failures += 1) await guard.fail(null, '192.0.2.1');
  const attempt = await guard.check('u1', '192.0.2.1');
  for (let times = 0; times < 3; times += 1) await attempt.succeeded();
  let left = 0;
  while (
    await guard.fail(null, '192.0.2.1').then(
      () => true,
      () => false,
    )
  )
    left += 1;
  expect(left).toBe(15);
});

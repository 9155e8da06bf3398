/** The work of remembering one more token. */
import { expect, it, vi } from 'vitest';
import { cacheVerifiedTokens } from '../../src/jwt/token-cache.ts';

const verified = { endsAt: Date.now() / 1_000 + 600 } as never;

it('a full cache removes its oldest token without walking over the tokens that were removed before', async () => {
  const cache = cacheVerifiedTokens(() => Promise.resolve({ verified }), 5);
  const keys = vi.spyOn(Map.prototype, 'keys');
  for (let i = 0; i < 50; i += 1) await cache.verify(`token-${i}`);
  const { length: asked } = keys.mock.calls;
  keys.mockRestore();
  expect(asked).toBe(0);
  const left = Array.from({ length: 50 }, (_, i) => i).filter((i) => cache.find(`Bearer token-${i}`));
  expect(left).toEqual([45, 46, 47, 48, 49]);
});

it('a cached token that is verified again stays as long as a new one', async () => {
  const cache = cacheVerifiedTokens(() => Promise.resolve({ verified }), 3);
  for (const token of ['a', 'b', 'c', 'a', 'd', 'e']) await cache.verify(token);
  expect(['a', 'b', 'c', 'd', 'e'].filter((token) => cache.find(`Bearer ${token}`))).toEqual(['a', 'd', 'e']);
});

// Which verified tokens are remembered, and for how long.
import { afterEach, describe, expect, it, vi } from 'vitest';
import { type Authenticate, authenticate, type CredentialOptions, memoryDenyList } from '../../src/index.ts';
import { compileIssuers, type VerifiedToken } from '../../src/jwt/issuer.ts';
import { cacheVerifiedTokens } from '../../src/jwt/token-cache.ts';
import { reasonOf } from '../refused.ts';
import { audience, bearer, issuer, now, signer } from '../tokens.ts';

const key = await signer();
const base = { issuer, audience, algorithms: ['ES256'], key: key.publicKey };
const who = (more: CredentialOptions = {}): Authenticate => authenticate({ ...base, ...more });

afterEach(() => {
  vi.useRealTimers();
});

/** Sets the clock ahead or back. */
function at(seconds: number): void {
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 1_000 * seconds });
}

/** Counts how often a token is really verified. */
function counted(maxTokens: number | false) {
  const checks: string[] = [];
  const verify = compileIssuers([base], undefined);
  const cached = cacheVerifiedTokens((token) => {
    checks.push(token);
    return verify(token);
  }, maxTokens);
  const ask = async (token: string): Promise<VerifiedToken | string> => {
    const known = cached.find(`Bearer ${token}`);
    if (known) return known;
    const verification = await cached.verify(token);
    return 'verified' in verification ? verification.verified : JSON.stringify(verification);
  };
  return { checks, ask };
}

describe('a verified token', () => {
  it('a cached token is verified once a minute', async () => {
    const { checks, ask } = counted(10);
    const token = await key.sign();
    const first = await ask(token);
    expect(first).toMatchObject({ principal: { id: 'u1' } });
    expect(await ask(token)).toBe(first);
    at(59);
    expect(await ask(token)).toBe(first);
    expect(checks).toHaveLength(1);
    at(2);
    expect(await ask(token)).toMatchObject({ principal: { id: 'u1' } });
    expect(checks).toHaveLength(2);
  });

  it('a token is not cached past its end', async () => {
    const { ask } = counted(10);
    const token = await key.sign({ exp: now() + 10 });
    expect(await ask(token)).toMatchObject({ principal: { id: 'u1' } });
    at(14);
    expect(await ask(token)).toMatchObject({ principal: { id: 'u1' } }); // within the tolerance of 5 s
    at(2);
    expect(await ask(token)).toContain('expired');
  });

  it('a token is not cached past maxTokenAgeSeconds', async () => {
    const asking = who({});
    const young = authenticate({ ...base, maxTokenAgeSeconds: 20, clockToleranceSeconds: 0 });
    const token = await key.sign();
    expect(await reasonOf(young, bearer(token))).toBe('let in');
    expect(await reasonOf(asking, bearer(token))).toBe('let in');
    at(22);
    expect(await reasonOf(young, bearer(token))).toBe('expired');
    expect(await reasonOf(asking, bearer(token))).toBe('let in');
  });

  it('a token is not cached longer when the clock is set back', async () => {
    const { checks, ask } = counted(10);
    const token = await key.sign({ iat: now() - 3_600 });
    await ask(token);
    at(-600);
    await ask(token);
    expect(checks).toHaveLength(2);
  });

  it('the oldest token leaves the full cache for the next one', async () => {
    const { checks, ask } = counted(2);
    const tokens = await Promise.all(['a', 'b', 'c'].map((sub) => key.sign({ sub })));
    for (const token of tokens) await ask(token);
    for (const token of tokens.slice(1)) await ask(token);
    expect(checks).toHaveLength(3);
    await ask(tokens[0] as string);
    expect(checks).toHaveLength(4);
  });

  it('a token is verified on every request with maxCachedTokens false', async () => {
    const { checks, ask } = counted(false);
    const token = await key.sign();
    await ask(token);
    await ask(token);
    expect(checks).toHaveLength(2);
  });

  it('a cached token is looked up in the deny-list on every request', async () => {
    const list = memoryDenyList();
    const asking = who({ revocation: list });
    const token = await key.sign({ jti: 't1' });
    expect(await reasonOf(asking, bearer(token))).toBe('let in');
    expect(await reasonOf(asking, bearer(token))).toBe('let in');
    await list.revoke('t1', now() + 300);
    expect(await reasonOf(asking, bearer(token))).toBe('revoked');
  });
});

describe('a token that was refused', () => {
  it('a refused token is not cached and is verified every time', async () => {
    const { checks, ask } = counted(10);
    const good = await key.sign();
    const [header, payload, signature] = good.split('.');
    const tampered = `${header}.${payload}.${signature?.slice(0, -4)}AAAA`;
    await ask(good);
    expect(await ask(tampered)).toContain('signature');
    expect(await ask(tampered)).toContain('signature');
    expect(checks).toHaveLength(3);
  });
});

it.each([0, -1, 1.5, Number.NaN, '10', true])(
  'maxCachedTokens %j keeps the server from starting',
  (maxCachedTokens) => {
    expect(() => who({ maxCachedTokens: maxCachedTokens as number })).toThrow(/maxCachedTokens/);
  },
);

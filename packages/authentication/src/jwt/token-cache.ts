/**
 * Remembers tokens that were verified a moment ago, by the SHA-256 of their text.
 *
 * Only valid tokens are kept, so strangers cannot fill the cache, and the oldest one makes room for the next. One token can be
 * spelled in several ways, so a token that is not found is verified and nothing else is concluded. The deny-list is asked on
 * every request, outside of the cache.
 */
import { sha256 } from '@graphql-bulwark/core/internal';
import type { VerifiedToken, VerifyToken } from './issuer.ts';

/** `since` and `until` are in milliseconds since the epoch. */
interface Kept {
  readonly verified: VerifiedToken;
  readonly since: number;
  readonly until: number;
}

const longestMilliseconds = 60_000;

/** A verifier of tokens with a memory. */
export interface TokenCache {
  /** Finds a token by the text of its `Authorization` header, `Bearer <token>`. `undefined`: it has to be verified. */
  find(authorization: string): VerifiedToken | undefined;
  /** Verifies a token, and remembers it where it is valid. */
  readonly verify: VerifyToken;
}

/**
 * Gives a verifier a memory of `maxTokens` tokens, each for at most 60 s and never past its end.
 *
 * @param maxTokens `false`: no token is remembered.
 */
export function cacheVerifiedTokens(verify: VerifyToken, maxTokens: number | false): TokenCache {
  if (maxTokens === false) return { find: () => undefined, verify };
  const kept = new Map<string, Kept>();
  // One iterator for the whole time: it goes on behind the last token that it removed. A new one would walk over the places of
  // all removed tokens each time.
  const oldestFirst = kept.keys();
  return {
    find(authorization) {
      const key = sha256(authorization, 'binary');
      const found = kept.get(key);
      if (!found) return undefined;
      const now = Date.now();
      // When the clock was set back, `now` is before `since`: the token is verified again instead of being kept longer.
      if (now >= found.since && now < found.until) return found.verified;
      kept.delete(key);
      return undefined;
    },
    async verify(token) {
      const verification = await verify(token);
      if ('verified' in verification) {
        const since = Date.now();
        const until = Math.min(since + longestMilliseconds, verification.verified.endsAt * 1_000);
        const key = sha256(`Bearer ${token}`, 'binary');
        kept.delete(key);
        kept.set(key, { verified: verification.verified, since, until });
        const oldest = kept.size > maxTokens ? oldestFirst.next().value : undefined;
        if (oldest !== undefined) kept.delete(oldest);
      }
      return verification;
    },
  };
}

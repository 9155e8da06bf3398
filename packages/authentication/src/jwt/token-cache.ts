/**
 * Tokens that were verified a moment ago, by the SHA-256 of their text.
 *
 * Only good tokens are kept, so strangers cannot fill it; the oldest makes room. A token's text is not its identity: nothing
 * is decided by a miss, and revocation is asked on every request, outside.
 */
import { sha256 } from '@graphql-bulwark/core/internal';
import type { TokenVerifier, VerifiedToken } from './issuer.ts';

interface Kept {
  readonly verified: VerifiedToken;
  /** Milliseconds since the epoch. */
  readonly since: number;
  readonly until: number;
}

const longestMilliseconds = 60_000;

/** Remembers what `verify` accepted, each for at most 60 s and never past its end. */
export interface CachedVerifier {
  /** What stands behind `Bearer <token>` and was verified, or `undefined`. */
  known(bearer: string): VerifiedToken | undefined;
  readonly verify: TokenVerifier;
}

export function cachedVerifier(verify: TokenVerifier, maxTokens: number | false): CachedVerifier {
  if (maxTokens === false) return { known: () => undefined, verify };
  const kept = new Map<string, Kept>();
  // One iterator for good, which stands where the last one made room: a new one would pass all deleted entries each time.
  const oldestFirst = kept.keys();
  return {
    known(bearer) {
      const key = sha256(bearer, 'binary');
      const found = kept.get(key);
      if (!found) return undefined;
      const now = Date.now();
      // A clock that was set back does not lengthen anything.
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

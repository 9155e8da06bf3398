/**
 * Refresh tokens: random, kept as a hash, good for one use. All tokens that descend from one login are a family; when a
 * used one comes back, somebody has a copy, and the whole family ends (RFC 9700 section 4.14.2).
 */
import { createHash, randomBytes, randomUUID } from 'node:crypto';
import type { Db } from './database.ts';

const lifetimeMs = 30 * 86_400_000;

/** The first of a family, after a login. */
export function startFamily(db: Db, userId: string): string {
  return store(db, userId, randomUUID());
}

/** Trades a token for its successor, or answers `undefined` when it is unknown, expired, used or revoked. */
export function rotateRefreshToken(db: Db, token: string): { userId: string; refreshToken: string } | undefined {
  return db.transaction(() => {
    const now = Date.now();
    const known = db.one<{ familyId: string; userId: string; usedAt: number | null }>(
      `SELECT family_id, user_id, used_at FROM refresh_tokens
       WHERE token_sha256 = ? AND revoked_at IS NULL AND expires_at > ?`,
      [sha256(token), now],
    );
    if (!known) return undefined;
    if (known.usedAt !== null) {
      db.run('UPDATE refresh_tokens SET revoked_at = ? WHERE family_id = ?', [now, known.familyId]);
      return undefined;
    }
    db.run('UPDATE refresh_tokens SET used_at = ? WHERE token_sha256 = ?', [now, sha256(token)]);
    return { userId: known.userId, refreshToken: store(db, known.userId, known.familyId) };
  });
}

/** Ends the family of a token, where it is this user's. */
export function endFamily(db: Db, token: string, userId: string): void {
  db.run(
    `UPDATE refresh_tokens SET revoked_at = ? WHERE revoked_at IS NULL AND user_id = ?
     AND family_id = (SELECT family_id FROM refresh_tokens WHERE token_sha256 = ?)`,
    [Date.now(), userId, sha256(token)],
  );
}

export function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

function store(db: Db, userId: string, familyId: string): string {
  const token = randomBytes(32).toString('base64url');
  db.run('INSERT INTO refresh_tokens (token_sha256, family_id, user_id, expires_at) VALUES (?, ?, ?, ?)', [
    sha256(token),
    familyId,
    userId,
    Date.now() + lifetimeMs,
  ]);
  return token;
}

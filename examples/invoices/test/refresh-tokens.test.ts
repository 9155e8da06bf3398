// Refresh tokens: one use each, and the end of the family when a used one comes back.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Db, openDatabase } from '../src/database.ts';
import { rotateRefreshToken, startFamily } from '../src/refresh-tokens.ts';
import { seed } from '../src/seed.ts';

let db: Db;

beforeAll(() => {
  db = openDatabase();
  seed(db);
});

afterAll(() => db.close());

function next(token: string): string {
  const rotated = rotateRefreshToken(db, token);
  if (!rotated) throw new Error('refused');
  return rotated.refreshToken;
}

test('trades a token for its successor and says whose it is', () => {
  const first = startFamily(db, 'usr_11');
  const rotated = rotateRefreshToken(db, first);
  expect(rotated?.userId).toBe('usr_11');
  expect(rotated?.refreshToken).not.toBe(first);
  expect(rotateRefreshToken(db, rotated?.refreshToken ?? '')).toBeDefined();
});

test('ends the family when a used token comes back, the newest member included', () => {
  const first = startFamily(db, 'usr_11');
  const newest = next(next(first));
  expect(rotateRefreshToken(db, first)).toBeUndefined();
  expect(rotateRefreshToken(db, newest)).toBeUndefined();
});

test('leaves other families of the same user alone', () => {
  const stolen = startFamily(db, 'usr_11');
  const other = startFamily(db, 'usr_11');
  next(stolen);
  expect(rotateRefreshToken(db, stolen)).toBeUndefined();
  expect(rotateRefreshToken(db, other)).toBeDefined();
});

test('refuses unknown and expired tokens', () => {
  expect(rotateRefreshToken(db, 'unknown')).toBeUndefined();
  const token = startFamily(db, 'usr_12');
  db.run("UPDATE refresh_tokens SET expires_at = 0 WHERE user_id = 'usr_12'");
  expect(rotateRefreshToken(db, token)).toBeUndefined();
});

test('keeps no token as text', () => {
  const token = startFamily(db, 'usr_13');
  expect(JSON.stringify(db.all('SELECT * FROM refresh_tokens'))).not.toContain(token);
});

/** Passwords: scrypt, compared in constant time; an unknown e-mail costs as much as a wrong password. */
import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';

/** Every seeded user has this password. */
export const demoPassword = 'invoices-demo-1';

// Sized for a demo that is attacked on a laptop; a real service spends several times as much.
const cost = { N: 8192, r: 8, p: 1 } as const;
const derive = promisify<string, Buffer, number, typeof cost, Buffer>(scrypt);

/** The hash of {@link demoPassword}, computed beforehand so that the demo starts at once. */
export const seedPasswordHash =
  'scrypt$6e169e9e37fb088d1117f67c9921e9d6$aa3f852ca576cce6b55f560dad347ba736c9143ce1a6ffcbf60ce5cc450a347c';

const dummyHash = `scrypt$${'00'.repeat(16)}$${'00'.repeat(32)}`;

export async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(16);
  return `scrypt$${salt.toString('hex')}$${(await derive(password, salt, 32, cost)).toString('hex')}`;
}

/** `stored: null` (no such user, or none that has a password) does the same work and answers false. */
export async function verifyPassword(password: string, stored: string | null): Promise<boolean> {
  const [, salt = '', expected = ''] = (stored ?? dummyHash).split('$');
  const actual = await derive(password, Buffer.from(salt, 'hex'), 32, cost);
  return timingSafeEqual(actual, Buffer.from(expected, 'hex')) && stored !== null;
}

/** SHA-256 digests of texts, for keys that must not reveal the text (FIPS 180-4). */
import { hash } from 'node:crypto';

/** Digests a text. @param encoding `binary` has one character per byte, and so the shortest keys for a `Map`. */
export function sha256(text: string, encoding: 'base64url' | 'binary' | 'hex' = 'base64url'): string {
  return hash('sha256', text, encoding);
}

/** Digests a text to 32 bytes: `timingSafeEqual` needs values of equal length. */
export function sha256Bytes(text: string): Buffer {
  return hash('sha256', text, 'buffer');
}

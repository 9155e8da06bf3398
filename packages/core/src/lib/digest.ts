/** SHA-256 of texts, for keys under which nothing else of a text may be stored or seen. */
import { hash } from 'node:crypto';

/** @param encoding `binary` is one byte, one character: the shortest text that a `Map` can have as a key. */
export function sha256(text: string, encoding: 'base64url' | 'binary' = 'base64url'): string {
  return hash('sha256', text, encoding);
}

/** As 32 bytes: of equal length whatever the text, for `timingSafeEqual`. */
export function sha256Bytes(text: string): Buffer {
  return hash('sha256', text, 'buffer');
}

/** Nonces that a server makes and knows again without keeping them (RFC 9449 section 8): a time, and an HMAC over it. */
import { createHmac, timingSafeEqual } from 'node:crypto';

const lifeSeconds = 300;

export interface Nonces {
  /** The nonce of this moment; the one before it is still good. */
  readonly current: () => string;
  readonly isGood: (nonce: unknown) => boolean;
}

/** @param secret shared by all processes of a fleet. */
export function nonces(secret: Uint8Array): Nonces {
  const make = (period: number): string =>
    createHmac('sha256', secret).update(`dpop-nonce:${period}`).digest('base64url');
  const period = (): number => Math.floor(Date.now() / 1_000 / lifeSeconds);
  return {
    current: () => make(period()),
    isGood: (nonce) =>
      typeof nonce === 'string' &&
      [period(), period() - 1].some((at) => equal(Buffer.from(make(at)), Buffer.from(nonce))),
  };
}

function equal(a: Buffer, b: Buffer): boolean {
  return a.length === b.length && timingSafeEqual(a, b);
}

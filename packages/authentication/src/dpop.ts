/**
 * Tokens that only the holder of a key may use (RFC 9449): each request brings a proof, signed with that key, for this method,
 * this URL, this token and this moment, and good for one use.
 *
 * One use is counted by core's counter store: a charge of one point on a bucket of one. The URL is the configured one; what the
 * `Host` header says is the client's to choose.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';
import type { CounterStore } from '@graphql-bulwark/core';
import {
  aCounterStore,
  atLeast,
  between,
  fullListOf,
  must,
  mustUnshown,
  type OptionTable,
  readOptions,
  sha256,
  within,
} from '@graphql-bulwark/core/internal';
import { calculateJwkThumbprint, EmbeddedJWK, type JWK, jwtVerify } from 'jose';

export interface DpopOptions {
  /** Where clients reach this API, for example `https://api.example.com/graphql`. Query and fragment do not count. */
  readonly publicUrl: string;
  /** Remembers proofs, so that each is good once. Shared by all processes of a fleet. */
  readonly store: CounterStore;
  /** Signature algorithms of proofs. @default ['ES256', 'EdDSA', 'Ed25519'] */
  readonly algorithms?: readonly string[] | undefined;
  /** How far the `iat` of a proof may be from now. Whole number, 1 to 300. @default 60 */
  readonly maxAgeSeconds?: number | undefined;
  /** At least 32 bytes, the same in all processes: asks for a nonce in every proof. Left out: none. */
  readonly nonceSecret?: Uint8Array | undefined;
  /** How long to wait for the store. Whole number, 1 or more. @default 500 */
  readonly storeTimeoutMilliseconds?: number | undefined;
}

/** What a proof must be for. */
export interface Proven {
  readonly token: string;
  readonly method: string | undefined;
  /** The `cnf.jkt` of the token. */
  readonly thumbprint: string;
}

export type ProofVerdict = 'good' | 'use_dpop_nonce' | 'invalid_dpop_proof' | { readonly cause: unknown };

export interface DpopVerifier {
  readonly judge: (proof: string, proven: Proven) => Promise<ProofVerdict>;
  /** For the `DPoP-Nonce` header. */
  readonly nonce: (() => string) | undefined;
}

const proofAlgorithms = ['ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519', 'RS256', 'PS256', 'PS384', 'PS512'];

const optionTable = {
  publicUrl: { required: true, check: must('be the URL of this API', isHttpUrl) },
  store: { required: true, check: aCounterStore },
  algorithms: {
    default: ['ES256', 'EdDSA', 'Ed25519'],
    check: fullListOf(`names among ${proofAlgorithms.join(', ')}`, (name: string) => proofAlgorithms.includes(name)),
  },
  maxAgeSeconds: { default: 60, check: between(1, 300) },
  nonceSecret: { check: mustUnshown('be a Uint8Array of at least 32 bytes', isLongSecret) },
  storeTimeoutMilliseconds: { default: 500, check: atLeast(1) },
} satisfies OptionTable<DpopOptions>;

function isLongSecret(value: unknown): boolean {
  return value instanceof Uint8Array && value.byteLength >= 32;
}

/** @throws {TypeError} while the server is built. */
export function dpopVerifier(options: DpopOptions): DpopVerifier {
  const settings = readOptions('authenticate: dpop', options, optionTable);
  const { publicUrl, algorithms, maxAgeSeconds, nonceSecret, store, storeTimeoutMilliseconds } = settings;
  const url = target(publicUrl);
  const asked: Nonces | undefined = nonceSecret && nonces(nonceSecret);

  /** `true` for the first time within the life of a proof. */
  async function isFirst(thumbprint: string, jti: string): Promise<boolean> {
    const key = sha256(`${thumbprint}:${jti}`);
    // An `iat` may be so far ahead, and stays good so long after.
    const charge = { key, policy: 'dpop.proof', points: 1, limit: 1, windowSeconds: 2 * maxAgeSeconds + 1 };
    return (await within(storeTimeoutMilliseconds, store.consume([charge]))).allowed;
  }

  return {
    nonce: asked?.current,
    async judge(proof, { token, method, thumbprint }) {
      try {
        const { payload, protectedHeader } = await jwtVerify(proof, EmbeddedJWK, {
          algorithms: [...algorithms],
          typ: 'dpop+jwt',
          requiredClaims: ['iat', 'jti', 'htm', 'htu', 'ath'],
          clockTolerance: maxAgeSeconds,
        });
        const { iat, jti, htm, htu, ath, nonce } = payload;
        const isFresh = typeof iat === 'number' && Math.abs(Date.now() / 1_000 - iat) <= maxAgeSeconds;
        const isMeant = htm === method && typeof htu === 'string' && URL.canParse(htu) && target(htu) === url;
        const hasId = typeof jti === 'string' && jti !== '' && jti.length <= 256;
        if (!isFresh || !isMeant || !hasId || ath !== sha256(token)) return 'invalid_dpop_proof';
        if ((await calculateJwkThumbprint(protectedHeader.jwk as JWK, 'sha256')) !== thumbprint)
          return 'invalid_dpop_proof';
        if (asked && !asked.isGood(nonce)) return 'use_dpop_nonce';
        try {
          return (await isFirst(thumbprint, jti)) ? 'good' : 'invalid_dpop_proof';
        } catch (cause) {
          return { cause };
        }
      } catch {
        // Everything in a proof is its sender's, the key too: what jose makes of it is never a failure of ours.
        return 'invalid_dpop_proof';
      }
    },
  };
}

function isHttpUrl(value: unknown): boolean {
  return typeof value === 'string' && URL.canParse(value) && target(value).startsWith('http');
}

/** Without query and fragment, spelled as URLs are (RFC 9449 section 4.3). */
function target(text: string): string {
  const { origin, pathname } = new URL(text);
  return `${origin}${pathname}`;
}

const lifeSeconds = 300;

/** Nonces that a server makes and knows again without keeping them (RFC 9449 section 8): a time, and an HMAC over it. */
interface Nonces {
  /** The nonce of this moment; the one before it is still good. */
  readonly current: () => string;
  readonly isGood: (nonce: unknown) => boolean;
}

/** @param secret shared by all processes of a fleet. */
function nonces(secret: Uint8Array): Nonces {
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

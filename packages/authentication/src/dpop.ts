/**
 * Stops: use of a stolen access token (DPoP, RFC 9449). The token is bound to a key, and each request brings a proof signed
 * with that key, made for this method, this URL, this token and this moment, and accepted once.
 * Room: `context()`, after the token was verified.
 * Answers: `UNAUTHENTICATED`, 401, `WWW-Authenticate: DPoP` (RFC 9449 section 7.1); `SERVICE_UNAVAILABLE`, 503, when the store
 * fails.
 *
 * A used proof is kept as a charge of one point on a bucket of one in core's counter store, so that a fleet shares it. The URL
 * of the API is an option, because the client chooses the `Host` header.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';
import type { CounterStore } from '@graphql-bulwark/core';
import {
  aCounterStore,
  atLeast,
  awaitWithin,
  between,
  fullListOf,
  must,
  mustUnshown,
  type OptionTable,
  readOptions,
  sha256,
} from '@graphql-bulwark/core/internal';
import { calculateJwkThumbprint, EmbeddedJWK, type JWK, jwtVerify } from 'jose';
import type { ProofVerifier } from './verify-credential.ts';

export type { ExpectedProof, ProofOutcome, ProofVerifier } from './verify-credential.ts';

/** What proofs have to be, and where used ones are remembered. */
export interface DpopOptions {
  /** Where clients reach this API, for example `https://api.example.com/graphql`. Query and fragment are ignored. */
  readonly publicUrl: string;
  /** Remembers used proofs, so that each is accepted once. All processes of a fleet have to share it. */
  readonly store: CounterStore;
  /** Signature algorithms that proofs may use; no HMAC (RFC 9449 section 4.2). @default ['ES256', 'EdDSA', 'Ed25519'] */
  readonly algorithms?: readonly string[] | undefined;
  /** How far the `iat` of a proof may be from now, in seconds, in both directions. Whole number, 1 to 300. @default 60 */
  readonly maxAgeSeconds?: number | undefined;
  /** Makes every proof need a nonce. At least 32 bytes, the same in all processes. Left out: proofs need no nonce. */
  readonly nonceSecret?: Uint8Array | undefined;
  /** How long to wait for the store. Whole number, 1 or more. @default 500 */
  readonly storeTimeoutMilliseconds?: number | undefined;
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

/**
 * Accepts tokens that are bound to a key: the value for the option `dpop` of `authenticate()`. Without it such tokens are
 * refused.
 *
 * @throws {TypeError} while the server is built, when an option is missing, unknown or out of range.
 * @example
 * const whoIsAsking = authenticate({ ...issuer, dpop: dpop({ publicUrl: 'https://api.example.com/graphql', store }) })
 */
export function dpop(options: DpopOptions): ProofVerifier {
  const settings = readOptions('dpop', options, optionTable);
  const { publicUrl, algorithms, maxAgeSeconds, nonceSecret, store, storeTimeoutMilliseconds } = settings;
  const url = normalizeUrl(publicUrl);
  const nonces: Nonces | undefined = nonceSecret && createNonces(nonceSecret);

  /**
   * Whether a proof is used for the first time. @throws when the store fails or does not answer in time.
   *
   * A proof may be dated `maxAgeSeconds` ahead and is accepted until it is `maxAgeSeconds` old, so it is kept for twice that
   * time.
   */
  async function isFirstUse(thumbprint: string, jti: string): Promise<boolean> {
    const key = sha256(`${thumbprint}:${jti}`);
    const charge = { key, policy: 'dpop.proof', points: 1, limit: 1, windowSeconds: 2 * maxAgeSeconds + 1 };
    return (await awaitWithin(storeTimeoutMilliseconds, store.consume([charge]))).allowed;
  }

  return {
    makeNonce: nonces?.makeNonce,
    /** The checks of RFC 9449 section 4.3. */
    async verifyProof(proof, { token, method, thumbprint }) {
      try {
        const { payload, protectedHeader } = await jwtVerify(proof, EmbeddedJWK, {
          algorithms: [...algorithms],
          typ: 'dpop+jwt',
          requiredClaims: ['iat', 'jti', 'htm', 'htu', 'ath'],
          clockTolerance: maxAgeSeconds,
        });
        const { iat, jti, htm, htu, ath, nonce } = payload;
        const isFresh = typeof iat === 'number' && Math.abs(Date.now() / 1_000 - iat) <= maxAgeSeconds;
        const isForThisRequest =
          htm === method && typeof htu === 'string' && URL.canParse(htu) && normalizeUrl(htu) === url;
        const hasId = typeof jti === 'string' && jti !== '' && jti.length <= 256;
        if (!isFresh || !isForThisRequest || !hasId || ath !== sha256(token)) return 'invalid_dpop_proof';
        if ((await calculateJwkThumbprint(protectedHeader.jwk as JWK, 'sha256')) !== thumbprint)
          return 'invalid_dpop_proof';
        if (nonces && !nonces.isValid(nonce)) return 'use_dpop_nonce';
        try {
          return (await isFirstUse(thumbprint, jti)) ? 'valid' : 'invalid_dpop_proof';
        } catch (cause) {
          return { cause };
        }
      } catch {
        // All of a proof comes from its sender, the key included. An error while it is verified is never an error of this server.
        return 'invalid_dpop_proof';
      }
    },
  };
}

function isHttpUrl(value: unknown): boolean {
  return typeof value === 'string' && URL.canParse(value) && normalizeUrl(value).startsWith('http');
}

/** Drops query and fragment and normalizes the rest, as proofs are compared (RFC 9449 section 4.3, RFC 3986 section 6.2). */
function normalizeUrl(text: string): string {
  const { origin, pathname } = new URL(text);
  return `${origin}${pathname}`;
}

const noncePeriodSeconds = 300;

/** Nonces (RFC 9449 section 8). Each is an HMAC over the current period of five minutes, so that none has to be stored. */
interface Nonces {
  /** Makes the nonce of the current period. It is accepted in the next period as well. */
  readonly makeNonce: () => string;
  readonly isValid: (nonce: unknown) => boolean;
}

/** @param secret at least 32 bytes, shared by all processes of a fleet. */
function createNonces(secret: Uint8Array): Nonces {
  const computeNonce = (period: number): string =>
    createHmac('sha256', secret).update(`dpop-nonce:${period}`).digest('base64url');
  const currentPeriod = (): number => Math.floor(Date.now() / 1_000 / noncePeriodSeconds);
  return {
    makeNonce: () => computeNonce(currentPeriod()),
    isValid: (nonce) =>
      typeof nonce === 'string' &&
      [currentPeriod(), currentPeriod() - 1].some((period) =>
        equalInConstantTime(Buffer.from(computeNonce(period)), Buffer.from(nonce)),
      ),
  };
}

function equalInConstantTime(a: Buffer, b: Buffer): boolean {
  return a.length === b.length && timingSafeEqual(a, b);
}

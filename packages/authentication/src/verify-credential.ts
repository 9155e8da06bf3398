/**
 * Verifies a credential: which checks are made, in which order, and which failures count as guesses.
 *
 * A request that fails here is refused. It is never taken for an anonymous one.
 */
import { type Principal, refuse } from '@graphql-bulwark/core';
import {
  type AuthScheme,
  type BearerError,
  buildChallenge,
  readClaim,
  readRefusalCode,
} from '@graphql-bulwark/core/internal';
import type { VerifyApiKey } from './api-keys.ts';
import type { BruteForceProtection } from './brute-force.ts';
import type { Credential } from './credential.ts';
import type { VerifiedToken } from './jwt/issuer.ts';
import type { TokenCache } from './jwt/token-cache.ts';
import { isTakenBack, type Revocation } from './revocation/revocation.ts';

/** What a DPoP proof has to be made for (RFC 9449 section 4.3). */
export interface ExpectedProof {
  /** The access token, as it was sent. Its hash is the `ath` of the proof. */
  readonly token: string;
  /** The HTTP method of the request, in upper case: the `htm` of the proof. */
  readonly method: string | undefined;
  /** The `cnf.jkt` of the token: the SHA-256 thumbprint of the only key that may sign the proof (RFC 7638). */
  readonly thumbprint: string;
}

/** `{ cause }` says that the store of used proofs failed. The texts between are the error codes of RFC 9449 section 12.2. */
export type ProofOutcome = 'valid' | 'use_dpop_nonce' | 'invalid_dpop_proof' | { readonly cause: unknown };

/**
 * Verifies DPoP proofs: what `dpop()` of `@graphql-bulwark/authentication/dpop` returns.
 *
 * The interface stands here and not beside `dpop()`, so that an API without DPoP does not load the code for it.
 */
export interface ProofVerifier {
  /** Verifies one proof and remembers it. Never rejects. */
  readonly verifyProof: (proof: string, expected: ExpectedProof) => Promise<ProofOutcome>;
  /** Makes the value of the `DPoP-Nonce` header (RFC 9449 section 8). `undefined`: proofs need no nonce. */
  readonly makeNonce: (() => string) | undefined;
}

/** The verifiers of one `authenticate()`. What is `undefined` was not configured. */
export interface CredentialVerifiers {
  /** The realm in `WWW-Authenticate`. */
  readonly realm: string;
  readonly tokens: TokenCache;
  readonly verifyApiKey: VerifyApiKey | undefined;
  readonly dpop: ProofVerifier | undefined;
  readonly revocation: Revocation | undefined;
  readonly bruteForce: BruteForceProtection | undefined;
  /** Called when the deny-list cannot be asked and `dangerouslyAllowOnFailure` lets the token in. */
  readonly onIgnoredFailure: (cause: unknown) => void;
}

/**
 * Reads and verifies the credential of one request. `read` returns `null` where none was sent. It is called here, because a
 * malformed credential counts as a guess like a wrong one.
 *
 * @throws {GraphQLError} the refusal.
 */
export type VerifyCredential = (
  read: () => Credential | null,
  method: string | undefined,
  clientIp: string | null,
) => Promise<Principal | null>;

type TokenCredential = Exclude<Credential, { scheme: 'ApiKey' }>;

/** Puts the verifiers of one `authenticate()` in order. */
export function createCredentialVerifier({
  realm,
  tokens,
  verifyApiKey,
  dpop,
  revocation,
  bruteForce,
  onIgnoredFailure,
}: CredentialVerifiers): VerifyCredential {
  /** Counts a failure against the address, and against `subject` where the credential names one. Then throws the refusal. */
  async function countAndRefuse(
    refusal: unknown,
    clientIp: string | null,
    subject: string | null = null,
  ): Promise<never> {
    // This failure may be the one that locks. Then `fail` throws, and RATE_LIMITED is the answer instead of this refusal.
    if (readRefusalCode(refusal) === 'UNAUTHENTICATED') await bruteForce?.fail(subject, clientIp);
    throw refusal;
  }

  function makeRefusal(reason: string, scheme: AuthScheme, error?: BearerError, keyId?: string): Error {
    const nonce = scheme === 'DPoP' ? dpop?.makeNonce?.() : undefined;
    const headers = { ...buildChallenge(realm, error, scheme), ...(nonce !== undefined && { 'dpop-nonce': nonce }) };
    return refuse('UNAUTHENTICATED', { headers, reason, ...(keyId !== undefined && { keyId }) });
  }

  /** Checks what may change between two requests with the same token: its proof, and whether it was taken back. */
  async function admitToken(
    { principal, isBound, clockToleranceSeconds }: VerifiedToken,
    credential: TokenCredential,
    method: string | undefined,
    clientIp: string | null,
  ): Promise<Principal> {
    const { scheme } = credential;
    if (scheme === 'DPoP' || isBound) {
      const thumbprint = readClaim(principal.claims, ['cnf', 'jkt']);
      // A thief would send a bound token as `Bearer`, where no proof is asked for: refused (RFC 9449 section 7.2). A token that
      // is not bound names no key, so a proof beside it proves nothing: refused as well.
      if (!dpop || credential.scheme !== 'DPoP' || typeof thumbprint !== 'string') {
        const refusal = makeRefusal('sender-constrained', scheme, 'invalid_token');
        return countAndRefuse(refusal, clientIp, `token:${principal.id}`);
      }
      const outcome = await dpop.verifyProof(credential.proof, { token: credential.text, method, thumbprint });
      if (typeof outcome === 'object') {
        throw refuse('SERVICE_UNAVAILABLE', { retryAfterSeconds: 1, reason: 'dpop store', cause: outcome.cause });
      }
      // The first request of an honest client has no nonce yet, so this counts as no guess.
      if (outcome === 'use_dpop_nonce') throw makeRefusal('nonce', scheme, outcome);
      if (outcome !== 'valid') {
        return countAndRefuse(makeRefusal('proof', scheme, outcome), clientIp, `token:${principal.id}`);
      }
    }
    if (revocation && (await isTakenBack(revocation, principal, clockToleranceSeconds, onIgnoredFailure)))
      throw makeRefusal('revoked', scheme, 'invalid_token');
    return principal;
  }

  async function verifyToken(
    credential: TokenCredential,
    method: string | undefined,
    clientIp: string | null,
  ): Promise<Principal> {
    const { scheme, text } = credential;
    const verification = await tokens.verify(text);
    if ('unavailable' in verification) {
      const { unavailable: reason, retryAfterSeconds = 10 } = verification;
      throw refuse('SERVICE_UNAVAILABLE', { retryAfterSeconds, reason });
    }
    if ('invalid' in verification) {
      const { invalid, subject } = verification;
      const refusal = makeRefusal(invalid, scheme, 'invalid_token');
      // These are sent by honest clients: a token that has expired, one from an issuer whose clock is ahead, and one signed
      // with a key that the issuer has just made. They count as no guess.
      if (invalid === 'expired' || invalid === 'not valid yet' || invalid === 'unknown key') throw refusal;
      return countAndRefuse(refusal, clientIp, subject === undefined ? null : `token:${subject}`);
    }
    const principal = await admitToken(verification.verified, credential, method, clientIp);
    await bruteForce?.clear(`token:${principal.id}`);
    return principal;
  }

  async function admitApiKey(text: string, clientIp: string | null): Promise<Principal> {
    const outcome = verifyApiKey ? await verifyApiKey(text) : { unavailable: 'no api keys', cause: undefined };
    if ('unavailable' in outcome) {
      const { unavailable: reason, cause } = outcome;
      throw refuse('SERVICE_UNAVAILABLE', { retryAfterSeconds: 1, reason, cause });
    }
    if ('invalid' in outcome) {
      const { invalid, claimedId, keyId } = outcome;
      const refusal = makeRefusal(invalid, 'ApiKey', undefined, keyId);
      // The secret was right, so the client has not guessed.
      if (invalid === 'expired' || invalid === 'not valid yet' || invalid === 'revoked') throw refusal;
      return countAndRefuse(refusal, clientIp, claimedId === undefined ? null : `key:${claimedId}`);
    }
    await bruteForce?.clear(`key:${outcome.principal.keyId}`);
    return outcome.principal;
  }

  return async function verifyCredential(read, method, clientIp) {
    let credential: Credential | null;
    try {
      credential = read();
    } catch (refusal) {
      if (readRefusalCode(refusal) === 'UNAUTHENTICATED') await bruteForce?.look(null, clientIp);
      return countAndRefuse(refusal, clientIp);
    }
    if (!credential) return null;
    if (credential.scheme !== 'ApiKey') {
      const known = tokens.find(`Bearer ${credential.text}`);
      if (known) return admitToken(known, credential, method, clientIp);
    }
    // A locked address is refused before its credential is verified. A locked subject is not: a client with the right signature
    // or the right 256 random bits has not guessed them. If the lock applied to it, a stranger could keep the owner out by
    // sending wrong credentials in the owner's name.
    await bruteForce?.look(null, clientIp);
    return credential.scheme === 'ApiKey'
      ? admitApiKey(credential.text, clientIp)
      : verifyToken(credential, method, clientIp);
  };
}

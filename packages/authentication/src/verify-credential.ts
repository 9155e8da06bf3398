/** From a credential to its principal or its refusal: what is asked, in which order, and what a failure costs. */
import { type Principal, refuse } from '@graphql-bulwark/core';
import {
  type AuthScheme,
  type BearerError,
  buildChallenge,
  readClaim,
  readRefusalCode,
} from '@graphql-bulwark/core/internal';
import type { KeyVerdict } from './api-keys.ts';
import type { Penalty } from './brute-force.ts';
import type { Credential } from './credential.ts';
import type { DpopVerifier } from './dpop.ts';
import type { VerifiedToken } from './jwt/issuer.ts';
import type { CachedVerifier } from './jwt/token-cache.ts';
import { type Revocation, revoked } from './revocation/revocation.ts';

export interface Judges {
  readonly realm: string;
  readonly tokens: CachedVerifier;
  readonly apiKeys: ((key: string) => Promise<KeyVerdict>) | undefined;
  readonly dpop: DpopVerifier | undefined;
  readonly revocation: Revocation | undefined;
  readonly penalty: Penalty | undefined;
  /** Told of a deny-list that could not be asked, where that lets pass. */
  readonly ignored: (cause: unknown) => void;
}

/** Reads the credential, which may throw, and judges it. */
export type Judgement = (
  read: () => Credential | null,
  method: string | undefined,
  clientIp: string | null,
) => Promise<Principal | null>;

type TokenCredential = Exclude<Credential, { scheme: 'ApiKey' }>;

export function judgement({ realm, tokens, apiKeys, dpop, revocation, penalty, ignored }: Judges): Judgement {
  /** Counts the failure of a guess, on the address and on whom the credential is known to name; then refuses. */
  async function failed(error: unknown, clientIp: string | null, subject: string | null = null): Promise<never> {
    // Locked by now: that answer goes before this one.
    if (readRefusalCode(error) === 'UNAUTHENTICATED') await penalty?.fail(subject, clientIp);
    throw error;
  }

  function unauthenticated(reason: string, scheme: AuthScheme, error?: BearerError, keyId?: string): Error {
    const nonce = scheme === 'DPoP' ? dpop?.nonce?.() : undefined;
    const headers = { ...buildChallenge(realm, error, scheme), ...(nonce !== undefined && { 'dpop-nonce': nonce }) };
    return refuse('UNAUTHENTICATED', { headers, reason, ...(keyId !== undefined && { keyId }) });
  }

  /** Everything about a verified token that is asked anew on each request. */
  async function admitted(
    { principal, isBound, clockToleranceSeconds }: VerifiedToken,
    credential: TokenCredential,
    method: string | undefined,
    clientIp: string | null,
  ): Promise<Principal> {
    const { scheme } = credential;
    if (scheme === 'DPoP' || isBound) {
      const thumbprint = readClaim(principal.claims, ['cnf', 'jkt']);
      // A bound token is no plain bearer, and a plain one has nothing to prove (RFC 9449 section 7.2).
      if (!dpop || credential.scheme !== 'DPoP' || typeof thumbprint !== 'string') {
        const error = unauthenticated('sender-constrained', scheme, 'invalid_token');
        return failed(error, clientIp, `token:${principal.id}`);
      }
      const verdict = await dpop.judge(credential.proof, { token: credential.text, method, thumbprint });
      if (typeof verdict === 'object') {
        throw refuse('SERVICE_UNAVAILABLE', { retryAfterSeconds: 1, reason: 'dpop store', cause: verdict.cause });
      }
      // Asking for a nonce is the protocol, not a failure.
      if (verdict === 'use_dpop_nonce') throw unauthenticated('nonce', scheme, verdict);
      if (verdict !== 'good') {
        return failed(unauthenticated('proof', scheme, verdict), clientIp, `token:${principal.id}`);
      }
    }
    if (revocation && (await revoked(revocation, principal, clockToleranceSeconds, ignored)))
      throw unauthenticated('revoked', scheme, 'invalid_token');
    return principal;
  }

  async function judgeToken(credential: TokenCredential, method: string | undefined, clientIp: string | null) {
    const { scheme, text } = credential;
    const verification = await tokens.verify(text);
    if ('unavailable' in verification) {
      const { unavailable: reason, retryAfterSeconds = 10 } = verification;
      throw refuse('SERVICE_UNAVAILABLE', { retryAfterSeconds, reason });
    }
    if ('invalid' in verification) {
      const { invalid, subject } = verification;
      const error = unauthenticated(invalid, scheme, 'invalid_token');
      // Rightly signed but over or early, or signed by a key that the issuer has just made: an honest client, not one that guesses.
      if (invalid === 'expired' || invalid === 'not valid yet' || invalid === 'unknown key') throw error;
      return failed(error, clientIp, subject === undefined ? null : `token:${subject}`);
    }
    const principal = await admitted(verification.verified, credential, method, clientIp);
    await penalty?.clear(`token:${principal.id}`);
    return principal;
  }

  async function judgeKey(text: string, clientIp: string | null): Promise<Principal> {
    const verdict = apiKeys ? await apiKeys(text) : { unavailable: 'no api keys', cause: undefined };
    if ('unavailable' in verdict) {
      const { unavailable: reason, cause } = verdict;
      throw refuse('SERVICE_UNAVAILABLE', { retryAfterSeconds: 1, reason, cause });
    }
    if ('invalid' in verdict) {
      const { invalid, claimedId, keyId } = verdict;
      const error = unauthenticated(invalid, 'ApiKey', undefined, keyId);
      if (invalid === 'expired' || invalid === 'not valid yet' || invalid === 'revoked') throw error;
      return failed(error, clientIp, claimedId === undefined ? null : `key:${claimedId}`);
    }
    await penalty?.clear(`key:${verdict.principal.keyId}`);
    return verdict.principal;
  }

  return async (read, method, clientIp) => {
    let credential: Credential | null;
    try {
      credential = read();
    } catch (error) {
      if (readRefusalCode(error) === 'UNAUTHENTICATED') await penalty?.look(null, clientIp);
      return failed(error, clientIp);
    }
    if (!credential) return null;
    if (credential.scheme !== 'ApiKey') {
      const known = tokens.known(`Bearer ${credential.text}`);
      if (known) return admitted(known, credential, method, clientIp);
    }
    // A locked address is not listened to. A locked subject is: whoever holds a secret of 256 bits or a signed token has not
    // guessed it, and a lock that strangers can turn would keep its owner out.
    await penalty?.look(null, clientIp);
    return credential.scheme === 'ApiKey'
      ? judgeKey(credential.text, clientIp)
      : judgeToken(credential, method, clientIp);
  };
}

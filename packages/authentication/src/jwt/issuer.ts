/**
 * The issuers of JSON Web Tokens that an API trusts, and what their tokens have to be (RFC 7519, RFC 8725, RFC 9068).
 *
 * jose verifies signatures and claims. This file decides what jose leaves open: which claims are required, whether a failure is
 * the fault of the token (401) or of the infrastructure (503), and which of several issuers verifies a token.
 */
import type { ClaimPath, Events, Principal } from '@graphql-bulwark/core';
import {
  aFlag,
  among,
  aText,
  atLeast,
  between,
  byName,
  type Check,
  isText,
  must,
  mustUnshown,
  readOptions,
  type SharedTable,
} from '@graphql-bulwark/core/internal';
import { decodeJwt, errors, type JWTPayload, type JWTVerifyOptions, jwtVerify } from 'jose';
import { type ClaimRules, isSubject, readPrincipal } from './claims.ts';
import {
  compileKeys,
  type DefaultedKeyOption,
  type KeyOptions,
  keyOptionTable,
  type VerificationKeys,
} from './keys.ts';
import { type IssuerListener, KeysUnavailable } from './remote-jwks.ts';

/** One issuer, and what its tokens have to be. */
export interface IssuerOptions extends KeyOptions {
  /** The `iss` claim, compared exactly (RFC 7519 section 4.1.1). */
  readonly issuer: string;
  /** The `aud` claim (RFC 7519 section 4.1.3). Of several, one must be in the token. */
  readonly audience: string | readonly string[];
  /** The claim that names the audience. `client_id` is for issuers whose access tokens have no `aud`. @default 'aud' */
  readonly audienceClaim?: 'aud' | 'client_id' | undefined;
  /**
   * The `typ` header. ID tokens are made for clients and have another type, so that they do not pass (RFC 9068 section 2.1).
   * @default 'at+jwt'
   */
  readonly typ?: string | undefined;
  /** Accepts tokens of any type, ID tokens among them. For issuers that do not set `at+jwt`. @default false */
  readonly dangerouslyAcceptAnyTyp?: boolean | undefined;
  /** Claim -> the exact text that it must have, for example `{ token_use: 'access' }`. @default {} */
  readonly claimValues?: Readonly<Record<string, string>> | undefined;
  /**
   * How far the issuer's clock may differ from this one. A token whose `iat` is further ahead is refused. After `revokeAllFor`
   * new tokens are refused for this time as well. Whole number, 0 to 60. @default 5
   */
  readonly clockToleranceSeconds?: number | undefined;
  /** How old a token may be. Subscriptions end at that age. Whole number, 1 or more. Left out: `exp` alone decides. */
  readonly maxTokenAgeSeconds?: number | undefined;
  /** The claim that holds the roles: its name, or a path of keys. @default 'roles' */
  readonly rolesClaim?: ClaimPath | undefined;
  /** The claim that holds the scopes (RFC 8693 section 4.2): its name, or a path of keys. @default 'scope' */
  readonly scopesClaim?: ClaimPath | undefined;
}

const aClaimPath: Check = mustUnshown("be a claim's name or a list of keys", isTextOrTexts);

type Defaulted =
  | 'audienceClaim'
  | 'typ'
  | 'dangerouslyAcceptAnyTyp'
  | 'claimValues'
  | 'clockToleranceSeconds'
  | 'rolesClaim'
  | 'scopesClaim'
  | DefaultedKeyOption;

export const issuerOptionTable: SharedTable<IssuerOptions, Defaulted> = {
  issuer: { required: true, check: must("be the exact 'iss' of the tokens", isText) },
  audience: { required: true, check: mustUnshown("be a non-empty 'aud' or a non-empty list of them", isTextOrTexts) },
  audienceClaim: { default: 'aud', check: among('aud', 'client_id') },
  ...keyOptionTable,
  typ: { default: 'at+jwt', check: aText },
  dangerouslyAcceptAnyTyp: { default: false, check: aFlag },
  claimValues: { default: {}, check: byName(aText) },
  clockToleranceSeconds: { default: 5, check: between(0, 60) },
  maxTokenAgeSeconds: { check: atLeast(1) },
  rolesClaim: { default: 'roles', check: aClaimPath },
  scopesClaim: { default: 'scope', check: aClaimPath },
};

/** A token whose signature and claims are valid. */
export interface VerifiedToken {
  readonly principal: Principal;
  /** Whether it is bound to a key (`cnf`, RFC 7800). It must not be accepted without a proof then. */
  readonly isBound: boolean;
  /** When it is not accepted any more, in seconds since the epoch, the clock tolerance included. */
  readonly endsAt: number;
  /** How far its `iat` may be ahead of this clock. */
  readonly clockToleranceSeconds: number;
}

/**
 * A token's outcome: verified, `invalid` (the sender's fault), or `unavailable` (that of the infrastructure). Both name a
 * constant reason. `subject` is the `sub` of a token whose signature was valid.
 */
export type Verification =
  | { readonly verified: VerifiedToken }
  | { readonly invalid: string; readonly subject?: string | undefined }
  | { readonly unavailable: string; readonly retryAfterSeconds?: number | undefined };

/** Verifies one token in compact form. Never rejects. */
export type VerifyToken = (token: string) => Promise<Verification>;

/**
 * Compiles the options of one issuer to a function that verifies its tokens.
 *
 * @param onState told when the issuer stops and starts giving its keys.
 * @param where names the options in messages, as in `readOptions`.
 * @throws {TypeError} while the server is built, for an invalid option.
 */
function compileIssuer(options: IssuerOptions, onState: IssuerListener, where: string): VerifyToken {
  const settings = readOptions(where, options, issuerOptionTable);
  const { issuer, audience, algorithms, typ, dangerouslyAcceptAnyTyp, audienceClaim } = settings;
  const { clockToleranceSeconds, maxTokenAgeSeconds, rolesClaim, scopesClaim } = settings;
  if (options.typ !== undefined && dangerouslyAcceptAnyTyp) {
    throw new TypeError('typ must not stand beside dangerouslyAcceptAnyTyp: remove one of the two.');
  }
  const audiences = typeof audience === 'string' ? [audience] : audience;
  const claimValues = Object.entries(settings.claimValues);
  const keys = compileKeys(settings, onState);

  const expected: JWTVerifyOptions = {
    issuer,
    ...(audienceClaim === 'aud' && { audience: [...audiences] }),
    algorithms: [...algorithms],
    requiredClaims: ['exp', 'iat', 'sub'],
    clockTolerance: clockToleranceSeconds,
    ...(!dangerouslyAcceptAnyTyp && { typ }),
  };
  const rules: ClaimRules = { rolesClaim, scopesClaim, clockToleranceSeconds, maxTokenAgeSeconds };

  function hasExpectedClaims(payload: JWTPayload): boolean {
    return (
      (audienceClaim === 'aud' || audiences.includes(readText(payload, audienceClaim))) &&
      claimValues.every(([name, value]) => readText(payload, name) === value)
    );
  }

  return async function verifyToken(token) {
    try {
      const payload = await verifySignedClaims(token, keys, expected);
      if (!hasExpectedClaims(payload)) return { invalid: 'claims', subject: readSubject(payload) };
      const principal = readPrincipal(payload, rules);
      if (typeof principal === 'string') return { invalid: principal };
      const isBound = Object.hasOwn(principal.claims, 'cnf');
      const endsAt = (principal.expiresAt ?? 0) + clockToleranceSeconds;
      return { verified: { principal, isBound, endsAt, clockToleranceSeconds } };
    } catch (error) {
      if (error instanceof KeysUnavailable) {
        return { unavailable: error.fault, retryAfterSeconds: error.retryAfterSeconds };
      }
      const code = error instanceof errors.JOSEError ? error.code : '';
      const reason = isNotYetValid(error) ? 'not valid yet' : tokenFaults.get(code);
      if (reason === undefined) return { unavailable: code || 'unusable key' };
      // jose checks claims only after the signature. So this subject is really the one for which the token was issued.
      return { invalid: reason, ...('payload' in (error as object) && { subject: readSubject(readPayload(error)) }) };
    }
  };
}

/**
 * Compiles the options of all issuers to one function that verifies their tokens (RFC 8725 section 3.8). The `iss` of a token
 * selects the issuer, and only the keys, algorithms and audience of that one count. Otherwise an issuer could sign tokens in
 * the name of another.
 *
 * @param events told when an issuer stops and starts giving its keys.
 * @throws {TypeError} while the server is built, for an invalid option and for an issuer that is given twice.
 */
export function compileIssuers(issuers: readonly IssuerOptions[], events: Events | undefined): VerifyToken {
  const verifiers = new Map<string, VerifyToken>();
  for (const [i, options] of issuers.entries()) {
    const { issuer } = options;
    if (verifiers.has(issuer)) throw new TypeError(`issuers has '${issuer}' twice: give each issuer once.`);
    const where = issuers.length === 1 ? '' : `authenticate: issuers[${i}]`;
    const reportState: IssuerListener = (type, reason) =>
      events?.emit({ type, issuer, ...(reason !== undefined && { reason }) }, 'noted');
    verifiers.set(issuer, compileIssuer(options, reportState, where));
  }
  const [only] = verifiers.values();
  if (verifiers.size === 1 && only) return only;
  return async function verifyTokenOfAnIssuer(token) {
    const verify = verifiers.get(readClaimedIssuer(token));
    return verify ? verify(token) : { invalid: 'claims' };
  };
}

/**
 * Reads the `iss` of a token that is not verified. Use it only to select from a closed list: an attacker can write anything
 * there.
 *
 * @returns the empty text where there is none.
 */
function readClaimedIssuer(token: string): string {
  try {
    const { iss } = decodeJwt(token);
    return typeof iss === 'string' ? iss : '';
  } catch {
    return '';
  }
}

/** Whether a token is valid but for its `nbf`, which lies ahead (RFC 7519 section 4.1.5). */
function isNotYetValid(error: unknown): boolean {
  const isTime = error instanceof errors.JWTClaimValidationFailed && error.reason === 'check_failed';
  return isTime && error.claim === 'nbf';
}

/** Reads the claims that jose refused, whose signature was valid. */
function readPayload(error: unknown): JWTPayload {
  return error instanceof errors.JWTExpired || error instanceof errors.JWTClaimValidationFailed ? error.payload : {};
}

function readSubject(payload: JWTPayload): string | undefined {
  return isSubject(payload.sub) ? payload.sub : undefined;
}

/** Reads a claim that is a text. Everything else is read as the empty text. */
function readText(payload: JWTPayload, name: string): string {
  const value = Object.hasOwn(payload, name) ? payload[name] : undefined;
  return typeof value === 'string' ? value : '';
}

/** Error code of jose -> why the token is refused. Every other error is the fault of the infrastructure. */
const tokenFaults: ReadonlyMap<string, string> = new Map([
  ['ERR_JWT_EXPIRED', 'expired'],
  ['ERR_JWT_CLAIM_VALIDATION_FAILED', 'claims'],
  ['ERR_JWS_SIGNATURE_VERIFICATION_FAILED', 'signature'],
  ['ERR_JOSE_ALG_NOT_ALLOWED', 'algorithm'],
  ['ERR_JWS_INVALID', 'malformed token'],
  ['ERR_JWT_INVALID', 'malformed token'],
  ['ERR_JOSE_NOT_SUPPORTED', 'not supported'],
  ['ERR_JWKS_NO_MATCHING_KEY', 'unknown key'],
]);

/**
 * Verifies the signature and the registered claims of a token. A key set may hold several keys that fit a token without `kid`;
 * then each is tried.
 *
 * @throws {JOSEError} for an invalid token. @throws {KeysUnavailable} where the keys cannot be fetched.
 */
async function verifySignedClaims(
  token: string,
  keys: VerificationKeys,
  expected: JWTVerifyOptions,
): Promise<JWTPayload> {
  try {
    // jose has one overload for a key and one for a function that selects it. The cast allows one call for the two.
    return (await jwtVerify(token, keys as Exclude<VerificationKeys, (...args: never) => unknown>, expected)).payload;
  } catch (error) {
    if (!(error instanceof errors.JWKSMultipleMatchingKeys)) throw error;
    for await (const key of error) {
      try {
        return (await jwtVerify(token, key, expected)).payload;
      } catch (inner) {
        if (!(inner instanceof errors.JWSSignatureVerificationFailed)) throw inner;
      }
    }
    throw new errors.JWSSignatureVerificationFailed();
  }
}

function isTextOrTexts(value: unknown): boolean {
  return isText(value) || (Array.isArray(value) && value.length > 0 && value.every(isText));
}

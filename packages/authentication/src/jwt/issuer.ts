/**
 * One issuer of JSON Web Tokens, and what its tokens must be (RFC 8725, RFC 9068).
 *
 * jose does the cryptography and the claims. What is decided here is what jose leaves open: everything is required, and an
 * error is either the token's fault or that of the infrastructure.
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
import { type ClaimRules, isSubject, principalOf } from './claims.ts';
import { type DefaultedKeyOption, type KeyOptions, type Keys, keysOf, keyTable } from './keys.ts';
import { type IssuerListener, KeysUnavailable } from './remote-jwks.ts';

export interface IssuerOptions extends KeyOptions {
  /** The `iss` claim, compared exactly. */
  readonly issuer: string;
  /** The `aud` claim, or several of which one must be in it. */
  readonly audience: string | readonly string[];
  /** The claim that names the audience. `client_id` is for issuers whose access tokens have no `aud`. @default 'aud' */
  readonly audienceClaim?: 'aud' | 'client_id' | undefined;
  /** The `typ` header. ID tokens have another, and must not pass. @default 'at+jwt' */
  readonly typ?: string | undefined;
  /** Accepts tokens of any type, ID tokens among them. For issuers that do not set `at+jwt`. @default false */
  readonly dangerouslyAcceptAnyTyp?: boolean | undefined;
  /** Claims that must have exactly this text, for example `{ token_use: 'access' }`. Left out: none. */
  readonly claimValues?: Readonly<Record<string, string>> | undefined;
  /**
   * How far the issuer's clock may differ from this one. A token whose `iat` is further ahead is refused, and so long after
   * `revokeAllFor` new tokens are refused as well. Whole number, 0 to 60. @default 5
   */
  readonly clockToleranceSeconds?: number | undefined;
  /** The oldest `iat` that is accepted, and when streams end. Whole number, 1 or more. Left out: `exp` alone decides. */
  readonly maxTokenAgeSeconds?: number | undefined;
  /** Where the roles are: a claim's name, or a path of keys. @default 'roles' */
  readonly rolesClaim?: ClaimPath | undefined;
  /** Where the scopes are: a claim's name, or a path of keys. @default 'scope' */
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

export const issuerTable: SharedTable<IssuerOptions, Defaulted> = {
  issuer: { required: true, check: must("be the exact 'iss' of the tokens", isText) },
  audience: { required: true, check: mustUnshown("be a non-empty 'aud' or a non-empty list of them", isTextOrTexts) },
  audienceClaim: { default: 'aud', check: among('aud', 'client_id') },
  ...keyTable,
  typ: { default: 'at+jwt', check: aText },
  dangerouslyAcceptAnyTyp: { default: false, check: aFlag },
  claimValues: { default: {}, check: byName(aText) },
  clockToleranceSeconds: { default: 5, check: between(0, 60) },
  maxTokenAgeSeconds: { check: atLeast(1) },
  rolesClaim: { default: 'roles', check: aClaimPath },
  scopesClaim: { default: 'scope', check: aClaimPath },
};

/** A token whose signature and claims are right. */
export interface VerifiedToken {
  readonly principal: Principal;
  /** Good only with a proof that its sender holds a key (`cnf`, RFC 7800). */
  readonly isBound: boolean;
  /** The seconds since the epoch after which it is not accepted any more: the tolerance is in it. */
  readonly endsAt: number;
  /** Of its issuer: so far ahead of this clock may its `iat` be. */
  readonly clockToleranceSeconds: number;
}

/** A token's outcome: verified, `invalid` (the sender's fault), or `unavailable` (ours, or the issuer's). */
export type Verification =
  | { readonly verified: VerifiedToken }
  /** `subject`: the `sub` of a token whose signature was right. */
  | { readonly invalid: string; readonly subject?: string | undefined }
  | { readonly unavailable: string; readonly retryAfterSeconds?: number | undefined };

export type TokenVerifier = (token: string) => Promise<Verification>;

/** @param where as in {@link readOptions}. @throws {TypeError} while the server is built, for an invalid option. */
export function tokenVerifier(options: IssuerOptions, onState?: IssuerListener, where = ''): TokenVerifier {
  const settings = readOptions(where, options, issuerTable);
  const { issuer, audience, algorithms, typ, dangerouslyAcceptAnyTyp, audienceClaim } = settings;
  const { clockToleranceSeconds, maxTokenAgeSeconds, rolesClaim, scopesClaim } = settings;
  if (options.typ !== undefined && dangerouslyAcceptAnyTyp) {
    throw new TypeError('typ must not stand beside dangerouslyAcceptAnyTyp.');
  }
  const audiences = typeof audience === 'string' ? [audience] : audience;
  const claimValues = Object.entries(settings.claimValues);
  const keys = keysOf(settings, onState);

  const expected: JWTVerifyOptions = {
    issuer,
    ...(audienceClaim === 'aud' && { audience: [...audiences] }),
    algorithms: [...algorithms],
    requiredClaims: ['exp', 'iat', 'sub'],
    clockTolerance: clockToleranceSeconds,
    ...(!dangerouslyAcceptAnyTyp && { typ }),
  };
  const rules: ClaimRules = { rolesClaim, scopesClaim, clockToleranceSeconds, maxTokenAgeSeconds };
  const hasValues = (payload: JWTPayload): boolean =>
    (audienceClaim === 'aud' || audiences.includes(ownText(payload, audienceClaim))) &&
    claimValues.every(([name, value]) => ownText(payload, name) === value);
  return async (token) => {
    try {
      const payload = await verified(token, keys, expected);
      if (!hasValues(payload)) return { invalid: 'claims', subject: subjectOf(payload) };
      const principal = principalOf(payload, rules);
      if (typeof principal === 'string') return { invalid: principal };
      const isBound = Object.hasOwn(principal.claims, 'cnf');
      const endsAt = (principal.expiresAt ?? 0) + clockToleranceSeconds;
      return { verified: { principal, isBound, endsAt, clockToleranceSeconds } };
    } catch (error) {
      if (error instanceof KeysUnavailable) {
        return { unavailable: error.fault, retryAfterSeconds: error.retryAfterSeconds };
      }
      const code = error instanceof errors.JOSEError ? error.code : '';
      const reason = isEarly(error) ? 'not valid yet' : tokenFaults.get(code);
      if (reason === undefined) return { unavailable: code || 'unusable key' };
      // jose judges claims only after the signature, so these are really of the one they name.
      return { invalid: reason, ...('payload' in (error as object) && { subject: subjectOf(payloadOf(error)) }) };
    }
  };
}

/**
 * Several issuers side by side (RFC 8725 section 3.8): the `iss` of a token picks the issuer, and only the keys, algorithms and
 * audience of that one count. Nothing else is believed of a token before its signature is checked.
 *
 * @throws {TypeError} while the server is built.
 */
export function issuersVerifier(issuers: readonly IssuerOptions[], events: Events | undefined): TokenVerifier {
  const verifiers = new Map<string, TokenVerifier>();
  for (const [i, options] of issuers.entries()) {
    const { issuer } = options;
    if (verifiers.has(issuer)) throw new TypeError(`issuers has '${issuer}' twice.`);
    const where = issuers.length === 1 ? '' : `authenticate: issuers[${i}]`;
    const onState: IssuerListener = (type, reason) =>
      events?.emit({ type, issuer, ...(reason !== undefined && { reason }) }, 'noted');
    verifiers.set(issuer, tokenVerifier(options, onState, where));
  }
  const [only] = verifiers.values();
  if (verifiers.size === 1 && only) return only;
  return async (token) => {
    const verify = verifiers.get(claimedIssuer(token));
    return verify ? verify(token) : { invalid: 'claims' };
  };
}

/** What the token says, unverified: good for a look-up in a closed list and nothing else. */
function claimedIssuer(token: string): string {
  try {
    const { iss } = decodeJwt(token);
    return typeof iss === 'string' ? iss : '';
  } catch {
    return '';
  }
}

/** Whether only the `nbf` (RFC 7519 section 4.1.5) of a token lies ahead. */
function isEarly(error: unknown): boolean {
  const isTime = error instanceof errors.JWTClaimValidationFailed && error.reason === 'check_failed';
  return isTime && error.claim === 'nbf';
}

function payloadOf(error: unknown): JWTPayload {
  return error instanceof errors.JWTExpired || error instanceof errors.JWTClaimValidationFailed ? error.payload : {};
}

function subjectOf(payload: JWTPayload): string | undefined {
  return isSubject(payload.sub) ? payload.sub : undefined;
}

function ownText(payload: JWTPayload, name: string): string {
  const value = Object.hasOwn(payload, name) ? payload[name] : undefined;
  return typeof value === 'string' ? value : '';
}

/** jose's code -> why the token is refused. Every other error is not the token's fault. */
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

/** A key set may hold several keys that fit a token without `kid`; then each is tried. */
async function verified(token: string, keys: Keys, expected: JWTVerifyOptions): Promise<JWTPayload> {
  try {
    // One call for both of jose's overloads.
    return (await jwtVerify(token, keys as Exclude<Keys, (...args: never) => unknown>, expected)).payload;
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

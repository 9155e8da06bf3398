/**
 * One issuer of JSON Web Tokens, and what its tokens must be (RFC 8725, RFC 9068).
 *
 * jose does the cryptography and the claims. What is decided here is what jose leaves open: everything is required, and an
 * error is either the token's fault or that of the infrastructure.
 */
import { knownOptions, type Principal, show, wholeNumber } from '@graphql-bulwark/core';
import { errors, type JWTPayload, type JWTVerifyOptions, jwtVerify } from 'jose';
import { type ClaimPath, principalOf } from './claims.ts';
import { type KeyOptions, type Keys, keysOf } from './keys.ts';

export interface IssuerOptions extends KeyOptions {
  /** The `iss` claim, compared exactly. */
  readonly issuer: string;
  /** The `aud` claim, or several of which one must be in it. */
  readonly audience: string | readonly string[];
  /** The `typ` header. ID tokens have another, and must not pass. @default 'at+jwt' */
  readonly typ?: string | undefined;
  /** Accepts tokens of any type, ID tokens among them. For issuers that do not set `at+jwt`. @default false */
  readonly dangerouslyAcceptAnyTyp?: boolean | undefined;
  /** How far clocks may differ. Whole number, 0 to 60. @default 5 */
  readonly clockToleranceSeconds?: number | undefined;
  /** The oldest `iat` that is accepted. Whole number, 1 or more. Left out: `exp` alone decides. */
  readonly maxTokenAgeSeconds?: number | undefined;
  /** Where the roles are: a claim's name, or a path of keys. @default 'roles' */
  readonly rolesClaim?: ClaimPath | undefined;
  /** Where the scopes are: a claim's name, or a path of keys. @default 'scope' */
  readonly scopesClaim?: ClaimPath | undefined;
}

export const issuerOptionNames: readonly (keyof IssuerOptions)[] = [
  'issuer',
  'audience',
  'algorithms',
  'jwksUrl',
  'jwks',
  'key',
  'jwksTimeoutMilliseconds',
  'typ',
  'dangerouslyAcceptAnyTyp',
  'clockToleranceSeconds',
  'maxTokenAgeSeconds',
  'rolesClaim',
  'scopesClaim',
];

/** A token's outcome: a principal, `invalid` (the sender's fault), or `unavailable` (ours, or the issuer's). */
export type Verification =
  | { readonly principal: Principal }
  | { readonly invalid: string }
  | { readonly unavailable: string };

/** @throws {TypeError} while the server is built, for options that cannot be meant. */
export function tokenVerifier(options: IssuerOptions): (token: string) => Promise<Verification> {
  const { issuer, audience, algorithms, typ, dangerouslyAcceptAnyTyp = false } = options;
  const { clockToleranceSeconds = 5, maxTokenAgeSeconds, rolesClaim = 'roles', scopesClaim = 'scope' } = options;
  if (!isText(issuer)) throw new TypeError(`issuer must be the exact 'iss' of the tokens, but is ${show(issuer)}.`);
  const audiences = typeof audience === 'string' ? [audience] : audience;
  if (!isTextList(audiences)) throw new TypeError("audience must be a non-empty 'aud' or a non-empty list of them.");
  const keys = keysOf(options);
  if (wholeNumber('clockToleranceSeconds', clockToleranceSeconds, 0) > 60) {
    throw new TypeError(`clockToleranceSeconds must be at most 60, but is ${clockToleranceSeconds}.`);
  }
  if (maxTokenAgeSeconds !== undefined) wholeNumber('maxTokenAgeSeconds', maxTokenAgeSeconds);
  if (options.jwksTimeoutMilliseconds !== undefined) {
    wholeNumber('jwksTimeoutMilliseconds', options.jwksTimeoutMilliseconds);
  }
  if (typ !== undefined && (dangerouslyAcceptAnyTyp || !isText(typ))) {
    throw new TypeError('typ must be a non-empty text, and not stand beside dangerouslyAcceptAnyTyp.');
  }
  for (const [name, path] of Object.entries({ rolesClaim, scopesClaim })) {
    if (!isText(path) && !isTextList(path)) throw new TypeError(`${name} must be a claim's name or a list of keys.`);
  }

  const expected: JWTVerifyOptions = {
    issuer,
    audience: [...audiences],
    algorithms: [...algorithms],
    requiredClaims: ['exp', 'iat', 'sub'],
    clockTolerance: clockToleranceSeconds,
    ...(!dangerouslyAcceptAnyTyp && { typ: typ ?? 'at+jwt' }),
    ...(maxTokenAgeSeconds !== undefined && { maxTokenAge: maxTokenAgeSeconds }),
  };
  return async (token) => {
    try {
      const principal = principalOf(await verified(token, keys, expected), rolesClaim, scopesClaim);
      return typeof principal === 'string' ? { invalid: principal } : { principal };
    } catch (error) {
      const code = error instanceof errors.JOSEError ? error.code : '';
      const reason = tokenFaults.get(code);
      return reason === undefined ? { unavailable: code || 'keys unavailable' } : { invalid: reason };
    }
  };
}

/** @throws {TypeError} for a name that is no option. */
export function checkIssuerOptions(factory: string, options: object, more: readonly string[]): void {
  if (typeof options !== 'object' || options === null) throw new TypeError(`${factory} needs its options.`);
  knownOptions(factory, options, [...issuerOptionNames, ...more]);
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

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}

function isTextList(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.length > 0 && value.every(isText);
}

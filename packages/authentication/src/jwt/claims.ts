/** From a verified token's claims to the principal. Only own properties count: a claim is never an inherited one. */
import type { ClaimPath, Principal } from '@graphql-bulwark/core';
import { isNumericDate, readClaim } from '@graphql-bulwark/core/internal';

type Claims = Readonly<Record<string, unknown>>;

const maxSubjectLength = 256;

export interface ClaimRules {
  readonly rolesClaim: ClaimPath;
  readonly scopesClaim: ClaimPath;
  /** How far the issuer's clock may be ahead of or behind this one. */
  readonly clockToleranceSeconds: number;
  /** How old a token may be: it ends then, where its `exp` is later. Left out: `exp` alone decides. */
  readonly maxTokenAgeSeconds?: number | undefined;
}

/** @returns the principal, or the reason why these claims make none. */
export function principalOf(
  payload: Claims,
  { rolesClaim, scopesClaim, clockToleranceSeconds, maxTokenAgeSeconds = Infinity }: ClaimRules,
): Principal | string {
  const claims = frozenCopy(payload) as Claims;
  const { sub, exp, iat } = claims;
  // JSON can spell a number that is infinite, and a token that never ends.
  if (!isNumericDate(exp) || !isNumericDate(iat)) return 'claims';
  if (!isSubject(sub)) return 'sub';
  const now = Date.now() / 1_000;
  // A token cannot have been issued in the future (RFC 7519 section 4.1.6). Such a date would also count as newer than every
  // revocation. Whole seconds are compared: an issuer that writes fractions may share this machine's clock.
  if (Math.floor(iat) > Math.floor(now) + clockToleranceSeconds) return 'not valid yet';
  const expiresAt = Math.min(exp, iat + maxTokenAgeSeconds);
  if (!(now < expiresAt + clockToleranceSeconds)) return 'expired';
  return Object.freeze({
    id: sub,
    claims,
    roles: Object.freeze(names(readClaim(claims, rolesClaim))),
    scopes: Object.freeze(scopeNames(readClaim(claims, scopesClaim))),
    authMethod: 'jwt',
    expiresAt,
  });
}

/** A `sub` that can name a principal. */
export function isSubject(sub: unknown): sub is string {
  return typeof sub === 'string' && sub !== '' && sub.length <= maxSubjectLength;
}

/** One name or a list of them; what is not a string is ignored. */
function names(value: unknown): string[] {
  return [value].flat().filter((name): name is string => typeof name === 'string' && name !== '');
}

/** A string holds scopes with one U+0020 between them (RFC 6749 section 3.3), a list one scope each. */
function scopeNames(value: unknown): string[] {
  return typeof value === 'string' ? names(value.split(' ')) : names(value);
}

function frozenCopy(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return Object.freeze(value.map(frozenCopy));
  const entries = Object.entries(value).filter(([key]) => key !== '__proto__');
  return Object.freeze(Object.fromEntries(entries.map(([key, inner]) => [key, frozenCopy(inner)])));
}

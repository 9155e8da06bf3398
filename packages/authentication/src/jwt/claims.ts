/**
 * Makes the principal of a verified token's claims. Only own properties count: a claim is never an inherited one. The issuer, the
 * audience and the type of the token have been checked by `issuer.ts` before.
 */
import type { ClaimPath, Principal } from '@graphql-bulwark/core';
import { isNumericDate, readClaim } from '@graphql-bulwark/core/internal';

type Claims = Readonly<Record<string, unknown>>;

/** In characters. */
const maxSubjectLength = 256;

/** Where an issuer puts roles and scopes, and how its times are read. */
export interface ClaimRules {
  readonly rolesClaim: ClaimPath;
  readonly scopesClaim: ClaimPath;
  /** How far the issuer's clock may be ahead of or behind this one. */
  readonly clockToleranceSeconds: number;
  /** How old a token may be. It ends at that age where its `exp` is later. Left out: `exp` alone decides. */
  readonly maxTokenAgeSeconds?: number | undefined;
}

/**
 * Reads the principal from the claims of a token whose signature, issuer and audience were verified.
 *
 * @returns the principal, frozen with all that it holds, or the reason why these claims make none.
 */
export function readPrincipal(
  payload: Claims,
  { rolesClaim, scopesClaim, clockToleranceSeconds, maxTokenAgeSeconds = Infinity }: ClaimRules,
): Principal | string {
  const claims = copyFrozen(payload) as Claims;
  const { sub, exp, iat } = claims;
  // JSON can spell infinity, as 1e999. A token with such an `exp` would never end.
  if (!isNumericDate(exp) || !isNumericDate(iat)) return 'claims';
  if (!isSubject(sub)) return 'sub';
  const now = Date.now() / 1_000;
  // A token cannot have been issued in the future (RFC 7519 section 4.1.6). Such a date would also count as newer than every
  // revocation. Whole seconds are compared, because an issuer that writes fractions may have the clock of this machine.
  if (Math.floor(iat) > Math.floor(now) + clockToleranceSeconds) return 'not valid yet';
  const expiresAt = Math.min(exp, iat + maxTokenAgeSeconds);
  if (!(now < expiresAt + clockToleranceSeconds)) return 'expired';
  return Object.freeze({
    id: sub,
    claims,
    roles: Object.freeze(readNames(readClaim(claims, rolesClaim))),
    scopes: Object.freeze(readScopes(readClaim(claims, scopesClaim))),
    authMethod: 'jwt',
    expiresAt,
  });
}

/** Whether a `sub` (RFC 7519 section 4.1.2) can name a principal: a text of 1 to 256 characters. */
export function isSubject(sub: unknown): sub is string {
  return typeof sub === 'string' && sub !== '' && sub.length <= maxSubjectLength;
}

/** Reads one name or a list of names. Everything that is not a text, and the empty text, is ignored. */
function readNames(value: unknown): string[] {
  return [value].flat().filter((name): name is string => typeof name === 'string' && name !== '');
}

/** A text holds scopes with one U+0020 between them (RFC 6749 section 3.3), a list holds one scope each. */
function readScopes(value: unknown): string[] {
  return typeof value === 'string' ? readNames(value.split(' ')) : readNames(value);
}

/** Copies JSON and freezes the copy. A member `__proto__` is left out, so that later copies cannot make a prototype of it. */
function copyFrozen(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return Object.freeze(value.map(copyFrozen));
  const entries = Object.entries(value).filter(([key]) => key !== '__proto__');
  return Object.freeze(Object.fromEntries(entries.map(([key, inner]) => [key, copyFrozen(inner)])));
}

/** Who is asking, and from where: what `authenticate` makes in `context()` and every control reads. */
import { randomUUID } from 'node:crypto';
import { isObject } from './lib/is-object.ts';

/** An authenticated caller. Frozen; made once per HTTP request. */
export interface Principal {
  /** The `sub` claim, or the `subject` of an API key's record. Never empty. */
  readonly id: string;
  /** Verified claims, own properties only. */
  readonly claims: Readonly<Record<string, unknown>>;
  readonly roles: readonly string[];
  readonly scopes: readonly string[];
  /** `jwt`, `api-key`, or what an authenticator of the application says. */
  readonly authMethod: string;
  /** When the credential ends, in seconds since the epoch (RFC 7519 NumericDate). */
  readonly expiresAt?: number | undefined;
  /** The id of the API key that was sent. */
  readonly keyId?: string | undefined;
}

/** The end of the year 9999: what is later was given in milliseconds, and would never come. */
const lastSecond = 253_402_300_799;

/** Whether a value is a time in seconds since the epoch (RFC 7519 NumericDate). */
export function isNumericDate(value: unknown): value is number {
  return Number.isFinite(value) && (value as number) <= lastSecond;
}

/** Whether the credential of somebody has ended; one whose end is no time has. */
export function hasEnded(somebody: Pick<Principal, 'expiresAt'> | null): boolean {
  return somebody?.expiresAt !== undefined && !(Date.now() < somebody.expiresAt * 1_000);
}

/** A claim's name, or the way to it through nested objects: `['realm_access', 'roles']`. */
export type ClaimPath = string | readonly string[];

/** The value of a claim, or `undefined`. Only own properties count: a claim is never an inherited one. */
export function claimAt(claims: Principal['claims'], path: ClaimPath): unknown {
  let value: unknown = claims;
  for (const key of typeof path === 'string' ? [path] : path) {
    if (!isObject(value) || !Object.hasOwn(value, key)) return undefined;
    value = (value as Principal['claims'])[key];
  }
  return value;
}

/** The one property that Bulwark puts on the GraphQL context. Shared by the operations of a batch. */
export interface SecurityContext {
  /** `null` when no credential was sent. */
  readonly principal: Principal | null;
  /** Normalised address (IPv6 cut to its prefix), or `null` where the transport has none. */
  readonly clientIp: string | null;
  readonly requestId: string;
}

/** A GraphQL context that carries {@link SecurityContext}. */
export interface SecuredContext {
  readonly security: SecurityContext;
}

/** Makes a frozen security context; what is left out is anonymous and without an address. */
export function securityContext(known: Partial<SecurityContext> = {}): SecurityContext {
  return Object.freeze({
    principal: known.principal ?? null,
    clientIp: known.clientIp ?? null,
    requestId: known.requestId ?? randomUUID(),
  });
}

/** The security context of a GraphQL context, or `undefined` when it carries none. A guard that gets `undefined` denies. */
export function securityOf(contextValue: unknown): SecurityContext | undefined {
  if (typeof contextValue !== 'object' || contextValue === null) return undefined;
  const security = (contextValue as Partial<SecuredContext>).security;
  return typeof security === 'object' && security !== null && 'principal' in security ? security : undefined;
}

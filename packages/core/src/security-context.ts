/** The caller and where the request comes from: `authenticate()` finds both in `context()`, and every control reads them. */
import { randomUUID } from 'node:crypto';
import type { ClientConnection } from './client-connection.ts';
import type { RequestLabels } from './events/request-labels.ts';
import { isObject } from './lib/is-object.ts';

/** An authenticated caller. Frozen; made once per HTTP request. */
export interface Principal {
  /** The `sub` claim, or the `subject` of an API key's record. Never empty. */
  readonly id: string;
  /** Verified claims, own properties only. */
  readonly claims: Readonly<Record<string, unknown>>;
  /** Names of roles, as rules name them. */
  readonly roles: readonly string[];
  /** OAuth scopes (RFC 6749 section 3.3). */
  readonly scopes: readonly string[];
  /** `jwt`, `api-key`, or a name that an authenticator of the application chose. */
  readonly authMethod: string;
  /** When the credential expires, in seconds since the epoch (RFC 7519 NumericDate). Left out: never. */
  readonly expiresAt?: number | undefined;
  /** The id of the API key that was sent. Left out: another credential was. */
  readonly keyId?: string | undefined;
}

/** What an application knows of a caller that it has found by itself. What is left out, {@link principal} fills in. */
export interface KnownPrincipal extends Partial<Omit<Principal, 'id'>> {
  readonly id: string;
}

/**
 * Makes a principal of what an authenticator of the application knows, in a session or a token of its own.
 *
 * @param known left out of it: no roles and scopes, `authMethod: 'custom'`, and a credential that never expires. Among the claims
 * is always `sub`, with which `@owner(claim: "sub")` compares: it is the id where the claims have none.
 * @throws {TypeError} for an id that is no text, roles or scopes that are no lists of texts, and an end that is not in seconds.
 * @example principal({ id: session.userId, roles: session.roles })
 */
export function principal(known: KnownPrincipal): Principal {
  const { id, claims = {}, roles = [], scopes = [], authMethod = 'custom', expiresAt, keyId } = known;
  if (typeof id !== 'string' || id === '') {
    throw new TypeError(
      `principal: id must be a text that is not empty, but is ${id === '' ? 'empty' : `of type ${typeof id}`}: ` +
        'give String(user.id), or return null for a request without a credential.',
    );
  }
  for (const [option, names] of Object.entries({ roles, scopes })) {
    if (!areTexts(names)) throw new TypeError(`principal: ${option} must be a list of texts.`);
  }
  if (!isObject(claims)) throw new TypeError('principal: claims must be an object.');
  if (expiresAt !== undefined && !isNumericDate(expiresAt)) {
    throw new TypeError('principal: expiresAt must be in seconds since 1970: give Math.floor(date.getTime() / 1000).');
  }
  return Object.freeze({
    id,
    claims: Object.freeze({ sub: id, ...claims }),
    roles: Object.freeze([...roles]),
    scopes: Object.freeze([...scopes]),
    authMethod,
    ...(expiresAt !== undefined && { expiresAt }),
    ...(keyId !== undefined && { keyId }),
  });
}

/** Whether a value is a list of texts, such as roles are. */
export function areTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'string');
}

/** The end of the year 9999. A later time was most likely given in milliseconds, and would never come. */
const lastSecond = 253_402_300_799;

/** Whether a value is a time in seconds since the epoch (RFC 7519 NumericDate). */
export function isNumericDate(value: unknown): value is number {
  return Number.isFinite(value) && (value as number) <= lastSecond;
}

/** Whether the credential of a caller has expired. It has also where its end is no valid time. */
export function hasEnded(caller: Pick<Principal, 'expiresAt'> | null): boolean {
  return caller?.expiresAt !== undefined && !(Date.now() < caller.expiresAt * 1_000);
}

/** The name of a claim, or the path to it through nested objects: `['realm_access', 'roles']`. */
export type ClaimPath = string | readonly string[];

/** Reads a claim. Only own properties are read, so that `constructor` is no claim. @returns `undefined` for a missing claim. */
export function readClaim(claims: Principal['claims'], path: ClaimPath): unknown {
  let value: unknown = claims;
  for (const key of typeof path === 'string' ? [path] : path) {
    if (!isObject(value) || !Object.hasOwn(value, key)) return undefined;
    value = (value as Principal['claims'])[key];
  }
  return value;
}

/** What Bulwark puts on the GraphQL context, as its property `security`. Shared by the operations of a batch. */
export interface SecurityContext {
  /** `null` when no credential was sent. */
  readonly principal: Principal | null;
  /** Normalised address, IPv6 cut to its prefix; `null` where the transport has none. */
  readonly clientIp: string | null;
  /** Names the HTTP request in events. */
  readonly requestId: string;
  /** What the headers say of the request, for events only: anyone can write anything there. Left out: nothing is known. */
  readonly labels?: RequestLabels | undefined;
  /**
   * Aborted when the client goes before its answer is sent: give it to `fetch()` and to drivers that take one. Of mutations
   * too, which Bulwark itself lets finish. `undefined` in a context that `securityContext()` did not make.
   */
  readonly signal?: AbortSignal | undefined;
}

/** A GraphQL context that carries {@link SecurityContext}. */
export interface SecuredContext {
  readonly security: SecurityContext;
}

/** What {@link securityContext} is told. */
export interface KnownSecurity extends Partial<Omit<SecurityContext, 'signal'>> {
  /** The connection over which the request came. Left out: it never closes. */
  readonly connection?: ClientConnection | undefined;
}

// A registered symbol, because an ES module copy and a CommonJS copy of this package must find each other's connections.
const connectionKey: unique symbol = Symbol.for('graphql-bulwark.client-connection') as never;

/** A class, because its signal is made when it is first read. */
class RequestSecurity implements SecurityContext {
  readonly principal: Principal | null;
  readonly clientIp: string | null;
  readonly requestId: string;
  readonly labels?: RequestLabels | undefined;
  readonly #connection: ClientConnection | undefined;
  #controller: AbortController | undefined;
  #abort: (() => void) | undefined;
  #operations = 0;

  constructor(known: KnownSecurity) {
    this.principal = known.principal ?? null;
    this.clientIp = known.clientIp ?? null;
    this.requestId = known.requestId ?? randomUUID();
    if (known.labels) this.labels = known.labels;
    this.#connection = known.connection;
    Object.freeze(this);
  }

  get signal(): AbortSignal {
    if (!this.#controller) {
      const controller = new AbortController();
      this.#controller = controller;
      this.#abort = () => controller.abort();
      this.#connection?.watch(this.#abort);
    }
    return this.#controller.signal;
  }

  get [connectionKey](): ClientConnection | undefined {
    return this.#connection;
  }

  begin(): void {
    this.#operations += 1;
    if (this.#operations === 1 && this.#abort) this.#connection?.watch(this.#abort);
  }

  end(): void {
    this.#operations -= 1;
    if (this.#operations === 0 && this.#abort) this.#connection?.unwatch(this.#abort);
  }
}

/**
 * Makes a frozen security context.
 *
 * @param known left out of it: `principal` and `clientIp` become `null`, and `requestId` a random UUID.
 */
export function securityContext(known: KnownSecurity = {}): SecurityContext {
  return new RequestSecurity(known);
}

/** Makes a copy that knows another connection, such as one that closes with a single operation. */
export function withConnection(security: SecurityContext, connection: ClientConnection): SecurityContext {
  if (!(security instanceof RequestSecurity)) return security;
  const { principal: caller, clientIp, requestId, labels } = security;
  return new RequestSecurity({ principal: caller, clientIp, requestId, labels, connection });
}

/** Finds the connection over which a request came; `undefined` where it is not known. */
export function findClientConnection(security: SecurityContext | undefined): ClientConnection | undefined {
  return (security as { readonly [connectionKey]?: ClientConnection } | undefined)?.[connectionKey];
}

/** Says that an operation of the request begins. Its signal watches the connection until {@link endOperation}. */
export function beginOperation(security: SecurityContext | undefined): void {
  if (security instanceof RequestSecurity) security.begin();
}

/** Says that the answer to an operation of the request is there. Without that, a connection would keep all its signals. */
export function endOperation(security: SecurityContext | undefined): void {
  if (security instanceof RequestSecurity) security.end();
}

/**
 * Finds the security context in a GraphQL context.
 *
 * @returns `undefined` where there is none: a guarded resolver then denies.
 */
export function findSecurityContext(contextValue: unknown): SecurityContext | undefined {
  if (typeof contextValue !== 'object' || contextValue === null) return undefined;
  const security = (contextValue as Partial<SecuredContext>).security;
  return typeof security === 'object' && security !== null && 'principal' in security ? security : undefined;
}

/** The one credential of a request: one header, one scheme, at most 8 KiB (RFC 6750 section 2.1, RFC 9449 section 7.1). */
import { type RequestOrigin, refuse } from '@graphql-bulwark/core';
import {
  type AuthScheme,
  challenge,
  fullListOf,
  isWebOrigin,
  must,
  type OptionTable,
  readOptions,
} from '@graphql-bulwark/core/internal';

/** The part of an HTTP request that carries a credential; `http.IncomingMessage` and Express requests fit. */
export interface CredentialSource extends RequestOrigin {
  /** Names and values in turn, as received: Node itself keeps only the first of several `Authorization` headers. */
  readonly rawHeaders?: readonly string[] | undefined;
  /** DPoP proofs are made for one method. */
  readonly method?: string | undefined;
}

/**
 * A token in a cookie. Browsers send cookies with requests that other sites make, so an `Origin` from a closed list has to come
 * with it: a request without one is refused.
 */
export interface CookieOptions {
  /** The cookie that holds the access token. Best with the prefix `__Host-`, `HttpOnly` and `SameSite`. */
  readonly name: string;
  /** The web origins that may use it, for example `['https://app.example.com']`. */
  readonly allowedOrigins: readonly string[];
}

const cookieTable = {
  name: { required: true, check: must("be a cookie's name (RFC 6265)", isCookieName) },
  allowedOrigins: {
    required: true,
    check: fullListOf("exact origins such as 'https://app.example.com'", isWebOrigin),
  },
} satisfies OptionTable<CookieOptions>;

/** @throws {TypeError} while the server is built. */
export function readCookieOptions(options: CookieOptions): CookieOptions {
  return readOptions('authenticate: cookie', options, cookieTable);
}

function isCookieName(value: unknown): boolean {
  return typeof value === 'string' && /^[\w!#$%&'*+.^`|~-]+$/.test(value);
}

/** What was sent, well formed and not yet judged. */
export type Credential =
  | { readonly scheme: 'Bearer'; readonly text: string }
  | { readonly scheme: 'ApiKey'; readonly text: string }
  | { readonly scheme: 'DPoP'; readonly text: string; readonly proof: string };

/** Which credentials an API takes. */
export interface Accepted {
  readonly realm: string;
  readonly tokens: boolean;
  readonly apiKeys: boolean;
  readonly dpop: boolean;
  readonly cookie: CookieOptions | undefined;
}

const maxHeaderLength = 8_192;

/** Base64url in three parts; what a JWS in compact form must look like, spelled in exactly one way. */
const compactJws = /^[\w-]+\.[\w-]+\.[\w-]*$/;

/**
 * @returns the credential, or `null` where none was sent.
 * @throws {GraphQLError} `BAD_REQUEST` for several, `UNAUTHENTICATED` for one that this API does not take, `FORBIDDEN` for a
 * cookie that another site had sent.
 */
export function credentialOf(request: CredentialSource, accepted: Accepted): Credential | null {
  const authorization = headersNamed('authorization', request);
  const keys = accepted.apiKeys ? headersNamed('x-api-key', request) : [];
  const cookies = accepted.cookie ? sentCookies(accepted.cookie, request) : [];
  const sent = authorization.length + keys.length + cookies.length;
  if (sent === 0) return null;
  const { realm } = accepted;
  const text = authorization[0] ?? keys[0] ?? cookies[0] ?? '';
  if (sent > 1 || text.includes(',')) {
    throw refuse('BAD_REQUEST', { headers: challenge(realm, 'invalid_request'), reason: 'several credentials' });
  }
  if (text.length > maxHeaderLength) throw unauthenticated(realm, 'credential too long');
  if (keys.length > 0) return { scheme: 'ApiKey', text };
  if (cookies.length > 0) {
    // Not anonymous: whoever sent the cookie along did not ask its owner.
    const [origin, ...more] = headersNamed('origin', request);
    if (origin === undefined || more.length > 0 || !accepted.cookie?.allowedOrigins.includes(origin)) {
      throw refuse('FORBIDDEN', { reason: 'cookie from another origin' });
    }
    return token('Bearer', text, request, realm);
  }

  const space = text.indexOf(' ');
  const scheme = takenSchemes(accepted).find((name) => name.toLowerCase() === text.slice(0, space).toLowerCase());
  if (space < 1 || !scheme) {
    const headers = challenge(realm, undefined, accepted.tokens ? 'Bearer' : 'ApiKey');
    throw refuse('UNAUTHENTICATED', { headers, reason: 'not a credential of this API' });
  }
  const rest = text.slice(space + 1);
  return scheme === 'ApiKey' ? { scheme, text: rest } : token(scheme, rest, request, realm);
}

/**
 * The `Authorization` header of a request as Node received it, where it is the only thing that looks like a credential: a short
 * way to what is already known. Everything else goes through {@link credentialOf}.
 */
export function onlyAuthorization({ rawHeaders = [], headers }: CredentialSource): string | undefined {
  let found: string | undefined;
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    const name = rawHeaders[i] ?? '';
    if (name.length !== 13 && name.length !== 9 && name.length !== 6) continue;
    // As nearly every client spells it; to lower the case of a name costs more than all the rest of this.
    const lower = name === 'Authorization' ? 'authorization' : name.toLowerCase();
    if (lower === 'x-api-key' || lower === 'cookie') return undefined;
    if (lower !== 'authorization') continue;
    if (found !== undefined) return undefined;
    found = rawHeaders[i + 1];
  }
  // A middleware may have taken it away, or put another one in its place.
  return headers?.['authorization'] === found ? found : undefined;
}

function token(scheme: 'Bearer' | 'DPoP', text: string, request: CredentialSource, realm: string): Credential {
  if (!compactJws.test(text)) throw unauthenticated(realm, 'malformed token');
  if (scheme === 'Bearer') return { scheme, text };
  const [proof, ...more] = headersNamed('dpop', request);
  if (proof === undefined || more.length > 0 || proof.length > maxHeaderLength || !compactJws.test(proof)) {
    const headers = challenge(realm, 'invalid_dpop_proof', 'DPoP');
    throw refuse('UNAUTHENTICATED', { headers, reason: 'malformed proof' });
  }
  return { scheme, text, proof };
}

function unauthenticated(realm: string, reason: string): Error {
  return refuse('UNAUTHENTICATED', { headers: challenge(realm, 'invalid_token'), reason });
}

function takenSchemes({ tokens, dpop, apiKeys }: Accepted): AuthScheme[] {
  return [
    ...(tokens ? ['Bearer' as const] : []),
    ...(dpop ? ['DPoP' as const] : []),
    ...(apiKeys ? ['ApiKey' as const] : []),
  ];
}

function sentCookies({ name }: CookieOptions, request: CredentialSource): string[] {
  return headersNamed('cookie', request).flatMap((header) => cookiesNamed(name, header));
}

/** Every header of this name, as received where that is known. */
function headersNamed(wanted: string, { headers = {}, rawHeaders = [] }: CredentialSource): string[] {
  let sent: string[] | undefined;
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    const name = rawHeaders[i];
    if (name?.length === wanted.length && name.toLowerCase() === wanted) (sent ??= []).push(rawHeaders[i + 1] ?? '');
  }
  if (sent && sent.length > 1) return sent;
  const named = Object.keys(headers).filter((name) => name.length === wanted.length && name.toLowerCase() === wanted);
  return named.flatMap((name) => headers[name] ?? []);
}

/** Every value under this name: a second one was put there by somebody else. */
export function cookiesNamed(name: string, header: string): string[] {
  const pairs = header.split(';').map((pair) => pair.trim());
  return pairs.filter((pair) => pair.startsWith(`${name}=`)).map((pair) => pair.slice(name.length + 1));
}

/**
 * Reads the one credential of a request: from one header or one cookie, of one scheme, at most 8 KiB long (RFC 6750 section 2.1,
 * RFC 9449 section 7.1).
 *
 * A proxy and this server may disagree about which of two credentials counts. So several of them are refused, also when they are
 * equal.
 */
import { type RequestOrigin, refuse } from '@graphql-bulwark/core';
import {
  type AuthScheme,
  buildChallenge,
  fullListOf,
  isWebOrigin,
  must,
  type OptionTable,
  readOptions,
} from '@graphql-bulwark/core/internal';

/** The part of an HTTP request that carries a credential. `http.IncomingMessage` and requests of Express fit. */
export interface CredentialSource extends RequestOrigin {
  /** Names and values in turn, as received. Node's `headers` keeps only the first of several `Authorization` headers. */
  readonly rawHeaders?: readonly string[] | undefined;
  /** The HTTP method. A DPoP proof is made for one method. */
  readonly method?: string | undefined;
}

/**
 * A token in a cookie. A browser sends cookies also with requests that another site makes (cross-site request forgery). It sends
 * the `Origin` of that site with them, so a cookie is taken only beside an `Origin` from a closed list.
 */
export interface CookieOptions {
  /** The cookie that holds the access token. Choose the prefix `__Host-`, and set `HttpOnly` and `SameSite`. */
  readonly name: string;
  /** The web origins whose requests may use it, for example `['https://app.example.com']`. At least one. */
  readonly allowedOrigins: readonly string[];
}

const cookieOptionTable = {
  name: { required: true, check: must("be a cookie's name (RFC 6265)", isCookieName) },
  allowedOrigins: {
    required: true,
    check: fullListOf("exact origins such as 'https://app.example.com'", isWebOrigin),
  },
} satisfies OptionTable<CookieOptions>;

/** @throws {TypeError} while the server is built, for a missing, unknown or invalid option. */
export function readCookieOptions(options: CookieOptions): CookieOptions {
  return readOptions('authenticate: cookie', options, cookieOptionTable);
}

/** RFC 6265 section 4.1.1. */
function isCookieName(value: unknown): boolean {
  return typeof value === 'string' && /^[\w!#$%&'*+.^`|~-]+$/.test(value);
}

/** A credential that is well formed and not verified. `text` is the token or the key; `proof` is the `DPoP` header. */
export type Credential =
  | { readonly scheme: 'Bearer'; readonly text: string }
  | { readonly scheme: 'ApiKey'; readonly text: string }
  | { readonly scheme: 'DPoP'; readonly text: string; readonly proof: string };

/** Which credentials an API takes. */
export interface AcceptedCredentials {
  /** The realm in `WWW-Authenticate`. */
  readonly realm: string;
  readonly tokens: boolean;
  readonly apiKeys: boolean;
  readonly dpop: boolean;
  readonly cookie: CookieOptions | undefined;
}

/** In characters. */
const maxCredentialLength = 8_192;

/**
 * A JWS in compact form (RFC 7515 section 7.1): three parts in base64url. Padding and white space are refused, so that a token
 * has fewer spellings.
 */
const compactJws = /^[\w-]+\.[\w-]+\.[\w-]*$/;

/**
 * Reads the credential of a request.
 *
 * @returns `null` where none was sent.
 * @throws {GraphQLError} `BAD_REQUEST` for several, `UNAUTHENTICATED` for one that is malformed or of a kind that this API does
 * not take, `FORBIDDEN` for a cookie without an allowed `Origin`.
 */
export function readCredential(request: CredentialSource, accepted: AcceptedCredentials): Credential | null {
  const authorization = readHeaders('authorization', request);
  const keys = accepted.apiKeys ? readHeaders('x-api-key', request) : [];
  const cookies = accepted.cookie ? readCookies(accepted.cookie.name, request) : [];
  const sent = authorization.length + keys.length + cookies.length;
  if (sent === 0) return null;
  const { realm } = accepted;
  const text = authorization[0] ?? keys[0] ?? cookies[0] ?? '';
  // A proxy may have joined two headers with a comma (RFC 9110 section 5.3). No credential has one.
  if (sent > 1 || text.includes(',')) {
    throw refuse('BAD_REQUEST', { headers: buildChallenge(realm, 'invalid_request'), reason: 'several credentials' });
  }
  if (text.length > maxCredentialLength) throw makeTokenRefusal(realm, 'credential too long');
  if (keys.length > 0) return { scheme: 'ApiKey', text };
  if (cookies.length > 0) {
    // Another site may have caused this request without the knowledge of the cookie's owner. It is refused and not answered as
    // anonymous, so that the developer of an allowed site sees that its origin is missing in the list.
    const [origin, ...more] = readHeaders('origin', request);
    if (origin === undefined || more.length > 0 || !accepted.cookie?.allowedOrigins.includes(origin)) {
      throw refuse('FORBIDDEN', { reason: 'cookie from another origin' });
    }
    return readToken('Bearer', text, request, realm);
  }

  const space = text.indexOf(' ');
  const sentScheme = text.slice(0, space).toLowerCase();
  const scheme = listAcceptedSchemes(accepted).find((name) => name.toLowerCase() === sentScheme);
  if (space < 1 || !scheme) {
    const headers = buildChallenge(realm, undefined, accepted.tokens ? 'Bearer' : 'ApiKey');
    throw refuse('UNAUTHENTICATED', { headers, reason: 'not a credential of this API' });
  }
  const rest = text.slice(space + 1);
  return scheme === 'ApiKey' ? { scheme, text: rest } : readToken(scheme, rest, request, realm);
}

/**
 * Reads the `Authorization` header where a request carries nothing else that may be a credential, for a quick look into the cache
 * of verified tokens.
 *
 * @returns `undefined` where there is none, or anything is unusual. {@link readCredential} decides then.
 */
export function readSoleAuthorization({ rawHeaders = [], headers }: CredentialSource): string | undefined {
  let found: string | undefined;
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    const name = rawHeaders[i] ?? '';
    // The lengths of `authorization`, `x-api-key` and `cookie`.
    if (name.length !== 13 && name.length !== 9 && name.length !== 6) continue;
    // Nearly every client spells it so. Lowering the case of the name would cost more than the rest of this function.
    const lower = name === 'Authorization' ? 'authorization' : name.toLowerCase();
    if (lower === 'x-api-key' || lower === 'cookie') return undefined;
    if (lower !== 'authorization') continue;
    if (found !== undefined) return undefined;
    found = rawHeaders[i + 1];
  }
  // A middleware of the application may have removed or replaced the header.
  return headers?.['authorization'] === found ? found : undefined;
}

/** @throws {GraphQLError} `UNAUTHENTICATED` for a malformed token, and for a missing, malformed or second proof of DPoP. */
function readToken(scheme: 'Bearer' | 'DPoP', text: string, request: CredentialSource, realm: string): Credential {
  if (!compactJws.test(text)) throw makeTokenRefusal(realm, 'malformed token');
  if (scheme === 'Bearer') return { scheme, text };
  const [proof, ...more] = readHeaders('dpop', request);
  if (proof === undefined || more.length > 0 || proof.length > maxCredentialLength || !compactJws.test(proof)) {
    const headers = buildChallenge(realm, 'invalid_dpop_proof', 'DPoP');
    throw refuse('UNAUTHENTICATED', { headers, reason: 'malformed proof' });
  }
  return { scheme, text, proof };
}

function makeTokenRefusal(realm: string, reason: string): Error {
  return refuse('UNAUTHENTICATED', { headers: buildChallenge(realm, 'invalid_token'), reason });
}

function listAcceptedSchemes({ tokens, dpop, apiKeys }: AcceptedCredentials): AuthScheme[] {
  return [
    ...(tokens ? ['Bearer' as const] : []),
    ...(dpop ? ['DPoP' as const] : []),
    ...(apiKeys ? ['ApiKey' as const] : []),
  ];
}

/**
 * Reads every value of a cookie. A second one may have been set by another site below the same domain, and nothing tells which of
 * the two it is. So the caller has to know of all.
 */
function readCookies(name: string, request: CredentialSource): string[] {
  return readHeaders('cookie', request).flatMap((header) =>
    header
      .split(';')
      .map((pair) => pair.trim())
      .filter((pair) => pair.startsWith(`${name}=`))
      .map((pair) => pair.slice(name.length + 1)),
  );
}

/** Reads every header of this name. Several are found in `rawHeaders` only; one is read as a middleware may have changed it. */
function readHeaders(wanted: string, { headers = {}, rawHeaders = [] }: CredentialSource): string[] {
  let sent: string[] | undefined;
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    const name = rawHeaders[i];
    if (name?.length === wanted.length && name.toLowerCase() === wanted) (sent ??= []).push(rawHeaders[i + 1] ?? '');
  }
  if (sent && sent.length > 1) return sent;
  const named = Object.keys(headers).filter((name) => name.length === wanted.length && name.toLowerCase() === wanted);
  return named.flatMap((name) => headers[name] ?? []);
}

/**
 * Stops: credentials that are forged, expired, taken back, stolen, or meant for someone else.
 * Room: `context()`, the only place that sees the HTTP request.
 * Answers: `UNAUTHENTICATED`, 401, `WWW-Authenticate` (RFC 6750 section 3); `BAD_REQUEST`, 400, for several at once; `FORBIDDEN`,
 * 403, for a cookie from elsewhere; `RATE_LIMITED`, 429, after too many; `SERVICE_UNAVAILABLE`, 503, when we cannot know.
 */
import {
  type ClientAddressOptions,
  checkedRealm,
  clientAddress,
  type Events,
  knownOptions,
  type Principal,
  type SecurityContext,
  securityContext,
  wholeNumber,
} from '@graphql-bulwark/core';
import { type ApiKeyOptions, apiKeyVerifier } from './api-keys.ts';
import { type Accepted, type CredentialSource, credentialOf, onlyAuthorization } from './bearer.ts';
import { type CookieOptions, checkCookieOptions } from './cookie.ts';
import { type DpopOptions, dpopVerifier } from './dpop.ts';
import { type IssuerOptions, issuerOptionNames } from './issuer.ts';
import { issuersVerifier } from './issuers.ts';
import { judgement } from './judgement.ts';
import { loggedOnce, reported } from './outcomes.ts';
import { type Penalty, type PenaltyOptions, penalty } from './penalty.ts';
import { type RevocationOptions, revocationOptionNames } from './revocation.ts';
import { cachedVerifier } from './token-cache.ts';

/** What holds for every issuer and kind of credential. */
export interface CredentialOptions {
  /** The realm in `WWW-Authenticate`. @default 'graphql' */
  readonly realm?: string | undefined;
  /** Takes API keys, in `X-API-Key` or as `Authorization: ApiKey`. Left out: none. */
  readonly apiKeys?: ApiKeyOptions | undefined;
  /** Takes the token from a cookie, too. Left out: from `Authorization` alone. */
  readonly cookie?: CookieOptions | undefined;
  /** Takes tokens that are bound to a key (`cnf.jkt`), with their proofs. Left out: bound tokens are refused. */
  readonly dpop?: DpopOptions | undefined;
  /** Says which tokens were taken back before their end. Left out: none. */
  readonly revocation?: RevocationOptions | undefined;
  /** Counts failures and locks out. Left out: nobody is locked out. */
  readonly penalty?: PenaltyOptions | undefined;
  /** How many verified tokens are remembered, each for at most 60 s and never past its end. @default 10000 */
  readonly maxCachedTokens?: number | false | undefined;
  /** Where failures come from, for callers of `authenticate` that do not say. Left out: from the socket. */
  readonly clientAddress?: ClientAddressOptions | undefined;
  /** Told of every outcome, and of issuers that stop and start giving their keys. */
  readonly events?: Events | undefined;
}

/** One issuer here, several in `issuers`, or none beside `apiKeys`. */
export type AuthenticateOptions = CredentialOptions &
  (IssuerOptions | { readonly issuers: readonly IssuerOptions[] } | { readonly apiKeys: ApiKeyOptions });

/**
 * The caller of a request, or `null` for an anonymous one. `asked`: what is known of the request, made from it where left out.
 * @throws {GraphQLError} when a credential was sent and is not valid.
 */
export type Authenticate = (request: CredentialSource, asked?: SecurityContext) => Promise<Principal | null>;

/**
 * Compiles what credentials must be to a function from a request to its principal.
 *
 * A request without a credential is anonymous. A credential that is sent and not valid refuses the request: it is never
 * taken for anonymous.
 *
 * @throws {TypeError} while the server is built, when an option is missing, unknown or out of range.
 * @example
 * const whoIsAsking = authenticate({
 *   issuer: 'https://login.example.com/',
 *   audience: 'https://api.example.com',
 *   algorithms: ['ES256'],
 *   jwksUrl: 'https://login.example.com/.well-known/jwks.json',
 * })
 */
export function authenticate(options: AuthenticateOptions): Authenticate {
  if (typeof options !== 'object' || options === null) throw new TypeError('authenticate needs its options.');
  knownOptions('authenticate', options, [...issuerOptionNames, ...optionNames, 'issuers']);
  const { apiKeys, cookie, dpop, revocation, maxCachedTokens = 10_000, events } = options;
  const issuers = issuersOf(options);
  if (maxCachedTokens !== false) wholeNumber('maxCachedTokens', maxCachedTokens);
  if (cookie !== undefined) checkCookieOptions(cookie);
  if (revocation !== undefined) checkRevocation(revocation);
  if (issuers.length === 0 && (cookie ?? dpop ?? revocation)) {
    throw new TypeError('cookie, dpop and revocation are about tokens: give an issuer as well.');
  }
  const accepted: Accepted = {
    realm: checkedRealm(options.realm ?? 'graphql'),
    tokens: issuers.length > 0,
    apiKeys: apiKeys !== undefined,
    dpop: dpop !== undefined,
    cookie,
  };
  const guarding: Penalty | undefined = options.penalty === undefined ? undefined : penalty(options.penalty);
  const tokens = cachedVerifier(issuersVerifier(issuers, events), maxCachedTokens);
  const judge = judgement({
    realm: accepted.realm,
    tokens,
    apiKeys: apiKeys === undefined ? undefined : apiKeyVerifier(apiKeys),
    dpop: dpop === undefined ? undefined : dpopVerifier(dpop),
    revocation,
    penalty: guarding,
    ignored: (cause) => void (events && loggedOnce(events, 'revocation unknown, and let pass', cause)),
  });
  const addressOf = clientAddress(options.clientAddress ?? {});
  const watched = events !== undefined || guarding !== undefined;
  const quick = !events && !revocation;

  return (request, asked) => {
    // Nothing to ask and nobody to tell: a known token costs its hash.
    const header = quick ? onlyAuthorization(request) : undefined;
    const known = header === undefined ? undefined : tokens.known(header);
    if (known && !known.isBound) return Promise.resolve(known.principal);
    const security = asked ?? (watched ? securityContext({ clientIp: addressOf(request) }) : nobody);
    const work = (): Promise<Principal | null> =>
      judge(() => credentialOf(request, accepted), request.method, security.clientIp);
    return events ? reported(events, security, work) : work();
  };
}

const nobody = securityContext();

const optionNames: readonly (keyof CredentialOptions)[] = [
  'realm',
  'apiKeys',
  'cookie',
  'dpop',
  'revocation',
  'penalty',
  'maxCachedTokens',
  'clientAddress',
  'events',
];

function issuersOf(options: AuthenticateOptions): readonly IssuerOptions[] {
  const inPlace = Object.entries(options).filter(([name]) => (issuerOptionNames as readonly string[]).includes(name));
  const several = 'issuers' in options ? options.issuers : undefined;
  if (several !== undefined && inPlace.length > 0)
    throw new TypeError('Give one issuer in place, or several in issuers.');
  if (inPlace.length > 0) return [Object.fromEntries(inPlace) as unknown as IssuerOptions];
  if (Array.isArray(several) && several.length > 0) return several;
  if (several === undefined && options.apiKeys) return [];
  throw new TypeError('authenticate needs an issuer, a non-empty list of issuers, or apiKeys.');
}

function checkRevocation(revocation: RevocationOptions): void {
  // A whole deny-list may be given as it is.
  knownOptions('revocation', revocation, [...revocationOptionNames, 'revoke', 'revokeAllFor']);
  const { isRevoked, timeoutMilliseconds = 1, dangerouslyAllowOnFailure = false } = revocation;
  if (typeof isRevoked !== 'function') throw new TypeError('revocation.isRevoked must be a function.');
  wholeNumber('revocation.timeoutMilliseconds', timeoutMilliseconds);
  if (typeof dangerouslyAllowOnFailure !== 'boolean') {
    throw new TypeError('revocation.dangerouslyAllowOnFailure must be true or false.');
  }
}

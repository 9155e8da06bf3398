/**
 * Stops: credentials that are forged, expired, taken back, stolen, or meant for someone else.
 * Room: `context()`, the only place that sees the HTTP request.
 * Answers: `UNAUTHENTICATED`, 401, `WWW-Authenticate` (RFC 6750 section 3); `BAD_REQUEST`, 400, for several at once; `FORBIDDEN`,
 * 403, for a cookie from elsewhere; `RATE_LIMITED`, 429, after too many; `SERVICE_UNAVAILABLE`, 503, when we cannot know.
 */
import {
  type ClientAddressOptions,
  clientAddress,
  type Events,
  type Principal,
  type SecurityContext,
  securityContext,
} from '@graphql-bulwark/core';
import {
  anEventSink,
  atLeast,
  fullListOf,
  knownOptions,
  type OptionTable,
  orFalse,
  plainObject,
  readOptions,
  realmRow,
  withoutDefaults,
} from '@graphql-bulwark/core/internal';
import { type ApiKeyOptions, apiKeyVerifier } from './api-keys.ts';
import { loggedOnce, reported } from './auth-events.ts';
import { type Penalty, type PenaltyOptions, penalty } from './brute-force.ts';
import {
  type Accepted,
  type CookieOptions,
  type CredentialSource,
  credentialOf,
  onlyAuthorization,
  readCookieOptions,
} from './credential.ts';
import { type DpopOptions, dpopVerifier } from './dpop.ts';
import { type IssuerOptions, issuersVerifier, issuerTable } from './jwt/issuer.ts';
import { cachedVerifier } from './jwt/token-cache.ts';
import { type RevocationOptions, readRevocationOptions } from './revocation/revocation.ts';
import { judgement } from './verify-credential.ts';

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

/** All that may be given; of one issuer in place, what must be given is asked where issuers are made. */
interface Given extends CredentialOptions, Partial<IssuerOptions> {
  readonly issuers?: readonly IssuerOptions[];
}

const optionTable = {
  ...withoutDefaults(issuerTable),
  issuers: {
    check: fullListOf('the options of each issuer', (one: unknown) => typeof one === 'object' && one !== null),
  },
  realm: realmRow,
  apiKeys: { check: plainObject },
  cookie: { check: plainObject },
  dpop: { check: plainObject },
  revocation: { check: plainObject },
  penalty: { check: plainObject },
  maxCachedTokens: { default: 10_000, check: orFalse(atLeast(1)) },
  clientAddress: { default: {}, check: plainObject },
  events: { check: anEventSink },
} satisfies OptionTable<Given>;

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
  knownOptions('authenticate', options, Object.keys(optionTable));
  const settings = readOptions('', options as Given, optionTable);
  const { realm, apiKeys, dpop, maxCachedTokens, events } = settings;
  const issuers = issuersOf(options);
  const cookie = settings.cookie && readCookieOptions(settings.cookie);
  const revocation = settings.revocation && readRevocationOptions(settings.revocation);
  if (issuers.length === 0 && (cookie ?? dpop ?? revocation)) {
    throw new TypeError('cookie, dpop and revocation are about tokens: give an issuer as well.');
  }
  const accepted: Accepted = {
    realm,
    tokens: issuers.length > 0,
    apiKeys: apiKeys !== undefined,
    dpop: dpop !== undefined,
    cookie,
  };
  const guarding: Penalty | undefined = settings.penalty && penalty(settings.penalty);
  const tokens = cachedVerifier(issuersVerifier(issuers, events), maxCachedTokens);
  const judge = judgement({
    realm,
    tokens,
    apiKeys: apiKeys && apiKeyVerifier(apiKeys),
    dpop: dpop && dpopVerifier(dpop),
    revocation,
    penalty: guarding,
    ignored: (cause) => void (events && loggedOnce(events, 'revocation unknown, and let pass', cause)),
  });
  const addressOf = clientAddress(settings.clientAddress);
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

function issuersOf(options: AuthenticateOptions): readonly IssuerOptions[] {
  const inPlace = Object.entries(options).filter(([name]) => Object.hasOwn(issuerTable, name));
  const several = 'issuers' in options ? options.issuers : undefined;
  if (several !== undefined && inPlace.length > 0)
    throw new TypeError('Give one issuer in place, or several in issuers.');
  if (inPlace.length > 0) return [Object.fromEntries(inPlace) as unknown as IssuerOptions];
  if (several !== undefined) return several;
  if (options.apiKeys) return [];
  throw new TypeError('authenticate needs an issuer, a non-empty list of issuers, or apiKeys.');
}

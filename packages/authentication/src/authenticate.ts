/**
 * Stops: credentials that are forged, expired, taken back, stolen, or made for another API.
 * Room: `context()`, the only place that sees the HTTP request.
 * Answers: `UNAUTHENTICATED`, 401, `WWW-Authenticate` (RFC 6750 section 3); `BAD_REQUEST`, 400, for several credentials;
 * `FORBIDDEN`, 403, for a cookie without an allowed `Origin`; `RATE_LIMITED`, 429, after too many failures;
 * `SERVICE_UNAVAILABLE`, 503, when keys, a store or the deny-list cannot be asked.
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
  dropDefaults,
  fullListOf,
  hasMethods,
  mustUnshown,
  type OptionTable,
  orFalse,
  readOptions,
  realmRow,
  requireKnownOptions,
  requirePlainObject,
} from '@graphql-bulwark/core/internal';
import { type ApiKeyOptions, compileApiKeys } from './api-keys.ts';
import { logOncePerMinute, reportOutcome } from './auth-events.ts';
import { type BruteForceOptions, bruteForceProtection } from './brute-force.ts';
import {
  type AcceptedCredentials,
  type CookieOptions,
  type CredentialSource,
  readCookieOptions,
  readCredential,
  readSoleAuthorization,
} from './credential.ts';
import { compileIssuers, type IssuerOptions, issuerOptionTable } from './jwt/issuer.ts';
import { cacheVerifiedTokens } from './jwt/token-cache.ts';
import { type RevocationOptions, readRevocationOptions } from './revocation/revocation.ts';
import { createCredentialVerifier, type ProofVerifier } from './verify-credential.ts';

/** The options that hold for every issuer and kind of credential. */
export interface CredentialOptions {
  /** The realm in `WWW-Authenticate` (RFC 9110 section 11.5). @default 'graphql' */
  readonly realm?: string | undefined;
  /** Takes API keys, in `X-API-Key` or as `Authorization: ApiKey`. Left out: API keys are refused. */
  readonly apiKeys?: ApiKeyOptions | undefined;
  /** Takes the token from a cookie, too. Left out: from `Authorization` alone. */
  readonly cookie?: CookieOptions | undefined;
  /**
   * Takes tokens that are bound to a key (`cnf.jkt`, RFC 9449), with their proofs: `dpop({ publicUrl, store })` of
   * `@graphql-bulwark/authentication/dpop`. Left out: bound tokens are refused.
   */
  readonly dpop?: ProofVerifier | undefined;
  /** Says which tokens were taken back before their end. Left out: none. */
  readonly revocation?: RevocationOptions | undefined;
  /** Counts failures, and locks out an address or a subject with too many. Left out: failures have no consequence. */
  readonly bruteForce?: BruteForceOptions | undefined;
  /** How many verified tokens are remembered, each for at most 60 s and never past its end. @default 10000 */
  readonly maxCachedTokens?: number | false | undefined;
  /** How the address of a request is found where the caller of `authenticate` does not say. Left out: from the socket. */
  readonly clientAddress?: ClientAddressOptions | undefined;
  /** Told of every outcome, and of issuers that stop and start giving their keys. */
  readonly events?: Events | undefined;
}

/** The options of one issuer, those of several in `issuers`, or no issuer beside `apiKeys`. */
export type AuthenticateOptions = CredentialOptions &
  (IssuerOptions | { readonly issuers: readonly IssuerOptions[] } | { readonly apiKeys: ApiKeyOptions });

/** Every option by name. What one issuer requires is checked where that issuer is compiled. */
interface PossibleOptions extends CredentialOptions, Partial<IssuerOptions> {
  readonly issuers?: readonly IssuerOptions[];
}

const optionTable = {
  ...dropDefaults(issuerOptionTable),
  issuers: {
    check: fullListOf('the options of each issuer', (one: unknown) => typeof one === 'object' && one !== null),
  },
  realm: realmRow,
  apiKeys: { check: requirePlainObject },
  cookie: { check: requirePlainObject },
  dpop: {
    check: mustUnshown(
      "be what dpop() returns: import { dpop } from '@graphql-bulwark/authentication/dpop' or 'graphql-bulwark/dpop' and " +
        'write dpop: dpop({ publicUrl, store })',
      (value: unknown) => hasMethods(value, 'verifyProof'),
    ),
  },
  revocation: { check: requirePlainObject },
  bruteForce: { check: requirePlainObject },
  maxCachedTokens: { default: 10_000, check: orFalse(atLeast(1)) },
  clientAddress: { default: {}, check: requirePlainObject },
  events: { check: anEventSink },
} satisfies OptionTable<PossibleOptions>;

/**
 * Finds the caller of a request; `null` is an anonymous one. `asked` is what the transport knows of the request, such as its
 * address. Left out: it is read from the request.
 * @throws {GraphQLError} when a credential was sent and is not valid, or cannot be verified now.
 */
export type Authenticate = (request: CredentialSource, asked?: SecurityContext) => Promise<Principal | null>;

/**
 * Compiles the options to a function that finds the caller of a request.
 *
 * A request without a credential is anonymous. A credential that was sent and is not valid refuses the request: it is never
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
  requireKnownOptions('authenticate', options, Object.keys(optionTable));
  const settings = readOptions('', options as PossibleOptions, optionTable);
  const { realm, apiKeys, dpop, maxCachedTokens, events } = settings;
  const issuers = listIssuers(options);
  const cookie = settings.cookie && readCookieOptions(settings.cookie);
  const revocation = settings.revocation && readRevocationOptions(settings.revocation);
  if (issuers.length === 0 && (cookie ?? dpop ?? revocation)) {
    throw new TypeError('cookie, dpop and revocation are about tokens: give an issuer as well, or leave them out.');
  }
  const accepted: AcceptedCredentials = {
    realm,
    tokens: issuers.length > 0,
    apiKeys: apiKeys !== undefined,
    dpop: dpop !== undefined,
    cookie,
  };
  const bruteForce = settings.bruteForce && bruteForceProtection(settings.bruteForce);
  const tokens = cacheVerifiedTokens(compileIssuers(issuers, events), maxCachedTokens);
  const verifyCredential = createCredentialVerifier({
    realm,
    tokens,
    verifyApiKey: apiKeys && compileApiKeys(apiKeys),
    dpop,
    revocation,
    bruteForce,
    onIgnoredFailure(cause) {
      if (events) logOncePerMinute(events, 'revocation unknown, and let pass', cause);
    },
  });
  const findAddress = clientAddress(settings.clientAddress);
  const needsAddress = events !== undefined || bruteForce !== undefined;
  const mayUseCacheAlone = !events && !revocation;

  return function findCaller(request, asked) {
    // With no events to emit and no deny-list to ask, a token that was verified a moment ago costs one hash.
    const header = mayUseCacheAlone ? readSoleAuthorization(request) : undefined;
    const known = header === undefined ? undefined : tokens.find(header);
    if (known && !known.isBound) return Promise.resolve(known.principal);
    const security = asked ?? (needsAddress ? securityContext({ clientIp: findAddress(request) }) : anonymous);
    function readAndVerify(): Promise<Principal | null> {
      return verifyCredential(() => readCredential(request, accepted), request.method, security.clientIp);
    }
    return events ? reportOutcome(events, security, readAndVerify) : readAndVerify();
  };
}

const anonymous = securityContext();

/** @throws {TypeError} for one issuer in place beside `issuers`, and for neither of the two without API keys. */
function listIssuers(options: AuthenticateOptions): readonly IssuerOptions[] {
  const inPlace = Object.entries(options).filter(([name]) => Object.hasOwn(issuerOptionTable, name));
  const several = 'issuers' in options ? options.issuers : undefined;
  if (several !== undefined && inPlace.length > 0) {
    const names = inPlace.map(([name]) => name).join(', ');
    throw new TypeError(`Give one issuer in place, or several in issuers. Beside issuers stands ${names}: remove it.`);
  }
  if (inPlace.length > 0) return [Object.fromEntries(inPlace) as unknown as IssuerOptions];
  if (several !== undefined) return several;
  if (options.apiKeys) return [];
  throw new TypeError('authenticate needs an issuer, a non-empty list of issuers, or apiKeys.');
}

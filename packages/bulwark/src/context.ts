/**
 * Room 1: from an HTTP request to a GraphQL context that says who is asking, and from where.
 *
 * Apollo Server shows clients the message of whatever `context()` throws, unless it is a GraphQLError that says what it is.
 * So nothing else leaves here.
 */
import type { IncomingMessage } from 'node:http';
import type { CredentialSource } from '@graphql-bulwark/authentication';
import {
  type ClientAddressOptions,
  type Events,
  type Principal,
  type RequestOrigin,
  refuse,
  type SecuredContext,
  type SecurityContext,
  securityContext,
} from '@graphql-bulwark/core';
import {
  areTexts,
  buildRefusalEvent,
  exposeHttpError,
  findConnection,
  hasEnded,
  isExpectedError,
  isNumericDate,
  isObject,
  readLabelsOfRequest,
  rewordRefusal,
  type Wording,
} from '@graphql-bulwark/core/internal';
import type { GraphQLError } from 'graphql';
import { findRequest, type RequestHead } from './request-head.ts';
import { createAddressNotice, createProxyNotice } from './warnings/proxy.ts';

/** What Apollo Server's standalone server and its Express integration hand to `context()`. */
export interface HttpRequest {
  readonly req: IncomingMessage & { readonly body?: unknown };
}

/**
 * Finds the caller of a request: `principal({ id })`, or `null` where no credential was sent.
 *
 * @param anonymous what is known without a credential, the address among it.
 * @throws {GraphQLError} `refuse('UNAUTHENTICATED')` for a credential that was sent and is not valid. Anything else that it
 * throws is a failure of the server: 500, and logged in full.
 */
export type Authenticator = (
  request: RequestHead,
  anonymous: SecurityContext,
) => Promise<Principal | null> | Principal | null;

/** What `bulwark.context()` takes beside the function that makes the rest of the context. */
export interface ContextFunctionOptions<A extends readonly unknown[] = readonly unknown[]> {
  /**
   * Finds the HTTP request in what an integration hands over, where Bulwark does not know that integration. Left out: as the
   * official integrations hand it over. Give it with the `socket` that names the sender: without one the caller has no address.
   */
  readonly requestOf?: ((...given: A) => CredentialSource) | undefined;
}

export interface ContextOptions {
  readonly authenticate: Authenticator;
  /** The address of a request, made of `clientAddress`. */
  readonly clientIp: (request: RequestOrigin) => string | null;
  readonly clientAddress: ClientAddressOptions;
  readonly maxBatchSize: number | false;
  /** Told of the security context of each context that was made. */
  readonly onMade: (security: SecurityContext) => void;
  /** The refusal of a caller that has been refused too often; `undefined` for all others. Asks no store. */
  readonly refusalFor?: ((security: SecurityContext) => GraphQLError | undefined) | undefined;
  readonly events: Events;
  readonly words: Wording;
  readonly warn: (message: string) => void;
}

/**
 * Makes one request's context out of what an integration hands over and of the application's own context.
 *
 * @param build makes the application's own context, from the same arguments.
 */
type ContextMaker = <A extends readonly unknown[], C extends object>(
  given: A,
  build: (...given: A) => Promise<C> | C,
  options: ContextFunctionOptions<A>,
) => Promise<C & SecuredContext>;

/** Compiles the options to a function that makes contexts. */
export function createContextMaker(options: ContextOptions): ContextMaker {
  const { authenticate, clientIp, maxBatchSize, refusalFor, onMade, events, words } = options;
  const noticeProxy = createProxyNotice(options.clientAddress, options.warn);
  const noticeAddress = createAddressNotice(options.warn);

  /**
   * A batch that is too large is refused as one, before the server answers each of its elements. Where the integration does not show
   * the body, the limit `maxBatchSize` of `limits` refuses the elements beyond it, one by one.
   */
  function admitBatch(body: unknown, security: SecurityContext): void {
    if (maxBatchSize === false || !Array.isArray(body) || body.length <= maxBatchSize) return;
    const facts = { limit: 'maxBatchSize', actual: body.length, maximum: maxBatchSize };
    const code = 'BATCH_LIMIT_EXCEEDED';
    events.emit({ type: 'limit.exceeded', control: 'limits', code, ...facts }, 'refused', { security });
    throw refuse(code, facts);
  }

  /** Not before its credential is verified: a principal answers for itself, whatever others do at its address. */
  function admit(security: SecurityContext): void {
    const refusal = refusalFor?.(security);
    if (!refusal) return;
    events.emit(buildRefusalEvent('rate-limit', refusal), 'refused', { security });
    throw refusal;
  }

  return async function makeContext(given, build, { requestOf }) {
    try {
      const req = findRequest(given, requestOf);
      if (!req) throw new TypeError(requestOf ? noHeaders : noRequest);
      // A socket that is gone has no address any more, and no client waits for the answer.
      if (req.socket?.destroyed) throw refuse('BAD_REQUEST', { reason: 'the client has gone' });
      const connection = findConnection(req.socket);
      const anonymous = securityContext({ clientIp: clientIp(req), labels: readLabelsOfRequest(req), connection });
      noticeProxy(req);
      noticeAddress(anonymous.clientIp);
      admitBatch(req.body, anonymous);
      const principal = await authenticate(req, anonymous);
      const security = principal ? securityContext({ ...anonymous, principal, connection }) : anonymous;
      admit(security);
      const context = addSecurity(await build(...given), security);
      onMade(security);
      return context;
    } catch (thrown) {
      const shown = exposeHttpError(thrown);
      if (isExpectedError(shown)) throw rewordRefusal(shown, words, undefined);
      const errorId = events.logged('context() failed', thrown);
      events.emit({ type: 'failure', where: 'context', errorId }, 'refused');
      throw rewordRefusal(refuse('INTERNAL_SERVER_ERROR', { extensions: { errorId } }), words, undefined);
    }
  };
}

/** Of an integration that hands over something else. */
const noRequest =
  'bulwark.context() found no HTTP request in what the integration handed over. It knows { req } of standalone servers and ' +
  'Express, { ctx } of Koa, the requests of Fastify and Next.js, { event } of AWS Lambda, and Request of the Fetch standard. ' +
  'Of another server say where it is: bulwark.context(build, { requestOf: (...given) => ... }).';

const noHeaders = 'bulwark.context: requestOf must return a request with headers: an object by name, or Headers.';

/** A copy. A context of a class keeps its methods, as Apollo Server keeps them for each operation. */
export function addSecurity<C extends object>(built: C, security: SecurityContext): C & SecuredContext {
  const context = Object.create(isObject(built) ? Object.getPrototypeOf(built) : Object.prototype) as C;
  const own = { value: security, enumerable: true, writable: true, configurable: true };
  return Object.defineProperty(Object.assign(context, built), 'security', own) as C & SecuredContext;
}

/**
 * What an authenticator of the application's own returned, or an error: `undefined` says neither that there is a caller nor that there is none.
 *
 * @throws {GraphQLError} `UNAUTHENTICATED` for somebody whose credential has ended.
 */
export function requirePrincipal(principal: Principal | null): Principal | null {
  if (principal === null) return null;
  if (typeof principal === 'object') {
    // By name: getters of a class are not in a copy.
    const { id, claims, roles, scopes, authMethod, expiresAt, keyId } = principal;
    const isSomebody = typeof id === 'string' && id !== '' && typeof claims === 'object' && claims !== null;
    const ends = expiresAt === undefined || isNumericDate(expiresAt);
    if (isSomebody && areTexts(roles) && areTexts(scopes) && ends) {
      if (hasEnded({ expiresAt })) throw refuse('UNAUTHENTICATED', { reason: 'expired' });
      // Copies: a session that is kept in memory may change in place, and decisions about this request are remembered.
      return Object.freeze({
        ...principal,
        id,
        claims: Object.freeze({ ...claims }),
        roles: Object.freeze([...roles]),
        scopes: Object.freeze([...scopes]),
        authMethod,
        expiresAt,
        keyId,
      });
    }
  }
  throw new TypeError(
    'authenticate must return null or a Principal: { id, claims, roles, scopes, authMethod }, and expiresAt in seconds. ' +
      `It returned ${describePrincipal(principal)}. Return principal({ id, roles, scopes }) of graphql-bulwark, which fills in ` +
      'the rest, or null where no credential was sent.',
  );
}

/** In words, without a value: it may hold a credential. */
function describePrincipal(value: unknown): string {
  if (typeof value !== 'object' || value === null) return value === undefined ? 'undefined' : `a ${typeof value}`;
  const names = Object.keys(value).filter((name) => /^\w{1,40}$/.test(name));
  return names.length > 0 ? `an object with ${names.slice(0, 10).join(', ')}` : 'an object without properties';
}

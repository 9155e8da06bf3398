/**
 * Room 1: from an HTTP request to a GraphQL context that says who is asking, and from where.
 *
 * Apollo Server shows clients the message of whatever `context()` throws, unless it is a GraphQLError that says what it is.
 * So nothing else leaves here.
 */
import type { IncomingMessage } from 'node:http';
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
  buildRefusalEvent,
  findConnection,
  hasEnded,
  isExpectedError,
  isNumericDate,
  isObject,
  rewordRefusal,
  type Wording,
} from '@graphql-bulwark/core/internal';
import type { GraphQLError } from 'graphql';
import { createProxyNotice } from './warnings/proxy.ts';

/** What Apollo Server's standalone server and its Express and Koa integrations hand to `context()`. */
export interface HttpRequest {
  readonly req: IncomingMessage & { readonly body?: unknown };
}

/** Headers to a principal, or `null` where no credential was sent. A credential that is there and bad throws. */
export type Authenticator = (
  request: IncomingMessage,
  anonymous: SecurityContext,
) => Promise<Principal | null> | Principal | null;

export interface ContextOptions {
  readonly authenticate: Authenticator;
  /** The address of a request, made of `clientAddress`. */
  readonly clientIp: (request: RequestOrigin) => string | null;
  readonly clientAddress: ClientAddressOptions;
  readonly maxBatchSize: number | false;
  /** The refusal of an address or a caller that has been refused too often; `undefined` for all others. Asks no store. */
  readonly refusalFor?: ((security: SecurityContext) => GraphQLError | undefined) | undefined;
  readonly events: Events;
  readonly words: Wording;
  readonly warn: (message: string) => void;
}

/** Compiles the options to a function that makes one request's context out of the application's own. */
export function createContextMaker(
  options: ContextOptions,
): <R extends HttpRequest, C extends object>(
  request: R,
  build: (request: R) => Promise<C> | C,
) => Promise<C & SecuredContext> {
  const { authenticate, clientIp, maxBatchSize, refusalFor, events, words } = options;
  const noticeProxy = createProxyNotice(options.clientAddress, options.warn);

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

  /** Before a credential is verified by address, afterwards by caller. */
  function admit(security: SecurityContext): void {
    const refusal = refusalFor?.(security);
    if (!refusal) return;
    events.emit(buildRefusalEvent('rate-limit', refusal), 'refused', { security });
    throw refusal;
  }

  return async (request, build) => {
    const { req } = request;
    try {
      if (typeof req !== 'object' || req === null) throw new TypeError(noRequest);
      // A socket that is gone has no address any more, and no client waits for the answer.
      if (req.socket?.destroyed) throw refuse('BAD_REQUEST', { reason: 'the client has gone' });
      const connection = findConnection(req.socket);
      const anonymous = securityContext({ clientIp: clientIp(req), connection });
      noticeProxy(req);
      admit(anonymous);
      admitBatch(req.body, anonymous);
      const principal = await authenticate(req, anonymous);
      const security = principal ? securityContext({ ...anonymous, principal, connection }) : anonymous;
      if (principal) admit(security);
      return addSecurity(await build(request), security);
    } catch (thrown) {
      if (isExpectedError(thrown)) throw rewordRefusal(thrown, words, undefined);
      const errorId = events.logged('context() failed', thrown);
      events.emit({ type: 'failure', where: 'context', errorId }, 'refused');
      throw rewordRefusal(refuse('INTERNAL_SERVER_ERROR', { extensions: { errorId } }), words, undefined);
    }
  };
}

/** Of an integration that hands over something else. */
const noRequest =
  'bulwark.context() takes { req }, the http.IncomingMessage, as Express and standalone servers hand it over; ' +
  'of another server make it: context: (...given) => bulwark.context()({ req: ... }).';

/** The same request but for a few properties; the server's own object stays as it is. */
export function deriveRequest(request: IncomingMessage, change: Readonly<Record<string, unknown>>): IncomingMessage {
  const properties = Object.entries(change).map(([name, value]) => [name, { value }]);
  return Object.create(request, Object.fromEntries(properties) as PropertyDescriptorMap) as IncomingMessage;
}

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
  const strings = (list: unknown): boolean => Array.isArray(list) && list.every((item) => typeof item === 'string');
  if (typeof principal === 'object') {
    // By name: getters of a class are not in a copy.
    const { id, claims, roles, scopes, authMethod, expiresAt, keyId } = principal;
    const isSomebody = typeof id === 'string' && id !== '' && typeof claims === 'object' && claims !== null;
    const ends = expiresAt === undefined || isNumericDate(expiresAt);
    if (isSomebody && strings(roles) && strings(scopes) && ends) {
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
    'authenticate must return null or a Principal: { id, claims, roles, scopes, authMethod }, and expiresAt in seconds.',
  );
}

/**
 * Room 1 on servers that hand over their requests in another way than `{ req }`: Fastify, and graphql-ws.
 *
 * Standalone servers and Express need nothing: `context: bulwark.context(...)`.
 */
import type { IncomingMessage } from 'node:http';
import {
  closeSocket,
  endNow,
  type GuardedWebSocket,
  isGuarded,
  type WebSocketLike,
  type WebSocketServerLike,
  webSocket,
} from '@graphql-bulwark/auth';
import {
  aFunction,
  asGraphQLError,
  atLeast,
  deny,
  hasMethods,
  must,
  type OptionTable,
  type Principal,
  readOptions,
  refusalCode,
  type SecuredContext,
  type SecurityContext,
  securityContext,
  securityOf,
} from '@graphql-bulwark/core';
import {
  type ExecutionResult,
  type FormattedExecutionResult,
  GraphQLError,
  type GraphQLSchema,
  getOperationAST,
  isSchema,
  OperationTypeNode,
} from 'graphql';
import type { HttpRequest } from './context.ts';
import type { Bulwark } from './create.ts';

/** A Fastify request, as far as it is used. */
export interface FastifyRequestLike {
  readonly raw: IncomingMessage;
  readonly body?: unknown;
}

/**
 * For `context` of `@as-integrations/fastify`.
 *
 * @example fastifyApolloHandler(server, { context: fastifyContext(bulwark.context(async () => ({ db }))) })
 */
export function fastifyContext<C>(
  context: (request: HttpRequest) => Promise<C>,
): (request: FastifyRequestLike) => Promise<C> {
  aFunction('fastifyContext: context', context);
  return ({ raw, body }) => context({ req: derived(raw, { body }) });
}

/** A connection of graphql-ws over `ws`, as far as it is used. */
export interface WebSocketConnection {
  readonly connectionParams?: Readonly<Record<string, unknown>> | undefined;
  readonly extra: {
    readonly request: IncomingMessage;
    readonly socket: WebSocketLike;
  };
}

export interface WebSocketHooksOptions<C extends SecuredContext> {
  /** What came out of `bulwark.secure()`. */
  readonly schema: GraphQLSchema;
  /** The `WebSocketServer` that `useServer` gets: its sockets count from their upgrade. */
  readonly server: WebSocketServerLike;
  /** Makes the rest of the context, for each operation. */
  readonly context?: ((request: HttpRequest) => Omit<C, 'security'> | Promise<Omit<C, 'security'>>) | undefined;
  /** How long a client may take to send `connection_init`; then its connection is ended. @default 3000 */
  readonly initTimeoutMilliseconds?: number | undefined;
  /** Tokens of a document. @default 2000 */
  readonly maxTokens?: number | undefined;
  /** Operations of one connection that run at a time. @default 20 */
  readonly maxOperations?: number | undefined;
}

/** The defaults are those of `webSocket`. */
const optionTable = {
  schema: {
    required: true,
    check: must('come out of bulwark.secure()', (schema) => isSchema(schema) && isGuarded(schema)),
  },
  server: {
    required: true,
    check: must('be the WebSocketServer that useServer() gets', (server) => hasMethods(server, 'on')),
  },
  context: { check: aFunction },
  initTimeoutMilliseconds: { check: atLeast(1) },
  maxTokens: { check: atLeast(1) },
  maxOperations: { check: atLeast(1) },
} satisfies OptionTable<WebSocketHooksOptions<SecuredContext>>;

/** Options of graphql-ws's `useServer`. */
export interface WebSocketHooks extends Omit<GuardedWebSocket, 'onNext' | 'onError'> {
  readonly onError: (
    ...error: Parameters<GuardedWebSocket['onError']>
  ) => Promise<ReturnType<GuardedWebSocket['onError']>>;
  /** Before each event: who may not ask any more gets none. */
  readonly onNext: (
    ...event: Parameters<GuardedWebSocket['onNext']>
  ) => Promise<ReturnType<GuardedWebSocket['onNext']>>;
}

/**
 * Makes the options by which a WebSocket server of graphql-ws is protected like one over HTTP: every operation is checked, and
 * its errors are masked. `Authorization` and `X-API-Key` may stand in `connectionParams`, where browsers can put them, and are
 * verified as the headers of a request are: for the connection, for each operation and for each event, so that a stream ends
 * when its token does, or is taken back, or when its caller has other roles or scopes than it began with. The option `sockets`
 * of `createBulwark` bounds open sockets, operations and events: a socket counts for its address from its upgrade on, and for its
 * caller when it is let in. One too many is closed with 4403; an operation or an event too many is an error, and the socket stays
 * open.
 *
 * @throws {TypeError} for an invalid option, and for a schema that is not secured.
 * @example useServer(webSocketHooks(bulwark, { schema, server }), server)
 */
export function webSocketHooks<C extends SecuredContext>(
  bulwark: Pick<Bulwark<C>, 'context' | 'clientIp' | 'admit' | 'measure' | 'check' | 'mask' | 'sockets'>,
  given: WebSocketHooksOptions<C>,
): WebSocketHooks {
  const { context, ...options } = readOptions('webSocketHooks', given, optionTable);
  const identify = bulwark.context();
  const make = bulwark.context(context);
  const limits = bulwark.sockets;
  // By what graphql-ws adds to each socket: it is the same object for all hooks.
  const callers = new WeakMap<object, SecurityContext>();
  // By context value. Like a list, a stream is one place: what others put into it is not what its caller asked for.
  const charged = new WeakSet<object>();

  async function orClose<T>(connection: Connected, work: (request: HttpRequest) => Promise<T>): Promise<T> {
    const known = connection as WebSocketConnection;
    try {
      return await work({ req: requestOf(known) });
    } catch (thrown) {
      const unavailable = refusalCode(thrown) === 'SERVICE_UNAVAILABLE';
      // 1013: try again later. 4403: forbidden, as graphql-ws says it.
      closeSocket(known.extra.socket, unavailable ? 1013 : 4403, unavailable ? 'Try again later' : 'Forbidden');
      throw thrown;
    }
  }

  /** By the codes that the client gets: graphql-ws gives those of its own none. */
  function maskedAndCharged(
    result: ExecutionResult,
    contextValue: object,
    security: SecurityContext,
  ): FormattedExecutionResult {
    const told = bulwark.mask(result, contextValue);
    if (told.errors && !charged.has(contextValue)) {
      charged.add(contextValue);
      limits?.refused({ security, data: result.data, errors: told.errors });
    }
    return told;
  }

  const guarded = webSocket<C>({
    ...options,
    admit: bulwark.admit,
    measure: bulwark.measure,
    check: bulwark.check,
    onOpen({ socket, request }) {
      const tooMany = limits?.open(socket, securityContext({ clientIp: bulwark.clientIp(request) }));
      // Not by a hook of graphql-ws: those wait for streams to end, and a silent one may not for hours.
      const gone = (): void => limits?.disconnect(socket);
      if (request.socket.destroyed) gone();
      else request.socket.once('close', gone);
      if (tooMany) endNow(tooMany.socket, 4403, 'Forbidden');
    },
    async authenticate(connection) {
      const extra = connection.extra as WebSocketConnection['extra'];
      limits?.authenticating(extra.socket, true);
      try {
        const { security } = await orClose(connection, identify);
        const refusal = limits?.connect(extra.socket, security);
        if (refusal) throw refusal;
        callers.set(extra, security);
        return security.principal;
      } catch (refusal) {
        limits?.authenticating(extra.socket, false);
        throw refusal;
      }
    },
    async context(connection) {
      // Before anything is parsed: what is invalid has its price as well. No store is asked for more than run at a time.
      const security = callers.get(connection.extra as object);
      const refusal = security && (await limits?.subscribe(security));
      if (refusal) throw refusal;
      return orClose(connection, make);
    },
    // Logs what is unexpected.
    onFailure: (error) => void bulwark.mask({ errors: [asGraphQLError(error)] }, undefined),
  });
  return {
    ...guarded,
    async onNext(socket, _id, _payload, { contextValue, document, operationName }, { data, errors, extensions }) {
      // Anything else has one result, and was counted when it began.
      const isEvent = getOperationAST(document, operationName)?.operation === OperationTypeNode.SUBSCRIPTION;
      const caller = await orClose(socket, async (request) => {
        const identified = await identify(request);
        const before = securityOf(contextValue)?.principal;
        if (isEvent && !haveSameRights(identified.security.principal, before)) throw deny('UNAUTHENTICATED');
        return identified;
      }).catch(() => undefined);
      if (!caller) return { errors: [ended] };
      const refusal = isEvent ? await limits?.next(caller.security, contextValue) : undefined;
      if (refusal) return bulwark.mask({ data: null, errors: [refusal] }, contextValue);
      const result = { ...(data !== undefined && { data }), ...(extensions && { extensions }) };
      return errors && maskedAndCharged({ ...result, errors }, contextValue as object, caller.security);
    },
    async onError(socket, _id, _payload, errors) {
      const caller = await orClose(socket, identify).catch(() => undefined);
      if (!caller) return [ended];
      const originals = errors.map((error) =>
        error instanceof GraphQLError ? error : new GraphQLError(error.message),
      );
      return maskedAndCharged({ errors: originals }, caller, caller.security).errors ?? [];
    },
  };
}

// In place of what a caller who may not ask any more would have got. The socket is closed by then, and lets nothing out; what is
// thrown from a hook, graphql-ws would print.
const ended = deny('UNAUTHENTICATED').toJSON();

/** A stream is executed with the rights that it began with: whoever has others by now has to ask again. */
function haveSameRights(now: Principal | null, before: Principal | null | undefined): boolean {
  if (!now || !before) return !now && !before;
  const rightsOf = ({ id, roles, scopes }: Principal) => JSON.stringify([id, roles.toSorted(), scopes.toSorted()]);
  // A token that is remembered is the same principal for each event.
  return now === before || rightsOf(now) === rightsOf(before);
}

/** As graphql-ws hands it on. */
interface Connected {
  readonly connectionParams?: Readonly<Record<string, unknown>> | undefined;
  readonly extra: unknown;
}

const credentialNames = ['authorization', 'x-api-key'];

/** The upgrade request, with the credentials of `connectionParams` among its headers. One in both places is one too many. */
function requestOf({ connectionParams = {}, extra: { request } }: WebSocketConnection): IncomingMessage {
  const headers: Record<string, string | string[] | undefined> = { ...request.headers };
  const rawHeaders = [...request.rawHeaders];
  for (const [name, value] of Object.entries(connectionParams)) {
    const header = name.toLowerCase();
    if (!credentialNames.includes(header)) continue;
    // What is no text is no credential, and must not pass for none.
    const sent = typeof value === 'string' ? value : '';
    headers[header] = headers[header] === undefined ? sent : [headers[header], sent].flat();
    rawHeaders.push(header, sent);
  }
  return derived(request, { headers, rawHeaders });
}

/** The same request but for a few properties; the server's own object stays as it is. */
function derived(request: IncomingMessage, change: Readonly<Record<string, unknown>>): IncomingMessage {
  const properties = Object.entries(change).map(([name, value]) => [name, { value }]);
  return Object.create(request, Object.fromEntries(properties) as PropertyDescriptorMap) as IncomingMessage;
}

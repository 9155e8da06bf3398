/**
 * Stops: operations over graphql-ws, which runs none of Apollo Server's hooks.
 * Room: `onConnect`, `onSubscribe`, `onNext` and `onError` of graphql-ws; then the guarded schema.
 * Answers: an `error` message with the refusal. Closes a connection that is not let in, or whose caller may ask no more: 4403,
 * or 1013 where we cannot know.
 */
import type { IncomingMessage } from 'node:http';
import { isGuarded } from '@graphql-bulwark/authorization';
import {
  type Principal,
  refuse,
  type SecuredContext,
  type SecurityContext,
  securityContext,
} from '@graphql-bulwark/core';
import {
  type AdmitInput,
  aFunction,
  asGraphQLError,
  atLeast,
  type CheckInput,
  chooseMaxValidationErrors,
  createWording,
  deny,
  findSecurityContext,
  hasEnded,
  hasMethods,
  isAsyncIterable,
  isDevelopment,
  isExpectedError,
  isPromise,
  type MaskResult,
  type MeasureInput,
  maskResult,
  must,
  type OptionTable,
  parseDocument,
  readOptions,
  readRefusalFacts,
  requirePlainObject,
  withConnection,
} from '@graphql-bulwark/core/internal';
import type { SocketLimits } from '@graphql-bulwark/rate-limit';
import {
  type ExecutionArgs,
  type ExecutionResult,
  execute,
  type FormattedExecutionResult,
  GraphQLError,
  type GraphQLFormattedError,
  type GraphQLSchema,
  getOperationAST,
  isSchema,
  OperationTypeNode,
  subscribe,
  validate,
} from 'graphql';
import { addSecurity, requirePrincipal } from '../context.ts';
import {
  type Connection,
  chooseClose,
  findConnection,
  findUpgradeRequest,
  haveSameRights,
  OpenConnection,
} from './connection.ts';
import { isRunning } from './running-operations.ts';
import { endNow, findWebSocket, holdBack, isClosed, type Socket } from './socket.ts';
import { type Upgraded, type WebSocketServerLike, watchUpgrades } from './upgraded-sockets.ts';

/** Each bounds one connection. */
export interface WebSocketBounds {
  /** How long a client may take to send `connection_init`; then its connection is ended. Whole number, 1 or more. @default 3000 */
  readonly initTimeoutMilliseconds?: number | undefined;
  /** Tokens of a document. Whole number, 1 or more. @default 2000 */
  readonly maxTokens?: number | undefined;
  /** Operations of one connection that run at a time. Whole number, 1 or more. @default 20 */
  readonly maxOperations?: number | undefined;
}

/** The parts of which {@link composeWebSocketHooks} makes the hooks. */
export interface WebSocketParts<C extends SecuredContext> extends WebSocketBounds {
  /** What came out of `guardSchema()`. */
  readonly schema: GraphQLSchema;
  /** The `WebSocketServer` that `useServer` gets: its sockets are watched from their upgrade. */
  readonly server: WebSocketServerLike;
  /**
   * The caller of a connection, or `null` for an anonymous one. Asked for the connection, for each operation and for each event,
   * so a credential must be good more than once. The connection is closed for what it throws.
   */
  readonly authenticate: (connection: Connection) => Principal | null | Promise<Principal | null>;
  /** The check of every operation: `checkOperation` with your controls. */
  readonly check: (operation: CheckInput<C>) => Promise<void>;
  /** Before a text is parsed: `admitRequest` with your controls. @default nothing is asked */
  readonly admit?: ((request: AdmitInput<C>) => void) | undefined;
  /** Before a document is validated: `measureDocument` with your controls. @default nothing is asked */
  readonly measure?: ((parsed: MeasureInput<C>) => void) | undefined;
  /** Masks what is sent, or replaces it: called with each result. @default constant texts, as over HTTP; `onFailure` is told of what they stand for */
  readonly mask?: MaskResult | undefined;
  /**
   * The rest of the context, for each operation. With a `security` of its own, `authenticate` is not asked for the operation; its
   * caller must be the one that `authenticate` returns, claims included: a stream ends when they differ.
   */
  readonly context: (connection: Connection) => Omit<C, 'security'> | Promise<Omit<C, 'security'>>;
  /** The address of an upgrade request: `clientAddress(...)`. @default none: all connections share one */
  readonly clientIp?: ((request: IncomingMessage) => string | null) | undefined;
  /** Bounds sockets, operations and events: `rateLimit(...).sockets()`. @default any number */
  readonly limits?: SocketLimits | undefined;
  /** Told in full of what the client must not see. @default nothing is told */
  readonly onFailure?: ((error: unknown) => void) | undefined;
}

const partTable = {
  schema: { required: true, check: must('come out of guardSchema() or secure()', isGuardedSchema) },
  server: { required: true, check: must('be the WebSocketServer that useServer() gets', isServer) },
  authenticate: { required: true, check: aFunction },
  check: { required: true, check: aFunction },
  admit: { check: aFunction },
  measure: { check: aFunction },
  mask: { check: aFunction },
  context: { required: true, check: aFunction },
  clientIp: { default: () => null, check: aFunction },
  limits: { check: requirePlainObject },
  onFailure: { default: () => {}, check: aFunction },
  initTimeoutMilliseconds: { default: 3_000, check: atLeast(1) },
  maxTokens: { default: 2_000, check: atLeast(1) },
  maxOperations: { default: 20, check: atLeast(1) },
} satisfies OptionTable<WebSocketParts<SecuredContext>>;

function isGuardedSchema(value: unknown): boolean {
  return isSchema(value) && isGuarded(value);
}

/** Its sockets are watched from their upgrade. */
function isServer(value: unknown): boolean {
  return hasMethods(value, 'on');
}

interface Payload {
  readonly query: string;
  readonly operationName?: string | null | undefined;
  readonly variables?: Record<string, unknown> | null | undefined;
}

/** `ExecutionResult`, whatever the reader's TypeScript makes of properties that are left out. */
interface Result {
  readonly data?: Record<string, unknown> | null | undefined;
  readonly errors?: readonly GraphQLError[] | undefined;
  readonly extensions?: Record<string, unknown> | undefined;
}

/** Options of graphql-ws's `useServer`. */
export interface WebSocketHooks {
  readonly schema: GraphQLSchema;
  /** Keeps graphql-ws from closing a socket with the words of what was thrown. */
  readonly isProd: boolean;
  readonly connectionInitWaitTimeout: number;
  readonly execute: typeof execute;
  readonly subscribe: typeof subscribe;
  readonly onPing: (socket: Socket) => void;
  readonly onConnect: (socket: Socket) => Promise<boolean>;
  readonly onSubscribe: (
    socket: Socket,
    id: string,
    payload: Payload,
  ) => Promise<ExecutionArgs | readonly GraphQLError[]>;
  /** Before each result: a caller who may not ask any more gets none. */
  readonly onNext: (
    socket: Socket,
    id: string,
    payload: Payload,
    args: ExecutionArgs,
    result: Result,
  ) => Promise<FormattedExecutionResult | undefined>;
  readonly onError: (
    socket: Socket,
    id: string,
    payload: Payload,
    errors: readonly (GraphQLError | GraphQLFormattedError)[],
  ) => Promise<readonly GraphQLFormattedError[]>;
  readonly onDisconnect: (socket: Socket) => void;
}

/**
 * Makes the options by which a WebSocket server of graphql-ws is protected like one over HTTP: each connection is authenticated,
 * each operation checked, each event sent to a caller who may still ask, and errors are masked.
 *
 * @throws {TypeError} for an invalid option, and for a schema that is not guarded.
 * @example
 * useServer(composeWebSocketHooks({
 *   schema,
 *   server,
 *   authenticate: ({ connectionParams: { token } }) => callerOf(token),
 *   check: (operation) => checkOperation(controls, operation, events),
 *   context: () => ({ db }),
 * }), server)
 */
export function composeWebSocketHooks<C extends SecuredContext>(parts: WebSocketParts<C>): WebSocketHooks {
  const settings = readOptions('webSocketHooks', parts, partTable);
  const { schema, server, authenticate, admit, measure, check, context, limits, clientIp, onFailure } = settings;
  const { mask = maskTelling(onFailure), initTimeoutMilliseconds, maxTokens, maxOperations } = settings;
  const maxErrors = chooseMaxValidationErrors();
  const open = new WeakMap<object, OpenConnection>();
  // By context value. Like a list, a stream is one place: what others put into it is not what its caller asked for.
  const charged = new WeakSet<object>();
  const sockets = watchUpgrades({ server, initTimeoutMilliseconds, onOpen: countUpgrade, onFailure });

  function countUpgrade({ socket, request }: Upgraded): void {
    if (!limits) return;
    const tooMany = limits.open(socket, securityContext({ clientIp: clientIp(request) }));
    // Not by a hook of graphql-ws: those wait for streams to end, and a silent one may not for hours.
    const release = (): void => limits.disconnect(socket);
    if (request.socket.destroyed) release();
    else request.socket.once('close', release);
    if (tooMany) endNow(tooMany.socket, 4403, 'Forbidden');
  }

  /** @throws {Error} where the caller may not ask, or not any more. */
  async function identify(socket: Socket): Promise<SecurityContext> {
    const given: Principal | null = await authenticate(findConnection(socket));
    // What is not frozen may change in place, and would then always be the caller that a stream began with.
    const principal = Object.isFrozen(given) ? given : requirePrincipal(given);
    // `undefined` is neither a caller nor an anonymous one.
    if (typeof principal !== 'object') throw new TypeError('authenticate must return a Principal or null.');
    if (hasEnded(principal)) throw refuse('UNAUTHENTICATED', { reason: 'expired' });
    return securityContext({ principal, clientIp: clientIp(findUpgradeRequest(socket)) });
  }

  function refuseConnection(socket: Socket, thrown: unknown): void {
    if (!isExpectedError(thrown)) onFailure(thrown);
    chooseClose(socket, thrown);
  }

  /** Closes the connection, and returns `undefined`, where its caller may ask no more, or not with the rights of before. */
  async function identifyAgain(
    socket: Socket,
    mayGoOn: (now: Principal | null) => boolean = () => true,
  ): Promise<SecurityContext | undefined> {
    try {
      const security = await identify(socket);
      if (mayGoOn(security.principal)) return security;
      throw refuse('UNAUTHENTICATED', { reason: 'other rights' });
    } catch (thrown) {
      refuseConnection(socket, thrown);
      return undefined;
    }
  }

  function leave(socket: Socket): void {
    open.get(socket)?.end();
    open.delete(socket);
  }

  async function prepare(
    socket: Socket,
    id: string,
    { query, operationName, variables }: Payload,
  ): Promise<ExecutionArgs | readonly GraphQLError[]> {
    const connection = open.get(socket);
    if (!connection) throw deny('UNAUTHENTICATED');
    if (hasEnded(connection.security.principal)) throw deny('UNAUTHENTICATED', { reason: 'expired' });
    return connection.running.admit(id, async (client) => {
      // Before anything is parsed: what is invalid has its price as well. No store is asked for more than run at a time.
      const refusal = await limits?.subscribe(connection.security);
      if (refusal) throw refusal;
      const built = await context(findConnection(socket));
      const security = findSecurityContext(built) ?? (await identifyAgain(socket));
      if (!security) throw deny('UNAUTHENTICATED');
      const contextValue = addSecurity(built, withConnection(security, client)) as unknown as C;
      admit?.({ source: query, operationName, variables, contextValue });
      const document = parseDocument(query, { maxTokens });
      measure?.({ schema, document, operationName, contextValue });
      const errors = validate(schema, document, undefined, { maxErrors, hideSuggestions: true });
      if (errors.length > 0) return errors;
      await check({ schema, document, operationName, variables, contextValue, source: query });
      return { schema, document, operationName, variableValues: variables, contextValue };
    });
  }

  /** Charged by the codes that the client gets: graphql-ws gives those of its own none. */
  function maskAndCharge(
    result: ExecutionResult,
    contextValue: object,
    security: SecurityContext,
  ): FormattedExecutionResult {
    const shown = mask(result, contextValue);
    if (shown.errors && !charged.has(contextValue)) {
      charged.add(contextValue);
      limits?.refused({ security, data: result.data, errors: shown.errors });
    }
    return shown;
  }

  return {
    schema,
    isProd: true,
    connectionInitWaitTimeout: initTimeoutMilliseconds,
    execute: (args) => toStream(isRunning(args, execute, onFailure)),
    subscribe: (args) => toStream(isRunning(args, subscribe, onFailure)),
    // A ping has its answer also before a connection is let in.
    onPing: holdBack,
    async onConnect(socket) {
      const webSocket = findWebSocket(socket.extra);
      try {
        sockets.saidInit(socket);
        if (webSocket) limits?.authenticating(webSocket, true);
        const security = await identify(socket);
        const refusal = webSocket && limits?.connect(webSocket, security);
        if (refusal) throw refusal;
        // One that has closed by now would be waited for until its credential ends.
        if (isClosed(socket)) return false;
        open.set(socket, new OpenConnection(socket, security, maxOperations, () => leave(socket)));
        return true;
      } catch (thrown) {
        if (webSocket) limits?.authenticating(webSocket, false);
        refuseConnection(socket, thrown);
        return false;
      }
    },
    async onSubscribe(socket, id, payload) {
      try {
        return await prepare(socket, id, payload);
      } catch (thrown) {
        return [asGraphQLError(thrown), ...(readRefusalFacts(thrown)?.also ?? [])];
      }
    },
    async onNext(socket, _id, _payload, { contextValue, document, operationName }, { data, errors, extensions }) {
      // Anything else has one result, and was counted when it began.
      const isEvent = getOperationAST(document, operationName)?.operation === OperationTypeNode.SUBSCRIPTION;
      const before = findSecurityContext(contextValue)?.principal;
      const security = await identifyAgain(socket, (now) => !isEvent || haveSameRights(now, before));
      if (!security) return { errors: [ended] };
      const refusal = isEvent ? await limits?.next(security, contextValue) : undefined;
      if (refusal) return mask({ data: null, errors: [refusal] }, contextValue);
      const rest = { ...(data !== undefined && { data }), ...(extensions && { extensions }) };
      return maskAndCharge({ ...rest, ...(errors && { errors }) }, contextValue as object, security);
    },
    async onError(socket, _id, _payload, errors) {
      const security = await identifyAgain(socket);
      if (!security) return [ended];
      const originals = errors.map((error) =>
        error instanceof GraphQLError ? error : new GraphQLError(error.message),
      );
      return maskAndCharge({ errors: originals }, { security }, security).errors ?? [];
    },
    onDisconnect: leave,
  };
}

// In place of what a caller who may not ask any more would have got. The socket is closed by then, and lets nothing out; what is
// thrown from a hook, graphql-ws would print.
const ended = deny('UNAUTHENTICATED').toJSON();

/** @param onFailure told of each error that is masked: without events there is no log. */
function maskTelling(onFailure: (error: unknown) => void): MaskResult {
  const words = createWording({});
  return (result, contextValue) =>
    maskResult(result, {
      schemaDetails: isDevelopment(),
      words: (code) => words(code, contextValue),
      onMasked(error) {
        onFailure(error);
        return undefined;
      },
    });
}

/**
 * One result, as a stream of one. What fails to be written of a stream becomes an error of the operation, which is masked and told
 * of; of a single result it closes the socket, and every other operation of the client ends with it.
 */
function toStream<T>(result: T): T {
  if (isAsyncIterable(result)) return result;
  if (isPromise(result)) return result.then(toStream) as T;
  return streamOnce(result) as T;
}

/** Not a closure: a generator function that is made for each answer would keep the answer in memory until a full collection. */
async function* streamOnce<T>(result: T): AsyncGenerator<T, void> {
  yield result;
}

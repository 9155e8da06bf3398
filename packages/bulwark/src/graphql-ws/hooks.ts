/**
 * Stops: operations over graphql-ws that no control has checked, because graphql-ws runs none of Apollo Server's hooks.
 * Room: `onConnect`, `onSubscribe`, `onNext` and `onError` of graphql-ws; then the guarded schema.
 * Answers: an `error` message with the refusal. A connection whose caller is refused is closed with 4403, and with 1013 where the caller
 * could not be verified.
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
  readLabelsOfRequest,
  readOptions,
  readRefusalFacts,
  requirePlainObject,
  withConnection,
} from '@graphql-bulwark/core/internal';
import type { SocketLimits } from '@graphql-bulwark/rate-limit';
import {
  type ExecutionArgs,
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
  closeConnection,
  findConnection,
  findUpgradeRequest,
  haveSameRights,
  OpenConnection,
} from './connection.ts';
import { executeCounted } from './running-operations.ts';
import { closeSocket, endNow, findWebSocket, holdBack, isClosed, type Socket } from './socket.ts';
import { type Upgraded, type WebSocketServerLike, watchUpgrades } from './upgraded-sockets.ts';

/** Limits of one connection. */
export interface WebSocketBounds {
  /** Milliseconds in which a client must send `connection_init`, or its connection is ended. Whole number, 1 or more. @default 3000 */
  readonly initTimeoutMilliseconds?: number | undefined;
  /** Tokens of a document. Whole number, 1 or more. @default 3000 */
  readonly maxTokens?: number | undefined;
  /** Operations of one connection that run at a time. Whole number, 1 or more. @default 20 */
  readonly maxOperations?: number | undefined;
}

/** The parts of which {@link composeWebSocketHooks} makes the hooks. */
export interface WebSocketParts<C extends SecuredContext> extends WebSocketBounds {
  /** The schema that `guardSchema()` returned. */
  readonly schema: GraphQLSchema;
  /** The `WebSocketServer` that is passed to `useServer`, too: its sockets are watched from their upgrade on. */
  readonly server: WebSocketServerLike;
  /**
   * Returns the caller of a connection, or `null` for an anonymous one. Called for the connection, for each operation and for each event,
   * so a credential must be valid more than once. If it throws, the connection is closed.
   */
  readonly authenticate: (connection: Connection) => Principal | null | Promise<Principal | null>;
  /** The check of every operation: `checkOperation` with your controls. */
  readonly check: (operation: CheckInput<C>) => Promise<void>;
  /** Called before a text is parsed: `admitRequest` with your controls. Returns the text to execute. Left out: nothing is checked then. */
  readonly admit?: ((request: AdmitInput<C>) => string) | undefined;
  /** Called before a document is validated: `measureDocument` with your controls. Left out: nothing is checked then. */
  readonly measure?: ((parsed: MeasureInput<C>) => void) | undefined;
  /** Masks the errors of each result, or replaces the result. Left out: errors get constant texts, as over HTTP, and `onFailure` gets the originals. */
  readonly mask?: MaskResult | undefined;
  /**
   * Makes the rest of the context, for each operation. If the result has a `security`, `authenticate` is not called for the operation. Its
   * caller must then be the one that `authenticate` returns, claims included, because a stream ends when they differ.
   */
  readonly context: (connection: Connection) => Omit<C, 'security'> | Promise<Omit<C, 'security'>>;
  /** Returns the address of an upgrade request: `clientAddress(...)`. Left out: `null`, so limits by address count all as one. */
  readonly clientIp?: ((request: IncomingMessage) => string | null) | undefined;
  /** Limits of sockets, operations and events: `rateLimit(...).sockets()`. Left out: any number of each. */
  readonly limits?: SocketLimits | undefined;
  /** Gets the errors that the client must not see. Left out: they are dropped. */
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
  maxTokens: { default: 3_000, check: atLeast(1) },
  maxOperations: { default: 20, check: atLeast(1) },
} satisfies OptionTable<WebSocketParts<SecuredContext>>;

function isGuardedSchema(value: unknown): boolean {
  return isSchema(value) && isGuarded(value);
}

function isServer(value: unknown): boolean {
  return hasMethods(value, 'on');
}

/** The payload of a `subscribe` message. */
interface Payload {
  readonly query: string;
  readonly operationName?: string | null | undefined;
  readonly variables?: Record<string, unknown> | null | undefined;
}

/** `ExecutionResult`, written out so that it fits with and without `exactOptionalPropertyTypes` of an application's TypeScript. */
interface Result {
  readonly data?: Record<string, unknown> | null | undefined;
  readonly errors?: readonly GraphQLError[] | undefined;
  readonly extensions?: Record<string, unknown> | undefined;
}

/** A result as the budget of refusals counts it. */
interface Counted {
  readonly data?: Result['data'];
  readonly errors?: Parameters<SocketLimits['refused']>[0]['errors'] | undefined;
}

/** Options of graphql-ws's `useServer`. */
export interface WebSocketHooks {
  readonly schema: GraphQLSchema;
  /** `true`: graphql-ws would otherwise close a socket with the message of an error. */
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
  /** Runs before each result is sent. A caller whose rights have ended gets none. */
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
  // Context values of operations that have been charged for denials. A stream is charged once, like a list: its items come from others, and
  // its caller did not ask for each.
  const charged = new WeakSet<object>();
  const sockets = watchUpgrades({ server, initTimeoutMilliseconds, onOpen: countUpgrade, onFailure });

  function countUpgrade({ socket, request }: Upgraded): void {
    if (!limits) return;
    const tooMany = limits.open(socket, securityContext({ clientIp: clientIp(request) }));
    // The hooks of graphql-ws wait for streams to end, which can take hours, so the socket itself is watched.
    const release = (): void => limits.disconnect(socket);
    if (request.socket.destroyed) release();
    else request.socket.once('close', release);
    if (tooMany) endNow(tooMany.socket, 4403, 'Forbidden');
  }

  /** Authenticates the caller of a connection. @throws {Error} for a credential that is invalid, expired or cannot be verified. */
  async function identify(socket: Socket): Promise<SecurityContext> {
    const given: Principal | null = await authenticate(findConnection(socket));
    // An object that is not frozen could change in place, and comparing it with the caller at the start of a stream would show nothing.
    const principal = Object.isFrozen(given) ? given : requirePrincipal(given);
    // `undefined` is neither a caller nor `null` for an anonymous one: probably a `return` was forgotten.
    if (typeof principal !== 'object') throw new TypeError('authenticate must return a Principal or null.');
    if (hasEnded(principal)) throw refuse('UNAUTHENTICATED', { reason: 'expired' });
    const upgrade = findUpgradeRequest(socket);
    return securityContext({ principal, clientIp: clientIp(upgrade), labels: readLabelsOfRequest(upgrade) });
  }

  function refuseConnection(socket: Socket, thrown: unknown): void {
    if (!isExpectedError(thrown)) onFailure(thrown);
    closeConnection(socket, thrown);
  }

  /**
   * Authenticates again. Where the credential is not valid any more, or `mayGoOn` is false, it closes the connection and returns
   * `undefined`.
   */
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
    payload: Payload,
  ): Promise<ExecutionArgs | readonly GraphQLError[]> {
    const { operationName, variables } = payload;
    const connection = open.get(socket);
    if (!connection) throw deny('UNAUTHENTICATED');
    if (hasEnded(connection.security.principal)) throw deny('UNAUTHENTICATED', { reason: 'expired' });
    return connection.running.admit(id, async (client) => {
      // Charged before anything is parsed, because invalid operations take time as well. It stands inside `running.admit`, so that no more
      // operations than may run at a time ask the store.
      const refusal = await limits?.subscribe(connection.security);
      if (refusal) throw refusal;
      const built = await context(findConnection(socket));
      const security = findSecurityContext(built) ?? (await identifyAgain(socket));
      if (!security) throw deny('UNAUTHENTICATED');
      const contextValue = addSecurity(built, withConnection(security, client)) as unknown as C;
      const parameters = payload as unknown as Readonly<Record<string, unknown>>;
      const sent = { source: payload.query, operationName, variables, parameters, contextValue };
      const query = admit ? admit(sent) : payload.query;
      const document = parseDocument(query, { maxTokens });
      measure?.({ schema, document, source: query, operationName, contextValue });
      const errors = validate(schema, document, undefined, { maxErrors, hideSuggestions: true });
      if (errors.length > 0) return errors;
      await check({ schema, document, operationName, variables, contextValue, source: query });
      return { schema, document, operationName, variableValues: variables, contextValue };
    });
  }

  /** @throws {Error} under graphql-ws 5, which hands over the message in place of its id: no operation could be checked. */
  function requireVersion6(socket: Socket, id: unknown): void {
    if (typeof id === 'string') return;
    const error = new Error(needsVersion6);
    onFailure(error);
    const webSocket = findWebSocket(socket.extra);
    // Here, so that version 5 does not close it with the words of the error.
    if (webSocket) closeSocket(webSocket, 4500, 'Internal server error');
    throw error;
  }

  /** Charges the refusals of a result. @returns the refusal to send in its place, where its caller is above the budget of refusals. */
  function charge(
    { data, errors = [] }: Counted,
    contextValue: object,
    security: SecurityContext,
    executed?: ExecutionArgs,
  ): GraphQLError | undefined {
    if (!limits || charged.has(contextValue)) return undefined;
    charged.add(contextValue);
    const definition = executed && getOperationAST(executed.document, executed.operationName);
    if (!executed || !definition) return limits.refused({ security, data, errors });
    const { document, variableValues } = executed;
    const operation = { operation: definition, document, rawVariables: variableValues ?? {} };
    return limits.refused({ security, data, errors, operation });
  }

  return {
    schema,
    isProd: true,
    connectionInitWaitTimeout: initTimeoutMilliseconds,
    execute: (args) => toStream(executeCounted(args, execute, onFailure)),
    subscribe: (args) => toStream(executeCounted(args, subscribe, onFailure)),
    // graphql-ws answers pings also before a connection is let in, and a client may leave those answers unread.
    onPing: holdBack,
    async onConnect(socket) {
      const webSocket = findWebSocket(socket.extra);
      try {
        sockets.saidInit(socket);
        if (webSocket) limits?.markAuthenticating(webSocket, true);
        const security = await identify(socket);
        const refusal = webSocket && limits?.connect(webSocket, security);
        if (refusal) throw refusal;
        // A socket may have closed in the meantime. Its connection would be kept until the credential expires.
        if (isClosed(socket)) return false;
        open.set(socket, new OpenConnection(socket, security, maxOperations, () => leave(socket)));
        return true;
      } catch (thrown) {
        if (webSocket) limits?.markAuthenticating(webSocket, false);
        refuseConnection(socket, thrown);
        return false;
      }
    },
    async onSubscribe(socket, id, payload) {
      requireVersion6(socket, id);
      try {
        return await prepare(socket, id, payload);
      } catch (thrown) {
        return [asGraphQLError(thrown), ...(readRefusalFacts(thrown)?.also ?? [])];
      }
    },
    async onNext(socket, _id, _payload, args, { data, errors, extensions }) {
      const { document, operationName } = args;
      const contextValue = args.contextValue as object;
      // A query or mutation has one result, and was charged when it began.
      const isEvent = getOperationAST(document, operationName)?.operation === OperationTypeNode.SUBSCRIPTION;
      const before = findSecurityContext(contextValue)?.principal;
      const security = await identifyAgain(socket, (now) => !isEvent || haveSameRights(now, before));
      if (!security) return { errors: [ended] };
      const tooMany = isEvent ? await limits?.next(security, contextValue) : undefined;
      const rest = { ...(data !== undefined && { data }), ...(extensions && { extensions }) };
      // Also without errors: a result above a bound of execution is replaced.
      const shown = mask({ ...rest, ...(errors && { errors }) }, contextValue);
      // Of an operation that ran as they are: the client gets the first of them alone.
      const counted = { data, errors: data === undefined ? shown.errors : errors };
      const refusal = tooMany ?? (isEvent && !errors ? undefined : charge(counted, contextValue, security, args));
      return refusal ? mask({ data: null, errors: [refusal] }, contextValue) : shown;
    },
    async onError(socket, _id, _payload, errors) {
      const security = await identifyAgain(socket);
      if (!security) return [ended];
      const originals = errors.map((error) =>
        error instanceof GraphQLError ? error : new GraphQLError(error.message),
      );
      const contextValue = { security };
      const shown = mask({ errors: originals }, contextValue);
      // By the codes that the client gets: errors of graphql-ws have none.
      const refusal = charge({ errors: shown.errors }, contextValue, security);
      return (refusal ? mask({ errors: [refusal] }, contextValue) : shown).errors ?? [];
    },
    onDisconnect: leave,
  };
}

const needsVersion6 =
  'webSocketHooks needs graphql-ws 6 or newer, and these hooks were called by an older version: npm install graphql-ws@6.';

// The result for a caller whose rights have ended. The socket is closed by then and sends nothing, but graphql-ws needs a result: it would
// print an error that a hook throws.
const ended = deny('UNAUTHENTICATED').toJSON();

/** Masks errors with constant texts. @param onFailure gets each error that is masked, because without events there is no log. */
function maskTelling(onFailure: (error: unknown) => void): MaskResult {
  const words = createWording({});
  return function maskWithConstantTexts(result, contextValue) {
    return maskResult(result, {
      schemaDetails: isDevelopment(),
      words: (code) => words(code, contextValue),
      onMasked(error) {
        onFailure(error);
        return undefined;
      },
    });
  };
}

/**
 * Makes a stream of one item of a single result. If a result cannot be serialised, graphql-ws makes an error of a stream, which is masked
 * and reported; but for a single result it closes the socket, and all other operations of the client end with it.
 */
function toStream<T>(result: T): T {
  if (isAsyncIterable(result)) return result;
  if (isPromise(result)) return result.then(toStream) as T;
  return streamOnce(result) as T;
}

/** This is no closure, because a generator function made for each result would keep the result in memory until a full collection. */
async function* streamOnce<T>(result: T): AsyncGenerator<T, void> {
  yield result;
}

/**
 * Stops: operations over graphql-ws, which runs none of Apollo Server's hooks.
 * Room: `onConnect` and `onSubscribe` of graphql-ws; then the guarded schema.
 * Answers: an `error` message with the refusal; closes with 4403 a connection that is not let in, or whose credential ended.
 */
import {
  type AdmitInput,
  asGraphQLError,
  type CheckInput,
  checkFunctions,
  deny,
  factsOfRefusal,
  hasEnded,
  isPromise,
  knownOptions,
  longestTimer,
  type MeasureInput,
  maxValidationErrors,
  type Principal,
  parseDocument,
  type SecuredContext,
  type SecurityContext,
  securityContext,
  show,
  wholeNumber,
} from '@graphql-bulwark/core';
import {
  type ExecutionArgs,
  execute,
  type FormattedExecutionResult,
  GraphQLError,
  type GraphQLFormattedError,
  type GraphQLSchema,
  subscribe,
  validate,
} from 'graphql';
import { isGuarded } from './marker.ts';
import { RunningOperations, runs } from './running-operations.ts';
import { close, holdBack, isClosed, type Socket, watch } from './socket.ts';
import { shownErrors } from './socket-errors.ts';
import { isAsyncIterable } from './stream.ts';
import { type Upgraded, type WebSocketServerLike, watchUpgrades } from './upgraded-sockets.ts';

/** What a connection is known by. */
export interface Connection {
  /** As the client sent them in `connection_init`. */
  readonly connectionParams: Readonly<Record<string, unknown>>;
  /** What the WebSocket library adds: with `ws`, `{ socket, request }`. */
  readonly extra: unknown;
}

export interface WebSocketOptions<C extends SecuredContext> {
  /** What came out of `guardSchema()`. */
  readonly schema: GraphQLSchema;
  /** The `WebSocketServer` that `useServer` gets: its sockets are watched from their upgrade. */
  readonly server: WebSocketServerLike;
  /** The caller of a connection, or `null` for an anonymous one. What it throws refuses the connection. */
  readonly authenticate: (connection: Connection) => Principal | null | Promise<Principal | null>;
  /** The check of every operation: `bulwark.check`, or `checkOperation` with your controls. */
  readonly check: (operation: CheckInput<C>) => Promise<void>;
  /** Before a text is parsed: `bulwark.admit`, or `admitRequest` with your controls. @default nothing is asked */
  readonly admit?: ((request: AdmitInput<C>) => void) | undefined;
  /** Before a document is validated: `bulwark.measure`, or `measureDocument` with your controls. @default nothing is asked */
  readonly measure?: ((parsed: MeasureInput<C>) => void) | undefined;
  /** The rest of the context, made anew for each operation. */
  readonly context: (connection: Connection) => Omit<C, 'security'> | Promise<Omit<C, 'security'>>;
  /** The address of a connection, for rate limits. @default none: all connections share one */
  readonly clientIp?: ((connection: Connection) => string | null) | undefined;
  /** Told of each socket as soon as it is open, before its client has said anything: here sockets are counted. @default nobody */
  readonly onOpen?: ((upgraded: Upgraded) => void) | undefined;
  /** How long a client may take to send `connection_init`; then its connection is ended. Whole number, 1 or more. @default 3000 */
  readonly initTimeoutMilliseconds?: number | undefined;
  /** Tokens of a document. Whole number, 1 or more. @default 2000 */
  readonly maxTokens?: number | undefined;
  /** Operations of one connection that run at a time. Whole number, 1 or more. @default 20 */
  readonly maxOperations?: number | undefined;
  /** Told in full of what the client must not see. @default nobody */
  readonly onFailure?: ((error: unknown) => void) | undefined;
}

const optionNames = [
  'schema',
  'server',
  'authenticate',
  'check',
  'admit',
  'measure',
  'context',
  'clientIp',
  'onOpen',
  'initTimeoutMilliseconds',
  'maxTokens',
  'maxOperations',
  'onFailure',
];

interface Known {
  readonly connection: Connection;
  readonly security: SecurityContext;
  readonly running: RunningOperations;
  timer?: NodeJS.Timeout;
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

/** The options of graphql-ws that this sets. */
export interface GuardedWebSocket {
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
  readonly onNext: (
    socket: Socket,
    id: string,
    payload: Payload,
    args: ExecutionArgs,
    result: Result,
  ) => FormattedExecutionResult | undefined;
  readonly onError: (
    socket: Socket,
    id: string,
    payload: Payload,
    errors: readonly (GraphQLError | GraphQLFormattedError)[],
  ) => readonly GraphQLFormattedError[];
  readonly onDisconnect: (socket: Socket) => void;
}

/**
 * Options for `useServer` of graphql-ws: each connection authenticated, each operation checked like one over HTTP.
 *
 * @throws {TypeError} for options that cannot be meant, and for a schema that is not guarded.
 * @example useServer(webSocket({ schema, server, authenticate, check: bulwark.check, context: () => ({ db }) }), server)
 */
export function webSocket<C extends SecuredContext>(options: WebSocketOptions<C>): GuardedWebSocket {
  knownOptions('webSocket', options, optionNames);
  const { schema, server, authenticate, admit, measure, check, context, onOpen } = options;
  const { clientIp = () => null, onFailure = () => {} } = options;
  for (const [name, value] of Object.entries({ authenticate, check, context })) {
    if (typeof value !== 'function')
      throw new TypeError(`webSocket: ${name} must be a function, but is ${show(value)}.`);
  }
  const maxTokens = wholeNumber('maxTokens', options.maxTokens ?? 2_000);
  const maxOperations = wholeNumber('maxOperations', options.maxOperations ?? 20);
  const maxErrors = maxValidationErrors();
  if (!isGuarded(schema)) throw new TypeError('webSocket: pass the schema through guardSchema() or secure() first.');
  const initTimeoutMilliseconds = wholeNumber('initTimeoutMilliseconds', options.initTimeoutMilliseconds ?? 3_000);
  checkFunctions({ 'webSocket: onOpen': onOpen });
  const sockets = watchUpgrades({ server, initTimeoutMilliseconds, onOpen, onFailure });
  const known = new WeakMap<object, Known>();

  const closeAtEnd = (socket: Socket, entry: Known): void => {
    const expiresAt = entry.security.principal?.expiresAt;
    if (expiresAt === undefined) return;
    const left = expiresAt * 1_000 - Date.now();
    if (!(left > 0)) {
      close(socket);
      return;
    }
    // A later end is waited for in steps.
    entry.timer = setTimeout(closeAtEnd, Math.min(left, longestTimer), socket, entry).unref();
  };

  const gone = (socket: Socket): void => {
    const entry = known.get(socket);
    clearTimeout(entry?.timer);
    entry?.running.end();
    known.delete(socket);
  };

  async function run(
    socket: Socket,
    { query, operationName, variables }: Payload,
  ): Promise<ExecutionArgs | readonly GraphQLError[]> {
    const entry = known.get(socket);
    if (!entry) throw deny('UNAUTHENTICATED');
    if (hasEnded(entry.security.principal)) throw deny('UNAUTHENTICATED', { reason: 'expired' });
    return entry.running.admit(async () => {
      // A context that brings its own has asked again who this is.
      const contextValue = { security: entry.security, ...(await context(entry.connection)) } as unknown as C;
      admit?.({ source: query, operationName, variables, contextValue });
      const document = parseDocument(query, { maxTokens });
      measure?.({ schema, document, operationName, contextValue });
      const errors = validate(schema, document, undefined, { maxErrors, hideSuggestions: true });
      if (errors.length > 0) return errors;
      await check({ schema, document, operationName, variables, contextValue, source: query });
      return { schema, document, operationName, variableValues: variables, contextValue };
    });
  }

  const shown = (errors: readonly GraphQLError[]): GraphQLFormattedError[] => shownErrors(errors, onFailure);

  return {
    schema,
    isProd: true,
    connectionInitWaitTimeout: initTimeoutMilliseconds,
    execute: (args) => asStream(runs(args, execute, onFailure)),
    subscribe: (args) => asStream(runs(args, subscribe, onFailure)),
    // A ping has its answer also before a connection is let in.
    onPing: holdBack,
    async onConnect(socket) {
      try {
        sockets.saidInit(socket);
        const connection = { connectionParams: socket.connectionParams ?? {}, extra: socket.extra };
        const principal = await authenticate(connection);
        // What is neither somebody nor nobody must not pass for nobody.
        if (typeof principal !== 'object') throw new TypeError('authenticate must return a Principal or null.');
        // One that has closed by now would be waited for until its credential ends.
        if (hasEnded(principal) || isClosed(socket)) {
          close(socket);
          return false;
        }
        const security = securityContext({ principal, clientIp: clientIp(connection) });
        const entry: Known = { connection, security, running: new RunningOperations(maxOperations) };
        known.set(socket, entry);
        closeAtEnd(socket, entry);
        watch(socket, () => gone(socket));
        return true;
      } catch (error) {
        onFailure(error);
        close(socket);
        return false;
      }
    },
    async onSubscribe(socket, _id, payload) {
      try {
        return await run(socket, payload);
      } catch (error) {
        return [asGraphQLError(error), ...(factsOfRefusal(error)?.also ?? [])];
      }
    },
    onNext: (_socket, _id, _payload, _args, { data, errors, extensions }) =>
      errors && { ...(data !== undefined && { data }), errors: shown(errors), ...(extensions && { extensions }) },
    onError: (_socket, _id, _payload, errors) =>
      shown(errors.map((error) => (error instanceof GraphQLError ? error : new GraphQLError(error.message)))),
    onDisconnect: gone,
  };
}

/**
 * One result, as a stream of one. What fails to be written of a stream becomes an error of the operation, which is masked and told
 * of; of a single result it closes the socket, and every other operation of the client ends with it.
 */
function asStream<T>(result: T): T {
  if (isAsyncIterable(result)) return result;
  if (isPromise(result)) return result.then(asStream) as T;
  return streamOnce(result) as T;
}

/** Not a closure: a generator function that is made for each answer would keep the answer in memory until a full collection. */
async function* streamOnce<T>(result: T): AsyncGenerator<T, void> {
  yield result;
}

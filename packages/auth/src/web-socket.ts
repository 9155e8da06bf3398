/**
 * Stops: operations over graphql-ws, which runs none of Apollo Server's hooks.
 * Room: `onConnect` and `onSubscribe` of graphql-ws; then the guarded schema.
 * Answers: an `error` message with the refusal; closes with 4403 a connection that is not let in, or whose credential ended.
 */
import {
  type AdmitInput,
  aFunction,
  asGraphQLError,
  atLeast,
  type CheckInput,
  deny,
  factsOfRefusal,
  hasEnded,
  isDevelopment,
  longestTimer,
  type MeasureInput,
  maxValidationErrors,
  must,
  type OptionTable,
  type Principal,
  readOptions,
  type SecuredContext,
  type SecurityContext,
  securityContext,
} from '@graphql-bulwark/core';
import {
  type ExecutionArgs,
  execute,
  type FormattedExecutionResult,
  GraphQLError,
  type GraphQLFormattedError,
  type GraphQLSchema,
  isSchema,
  parse,
  subscribe,
  validate,
} from 'graphql';
import { isGuarded } from './marker.ts';
import { RunningOperations, runs } from './running-operations.ts';
import { close, holdBack, isClosed, type Socket, watch } from './socket.ts';
import { shownErrors } from './socket-errors.ts';

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
  /** Tokens of a document. Whole number, 1 or more. @default 2000 */
  readonly maxTokens?: number | undefined;
  /** Operations of one connection that run at a time. Whole number, 1 or more. @default 20 */
  readonly maxOperations?: number | undefined;
  /** Told in full of what the client must not see. @default nobody */
  readonly onFailure?: ((error: unknown) => void) | undefined;
}

const optionTable = {
  schema: { required: true, check: must('come out of guardSchema() or secure()', isGuardedSchema) },
  authenticate: { required: true, check: aFunction },
  check: { required: true, check: aFunction },
  admit: { check: aFunction },
  measure: { check: aFunction },
  context: { required: true, check: aFunction },
  clientIp: { default: () => null, check: aFunction },
  maxTokens: { default: 2_000, check: atLeast(1) },
  maxOperations: { default: 20, check: atLeast(1) },
  onFailure: { default: () => {}, check: aFunction },
} satisfies OptionTable<WebSocketOptions<SecuredContext>>;

function isGuardedSchema(value: unknown): boolean {
  return isSchema(value) && isGuarded(value);
}

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
  /** What is thrown in a socket is shown to nobody but a developer. */
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
 * @throws {TypeError} for an invalid option, and for a schema that is not guarded.
 * @example useServer(webSocket({ schema, authenticate, check: bulwark.check, context: () => ({ db }) }), webSocketServer)
 */
export function webSocket<C extends SecuredContext>(options: WebSocketOptions<C>): GuardedWebSocket {
  const settings = readOptions('webSocket', options, optionTable);
  const { schema, authenticate, admit, measure, check, context, clientIp, onFailure } = settings;
  const { maxTokens, maxOperations } = settings;
  const maxErrors = maxValidationErrors();
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
      admit?.({ source: query, variables, contextValue });
      const document = parse(query, { maxTokens });
      measure?.({ schema, document, contextValue });
      const errors = validate(schema, document, undefined, { maxErrors, hideSuggestions: true });
      if (errors.length > 0) return errors;
      await check({ schema, document, operationName, variables, contextValue, source: query });
      return { schema, document, operationName, variableValues: variables, contextValue };
    });
  }

  const shown = (errors: readonly GraphQLError[]): GraphQLFormattedError[] => shownErrors(errors, onFailure);

  return {
    schema,
    isProd: !isDevelopment(),
    connectionInitWaitTimeout: 3_000,
    execute: (args) => runs(args, execute, onFailure),
    subscribe: (args) => runs(args, subscribe, onFailure),
    // A ping has its answer also before a connection is let in.
    onPing: holdBack,
    async onConnect(socket) {
      try {
        const connection = { connectionParams: socket.connectionParams ?? {}, extra: socket.extra };
        const principal = await authenticate(connection);
        // What is neither somebody nor nobody must not pass for nobody.
        if (typeof principal !== 'object') throw new TypeError('authenticate must return a Principal or null.');
        // One that has closed by now would be waited for until its credential ends.
        if (hasEnded(principal) || isClosed(socket)) return false;
        const security = securityContext({ principal, clientIp: clientIp(connection) });
        const entry: Known = { connection, security, running: new RunningOperations(maxOperations) };
        known.set(socket, entry);
        closeAtEnd(socket, entry);
        watch(socket, () => gone(socket));
        return true;
      } catch (error) {
        onFailure(error);
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

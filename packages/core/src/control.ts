/**
 * The contract of a control: an object of plain functions, each of which may refuse. A request walks through five rooms, of
 * which a control can stand in three: admit, measure and check. `context()` is before them, execution after them.
 */
import type {
  DocumentNode,
  ExecutionResult,
  GraphQLError,
  GraphQLFormattedError,
  GraphQLSchema,
  OperationDefinitionNode,
} from 'graphql';
import { type EventDetails } from './events/security-event.ts';
import type { OperationFacts } from './operation/metrics.ts';
import type { OperationState } from './operation/operation-state.ts';
import type { SecurityContext } from './security-context.ts';

/** Room 2, admit: the request before its text is parsed. */
export interface IncomingRequest<C = unknown> {
  /** The query text as sent; `undefined` when the client sent only a persisted-query hash. */
  readonly source: string | undefined;
  /** Variables as the client sent them. */
  readonly variables: Readonly<Record<string, unknown>> | undefined;
  /** The `extensions` of the request, as the client sent them. */
  readonly extensions: Readonly<Record<string, unknown>> | undefined;
  readonly security: SecurityContext;
  readonly contextValue: C;
  /** Position in the HTTP batch; 0 outside a batch. */
  readonly batchIndex: number;
  /**
   * Reads what the client sent under a name beside those that GraphQL servers know: a key of the JSON body or of the WebSocket
   * message, or a parameter of the URL of a GET request. Several parameters of one name are a list.
   */
  readonly parameter: (name: string) => unknown;
  /** As {@link ResolvedOperation.isExempt}. */
  readonly isExempt: (control: string) => boolean;
}

/** The text of a document, as far as it is known where a control is asked about it. */
export interface DocumentText {
  /** As sent, or as found by its hash; `undefined` outside HTTP, and where the client sent only a hash that is not known yet. */
  readonly source: string | undefined;
  /** `undefined` before the text was parsed. */
  readonly document?: DocumentNode | undefined;
}

/**
 * Room 3, measure: a document that comes for the first time, before validation. Without principal and variables, since the
 * result is cached.
 */
export interface ParsedDocument {
  readonly document: DocumentNode;
  readonly schema: GraphQLSchema;
  /** As {@link ResolvedOperation.isExempt}. */
  readonly isExempt: (control: string) => boolean;
}

/** Room 4, check: the operation that will be executed. What controls share is computed at most once. */
export interface ResolvedOperation<C = unknown> {
  readonly schema: GraphQLSchema;
  readonly document: DocumentNode;
  readonly operation: OperationDefinitionNode;
  /** The query text, even if the client sent only its hash; `undefined` outside HTTP. */
  readonly source: string | undefined;
  /** Variables as the client sent them. */
  readonly rawVariables: Readonly<Record<string, unknown>>;
  /** Coerced variables. @throws {GraphQLError} a `BAD_USER_INPUT` refusal when they cannot be coerced. */
  readonly variables: Readonly<Record<string, unknown>>;
  /** Counts of fields, aliases, depth and more. */
  readonly facts: OperationFacts;
  /** An anonymous one where the context has none. */
  readonly security: SecurityContext;
  readonly contextValue: C;
  /**
   * What controls and guarded resolvers remember of this run of the operation. If a check has read it, the execution finds
   * the same one; each later event of a subscription has its own. No value in it may refer to the context.
   */
  readonly state: OperationState;
  /** Reads a header of the HTTP request by its lower-case name; `undefined` outside HTTP. */
  readonly header: (name: string) => string | undefined;
  /** Whether the transport asks `answer` before it executes, and calls `respond` with every answer. */
  readonly answerable: boolean;
  /** Tells later controls for which fields no resolver will run, so that these are not charged. */
  readonly denies: (isDenied: (coordinate: string) => boolean) => void;
  /** Whether an earlier control denies this caller the field. */
  readonly isDenied: (coordinate: string) => boolean;
  /**
   * Whether another control exempts this document from what the control of this name checks for everyone. What comes beside the
   * document (variables, batches) and what a caller may do is checked all the same.
   */
  readonly isExempt: (control: string) => boolean;
  /** Marks the answer as one that depends on the caller, so that no shared cache may keep it. */
  readonly neverCache: () => void;
  /** Sends an event that refuses nothing. */
  readonly report: (details: EventDetails) => void;
  /** Logs an error in full and sends a `failure` event. What to answer is up to the control. */
  readonly failed: (where: string, error: unknown) => void;
}

/** The answer, before it is sent. */
export interface OutgoingAnswer<C = unknown> {
  /** `undefined` when the request ended before an operation was resolved. */
  readonly operation: ResolvedOperation<C> | undefined;
  /** Response headers. In a batch all answers share one set. */
  readonly headers: Map<string, string>;
  /** Whether the answer is one element of an HTTP batch. */
  readonly isBatched: boolean;
  /** What the client gets as `data`; `undefined` or `null` where nothing was executed or all of it failed. */
  readonly data: Readonly<Record<string, unknown>> | null | undefined;
  /** The errors before they are masked and formatted: an application's `formatError` may write other codes on them. */
  readonly errors: readonly (GraphQLError | GraphQLFormattedError)[];
  /** Adds an entry to the `extensions` of the answer. */
  readonly extend: (name: string, value: unknown) => void;
  /**
   * Replaces the whole answer by one error without data, and reports it; outside a batch with its status. For bounds that are
   * known only after execution. Of several refusals the first counts. In `report` mode the answer stays as it is.
   */
  readonly refuse: (refusal: Refusal) => void;
  /** An anonymous one where the context has none. */
  readonly security: SecurityContext;
  /** Sends an event that refuses nothing. */
  readonly report: (details: EventDetails) => void;
  /** Logs an error in full and sends a `failure` event. */
  readonly failed: (where: string, error: unknown) => void;
}

/** The server that a control is about to protect. */
export interface StartingServer {
  /** The schema that it serves from now on. */
  readonly schema: GraphQLSchema;
  /** Sends a `config.warning` event. */
  readonly warn?: ((message: string) => void) | undefined;
  /** Sends an event that refuses nothing. */
  readonly report?: ((details: EventDetails) => void) | undefined;
}

/**
 * One protection. Each function refuses by throwing an error that `refuse()` built. Any other error is logged, and the
 * request is refused with `INTERNAL_SERVER_ERROR`.
 */
export interface Control<C = unknown> {
  /** Names the control in events. Unique within one guard. */
  readonly name: string;
  /** `report`: a refusal becomes an event, and the request goes on. @default 'enforce' */
  readonly mode?: 'enforce' | 'report' | undefined;
  /**
   * Called once, while the server starts and before `start`: reads what takes time.
   *
   * @throws {Error} to keep the server from starting.
   */
  open?(): void | Promise<void>;
  /**
   * Called while the server starts, and for each schema that replaces the first.
   *
   * @throws {Error} to keep it from serving this schema.
   */
  start?(server: StartingServer): void;
  /**
   * Room 2, before `admit` of any control: finds the text of a document that the request names by an id. The text that the
   * first control returns is executed in place of what was sent, and the hash that came with it is not registered. `undefined`:
   * the text stays as it was sent. Synchronous.
   */
  load?(request: IncomingRequest<C>): string | undefined;
  /** Whether a document is exempt from what another control checks of documents. Synchronous; must be quick, and not throw. */
  exempts?(text: DocumentText, control: string): boolean;
  /** Room 2: checks the text of the request and its variables as they were sent. Synchronous. */
  admit?(request: IncomingRequest<C>): void;
  /**
   * Room 3: checks the size of a document, once per document. A refused document is never validated. Synchronous; not called
   * in `report` mode.
   */
  measure?(document: ParsedDocument): void;
  /**
   * Room 4, before all checks: finds the schema as this caller may know it; `undefined` for all of it. A document that is not
   * valid there is refused as Apollo Server refuses unknown fields, even if Apollo Server has refused the request for another
   * reason.
   */
  view?(request: { readonly schema: GraphQLSchema; readonly contextValue: C }): GraphQLSchema | undefined;
  /** Room 4: checks the operation. Called in the order of the controls. */
  check?(operation: ResolvedOperation<C>): void | Promise<void>;
  /**
   * Called after every check, where {@link ResolvedOperation.answerable}: an answer in place of execution, or `undefined` to
   * execute.
   */
  answer?(operation: ResolvedOperation<C>): ExecutionResult | undefined | Promise<ExecutionResult | undefined>;
  /**
   * Called with each answer. May add headers and extensions. A refusal that it throws is answered in place of what was
   * executed, so it must not be one where something was written: 429 tells clients that nothing has run. Other errors are
   * logged.
   */
  respond?(answer: OutgoingAnswer<C>): void;
  /** Called while the server stops: releases timers and connections. */
  stop?(): void | Promise<void>;
}

/** What a control throws: an error that `refuse()` built. */
export type Refusal = GraphQLError;

/** The contract of a control: one subject, one factory, one object of plain functions that may refuse. */
import type {
  DocumentNode,
  ExecutionResult,
  GraphQLError,
  GraphQLFormattedError,
  GraphQLSchema,
  OperationDefinitionNode,
} from 'graphql';
import type { EventDetails } from './events/events.ts';
import type { OperationFacts } from './operation/metrics.ts';
import type { OperationState } from './operation/operation-state.ts';
import type { SecurityContext } from './security-context.ts';

/** Room 2: the request before it is parsed. */
export interface IncomingRequest<C = unknown> {
  /** The query text as sent; `undefined` when the client sent only a persisted-query hash. */
  readonly source: string | undefined;
  readonly variables: Readonly<Record<string, unknown>> | undefined;
  readonly extensions: Readonly<Record<string, unknown>> | undefined;
  readonly security: SecurityContext;
  readonly contextValue: C;
  /** Position in the HTTP batch; 0 outside a batch. */
  readonly batchIndex: number;
}

/** Room 3: a document seen for the first time, before validation. No principal, no variables: the verdict is cached. */
export interface ParsedDocument {
  readonly document: DocumentNode;
  readonly schema: GraphQLSchema;
}

/** Room 4: the operation that will run, with everything that controls share computed at most once. */
export interface ResolvedOperation<C = unknown> {
  readonly schema: GraphQLSchema;
  readonly document: DocumentNode;
  readonly operation: OperationDefinitionNode;
  /** The query text, also where the client sent only its hash; `undefined` outside HTTP. */
  readonly source: string | undefined;
  /** Variables as the client sent them. */
  readonly rawVariables: Readonly<Record<string, unknown>>;
  /** Coerced variables. @throws a `BAD_USER_INPUT` refusal when they do not coerce. */
  readonly variables: Readonly<Record<string, unknown>>;
  readonly facts: OperationFacts;
  /** Anonymous when the context carries none. */
  readonly security: SecurityContext;
  readonly contextValue: C;
  /**
   * What controls and guards remember of this run of the operation. Where the check has read it, the execution finds the same
   * one; the further events of a subscription have their own. No value in it may lead to the context.
   */
  readonly state: OperationState;
  /** A header of the HTTP request, by its lower-case name; `undefined` outside HTTP. */
  readonly header: (name: string) => string | undefined;
  /** Whether the transport takes the answer of a control in place of executing, and calls `respond` with every answer. */
  readonly answerable: boolean;
  /** Tells later controls for which fields no resolver will run: they owe nothing for them. */
  readonly denies: (isDenied: (coordinate: string) => boolean) => void;
  /** Whether an earlier control denies this caller the field. */
  readonly isDenied: (coordinate: string) => boolean;
  /** Says that the answer depends on who asks, so that no shared cache may keep it. */
  readonly neverCache: () => void;
  /** Tells the operator something that refuses nothing. */
  readonly report: (details: EventDetails) => void;
  /** Logs an error in full and tells the operator of a `failure`; what to answer is up to the control. */
  readonly failed: (where: string, error: unknown) => void;
}

/** On the way out. */
export interface OutgoingAnswer<C = unknown> {
  /** `undefined` when the request ended before an operation was resolved. */
  readonly operation: ResolvedOperation<C> | undefined;
  /** Response headers. In a batch all answers share one set. */
  readonly headers: Map<string, string>;
  readonly isBatched: boolean;
  /** What the client gets as `data`; `undefined` or `null` where nothing was executed or all of it failed. */
  readonly data: Readonly<Record<string, unknown>> | null | undefined;
  /** The errors of the answer, neither masked nor formatted: an application may write other codes on them. */
  readonly errors: readonly (GraphQLError | GraphQLFormattedError)[];
  /** Adds an entry to the `extensions` of the answer. */
  readonly extend: (name: string, value: unknown) => void;
  /** Anonymous when the context carries none. */
  readonly security: SecurityContext;
  /** Tells the operator something that refuses nothing. */
  readonly report: (details: EventDetails) => void;
  /** Logs an error in full and tells the operator of a `failure`. */
  readonly failed: (where: string, error: unknown) => void;
}

/** The server that a control is about to protect. */
export interface StartingServer {
  readonly schema: GraphQLSchema;
  /** Tells the operator of what is allowed and may still surprise. */
  readonly warn?: ((message: string) => void) | undefined;
}

/**
 * One protection. Each function refuses by throwing what `refuse()` made; any other error is logged and denied as
 * `INTERNAL_SERVER_ERROR`.
 */
export interface Control<C = unknown> {
  /** Names the control in events. */
  readonly name: string;
  /** `report`: what would be refused becomes an event and nothing is refused. @default 'enforce' */
  readonly mode?: 'enforce' | 'report' | undefined;
  /** While the server starts, and for each schema that replaces the first. @throws to keep it from serving this schema. */
  start?(server: StartingServer): void;
  /** Room 2, synchronous: sees the request text and raw variables. */
  admit?(request: IncomingRequest<C>): void;
  /** Room 3, synchronous, once per document: a refused document is never validated. Not called in `report` mode. */
  measure?(document: ParsedDocument): void;
  /**
   * Room 4, before all checks: the schema as this caller may know it, or `undefined` for all of it. What does not fit it is
   * refused as Apollo Server refuses what does not exist, also where Apollo Server refused the request for another reason.
   */
  view?(request: { readonly schema: GraphQLSchema; readonly contextValue: C }): GraphQLSchema | undefined;
  /** Room 4, in the order of the controls. */
  check?(operation: ResolvedOperation<C>): void | Promise<void>;
  /** After every check: an answer in place of execution. Asked only where {@link ResolvedOperation.answerable} says so. */
  answer?(operation: ResolvedOperation<C>): ExecutionResult | undefined | Promise<ExecutionResult | undefined>;
  /** On the way out. May set headers, may not refuse. */
  respond?(answer: OutgoingAnswer<C>): void;
  /** While the server stops: releases timers and connections. */
  stop?(): void | Promise<void>;
}

/** What a control throws. */
export type Refusal = GraphQLError;

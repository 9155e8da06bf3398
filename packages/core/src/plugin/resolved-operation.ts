/**
 * The operation that a request selects, with what controls share of it. What costs time (coerced variables, facts, state) is
 * computed when a control first reads it, and once.
 */
import { type DocumentNode, type GraphQLSchema, getVariableValues, type OperationDefinitionNode } from 'graphql';
import type { ResolvedOperation } from '../control.ts';
import { deny, refuse } from '../errors/refuse.ts';
import { buildInvalidFacts } from '../errors/schema-details.ts';
import type { EventOrigin, Events } from '../events/events.ts';
import { chooseMaxValidationErrors } from '../lib/environment.ts';
import { countOperationFacts, type OperationFacts } from '../operation/metrics.ts';
import { handOverState, type OperationState } from '../operation/operation-state.ts';
import { findSecurityContext, type SecurityContext, securityContext } from '../security-context.ts';

/** One operation, parsed and valid, as its transport knows it. */
export interface CheckInput<C = unknown> {
  /** The whole schema, which executes the operation. */
  readonly schema: GraphQLSchema;
  readonly document: DocumentNode;
  /** Selects the operation where the document has several. */
  readonly operationName?: string | null | undefined;
  /** Variables as the client sent them. Left out: none. */
  readonly variables?: Readonly<Record<string, unknown>> | null | undefined;
  readonly contextValue: C;
  /** The query text, where the transport has it. */
  readonly source?: string | undefined;
  /** Reads a header of the HTTP request by its lower-case name. Left out: there is no HTTP request. */
  readonly header?: ((name: string) => string | undefined) | undefined;
  /** Called when the answer depends on the caller, so that no shared cache may keep it. */
  readonly neverCache?: (() => void) | undefined;
}

/** {@link CheckInput} after the document was validated for this caller. */
export interface ResolveInput<C> extends CheckInput<C> {
  /** The schema as this caller may know it; `undefined` for all of it. */
  readonly view: GraphQLSchema | undefined;
  /** As {@link ResolvedOperation.answerable}. @default false */
  readonly answerable?: boolean;
}

/** A resolved operation, and what only the pipeline asks of it. */
export interface CheckedOperation<C> extends ResolvedOperation<C> {
  /** Whether this caller may know a part of the schema only. */
  readonly hasView: boolean;
}

/** Builds what the controls are given. Nothing is computed before a control reads it. */
export function resolveOperation<C>(
  input: ResolveInput<C>,
  operation: OperationDefinitionNode,
  events: Events,
): CheckedOperation<C> {
  return new Operation(input, operation, events);
}

/**
 * A class, because an object literal with getters costs each request some microseconds.
 *
 * Its functions are initialised where they are declared. JavaScript engines may place a function that is assigned to a
 * property (`this.report = () => ...`) among the objects that live long. This object can be reached from the context, which
 * Apollo's request holds: the whole answer would then stay in memory until the next full garbage collection.
 */
class Operation<C> implements CheckedOperation<C> {
  readonly hasView: boolean;
  readonly answerable: boolean;
  readonly schema: GraphQLSchema;
  readonly document: DocumentNode;
  readonly operation: OperationDefinitionNode;
  readonly source: string | undefined;
  readonly rawVariables: Readonly<Record<string, unknown>>;
  readonly contextValue: C;
  readonly security: SecurityContext;
  readonly header: CheckedOperation<C>['header'] = (name) => this.#input.header?.(name);
  readonly denies: CheckedOperation<C>['denies'] = (isDenied) => {
    this.#isDenied = isDenied;
  };
  readonly isDenied: CheckedOperation<C>['isDenied'] = (coordinate) => this.#isDenied?.(coordinate) === true;
  readonly neverCache: CheckedOperation<C>['neverCache'] = () => this.#input.neverCache?.();
  readonly report: CheckedOperation<C>['report'] = (details) => this.#events.emit(details, 'noted', readOrigin(this));
  readonly failed: CheckedOperation<C>['failed'] = (where, error) =>
    this.report({ type: 'failure', where, errorId: this.#events.logged(where, error) });
  readonly #input: ResolveInput<C>;
  readonly #events: Events;
  #isDenied: ((coordinate: string) => boolean) | undefined;
  #variables: Readonly<Record<string, unknown>> | undefined;
  #state: OperationState | undefined;

  constructor(input: ResolveInput<C>, operation: OperationDefinitionNode, events: Events) {
    const { schema, view, document, contextValue, source, variables, answerable } = input;
    this.#input = input;
    this.#events = events;
    this.hasView = view !== undefined;
    this.answerable = answerable === true;
    this.schema = schema;
    this.document = document;
    this.operation = operation;
    this.source = source;
    this.rawVariables = variables ?? {};
    this.contextValue = contextValue;
    this.security = findSecurityContext(contextValue) ?? securityContext();
  }

  get variables(): Readonly<Record<string, unknown>> {
    this.#variables ??= coerceVariables(this.#input.view ?? this.schema, this.operation, this.rawVariables);
    return this.#variables;
  }

  get state(): OperationState {
    this.#state ??= handOverState(this.contextValue, this.operation);
    return this.#state;
  }

  get facts(): OperationFacts {
    return countOperationFacts(this.document, this.operation);
  }
}

/** Reads what an event says of the operation that it is about. */
export function readOrigin({ security, operation }: ResolvedOperation): EventOrigin {
  return { security, operationType: operation.operation, operationName: operation.name?.value };
}

/**
 * Coerces variables as graphql-js's `execute` does (GraphQL specification, section 6.1.2). The client gets the messages of
 * graphql-js, without suggestions.
 *
 * @throws {GraphQLError} a `BAD_USER_INPUT` refusal with one error per reason, at most 20.
 */
function coerceVariables(
  schema: GraphQLSchema,
  operation: OperationDefinitionNode,
  rawVariables: Readonly<Record<string, unknown>>,
): Readonly<Record<string, unknown>> {
  const { coerced, errors } = getVariableValues(schema, operation.variableDefinitions ?? [], rawVariables, {
    // Each error prints the whole value, which can have thousands of keys.
    maxErrors: chooseMaxValidationErrors(),
    hideSuggestions: true,
  });
  if (!errors) return coerced;
  const [first, ...rest] = errors.map(buildInvalidFacts);
  throw refuse('BAD_USER_INPUT', { ...first, also: rest.map((facts) => deny('BAD_USER_INPUT', facts)) });
}

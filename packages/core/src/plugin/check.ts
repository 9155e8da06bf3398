/** Room 4 without a transport: what the Apollo plugin, a WebSocket adapter or a test calls before anything is executed. */
import {
  type DocumentNode,
  type GraphQLSchema,
  getOperationAST,
  getVariableValues,
  type OperationDefinitionNode,
} from 'graphql';
import type { Control, ResolvedOperation } from '../control.ts';
import { deny, refuse } from '../errors/refusal.ts';
import { factsOfInvalid } from '../errors/schema-details.ts';
import type { EventOrigin, Events } from '../events/events.ts';
import { maxValidationErrors } from '../lib/environment.ts';
import type { OperationFacts } from '../operation/metrics.ts';
import { operationFacts } from '../operation/metrics.ts';
import { chooseOperation, listOperations } from '../operation/named-operation.ts';
import { handOverState, type OperationState } from '../operation/operation-state.ts';
import { type SecurityContext, securityContext, securityOf } from '../security-context.ts';
import { errorsUnder, invalid, missingRoots, viewOf } from './schema-view.ts';
import { eventOf, verdict } from './verdict.ts';

/** One operation, parsed and valid, as its transport knows it. */
export interface CheckInput<C = unknown> {
  readonly schema: GraphQLSchema;
  readonly document: DocumentNode;
  readonly operationName?: string | null | undefined;
  readonly variables?: Readonly<Record<string, unknown>> | null | undefined;
  readonly contextValue: C;
  readonly source?: string | undefined;
  /** A header of the HTTP request, where there is one. */
  readonly header?: ((name: string) => string | undefined) | undefined;
  /** Called when the answer depends on who asks. */
  readonly neverCache?: (() => void) | undefined;
}

/** @throws {GraphQLError} the refusal of the first control that says no; `BAD_REQUEST` when no operation can be selected. */
export async function checkOperation<C>(
  controls: readonly Control<C>[],
  input: CheckInput<C>,
  events: Events,
): Promise<void> {
  const view = vet(controls, input, events);
  const operation = getOperationAST(input.document, input.operationName);
  if (!operation) throw refuse('BAD_REQUEST', { reason: 'no such operation' });
  await runChecks(controls, resolveOperation({ ...input, view }, operation, events), events);
}

export async function runChecks<C>(
  controls: readonly Control<C>[],
  operation: Resolved<C>,
  events: Events,
): Promise<void> {
  for (const control of controls) {
    try {
      const pending = control.check?.(operation);
      if (pending) await pending;
    } catch (thrown) {
      const refusal = verdict(control, thrown, events, originOf(operation));
      if (refusal) throw refusal;
    }
  }
  // What this caller may not know does not coerce; execution knows the whole schema and would take it.
  if (operation.hasView) void operation.variables;
}

/** The schema as this caller may know it. @throws the refusal of a document that does not fit it. */
export function vet<C>(
  controls: readonly Control<C>[],
  input: Pick<CheckInput<C>, 'schema' | 'document' | 'operationName' | 'contextValue'>,
  events: Events,
): GraphQLSchema | undefined {
  const { document, operationName, contextValue } = input;
  const origin = (): EventOrigin => ({
    security: securityOf(contextValue),
    ...chooseOperation(listOperations(document), operationName),
  });
  let view: GraphQLSchema | undefined;
  try {
    view = viewOf(controls, input);
  } catch (thrown) {
    throw verdict({ name: 'view' }, thrown, events, origin());
  }
  const errors = view ? errorsUnder(view, document) : missingRoots(input.schema, document);
  if (errors.length === 0) return view;
  const refusal = invalid(errors);
  events.emit(eventOf('view', refusal), 'refused', origin());
  throw refusal;
}

/** Gathers what controls share; what costs something is computed when it is first read. */
export function resolveOperation<C>(
  input: ResolveInput<C>,
  operation: OperationDefinitionNode,
  events: Events,
): Resolved<C> {
  return new Operation(input, operation, events);
}

type ResolveInput<C> = CheckInput<C> & { readonly view: GraphQLSchema | undefined; readonly answerable?: boolean };

/**
 * A class: an object literal with getters would cost each request some microseconds.
 *
 * Its functions are initialised where they are declared. JavaScript engines may place a function that is assigned to a property
 * (`this.report = () => ...`) among the objects that live long; as it reaches the context, which reaches Apollo's request, the
 * whole answer would then stay in memory until the next full garbage collection.
 */
class Operation<C> implements Resolved<C> {
  readonly hasView: boolean;
  readonly answerable: boolean;
  readonly schema: GraphQLSchema;
  readonly document: DocumentNode;
  readonly operation: OperationDefinitionNode;
  readonly source: string | undefined;
  readonly rawVariables: Readonly<Record<string, unknown>>;
  readonly contextValue: C;
  readonly security: SecurityContext;
  readonly header: Resolved<C>['header'] = (name) => this.#input.header?.(name);
  readonly denies: Resolved<C>['denies'] = (isDenied) => {
    this.#isDenied = isDenied;
  };
  readonly isDenied: Resolved<C>['isDenied'] = (coordinate) => this.#isDenied?.(coordinate) === true;
  readonly neverCache: Resolved<C>['neverCache'] = () => this.#input.neverCache?.();
  readonly report: Resolved<C>['report'] = (details) => this.#events.emit(details, 'noted', originOf(this));
  readonly failed: Resolved<C>['failed'] = (where, error) =>
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
    this.security = securityOf(contextValue) ?? securityContext();
  }

  get variables(): Readonly<Record<string, unknown>> {
    this.#variables ??= coerce(this.#input.view ?? this.schema, this.operation, this.rawVariables);
    return this.#variables;
  }

  get state(): OperationState {
    this.#state ??= handOverState(this.contextValue, this.operation);
    return this.#state;
  }

  get facts(): OperationFacts {
    return operationFacts(this.document, this.operation);
  }
}

/** An operation with what only this room asks about. */
export interface Resolved<C> extends ResolvedOperation<C> {
  readonly hasView: boolean;
}

export function originOf({ security, operation }: ResolvedOperation): EventOrigin {
  return { security, operationType: operation.operation, operationName: operation.name?.value };
}

/** The same coercion as graphql-js's `execute`, whose words the client gets, without suggestions. */
function coerce(
  schema: GraphQLSchema,
  operation: OperationDefinitionNode,
  rawVariables: Readonly<Record<string, unknown>>,
): Readonly<Record<string, unknown>> {
  const { coerced, errors } = getVariableValues(schema, operation.variableDefinitions ?? [], rawVariables, {
    // Each error prints the whole value, which can have thousands of keys.
    maxErrors: maxValidationErrors(),
    hideSuggestions: true,
  });
  if (!errors) return coerced;
  const [first, ...rest] = errors.map(factsOfInvalid);
  throw refuse('BAD_USER_INPUT', { ...first, also: rest.map((facts) => deny('BAD_USER_INPUT', facts)) });
}

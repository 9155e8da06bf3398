/** Rooms 2 and 3: what is asked of a request before its document is validated, whatever brought it. */

import {
  type DocumentNode,
  type GraphQLError,
  type GraphQLSchema,
  getOperationAST,
  getVariableValues,
  Kind,
  type OperationDefinitionNode,
  OperationTypeNode,
  parse,
  type SelectionNode,
  validate,
} from 'graphql';
import { type Control, type IncomingRequest, type ParsedDocument, type ResolvedOperation } from '../control.ts';
import { REFUSALS } from '../errors/codes.ts';
import { deny, readRefusalCode, readRefusalFacts, refuse } from '../errors/refuse.ts';
import { buildInvalidFacts, listErrorTexts } from '../errors/schema-details.ts';
import { type EventOrigin, type Events } from '../events/events.ts';
import { type EventDetails } from '../events/security-event.ts';
import { FieldWalk, indexFragments } from '../operation/collect-fields.ts';
import { countOperationFacts, type OperationFacts } from '../operation/metrics.ts';
import { chooseOperation, listOperations } from '../operation/named-operation.ts';
import { measureNesting } from '../operation/nesting.ts';
import { handOverState, type OperationState } from '../operation/operation-state.ts';
import { findSecurityContext, type SecurityContext, securityContext } from '../security-context.ts';
import { type Refused } from './refused-document.ts';
import { findMissingRoots, findSchemaView, refuseInvalid, validateUnderView } from './schema-view.ts';

/** @returns the refusal of the first control that does not let the request in; the operator has been told. */
export function findAdmitRefusal<C>(
  controls: readonly Control<C>[],
  incoming: IncomingRequest<C>,
  events: Events,
  origin: EventOrigin,
): GraphQLError | undefined {
  for (const control of controls) {
    try {
      control.admit?.(incoming);
    } catch (thrown) {
      const refusal = reportThrown(control, thrown, events, origin);
      if (refusal) return refusal;
    }
  }
  return findNestingRefusal(incoming.source, events, origin);
}

/**
 * Brackets within each other that any server takes. Parsing, validating and printing a document are recursive: somewhat deeper ones
 * overflow the stack in one of them, and in another one with each version of the runtime. No client writes nearly as many.
 */
const maxNesting = 1_500;

/** Whatever the limits are, and also where they only report: a document that cannot be handled is the client's, and no failure. */
function findNestingRefusal(source: string | undefined, events: Events, origin: EventOrigin): GraphQLError | undefined {
  const actual = source === undefined ? 0 : measureNesting(source, maxNesting);
  if (!(actual > maxNesting)) return undefined;
  const refusal = refuse('DEPTH_LIMIT_EXCEEDED', { limit: 'nesting', actual, maximum: maxNesting });
  return reportThrown({ name: 'guard' }, refusal, events, origin);
}

/** @returns what the operator is still to be told: a document is judged once, and refused as often as it comes. */
export function findMeasureRefusal<C>(
  controls: readonly Control<C>[],
  parsed: ParsedDocument,
  events: Events,
): Refused | undefined {
  for (const control of controls) {
    if (control.mode === 'report') continue;
    try {
      control.measure?.(parsed);
    } catch (thrown) {
      if (readRefusalCode(thrown)) return { control: control.name, refusal: thrown as GraphQLError };
      events.logged(`control '${control.name}' failed`, thrown);
      return { control: control.name, refusal: refuse('INTERNAL_SERVER_ERROR') };
    }
  }
  if (!hasConditionalRoot(parsed.document)) return undefined;
  return { control: 'guard', refusal: refuse('BAD_REQUEST', { reason: 'a condition at the root of a subscription' }) };
}

/**
 * Does for a text what a server does for one that is not in its cache of documents. What is hidden may stand in that cache, what
 * does not exist never does: without this work the refusal would come twenty times sooner, and tell.
 */
export function repeatUncachedWork<C>(
  controls: readonly Control<C>[],
  schema: GraphQLSchema,
  source: string,
  events: Events,
): void {
  const document = parse(source);
  findMeasureRefusal(controls, { document, schema }, events);
  validate(schema, document, undefined, { hideSuggestions: true });
}

/** One request over a transport that runs no Apollo plugin, before its text is parsed. */
export interface AdmitInput<C = unknown> {
  readonly source: string;
  readonly operationName?: string | null | undefined;
  readonly variables?: Readonly<Record<string, unknown>> | null | undefined;
  readonly contextValue: C;
}

/** Room 2 without a transport. @throws {GraphQLError} the refusal. */
export function admitRequest<C>(controls: readonly Control<C>[], input: AdmitInput<C>, events: Events): void {
  const { source, operationName, variables, contextValue } = input;
  const security = findSecurityContext(contextValue) ?? securityContext();
  const incoming = { source, variables: variables ?? {}, extensions: undefined, security, contextValue, batchIndex: 0 };
  const refusal = findAdmitRefusal(controls, incoming, events, { security, operationName });
  if (refusal) throw refusal;
}

/** A document before it is validated. */
export interface MeasureInput<C = unknown> {
  readonly schema: GraphQLSchema;
  readonly document: DocumentNode;
  readonly operationName?: string | null | undefined;
  readonly contextValue: C;
}

/**
 * Room 3 without a transport, and whether the document fits what this caller may know of the schema: validation against all of
 * it would tell.
 *
 * @throws {GraphQLError} the refusal.
 */
export function measureDocument<C>(controls: readonly Control<C>[], input: MeasureInput<C>, events: Events): void {
  const refused = findMeasureRefusal(controls, input, events);
  if (refused) {
    const security = findSecurityContext(input.contextValue);
    const operation = chooseOperation(listOperations(input.document), input.operationName);
    events.emit(buildRefusalEvent(refused.control, refused.refusal), 'refused', { security, ...operation });
    throw refused.refusal;
  }
  validateForCaller(controls, input, events);
}

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
  const view = validateForCaller(controls, input, events);
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
      const refusal = reportThrown(control, thrown, events, readOrigin(operation));
      if (refusal) throw refusal;
    }
  }
  // What this caller may not know does not coerce; execution knows the whole schema and would take it.
  if (operation.hasView) void operation.variables;
}

/** The schema as this caller may know it. @throws the refusal of a document that does not fit it. */
export function validateForCaller<C>(
  controls: readonly Control<C>[],
  input: Pick<CheckInput<C>, 'schema' | 'document' | 'operationName' | 'contextValue'>,
  events: Events,
): GraphQLSchema | undefined {
  const { document, operationName, contextValue } = input;
  const origin = (): EventOrigin => ({
    security: findSecurityContext(contextValue),
    ...chooseOperation(listOperations(document), operationName),
  });
  let view: GraphQLSchema | undefined;
  try {
    view = findSchemaView(controls, input);
  } catch (thrown) {
    throw reportThrown({ name: 'view' }, thrown, events, origin());
  }
  const errors = view ? validateUnderView(view, document) : findMissingRoots(input.schema, document);
  if (errors.length === 0) return view;
  const refusal = refuseInvalid(errors);
  events.emit(buildRefusalEvent('view', refusal), 'refused', origin());
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
  readonly report: Resolved<C>['report'] = (details) => this.#events.emit(details, 'noted', readOrigin(this));
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

/** An operation with what only this room asks about. */
export interface Resolved<C> extends ResolvedOperation<C> {
  readonly hasView: boolean;
}

export function readOrigin({ security, operation }: ResolvedOperation): EventOrigin {
  return { security, operationType: operation.operation, operationName: operation.name?.value };
}

/** The same coercion as graphql-js's `execute`, whose words the client gets, without suggestions. */
function coerceVariables(
  schema: GraphQLSchema,
  operation: OperationDefinitionNode,
  rawVariables: Readonly<Record<string, unknown>>,
): Readonly<Record<string, unknown>> {
  const { coerced, errors } = getVariableValues(schema, operation.variableDefinitions ?? [], rawVariables, {
    maxErrors: 20,
    hideSuggestions: true,
  });
  if (!errors) return coerced;
  const [first, ...rest] = errors.map(buildInvalidFacts);
  throw refuse('BAD_USER_INPUT', { ...first, also: rest.map((facts) => deny('BAD_USER_INPUT', facts)) });
}

/** @returns the refusal that the client gets, or `undefined` where the control only reports. */
export function reportThrown(
  control: Pick<Control, 'name' | 'mode'>,
  thrown: unknown,
  events: Events,
  origin: EventOrigin,
): GraphQLError | undefined {
  const reportOnly = control.mode === 'report';
  const outcome = reportOnly ? 'reported' : 'refused';
  if (readRefusalCode(thrown) === undefined) {
    const errorId = events.logged(`control '${control.name}' failed`, thrown);
    events.emit({ type: 'failure', where: control.name, errorId }, outcome, origin);
    return reportOnly ? undefined : refuse('INTERNAL_SERVER_ERROR', { reason: errorId });
  }
  const refusal = thrown as GraphQLError;
  events.emit(buildRefusalEvent(control.name, refusal), outcome, origin);
  for (const further of readRefusalFacts(refusal)?.also ?? []) {
    if (readRefusalFacts(further)?.coordinate) events.emit(buildRefusalEvent(control.name, further), outcome, origin);
  }
  return reportOnly ? undefined : refusal;
}

/** A refusal in the operator's words. */
export function buildRefusalEvent(control: string, refusal: GraphQLError): EventDetails {
  const code = readRefusalCode(refusal) ?? 'INTERNAL_SERVER_ERROR';
  const {
    message,
    also = [],
    limit,
    actual,
    maximum,
    coordinate,
    rule,
    policy,
    reason,
    retryAfterSeconds,
    dearest,
  } = readRefusalFacts(refusal) ?? {};
  const where = coordinate === undefined ? {} : { coordinate };
  const why = reason === undefined ? {} : { reason };
  const type = limit === undefined ? REFUSALS[code].event : 'limit.exceeded';
  switch (type) {
    case 'limit.exceeded':
      return {
        type,
        control,
        code,
        limit: limit ?? code,
        actual: actual ?? Number.NaN,
        maximum: maximum ?? Number.NaN,
        ...where,
        ...(dearest && { dearest }),
      };
    case 'access.denied':
      return { type, control, code, ...where, ...(rule !== undefined && { rule }), ...why };
    case 'rate.limited':
      return {
        type,
        control,
        code,
        ...where,
        ...(policy !== undefined && { policy }),
        ...(retryAfterSeconds !== undefined && { retryAfterSeconds }),
      };
    case 'introspection.blocked':
      return { type, control, code, ...where };
    case 'request.invalid':
      return { type, code, ...why, ...(message !== undefined && { details: listErrorTexts([refusal, ...also]) }) };
    case 'failure':
      return { type, where: control, ...why };
  }
}

/** Whether `@skip` or `@include` stands at the root of one of its subscriptions, also of one that is not selected. */
export function hasConditionalRoot(document: DocumentNode): boolean {
  for (const definition of document.definitions) {
    if (definition.kind !== Kind.OPERATION_DEFINITION) continue;
    if (definition.operation !== OperationTypeNode.SUBSCRIPTION) continue;
    if (new Conditions(indexFragments(document)).walk([definition.selectionSet]).found) return true;
  }
  return false;
}

class Conditions extends FieldWalk {
  found = false;

  override under({ directives = [] }: SelectionNode): true {
    this.found ||= directives.some(({ name }) => name.value === 'skip' || name.value === 'include');
    return true;
  }

  field(): void {}
}

/**
 * The way of a request through the controls, whatever transport brought it. Three of its rooms are here: admit (the request
 * as it was sent), measure (the document before validation) and check (the operation before execution).
 *
 * Apollo Server lets a plugin reject in the last of them only, so the guard calls the functions that return a refusal. Any
 * other transport calls {@link admitRequest}, {@link measureDocument} and {@link checkOperation}, which throw it.
 */
import {
  type DocumentNode,
  type GraphQLError,
  type GraphQLSchema,
  getOperationAST,
  Kind,
  OperationTypeNode,
  parse,
  type SelectionNode,
  validate,
} from 'graphql';
import type { Control, DocumentText, IncomingRequest, ParsedDocument } from '../control.ts';
import { REFUSALS } from '../errors/codes.ts';
import { readRefusalCode, readRefusalFacts, refuse } from '../errors/refuse.ts';
import { listErrorTexts } from '../errors/schema-details.ts';
import type { EventOrigin, Events } from '../events/events.ts';
import type { EventDetails } from '../events/security-event.ts';
import { isRecord } from '../lib/is-object.ts';
import { FieldWalk, indexFragments } from '../operation/collect-fields.ts';
import { chooseOperation, listOperations } from '../operation/named-operation.ts';
import { measureNesting } from '../operation/nesting.ts';
import { findSecurityContext, securityContext } from '../security-context.ts';
import type { Refused } from './refused-document.ts';
import { type CheckedOperation, type CheckInput, readOrigin, resolveOperation } from './resolved-operation.ts';
import { findMissingRoots, findSchemaView, findViewRefusal, refuseInvalid, validateUnderView } from './schema-view.ts';

/** One request over a transport that runs no Apollo plugin, before its text is parsed. */
export interface AdmitInput<C = unknown> {
  /** The query text as sent. */
  readonly source: string;
  /** For events only: the text is not parsed yet. */
  readonly operationName?: string | null | undefined;
  /** Variables as the client sent them. Left out: none. */
  readonly variables?: Readonly<Record<string, unknown>> | null | undefined;
  /** All that the client sent, by name: the payload of a `subscribe` message, or the body of a request. Left out: nothing more. */
  readonly parameters?: Readonly<Record<string, unknown>> | undefined;
  readonly contextValue: C;
}

/**
 * Asks every control whether the request may come in, before its text is parsed.
 *
 * @returns the text to execute: the one that was sent, or that of a document which the request names by an id.
 * @throws {GraphQLError} the refusal of the first control that refuses.
 */
export function admitRequest<C>(controls: readonly Control<C>[], input: AdmitInput<C>, events: Events): string {
  const { operationName, variables, contextValue, parameters = {} } = input;
  const security = findSecurityContext(contextValue) ?? securityContext();
  const { extensions } = parameters;
  const incoming = {
    source: input.source,
    variables: variables ?? {},
    extensions: isRecord(extensions) ? extensions : undefined,
    security,
    contextValue,
    batchIndex: 0,
    parameter: (name: string) => (Object.hasOwn(parameters, name) ? parameters[name] : undefined),
  };
  const origin = { security, operationName };
  const { text: source = input.source, refusal } = loadText(controls, incoming, events, origin);
  const refused = refusal ?? findAdmitRefusal(controls, { ...incoming, source }, events, origin);
  if (refused) throw refused;
  return source;
}

/** {@link IncomingRequest}, before it is known which document it is about. */
export type SentRequest<C> = Omit<IncomingRequest<C>, 'isExempt'>;

/**
 * Asks the controls for the text of the document that a request names by an id.
 *
 * @returns that of the first control that has one, and the refusal of the first that refuses, after it was reported.
 */
export function loadText<C>(
  controls: readonly Control<C>[],
  sent: SentRequest<C>,
  events: Events,
  origin: EventOrigin,
): { readonly text?: string | undefined; readonly refusal?: GraphQLError | undefined } {
  const incoming = { ...sent, isExempt: isNeverExempt };
  for (const control of controls) {
    try {
      const text = control.load?.(incoming);
      if (text !== undefined) return { text };
    } catch (thrown) {
      const refusal = reportThrown(control, thrown, events, origin);
      if (refusal) return { refusal };
    }
  }
  return {};
}

const isNeverExempt = (): boolean => false;

/** Finds out for each control whether another one exempts a document from its checks. */
export function createExemption<C>(controls: readonly Control<C>[], text: DocumentText): (control: string) => boolean {
  const exempting = controls.filter((control) => control.exempts !== undefined);
  if (exempting.length === 0) return isNeverExempt;
  return function isExempt(name) {
    return exempting.some((control) => control.exempts?.(text, name) === true);
  };
}

/** @returns the refusal of the first control that does not let the request in, after it was reported; `undefined` to go on. */
export function findAdmitRefusal<C>(
  controls: readonly Control<C>[],
  sent: SentRequest<C>,
  events: Events,
  origin: EventOrigin,
): GraphQLError | undefined {
  const incoming = { ...sent, isExempt: createExemption(controls, { source: sent.source }) };
  for (const control of controls) {
    try {
      control.admit?.(incoming);
    } catch (thrown) {
      const refusal = reportThrown(control, thrown, events, origin);
      if (refusal) return refusal;
    }
  }
  return findNestingRefusal(sent.source, events, origin);
}

/**
 * How deep brackets may nest on any server, whatever its limits are. Parsing, validating and printing a document are
 * recursive: not far beyond this number one of them overflows the stack, and which one depends on the version of the runtime.
 * No client nests as deep.
 */
const maxNesting = 1_500;

/**
 * Refuses also where limits only report: a document that overflows the stack is the client's fault, not a failure of the
 * server.
 */
function findNestingRefusal(source: string | undefined, events: Events, origin: EventOrigin): GraphQLError | undefined {
  const actual = source === undefined ? 0 : measureNesting(source, maxNesting);
  if (!(actual > maxNesting)) return undefined;
  const refusal = refuse('DEPTH_LIMIT_EXCEEDED', { limit: 'nesting', actual, maximum: maxNesting });
  return reportThrown({ name: 'guard' }, refusal, events, origin);
}

/** A document before it is validated. */
export interface MeasureInput<C = unknown> {
  /** The whole schema, which will execute the document. */
  readonly schema: GraphQLSchema;
  readonly document: DocumentNode;
  /** The query text. Left out: it is not known. */
  readonly source?: string | undefined;
  /** For events only. */
  readonly operationName?: string | null | undefined;
  readonly contextValue: C;
}

/**
 * Asks every control whether the document is small enough to be validated, and validates it against what this caller may know
 * of the schema: the errors of a validation against the whole schema would reveal the rest.
 *
 * @throws {GraphQLError} the refusal.
 */
export function measureDocument<C>(controls: readonly Control<C>[], input: MeasureInput<C>, events: Events): void {
  const reportRefusal = (control: string, refusal: GraphQLError): GraphQLError => {
    const security = findSecurityContext(input.contextValue);
    const operation = chooseOperation(listOperations(input.document), input.operationName);
    const source = input.document.loc?.source.body;
    events.emit(buildRefusalEvent(control, refusal), 'refused', { security, source, ...operation });
    return refusal;
  };
  const refused = findMeasureRefusal(controls, input, events);
  if (refused) throw reportRefusal(refused.control, refused.refusal);
  const view = validateForCaller(controls, input, events);
  const hidden = view && findViewRefusal(view, input.schema, input.document);
  if (hidden) throw reportRefusal('view', hidden);
}

/**
 * @returns the refusal of the first control for which the document is too large, or `undefined`. It is not reported yet: a
 * document is measured once, and its refusal is reported each time that the document comes.
 */
export function findMeasureRefusal<C>(
  controls: readonly Control<C>[],
  { schema, document, source }: Pick<MeasureInput, 'schema' | 'document' | 'source'>,
  events: Events,
): Refused | undefined {
  const parsed: ParsedDocument = { schema, document, isExempt: createExemption(controls, { source, document }) };
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
  if (!hasConditionalRoot(document)) return undefined;
  return { control: 'guard', refusal: refuse('BAD_REQUEST', { reason: 'a condition at the root of a subscription' }) };
}

/**
 * Whether `@skip` or `@include` stands at the root of a subscription of this document, be it the selected operation or not.
 * The specification forbids that (section 5.2.4.1). Validation collects these fields without variables: where a condition
 * needs one, it would throw, and the client would get 500.
 */
function hasConditionalRoot(document: DocumentNode): boolean {
  for (const definition of document.definitions) {
    if (definition.kind !== Kind.OPERATION_DEFINITION) continue;
    if (definition.operation !== OperationTypeNode.SUBSCRIPTION) continue;
    if (new ConditionSearch(indexFragments(document)).walk([definition.selectionSet]).found) return true;
  }
  return false;
}

class ConditionSearch extends FieldWalk {
  found = false;

  override under({ directives = [] }: SelectionNode): true {
    this.found ||= directives.some(({ name }) => name.value === 'skip' || name.value === 'include');
    return true;
  }

  field(): void {}
}

/**
 * Repeats for a cached document the work that a server does for one that is not cached. The document of a field that is
 * hidden from this caller can be in the cache, because another caller may use it; the document of a field that does not exist
 * never is. Without this work the refusal of the first would come twenty times sooner, and reveal that the field exists.
 */
export function repeatUncachedWork<C>(
  controls: readonly Control<C>[],
  schema: GraphQLSchema,
  source: string,
  events: Events,
): void {
  const document = parse(source);
  findMeasureRefusal(controls, { document, schema, source }, events);
  validate(schema, document, undefined, { hideSuggestions: true });
}

/**
 * Asks every control whether the operation may be executed.
 *
 * @throws {GraphQLError} the refusal of the first control that refuses; `BAD_REQUEST` where no operation can be selected.
 */
export async function checkOperation<C>(
  controls: readonly Control<C>[],
  input: CheckInput<C>,
  events: Events,
): Promise<void> {
  const view = validateForCaller(controls, input, events);
  const operation = getOperationAST(input.document, input.operationName);
  if (!operation) throw refuse('BAD_REQUEST', { reason: 'no such operation' });
  const { source, document } = input;
  const isExempt = createExemption(controls, { source, document });
  await runChecks(controls, resolveOperation({ ...input, view, isExempt }, operation, events), events);
}

/**
 * Runs the checks one after the other, in the order of the controls.
 *
 * @throws {GraphQLError} the first refusal, after it was reported.
 */
export async function runChecks<C>(
  controls: readonly Control<C>[],
  operation: CheckedOperation<C>,
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
  // Throws for a variable that uses a hidden input field or enum value. Execution knows the whole schema and would accept it.
  if (operation.hasView) void operation.variables;
}

/**
 * Validates the document against what this caller may know of the schema.
 *
 * @returns that part of the schema; `undefined` where the caller may know all of it.
 * @throws {GraphQLError} the refusal of a document that is not valid there, after it was reported.
 */
export function validateForCaller<C>(
  controls: readonly Control<C>[],
  input: Pick<CheckInput<C>, 'schema' | 'document' | 'operationName' | 'contextValue'>,
  events: Events,
): GraphQLSchema | undefined {
  const { document, operationName, contextValue } = input;
  const findOrigin = (): EventOrigin => ({
    security: findSecurityContext(contextValue),
    source: document.loc?.source.body,
    ...chooseOperation(listOperations(document), operationName),
  });
  let view: GraphQLSchema | undefined;
  try {
    view = findSchemaView(controls, input);
  } catch (thrown) {
    throw reportThrown({ name: 'view' }, thrown, events, findOrigin());
  }
  const errors = view ? validateUnderView(view, document) : findMissingRoots(input.schema, document);
  if (errors.length === 0) return view;
  const refusal = refuseInvalid(errors);
  events.emit(buildRefusalEvent('view', refusal), 'refused', findOrigin());
  throw refusal;
}

/**
 * Reports what a control threw: a refusal as its event, anything else as a `failure` whose error is logged in full.
 *
 * @returns the refusal for the client; `undefined` where the control is in `report` mode and the request goes on.
 */
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

/** Builds the event that tells the operator of a refusal. @param control the name of the control that refused. */
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
    operationHash,
    documentId,
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
    case 'document.untrusted':
      return {
        type,
        control,
        code,
        ...why,
        ...(operationHash !== undefined && { operationHash }),
        ...(documentId !== undefined && { documentId }),
      };
    case 'request.invalid':
      return { type, code, ...why, ...(message !== undefined && { details: listErrorTexts([refusal, ...also]) }) };
    case 'failure':
      return { type, where: control, ...why };
  }
}

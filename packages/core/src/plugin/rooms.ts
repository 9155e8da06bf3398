/** Rooms 2 and 3: what is asked of a request before its document is validated, whatever brought it. */
import { type DocumentNode, type GraphQLError, type GraphQLSchema, parse, validate } from 'graphql';
import type { Control, IncomingRequest, ParsedDocument } from '../control.ts';
import { refusalCode, refuse } from '../errors/refusal.ts';
import type { EventOrigin, Events } from '../events/events.ts';
import { chooseOperation, listOperations } from '../operation/named-operation.ts';
import { nestingOf } from '../operation/nesting.ts';
import { securityContext, securityOf } from '../security-context.ts';
import { vet } from './check.ts';
import type { Refused } from './refused-document.ts';
import { unfitUnder } from './schema-view.ts';
import { hasConditionalRoot } from './subscription-root.ts';
import { eventOf, verdict } from './verdict.ts';

/** @returns the refusal of the first control that does not let the request in; the operator has been told. */
export function refusedEntry<C>(
  controls: readonly Control<C>[],
  incoming: IncomingRequest<C>,
  events: Events,
  origin: EventOrigin,
): GraphQLError | undefined {
  for (const control of controls) {
    try {
      control.admit?.(incoming);
    } catch (thrown) {
      const refusal = verdict(control, thrown, events, origin);
      if (refusal) return refusal;
    }
  }
  return tooDeep(incoming.source, events, origin);
}

/**
 * Brackets within each other that any server takes. Parsing, validating and printing a document are recursive: somewhat deeper ones
 * overflow the stack in one of them, and in another one with each version of the runtime. No client writes nearly as many.
 */
const maxNesting = 1_500;

/** Whatever the limits are, and also where they only report: a document that cannot be handled is the client's, and no failure. */
function tooDeep(source: string | undefined, events: Events, origin: EventOrigin): GraphQLError | undefined {
  const actual = source === undefined ? 0 : nestingOf(source, maxNesting);
  if (!(actual > maxNesting)) return undefined;
  const refusal = refuse('DEPTH_LIMIT_EXCEEDED', { limit: 'nesting', actual, maximum: maxNesting });
  return verdict({ name: 'guard' }, refusal, events, origin);
}

/** @returns what the operator is still to be told: a document is judged once, and refused as often as it comes. */
export function refusedDocument<C>(
  controls: readonly Control<C>[],
  parsed: ParsedDocument,
  events: Events,
): Refused | undefined {
  for (const control of controls) {
    if (control.mode === 'report') continue;
    try {
      control.measure?.(parsed);
    } catch (thrown) {
      if (refusalCode(thrown)) return { control: control.name, refusal: thrown as GraphQLError };
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
export function judgeAnew<C>(
  controls: readonly Control<C>[],
  schema: GraphQLSchema,
  source: string,
  events: Events,
): void {
  const document = parse(source);
  refusedDocument(controls, { document, schema }, events);
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
  const security = securityOf(contextValue) ?? securityContext();
  const incoming = { source, variables: variables ?? {}, extensions: undefined, security, contextValue, batchIndex: 0 };
  const refusal = refusedEntry(controls, incoming, events, { security, operationName });
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
  const told = (control: string, refusal: GraphQLError): GraphQLError => {
    const security = securityOf(input.contextValue);
    const operation = chooseOperation(listOperations(input.document), input.operationName);
    events.emit(eventOf(control, refusal), 'refused', { security, ...operation });
    return refusal;
  };
  const refused = refusedDocument(controls, input, events);
  if (refused) throw told(refused.control, refused.refusal);
  const view = vet(controls, input, events);
  const unfit = view && unfitUnder(view, input.schema, input.document);
  if (unfit) throw told('view', unfit);
}

/**
 * The way out: what controls add to an answer or answer in place of execution, and the errors of the answer as this client
 * may see them. An answer can come in parts (`@defer`, `@stream`); the errors of later parts are masked like those of the
 * first.
 */
import type {
  BaseContext,
  GraphQLRequestContext,
  GraphQLRequestContextWillSendResponse,
  GraphQLResponse,
} from '@apollo/server';
import { type FormattedExecutionResult, GraphQLError, type GraphQLFormattedError } from 'graphql';
import type { Control, OutgoingAnswer, ResolvedOperation } from '../control.ts';
import { formatInPlaceOf, type Masking, maskErrors } from '../errors/mask-errors.ts';
import type { Wording } from '../errors/messages.ts';

import { readRefusalCode, readRefusalFacts, refuse } from '../errors/refuse.ts';
import { createMaskReporter, type EventOrigin, type Events } from '../events/events.ts';
import { findSecurityContext, type SecurityContext, securityContext } from '../security-context.ts';
import { reportThrown } from './pipeline.ts';
import type { RefusedDocuments } from './refused-document.ts';
import { readOrigin } from './resolved-operation.ts';
import { findSchemaView, findViewRefusal } from './schema-view.ts';

/** Reads a header of the HTTP request, by its lower-case name. */
export type Header = (name: string) => string | undefined;

/** Whether a caller may read the messages of validation and coercion, which describe the schema. */
export type SchemaDetails = boolean | ((security: SecurityContext, header: Header) => boolean);

/** What the steps of a response take from the guard. */
export interface ResponseOptions<C extends BaseContext> {
  readonly controls: readonly Control<C>[];
  readonly events: Events;
  readonly expose: Masking['expose'];
  readonly schemaDetails: SchemaDetails;
  readonly words: Wording;
  readonly refusedDocuments: RefusedDocuments;
}

/** A request whose answer is about to be sent. */
type Ending<C extends BaseContext> = GraphQLRequestContextWillSendResponse<C>;

/** The steps between execution and the network. */
export interface ResponseSteps<C extends BaseContext> {
  /** Asks the controls for an answer in place of execution. @returns that of the first control that has one. */
  readonly findAnswer: (operation: ResolvedOperation<C>) => Promise<FormattedExecutionResult | undefined>;
  /**
   * Lets each control add headers and extensions. A refusal that one throws is answered in place of what was executed; of
   * anything else the log is told, and the answer stays as it is.
   */
  readonly callResponders: (
    ending: Ending<C>,
    operation: ResolvedOperation<C> | undefined,
    sender: EventOrigin,
  ) => void;
  /**
   * Masks the errors of the answer and of its later parts, in place.
   *
   * @param later errors of later parts that no part has carried yet, before they were formatted, in order. It grows while
   * they come.
   */
  readonly maskAnswer: (ending: Ending<C>, later: GraphQLError[], sender: EventOrigin) => void;
  /**
   * Masks the errors of an event that is posted to a router. It is not known who will read them, so any client may be the
   * reader.
   */
  readonly maskEvent: (errors: readonly GraphQLFormattedError[]) => readonly GraphQLFormattedError[];
}

/** Builds the steps for one guard. */
export function createResponseSteps<C extends BaseContext>(options: ResponseOptions<C>): ResponseSteps<C> {
  const { controls, events, expose, schemaDetails, words, refusedDocuments } = options;

  function maySeeDetails(context: GraphQLRequestContext<C>): boolean {
    if (typeof schemaDetails === 'boolean') return schemaDetails;
    try {
      const security = findSecurityContext(context.contextValue) ?? securityContext();
      const may: unknown = schemaDetails(security, createHeaderReader(context));
      return may === true;
    } catch (error) {
      events.logged('schemaDetails failed', error);
      return false;
    }
  }

  function createMask(ending: Ending<C>, sender: EventOrigin): Mask {
    return function maskForClient(formatted, originals) {
      return maskErrors(formatted, originals, {
        expose,
        schemaDetails: maySeeDetails(ending),
        words: (code) => words(code, ending.contextValue),
        onMasked: createMaskReporter(events, sender),
      });
    };
  }

  /**
   * Apollo Server refuses some requests before the guard knows what this caller may know of the schema: such a refusal can
   * reveal that a hidden field exists. Where the document is not valid for this caller, it gets the refusal of a document
   * with unknown fields instead.
   */
  function findHiddenRefusal(ending: Ending<C>): GraphQLError | undefined {
    const { schema, document, contextValue, errors: [error] = [] } = ending;
    const code = error?.extensions['code'];
    if (!document || error?.path || (code !== 'GRAPHQL_VALIDATION_FAILED' && code !== 'BAD_REQUEST')) return undefined;
    if (readRefusalFacts(error) || refusedDocuments.findRefusal(document)) return undefined;
    try {
      const view = findSchemaView(controls, { schema, contextValue });
      return view && findViewRefusal(view, schema, document);
    } catch (thrown) {
      events.logged('the schema as the caller may know it could not be made', thrown);
      return refuse('INTERNAL_SERVER_ERROR');
    }
  }

  return {
    async findAnswer(operation) {
      for (const control of controls) {
        try {
          const result = await control.answer?.(operation);
          if (!result) continue;
          const { errors, ...rest } = result;
          return errors ? { ...rest, errors: errors.map((error) => error.toJSON()) } : rest;
        } catch (thrown) {
          const refusal = reportThrown({ name: control.name }, thrown, events, readOrigin(operation));
          return { errors: [formatWithoutHttp(refusal ?? refuse('INTERNAL_SERVER_ERROR'))] };
        }
      }
      return undefined;
    },

    callResponders(ending, operation, sender) {
      const { response, requestIsBatched } = ending;
      const result = findFirstResult(response);
      let calling: Pick<Control<C>, 'name' | 'mode'> = { name: 'guard' };
      const answer: Mutable<OutgoingAnswer<C>> = {
        operation,
        headers: response.http.headers,
        isBatched: requestIsBatched,
        data: result.data,
        errors: ending.errors ?? result.errors ?? [],
        extend(name, value) {
          const sent = findFirstResult(response);
          sent.extensions = { ...sent.extensions, [name]: value };
        },
        refuse(thrown) {
          const refusal = reportThrown(calling, thrown, events, sender);
          if (refusal && !isReplaced(ending)) answerWith(refusal);
        },
        security: sender.security ?? securityContext(),
        report: (details) => events.emit(details, 'noted', sender),
        failed: (where, error) =>
          events.emit({ type: 'failure', where, errorId: events.logged(where, error) }, 'noted', sender),
      };
      function answerWith(refusal: GraphQLError): void {
        replaceAnswer(ending, refusal);
        // Controls that are called later see what is answered.
        answer.data = undefined;
        answer.errors = [refusal];
      }
      for (const control of controls) {
        calling = control;
        try {
          control.respond?.(answer);
        } catch (thrown) {
          if (readRefusalCode(thrown) === undefined) {
            events.logged(`control '${control.name}' failed on the way out`, thrown);
            continue;
          }
          const refusal = reportThrown(control, thrown, events, sender);
          if (refusal) answerWith(refusal);
        }
      }
    },

    maskAnswer(ending, later, sender) {
      const { response, requestIsBatched } = ending;
      const { body, http } = response;
      const result = findFirstResult(response);
      const mask = createMask(ending, sender);
      if (body.kind === 'incremental') body.subsequentResults = maskPayloads(body.subsequentResults, later, mask);
      if (!result.errors) return;
      const hidden = findHiddenRefusal(ending);
      if (hidden) {
        // Apollo Server sends `Allow` with the refusal of a mutation over GET.
        http.headers.delete('allow');
        if (!requestIsBatched) http.status = 400;
      }
      const errors = hidden ? [formatInPlaceOf(hidden, ending.errors?.[0])] : (ending.errors ?? []);
      const also = readRefusalFacts(errors[0])?.also ?? [];
      const formatted = [
        ...(hidden ? [formatWithoutHttp(hidden)] : result.errors),
        ...also.map((error) => error.toJSON()),
      ];
      (result as { errors: readonly GraphQLFormattedError[] }).errors = mask(formatted, [...errors, ...also]);
    },

    maskEvent: (errors) =>
      maskErrors(errors, errors.map(parseError), {
        expose,
        schemaDetails: false,
        words: (code) => words(code, undefined),
        onMasked: createMaskReporter(events, {}),
      }),
  };
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** Answers with one error in place of everything that was executed. An answer that would come in parts comes in one. */
function replaceAnswer<C extends BaseContext>(ending: Ending<C>, refusal: GraphQLError): void {
  const { response, requestIsBatched } = ending;
  if (response.body.kind === 'incremental') closeParts(response.body.subsequentResults);
  response.body = { kind: 'single', singleResult: { errors: [formatWithoutHttp(refusal)] } };
  (ending as { errors: readonly GraphQLError[] }).errors = [refusal];
  // In a batch all operations share one HTTP status.
  if (requestIsBatched) return;
  const { status, headers } = refusal.extensions['http'] as HttpFacts;
  response.http.status = status;
  for (const [name, value] of headers) response.http.headers.set(name, value);
}

/** Whether the answer is the refusal of a whole operation already. */
function isReplaced<C extends BaseContext>({ errors: [error] = [] }: Ending<C>): boolean {
  return readRefusalFacts(error) !== undefined && error?.extensions['http'] !== undefined;
}

function closeParts(parts: AsyncIterable<unknown>): void {
  const iterator = parts[Symbol.asyncIterator]();
  iterator.return?.().then(undefined, () => {});
}

/**
 * Masks formatted errors.
 *
 * @param originals the same errors before they were formatted, in the same order; fewer where they are not known.
 */
type Mask = (
  errors: readonly GraphQLFormattedError[],
  originals: readonly GraphQLError[],
) => readonly GraphQLFormattedError[];

type IncrementalBody = Extract<GraphQLResponse['body'], { kind: 'incremental' }>;
type Payload = IncrementalBody['subsequentResults'] extends AsyncIterable<infer P> ? P : never;
type PayloadPart = { readonly errors?: readonly GraphQLFormattedError[] };

/** @param originals as `later` of {@link ResponseSteps.maskAnswer}; each payload takes its errors from the front. */
async function* maskPayloads(
  payloads: AsyncIterable<Payload>,
  originals: GraphQLError[],
  mask: Mask,
): AsyncGenerator<Payload, void> {
  function maskPart<P extends PayloadPart>(part: P): P {
    if (!part.errors) return part;
    return { ...part, errors: mask(part.errors, originals.splice(0, part.errors.length)) };
  }
  for await (const payload of payloads) {
    const { incremental, completed } = payload as {
      incremental?: readonly PayloadPart[];
      completed?: readonly PayloadPart[];
    };
    yield {
      ...payload,
      ...(incremental && { incremental: incremental.map(maskPart) }),
      ...(completed && { completed: completed.map(maskPart) }),
    };
  }
}

/** Makes an error from its formatted form. What a resolver threw is no longer known. */
function parseError({ message, path, extensions }: GraphQLFormattedError): GraphQLError {
  return new GraphQLError(message, { ...(path && { path }), ...(extensions && { extensions }) });
}

/** The result; of an answer that comes in parts, the first part. */
function findFirstResult<C extends BaseContext>({ body }: Ending<C>['response']): FormattedExecutionResult {
  return body.kind === 'single' ? body.singleResult : body.initialResult;
}

/** The returned function holds the headers only: one over the request context would keep the whole answer in memory. */
export function createHeaderReader({ request }: Pick<GraphQLRequestContext<BaseContext>, 'request'>): Header {
  const headers = request.http?.headers;
  return function readHeader(name) {
    return headers?.get(name);
  };
}

/** What `refuse()` writes into `extensions.http`. */
interface HttpFacts {
  readonly status: number;
  readonly headers: ReadonlyMap<string, string>;
}

/** Formats a refusal that becomes a part of an answer, whose status and headers are set elsewhere. */
function formatWithoutHttp(refusal: GraphQLError): GraphQLFormattedError {
  const { extensions: { http: _http, ...extensions } = {}, ...error } = refusal.toJSON();
  return { ...error, extensions };
}

/** What leaves: the errors of one answer as this client may see them, and what a control answers in place of execution. */
import type { BaseContext, GraphQLRequestContext, GraphQLRequestContextWillSendResponse } from '@apollo/server';
import { type FormattedExecutionResult, GraphQLError, type GraphQLFormattedError } from 'graphql';
import type { Control, OutgoingAnswer, ResolvedOperation } from '../control.ts';
import { type Masking, maskErrors } from '../errors/mask-errors.ts';
import type { Wording } from '../errors/messages.ts';
import { factsOfRefusal, refuse } from '../errors/refusal.ts';
import { type EventOrigin, type Events, maskedBy } from '../events/events.ts';
import { type SecurityContext, securityContext, securityOf } from '../security-context.ts';
import { originOf } from './check.ts';
import type { Sentinels } from './refused-document.ts';
import { unfitUnder, viewOf } from './schema-view.ts';
import { type Mask, maskedPayloads } from './subsequent.ts';
import { verdict } from './verdict.ts';

/** A header of the HTTP request, by its lower-case name. */
export type Header = (name: string) => string | undefined;

/** Who may read what validation and coercion say of the schema. */
export type SchemaDetails = boolean | ((security: SecurityContext, header: Header) => boolean);

export interface OutgoingOptions<C extends BaseContext> {
  readonly controls: readonly Control<C>[];
  readonly events: Events;
  readonly expose: Masking['expose'];
  readonly schemaDetails: SchemaDetails;
  readonly words: Wording;
  readonly sentinels: Sentinels;
}

/** A request whose answer is about to be sent. */
type Ending<C extends BaseContext> = GraphQLRequestContextWillSendResponse<C>;

export interface Outgoing<C extends BaseContext> {
  /** Asks the controls what they add. */
  readonly ask: (ending: Ending<C>, operation: ResolvedOperation<C> | undefined, sender: EventOrigin) => void;
  /** Puts the errors of the answer, and of its later parts, into what this client may see. */
  readonly finish: (ending: Ending<C>, later: GraphQLError[], sender: EventOrigin) => void;
  /** Puts the errors of what is posted to a router, of which nothing but their form is known, into what any client may see. */
  readonly maskEvent: (errors: readonly GraphQLFormattedError[]) => readonly GraphQLFormattedError[];
  readonly answerOf: (operation: ResolvedOperation<C>) => Promise<FormattedExecutionResult | undefined>;
}

export function createOutgoing<C extends BaseContext>(options: OutgoingOptions<C>): Outgoing<C> {
  const { controls, events, expose, schemaDetails, words, sentinels } = options;

  function maySeeDetails(context: GraphQLRequestContext<C>): boolean {
    if (typeof schemaDetails === 'boolean') return schemaDetails;
    try {
      const may: unknown = schemaDetails(securityOf(context.contextValue) ?? securityContext(), headerOf(context));
      return may === true;
    } catch (error) {
      events.logged('schemaDetails failed', error);
      return false;
    }
  }

  function maskFor(ending: Ending<C>, sender: EventOrigin): Mask {
    return (formatted, originals) =>
      maskErrors(formatted, originals, {
        expose,
        schemaDetails: maySeeDetails(ending),
        words: (code) => words(code, ending.contextValue),
        onMasked: maskedBy(events, sender),
      });
  }

  /**
   * The refusal in place of Apollo Server's own, where that was made before it was known what this caller may know: as if
   * what it may not know did not exist.
   */
  function unseen({ schema, document, contextValue, errors: [error] = [] }: Ending<C>): GraphQLError | undefined {
    const code = error?.extensions['code'];
    if (!document || error?.path || (code !== 'GRAPHQL_VALIDATION_FAILED' && code !== 'BAD_REQUEST')) return undefined;
    if (factsOfRefusal(error) || sentinels.refusalOf(document)) return undefined;
    try {
      const view = viewOf(controls, { schema, contextValue });
      return view && unfitUnder(view, schema, document);
    } catch (thrown) {
      events.logged('the schema as the caller may know it could not be made', thrown);
      return refuse('INTERNAL_SERVER_ERROR');
    }
  }

  return {
    ask({ response, requestIsBatched, errors }, operation, sender) {
      const result = resultOf(response);
      const answer: OutgoingAnswer<C> = {
        operation,
        headers: response.http.headers,
        isBatched: requestIsBatched,
        data: result.data,
        errors: errors ?? result.errors ?? [],
        extend(name, value) {
          result.extensions = { ...result.extensions, [name]: value };
        },
        security: sender.security ?? securityContext(),
        report: (details) => events.emit(details, 'noted', sender),
        failed: (where, error) =>
          events.emit({ type: 'failure', where, errorId: events.logged(where, error) }, 'noted', sender),
      };
      for (const control of controls) {
        try {
          control.respond?.(answer);
        } catch (thrown) {
          events.logged(`control '${control.name}' failed on the way out`, thrown);
        }
      }
    },

    finish(ending, later, sender) {
      const { response, requestIsBatched } = ending;
      const { body, http } = response;
      const result = resultOf(response);
      const mask = maskFor(ending, sender);
      if (body.kind === 'incremental') body.subsequentResults = maskedPayloads(body.subsequentResults, later, mask);
      if (!result.errors) return;
      const hidden = unseen(ending);
      if (hidden) {
        http.headers.delete('allow'); // of a mutation over GET
        if (!requestIsBatched) http.status = 400;
      }
      const errors = hidden ? [hidden] : (ending.errors ?? []);
      const also = factsOfRefusal(errors[0])?.also ?? [];
      const formatted = [...(hidden ? [withoutHttp(hidden)] : result.errors), ...also.map((error) => error.toJSON())];
      (result as { errors: readonly GraphQLFormattedError[] }).errors = mask(formatted, [...errors, ...also]);
    },

    maskEvent: (errors) =>
      maskErrors(errors, errors.map(read), {
        expose,
        schemaDetails: false,
        words: (code) => words(code, undefined),
        onMasked: maskedBy(events, {}),
      }),

    async answerOf(operation) {
      for (const control of controls) {
        try {
          const result = await control.answer?.(operation);
          if (!result) continue;
          const { errors, ...rest } = result;
          return errors ? { ...rest, errors: errors.map((error) => error.toJSON()) } : rest;
        } catch (thrown) {
          const refusal = verdict({ name: control.name }, thrown, events, originOf(operation));
          return { errors: [withoutHttp(refusal ?? refuse('INTERNAL_SERVER_ERROR'))] };
        }
      }
      return undefined;
    },
  };
}

/** An error from its form: what was thrown first is lost. */
function read({ message, path, extensions }: GraphQLFormattedError): GraphQLError {
  return new GraphQLError(message, { ...(path && { path }), ...(extensions && { extensions }) });
}

/** The result itself, of an answer in parts the first one. */
function resultOf<C extends BaseContext>({ body }: Ending<C>['response']): FormattedExecutionResult {
  return body.kind === 'single' ? body.singleResult : body.initialResult;
}

/** Holds the headers alone, never the request context: see {@link guard}. */
export function headerOf({ request }: Pick<GraphQLRequestContext<BaseContext>, 'request'>): Header {
  const headers = request.http?.headers;
  return (name) => headers?.get(name);
}

/** A refusal as a part of an answer, whose status and headers are set elsewhere. */
function withoutHttp(refusal: GraphQLError): GraphQLFormattedError {
  const { extensions: { http: _http, ...extensions } = {}, ...error } = refusal.toJSON();
  return { ...error, extensions };
}

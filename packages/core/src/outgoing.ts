/** What leaves: the errors of one answer as this client may see them, and what a control answers in place of execution. */
import type { BaseContext, GraphQLRequestContext } from '@apollo/server';
import type { FormattedExecutionResult, GraphQLError, GraphQLFormattedError } from 'graphql';
import { clientErrors, type Masking } from './answer.ts';
import { originOf } from './check.ts';
import type { Control, ResolvedOperation } from './control.ts';
import type { EventOrigin, Events } from './events.ts';
import { type SecurityContext, securityContext, securityOf } from './principal.ts';
import { factsOfRefusal, refuse } from './refusal.ts';
import type { Sentinels } from './sentinel.ts';
import type { Mask } from './subsequent.ts';
import { verdict } from './verdict.ts';
import { errorsUnder, invalid, viewOf } from './view.ts';
import type { Wording } from './wording.ts';

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

export interface Outgoing<C extends BaseContext> {
  readonly mask: (context: GraphQLRequestContext<C>, origin: () => EventOrigin) => Mask;
  /**
   * The refusal in place of Apollo Server's own, where that was made before it was known what this caller may know: as if
   * what it may not know did not exist.
   */
  readonly unseen: (context: GraphQLRequestContext<C>) => GraphQLError | undefined;
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

  return {
    mask(context, origin) {
      return (formatted, originals) =>
        clientErrors(formatted, originals, {
          expose,
          schemaDetails: maySeeDetails(context),
          words: (code) => words(code, context.contextValue),
          masked: maskedBy(events, origin),
        });
    },

    unseen({ schema, document, contextValue, errors: [error] = [] }) {
      const code = error?.extensions['code'];
      if (!document || error?.path || (code !== 'GRAPHQL_VALIDATION_FAILED' && code !== 'BAD_REQUEST'))
        return undefined;
      if (factsOfRefusal(error) || sentinels.refusalOf(document)) return undefined;
      try {
        const view = viewOf(controls, { schema, contextValue });
        const unfit = view ? errorsUnder(view, document) : [];
        return unfit.length > 0 ? invalid(unfit) : undefined;
      } catch (thrown) {
        events.logged('the schema as the caller may know it could not be made', thrown);
        return refuse('INTERNAL_SERVER_ERROR');
      }
    },

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

/** Logs a masked error and tells of it. */
export function maskedBy(events: Events, origin: () => EventOrigin): Masking['masked'] {
  return (error, path) => {
    const errorId = events.logged('an unexpected error was masked', error);
    events.emit({ type: 'error.masked', errorId, ...(path && { path }) }, 'noted', origin());
    return errorId;
  };
}

export function headerOf({ request }: Pick<GraphQLRequestContext<BaseContext>, 'request'>): Header {
  return (name) => request.http?.headers.get(name);
}

/** A refusal as a part of an answer, whose status and headers are set elsewhere. */
export function withoutHttp(refusal: GraphQLError): GraphQLFormattedError {
  const { extensions: { http: _http, ...extensions } = {}, ...error } = refusal.toJSON();
  return { ...error, extensions };
}

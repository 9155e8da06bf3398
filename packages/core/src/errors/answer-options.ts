/**
 * Stops: messages of the runtime (`Invalid string length`, `Converting circular structure to JSON`) from reaching a client.
 * Room: after all others. Apollo Server serialises an answer, and answers for a failure there, after the last hook of a
 * plugin. Only two of its options are still called then.
 * Answers: `INTERNAL_SERVER_ERROR`, 500, with the id under which the log has the error.
 */
import { type FormattedExecutionResult, GraphQLError, type GraphQLFormattedError } from 'graphql';
import { anEventSink, type Events } from '../events/events.ts';
import { aFunction, type OptionTable, readOptions } from '../lib/read-options.ts';
import { REFUSALS } from './codes.ts';
import { isExpectedError } from './mask-errors.ts';
import { deny } from './refuse.ts';
import { findSchemaCode, removeRuntimeText } from './schema-details.ts';

/** Two options of `new ApolloServer()`. */
export interface AnswerOptions {
  /** Serialises an answer. @throws {GraphQLError} `INTERNAL_SERVER_ERROR` where an answer with data cannot be serialised. */
  readonly stringifyResult: (result: FormattedExecutionResult) => Promise<string>;
  /** Replaces the message of an error that no hook has seen. Never throws. */
  readonly formatError: (formatted: GraphQLFormattedError, error: unknown) => GraphQLFormattedError;
}

/** What {@link answerOptions} is built from. */
export interface AnswerOptionsInput {
  /** Those of the guard beside it: `createEvents()`. */
  readonly events: Events;
  /** The application's own function. Left out: `JSON.stringify`. */
  readonly stringifyResult?: ((result: FormattedExecutionResult) => string | Promise<string>) | undefined;
  /** The application's own. It never gets the message of a masked error. Left out: errors stay as they are. */
  readonly formatError?: ((formatted: GraphQLFormattedError, error: unknown) => GraphQLFormattedError) | undefined;
}

const optionTable = {
  events: { required: true, check: anEventSink },
  stringifyResult: { check: aFunction },
  formatError: { default: (formatted: GraphQLFormattedError) => formatted, check: aFunction },
} satisfies OptionTable<AnswerOptionsInput>;

/**
 * Makes two options for an Apollo Server, to be used beside `guard()`. `bulwark.apollo()` sets them by itself.
 *
 * @throws {TypeError} for an invalid option, while the server is being built.
 * @example new ApolloServer({ schema, plugins: [guard({ controls })], ...answerOptions({ events }) })
 */
export function answerOptions(options: AnswerOptionsInput): AnswerOptions {
  const { events, stringifyResult, formatError } = readOptions('answerOptions', options, optionTable);

  /**
   * Apollo Server would send the message of an error that it did not expect. Those that the guard has logged already are
   * constant.
   */
  function hideError(error: unknown): GraphQLError {
    if (error instanceof Error && maskedMessages.has(error.message)) return deny('INTERNAL_SERVER_ERROR');
    return reportFailure('the request failed on the way out', error);
  }

  function reportFailure(where: string, error: unknown): GraphQLError {
    const errorId = events.logged(where, error);
    events.emit({ type: 'failure', where: 'answer', errorId }, 'refused');
    return deny('INTERNAL_SERVER_ERROR', { extensions: { errorId } });
  }

  return {
    async stringifyResult(result) {
      try {
        return stringifyResult ? await stringifyResult(result) : writeLine(result);
      } catch (thrown) {
        const error = reportFailure('the answer could not be serialised', thrown);
        // Apollo Server answers 500 for an error that is thrown here, and serialises that answer with this function too.
        if (result.data) throw error;
        return writeLine({ errors: [error.toJSON()] });
      }
    },
    formatError(formatted, error) {
      const replacement = isUnexpected(error) ? hideError(error) : undefined;
      const shown = replacement?.toJSON() ?? cleanSchemaError(formatted, error);
      try {
        const own: unknown = formatError(shown, replacement ?? error);
        if (typeof own === 'object' && own !== null) return own as GraphQLFormattedError;
        throw new TypeError('formatError must return an error object with a message.');
      } catch (thrown) {
        events.logged('formatError failed', thrown);
        return shown;
      }
    },
  };
}

const { message: internalMessage } = REFUSALS.INTERNAL_SERVER_ERROR;
/** What Apollo Server puts before the message of an error that `context()` threw. */
const contextPrefix = 'Context creation failed: ';
/** Messages of errors that the guard has logged and masked. */
const maskedMessages: ReadonlySet<string> = new Set([internalMessage, contextPrefix + internalMessage]);

/** Whether no hook has seen the error. All errors of an operation are GraphQLErrors, and hooks have seen them. */
function isUnexpected(error: unknown): boolean {
  if (!(error instanceof GraphQLError)) return true;
  return error.message.startsWith(contextPrefix) && !isExpectedError(error);
}

/** Runs before the application's `formatError`: a message of the runtime is recognised only at the end of the text. */
function cleanSchemaError(formatted: GraphQLFormattedError, error: unknown): GraphQLFormattedError {
  if (!(error instanceof GraphQLError) || !findSchemaCode(formatted, error)) return formatted;
  return { ...formatted, message: removeRuntimeText(formatted.message, error) };
}

/** One line of JSON, as Apollo Server sends it by default. */
function writeLine(result: FormattedExecutionResult): string {
  return `${JSON.stringify(result)}\n`;
}

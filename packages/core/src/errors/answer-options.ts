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
import { findExposedStatus } from './exposed-error.ts';
import { formatWhenMasked, isExpectedError } from './mask-errors.ts';
import { deny } from './refuse.ts';
import { findSchemaCode, removeRuntimeText } from './schema-details.ts';

/** Two options of `new ApolloServer()`. */
export interface AnswerOptions {
  /** Serialises an answer. @throws {GraphQLError} `INTERNAL_SERVER_ERROR` where an answer with data cannot be serialised. */
  readonly stringifyResult: (result: FormattedExecutionResult) => Promise<string>;
  /**
   * Replaces the message of an error that no hook has seen, and calls the application's own. Never throws. The guard calls
   * the application's own for errors that it may mask, when it has.
   */
  readonly formatError: (formatted: GraphQLFormattedError, error: unknown) => GraphQLFormattedError;
}

/** What {@link answerOptions} is built from. */
export interface AnswerOptionsInput {
  /** Those of the guard beside it: `createEvents()`. */
  readonly events: Events;
  /** The application's own function. Left out: `JSON.stringify`. */
  readonly stringifyResult?: ((result: FormattedExecutionResult) => string | Promise<string>) | undefined;
  /**
   * The application's own, called with each error as the client gets it. Of a masked one it gets the constant text and the
   * `errorId`, and as the second argument an error with that text. Left out: errors stay as they are.
   */
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
      if (replacement) return callOwn(replacement.toJSON(), replacement);
      if (!(error instanceof GraphQLError)) return callOwn(formatted, error);
      const isPending = mayBeMasked(formatted, error);
      formatWhenMasked(error, { format: (shown) => callOwn(shown, describeShown(shown, error)), isPending });
      if (isPending) return formatted;
      return callOwn(cleanSchemaError(formatted, error), error);
    },
  };

  function callOwn(shown: GraphQLFormattedError, error: unknown): GraphQLFormattedError {
    try {
      const own: unknown = formatError(shown, error);
      if (typeof own === 'object' && own !== null) return own as GraphQLFormattedError;
      throw new TypeError('formatError must return an error object with a message.');
    } catch (thrown) {
      events.logged('formatError failed', thrown);
      return shown;
    }
  }
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

/** Whether the guard may still put another text or code in place of an error. */
function mayBeMasked(formatted: GraphQLFormattedError, error: GraphQLError): boolean {
  // Of `context()`: the guard has masked it, and will not see the answer.
  if (!error.path && maskedMessages.has(error.message)) return false;
  if (findSchemaCode(formatted, error)) return false;
  return findExposedStatus(error) !== undefined || !isExpectedError(error);
}

/** The original only where the client reads its message: an application may otherwise copy the message from it. */
function describeShown({ message, path, extensions }: GraphQLFormattedError, error: GraphQLError): GraphQLError {
  if (message === error.message) return error;
  return new GraphQLError(message, { ...(path && { path }), ...(extensions && { extensions }) });
}

/** Runs before the application's `formatError`: a message of the runtime is recognised only at the end of the text. */
function cleanSchemaError(formatted: GraphQLFormattedError, error: GraphQLError): GraphQLFormattedError {
  if (!findSchemaCode(formatted, error)) return formatted;
  return { ...formatted, message: removeRuntimeText(formatted.message, error) };
}

/** One line of JSON, as Apollo Server sends it by default. */
function writeLine(result: FormattedExecutionResult): string {
  return `${JSON.stringify(result)}\n`;
}

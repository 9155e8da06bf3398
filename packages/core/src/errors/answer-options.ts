/**
 * Stops: what the runtime says (`Invalid string length`, `Converting circular structure to JSON`) on its way to a client.
 * Room: behind all others. Apollo Server writes answers, and answers for what fails there, when no hook of a plugin is called
 * any more; it asks two of its options.
 * Answers: `INTERNAL_SERVER_ERROR`, 500, with the id under which the log has the error.
 */
import { type FormattedExecutionResult, GraphQLError, type GraphQLFormattedError } from 'graphql';
import { anEventSink, type Events } from '../events/events.ts';
import { aFunction, type OptionTable, readOptions } from '../lib/read-options.ts';
import { isExpectedError } from './mask-errors.ts';
import { deny, REFUSALS } from './refusal.ts';
import { schemaCodeOf, withoutRuntimeText } from './schema-details.ts';

/** Options of Apollo Server. */
export interface AnswerOptions {
  readonly stringifyResult: (result: FormattedExecutionResult) => Promise<string>;
  readonly formatError: (formatted: GraphQLFormattedError, error: unknown) => GraphQLFormattedError;
}

export interface AnswerOptionsInput {
  readonly events: Events;
  /** The application's own. Left out: `JSON.stringify`. */
  readonly stringifyResult?: ((result: FormattedExecutionResult) => string | Promise<string>) | undefined;
  /** The application's own. Left out: errors stay as they are. It is not told the words of what is hidden. */
  readonly formatError?: ((formatted: GraphQLFormattedError, error: unknown) => GraphQLFormattedError) | undefined;
}

const optionTable = {
  events: { required: true, check: anEventSink },
  stringifyResult: { check: aFunction },
  formatError: { default: (formatted: GraphQLFormattedError) => formatted, check: aFunction },
} satisfies OptionTable<AnswerOptionsInput>;

/**
 * Two options for an Apollo Server, to stand beside {@link guard}. `bulwark.apollo()` sets them by itself.
 *
 * @throws {TypeError} for an option that is no function.
 * @example new ApolloServer({ schema, plugins: [guard({ controls })], ...answerOptions({ events }) })
 */
export function answerOptions(options: AnswerOptionsInput): AnswerOptions {
  const { events, stringifyResult, formatError } = readOptions('answerOptions', options, optionTable);

  /** Apollo Server takes the text of an error that it did not expect from the error itself. */
  function hidden(error: unknown): GraphQLError {
    const isKnown = error instanceof Error && known.has(error.message);
    if (isKnown) return deny('INTERNAL_SERVER_ERROR');
    return failed('the request failed on the way out', error);
  }

  function failed(where: string, error: unknown): GraphQLError {
    const errorId = events.logged(where, error);
    events.emit({ type: 'failure', where: 'answer', errorId }, 'refused');
    return deny('INTERNAL_SERVER_ERROR', { extensions: { errorId } });
  }

  return {
    async stringifyResult(result) {
      try {
        return stringifyResult ? await stringifyResult(result) : lineOf(result);
      } catch (thrown) {
        const error = failed('the answer could not be written', thrown);
        // Apollo Server answers 500 for what is thrown here, and writes that answer in the same way.
        if (result.data) throw error;
        return lineOf({ errors: [error.toJSON()] });
      }
    },
    formatError(formatted, error) {
      const stand = isUnexpected(error) ? hidden(error) : undefined;
      const shown = stand?.toJSON() ?? withoutRuntimeTextIn(formatted, error);
      try {
        const own: unknown = formatError(shown, stand ?? error);
        if (typeof own === 'object' && own !== null) return own as GraphQLFormattedError;
        throw new TypeError('formatError must return an error in the form of GraphQL.');
      } catch (thrown) {
        events.logged('formatError failed', thrown);
        return shown;
      }
    },
  };
}

const { message: internal } = REFUSALS.INTERNAL_SERVER_ERROR;
const ofContext = 'Context creation failed: ';
/** Of what the guard has logged: these say nothing. */
const known: ReadonlySet<string> = new Set([internal, ofContext + internal]);

/** Whether no hook has seen the error that Apollo Server is about to answer with. Those of an operation are all GraphQLErrors. */
function isUnexpected(error: unknown): boolean {
  if (!(error instanceof GraphQLError)) return true;
  return error.message.startsWith(ofContext) && !isExpectedError(error);
}

/** Before the application adds words of its own: what the runtime said stands at the end of a message, and is found there alone. */
function withoutRuntimeTextIn(formatted: GraphQLFormattedError, error: unknown): GraphQLFormattedError {
  if (!(error instanceof GraphQLError) || !schemaCodeOf(formatted, error)) return formatted;
  return { ...formatted, message: withoutRuntimeText(formatted.message, error) };
}

function lineOf(result: FormattedExecutionResult): string {
  return `${JSON.stringify(result)}\n`;
}

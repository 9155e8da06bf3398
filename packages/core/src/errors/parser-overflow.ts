/**
 * Stops: a document whose brackets stand so deep in each other that the parser, which is recursive, runs out of stack.
 * Room: before measure. The control `limits` refuses such a text before it is parsed; this is for servers without that limit.
 * Answers: `DEPTH_LIMIT_EXCEEDED`, 400: it is the client's document, and nothing of ours that failed.
 */
import { type DocumentNode, GraphQLError, type ParseOptions, parse } from 'graphql';
import { refuse } from './refusal.ts';

/** For the operator. */
export const parserOverflow = 'more nesting than the parser takes';

/** @throws {GraphQLError} the syntax error, or the refusal of a text that is nested too deeply. */
export function parseDocument(source: string, options: ParseOptions): DocumentNode {
  try {
    return parse(source, options);
  } catch (thrown) {
    throw isOverflow(thrown) ? refuse('DEPTH_LIMIT_EXCEEDED', { reason: parserOverflow }) : thrown;
  }
}

/** Whether this is the error that Apollo Server makes of such a document: it puts the words of the runtime into a syntax error. */
export function isParserOverflow(error: unknown): boolean {
  if (!(error instanceof GraphQLError) || error.extensions['code'] !== 'GRAPHQL_PARSE_FAILED') return false;
  return isOverflow(firstThrown(error));
}

/** V8 says a stack that is full by a RangeError; the parser throws no other one. */
function isOverflow(thrown: unknown): boolean {
  return thrown instanceof RangeError;
}

/** What was thrown at first, below the GraphQLErrors that were put around it. */
export function firstThrown(error: GraphQLError): Error {
  let thrown: Error = error;
  while (thrown instanceof GraphQLError && thrown.originalError) thrown = thrown.originalError;
  return thrown;
}

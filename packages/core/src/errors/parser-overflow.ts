/**
 * Stops: a document whose brackets nest so deep that the parser, which is recursive, overflows the stack.
 * Room: before measure. The control `limits` refuses such a text before it is parsed; this file is for servers without that
 * limit.
 * Answers: `DEPTH_LIMIT_EXCEEDED`, 400, because the document is the client's fault and the server has not failed.
 */
import { type DocumentNode, GraphQLError, type ParseOptions, parse } from 'graphql';
import { refuse } from './refuse.ts';

/** The reason in events. */
export const parserOverflow = 'more nesting than the parser takes';

/** Parses a document. @throws {GraphQLError} a syntax error, or the refusal of a text that is nested too deeply. */
export function parseDocument(source: string, options: ParseOptions): DocumentNode {
  try {
    return parse(source, options);
  } catch (thrown) {
    throw isOverflow(thrown) ? refuse('DEPTH_LIMIT_EXCEEDED', { reason: parserOverflow }) : thrown;
  }
}

/** Whether an error of Apollo Server is about such a document: it wraps the RangeError in a syntax error. */
export function isParserOverflow(error: unknown): boolean {
  if (!(error instanceof GraphQLError) || error.extensions['code'] !== 'GRAPHQL_PARSE_FAILED') return false;
  return isOverflow(findFirstThrown(error));
}

/** V8 throws a RangeError when the stack is full. The parser throws no RangeError of its own. */
function isOverflow(thrown: unknown): boolean {
  return thrown instanceof RangeError;
}

/** Finds what was thrown first, below the GraphQLErrors that wrap it. */
export function findFirstThrown(error: GraphQLError): Error {
  let thrown: Error = error;
  while (thrown instanceof GraphQLError && thrown.originalError) thrown = thrown.originalError;
  return thrown;
}

/** How deep the brackets of a query text stand within each other: the one thing over which the parser runs out of stack. */
import { Lexer, Source, TokenKind } from 'graphql';

const opening: ReadonlySet<TokenKind> = new Set([TokenKind.BRACE_L, TokenKind.BRACKET_L, TokenKind.PAREN_L]);
const closing: ReadonlySet<TokenKind> = new Set([TokenKind.BRACE_R, TokenKind.BRACKET_R, TokenKind.PAREN_R]);

/** @returns the nesting, or some number that is on the same side of `maximum`. Reads the text once, without recursion. */
export function measureNesting(source: string, maximum: number): number {
  // Those in strings and comments count here too, so this is never too low. Few texts have as many at all.
  const atMost = countOpening(source);
  return atMost <= maximum ? atMost : findDeepest(source, maximum);
}

function countOpening(source: string): number {
  let count = 0;
  for (let i = 0; i < source.length; i += 1) {
    const character = source[i];
    if (character === '{' || character === '[' || character === '(') count += 1;
  }
  return count;
}

function findDeepest(source: string, maximum: number): number {
  const lexer = new Lexer(new Source(source));
  let depth = 0;
  let found = 0;
  try {
    while (found <= maximum) {
      const { kind } = lexer.advance();
      if (kind === TokenKind.EOF) break;
      if (opening.has(kind)) depth += 1;
      else if (closing.has(kind)) depth -= 1;
      found = Math.max(found, depth);
    }
  } catch {
    // A character that is no token: the parser stops there as well, and its error is the better answer.
  }
  return found;
}

/** How deep the brackets of a query text nest: only that can make the parser, which is recursive, overflow the stack. */
import { Lexer, Source, TokenKind } from 'graphql';

const opening: ReadonlySet<TokenKind> = new Set([TokenKind.BRACE_L, TokenKind.BRACKET_L, TokenKind.PAREN_L]);
const closing: ReadonlySet<TokenKind> = new Set([TokenKind.BRACE_R, TokenKind.BRACKET_R, TokenKind.PAREN_R]);

/** Measures the nesting without recursion. @returns it, or another number that is on the same side of `maximum`. */
export function measureNesting(source: string, maximum: number): number {
  // Counts brackets in strings and comments too, so it is never too low. Few texts have that many at all.
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

/** Reads tokens until the nesting is above `maximum`. */
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
    // A character that begins no token. The parser stops there as well, and its error is the better answer.
  }
  return found;
}

/** Errors of graphql-js that print an object that it cannot answer with: somebody's data, for no client and no log. */

/** How such a message begins, and what stands in front of the object. */
const forms = [
  ['Expected value of type ', ' but got: '],
  ['Abstract type ', ' with value '],
  [' cannot represent ', ' value: {'],
  [' cannot represent ', ' value: ['],
] as const;

/** Where in a text an object is printed; -1 for nowhere. */
function printedAt(text: string): number {
  for (const [beginning, before] of forms) {
    const start = text.indexOf(beginning);
    const at = start === -1 ? -1 : text.indexOf(before, start);
    if (at !== -1) return at;
  }
  return -1;
}

export function printsObject(message: string): boolean {
  return printedAt(message) !== -1;
}

/** A text for a log without the object; what stands below its message, a stack, stays. */
export function withoutObject(text: string): string {
  const at = printedAt(text);
  if (at === -1) return text;
  const stack = text.indexOf('\n    at ', at);
  return text.slice(0, at) + (stack === -1 ? '' : text.slice(stack));
}

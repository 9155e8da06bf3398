/**
 * Errors of graphql-js that print an object which does not fit its type. The object can hold data of any user, so neither
 * clients nor logs get it.
 */

/** How such a message begins, and the text before the object. */
const forms = [
  ['Expected value of type ', ' but got: '],
  ['Abstract type ', ' with value '],
  [' cannot represent ', ' value: {'],
  [' cannot represent ', ' value: ['],
] as const;

/** @returns the index at which a text prints an object; -1 where it prints none. */
function findPrintedObject(text: string): number {
  for (const [beginning, before] of forms) {
    const start = text.indexOf(beginning);
    const at = start === -1 ? -1 : text.indexOf(before, start);
    if (at !== -1) return at;
  }
  return -1;
}

/** Whether a message prints an object. */
export function printsObject(message: string): boolean {
  return findPrintedObject(message) !== -1;
}

/** Removes the object from a text for a log. The stack below the message stays. */
export function removePrintedObject(text: string): string {
  const at = findPrintedObject(text);
  if (at === -1) return text;
  const stack = text.indexOf('\n    at ', at);
  return text.slice(0, at) + (stack === -1 ? '' : text.slice(stack));
}

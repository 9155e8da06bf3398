/** Texts of clients in logs and events: none can begin a line or control a terminal. */

/**
 * Makes a text of a client safe for one line of a log: printable ASCII, at most 100 characters. Other characters are escaped
 * and not removed, so that two callers never look like one.
 */
export function escapeText(text: string): string {
  return text
    .slice(0, 100)
    .replace(/[^\x20-\x7e]/g, escapeCharacter)
    .slice(0, 100);
}

/** Writes a character as `\u` and its code. */
export function escapeCharacter(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

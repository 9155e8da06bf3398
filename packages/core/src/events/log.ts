/**
 * How events and errors are written to the log. Clients choose parts of their text, so no text can begin a line or control a
 * terminal.
 */
import { removePrintedObject } from '../errors/printed-values.ts';
import { escapeCharacter } from '../lib/escape-text.ts';
import { type Check, hasMethods, must } from '../lib/read-options.ts';
import type { EventListener, SecurityEvent } from './security-event.ts';

/** The part of Apollo Server's logger that Bulwark uses. */
export interface Logger {
  /** Takes one line. */
  warn(message: string): void;
  /** Takes several lines, where it is an error with its stack. */
  error(message: string): void;
}

/** The rule of the option `logger`. */
export const aLogger: Check = must('be an object with the functions warn and error', (logger: unknown) =>
  hasMethods(logger, 'warn', 'error'),
);

/** In milliseconds. */
const minute = 60_000;

/**
 * Makes the listener that logs each kind of event once a minute, with the number of those left out: a server under attack
 * must not fill its own disk.
 *
 * @param logger asked for each line, since Apollo Server gives its logger only when it starts.
 */
export function logEvents(logger: () => Logger): EventListener {
  const logged = new Map<string, { since: number; more: number }>();
  return function logEvent(event) {
    if (event.type === 'auth.success' || event.type === 'operation.answered') return;
    const subject = `${event.type} ${findSubject(event)}`;
    const last = logged.get(subject);
    if (last && event.time - last.since < minute) {
      last.more += 1;
      return;
    }
    logged.set(subject, { since: event.time, more: 0 });
    const more = last && last.more > 0 ? ` (and ${last.more} more since the last line)` : '';
    const { id: _id, time: _time, type, outcome, ...rest } = event;
    logger().warn(`Bulwark: ${type} ${outcome} ${JSON.stringify(rest)}${more}`);
  };
}

/** Finds what a second line within a minute would repeat. The number of subjects is bounded, since no client chooses them. */
function findSubject(event: SecurityEvent): string {
  if (event.type === 'config.warning') return event.message;
  if (event.type === 'rate.limited') return event.policy ?? event.code;
  if (event.type === 'alert') return event.rule;
  return 'code' in event ? event.code : '';
}

/** Writes an error in full. A text that it quotes can neither begin a line of its own nor control a terminal. */
export function describeError(error: unknown): string {
  return removePrintedObject(readErrorText(error))
    .replace(/\r?\n(?! {4}at )/g, '\n    | ')
    .replace(/[^\n\t\x20-\x7e]/g, escapeCharacter);
}

/** Anything can be thrown, even a value that cannot become a string: logging it must not throw and so refuse a request. */
function readErrorText(error: unknown): string {
  try {
    // It is no string where an application sets `Error.prepareStackTrace`.
    const stack: unknown = error instanceof Error ? error.stack : undefined;
    return typeof stack === 'string' ? stack : String(error);
  } catch {
    return 'a value that cannot become a string';
  }
}

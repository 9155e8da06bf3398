/** What the log says of events and errors. */
import { removePrintedObject } from '../errors/printed-values.ts';
import { type Check, hasMethods, must } from '../lib/read-options.ts';
import type { EventListener, SecurityEvent } from './security-event.ts';

/** The part of Apollo Server's logger that Bulwark uses. */
export interface Logger {
  warn(message: string): void;
  error(message: string): void;
}

export const aLogger: Check = must('be an object with the functions warn and error', (logger: unknown) =>
  hasMethods(logger, 'warn', 'error'),
);

const minute = 60_000;

/** Logs each kind of event once a minute, with how many were left out: a server under attack must not fill its own disk. */
export function logEvents(logger: () => Logger): EventListener {
  const seen = new Map<string, { since: number; more: number }>();
  return (event) => {
    if (event.type === 'auth.success') return;
    const subject = `${event.type} ${findSubject(event)}`;
    const last = seen.get(subject);
    if (last && event.time - last.since < minute) {
      last.more += 1;
      return;
    }
    seen.set(subject, { since: event.time, more: 0 });
    const more = last && last.more > 0 ? ` (and ${last.more} more since the last line)` : '';
    const { id: _id, time: _time, type, outcome, ...rest } = event;
    logger().warn(`Bulwark: ${type} ${outcome} ${JSON.stringify(rest)}${more}`);
  };
}

/** What a second line within a minute would tell again; of everything in it there is a bounded number. */
function findSubject(event: SecurityEvent): string {
  if (event.type === 'config.warning') return event.message;
  if (event.type === 'rate.limited') return event.policy ?? event.code;
  return 'code' in event ? event.code : '';
}

/**
 * Client-made text, safe to print on one line of a log. What is not ASCII is escaped, not left out: two callers must not read as
 * one.
 */
export function escapeText(text: string): string {
  return text
    .slice(0, 100)
    .replace(/[^\x20-\x7e]/g, escapeCharacter)
    .slice(0, 100);
}

/** An error in full. What it quotes cannot begin a line of its own, nor talk to a terminal. */
export function describeError(error: unknown): string {
  return removePrintedObject(readErrorText(error))
    .replace(/\r?\n(?! {4}at )/g, '\n    | ')
    .replace(/[^\n\t\x20-\x7e]/g, escapeCharacter);
}

function escapeCharacter(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

/** Anything can be thrown, also what has no text: what a log cannot read must not refuse a request. */
function readErrorText(error: unknown): string {
  try {
    // An application can make a list of it (`Error.prepareStackTrace`).
    const stack: unknown = error instanceof Error ? error.stack : undefined;
    return typeof stack === 'string' ? stack : String(error);
  } catch {
    return 'something that is no text';
  }
}

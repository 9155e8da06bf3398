/**
 * What an operator sees: one synchronous listener, a union told apart by `type`.
 *
 * No event holds a token, a variable, a literal, a response value or query text. A listener cannot veto, and what it
 * throws is logged.
 */
import { randomUUID } from 'node:crypto';
import { withoutObject } from '../errors/printed-values.ts';
import type { CoordinateShare, RefusalCode } from '../errors/refusal.ts';
import { ownVerdict } from '../lib/promises.ts';
import { type Check, hasMethods, must } from '../lib/read-options.ts';
import type { SecurityContext } from '../security-context.ts';

/** What happened, by `type`. */
export type EventDetails =
  /** A limit said no. `limit` is the option's name; `actual` may be `Infinity` where counting stopped early. */
  | {
      type: 'limit.exceeded';
      control: string;
      code: RefusalCode;
      limit: string;
      actual: number;
      maximum: number;
      coordinate?: string;
      /** What made a cost, dearest first. */
      dearest?: readonly CoordinateShare[];
    }
  /** A rule said no to an operation, a field, an object or an argument. Once per coordinate and operation. */
  | {
      type: 'access.denied';
      control: string;
      code: RefusalCode;
      coordinate?: string;
      rule?: string;
      reason?: string;
      /** How many values were denied; left out: one. Over Apollo Server those of the whole operation. */
      count?: number;
    }
  /** A role let pass what is reserved for owners. Once per coordinate and operation. */
  | { type: 'access.bypassed'; control: string; coordinate: string; rule: string }
  /** A bucket is short. `policy` names it, as `RateLimit-Policy` and `peek()` do: `Mutation.login#2` is the second rule there. */
  | {
      type: 'rate.limited';
      control: string;
      code: RefusalCode;
      coordinate?: string;
      policy?: string;
      retryAfterSeconds?: number;
    }
  | { type: 'introspection.blocked'; control: string; code: RefusalCode; coordinate?: string }
  | { type: 'auth.success'; method: string; keyId?: string }
  /**
   * A credential was refused. `auth.locked`: too many failures before it. `auth.failure`: any other reason. Where something of
   * ours failed, the log has the error under `errorId`, once a minute.
   */
  | {
      type: 'auth.failure' | 'auth.expired' | 'auth.revoked' | 'auth.locked';
      code: RefusalCode;
      reason: string;
      keyId?: string;
      errorId?: string;
    }
  /** An issuer does not give its keys, or gives them again. */
  | { type: 'issuer.down' | 'issuer.up'; issuer: string; reason?: string }
  /**
   * Apollo Server or a control refused the form of the request. `details` is what graphql-js said, which the client may not
   * have read; each text ends where a value of the client would begin.
   */
  | { type: 'request.invalid'; code: string; reason?: string; details?: readonly string[] }
  /** Something of ours or of the application failed, and the request was denied. The log has the error under `errorId`. */
  | { type: 'failure'; where: string; errorId?: string; reason?: string }
  /** An unexpected error was hidden from the client. The log has it under `errorId`. */
  | { type: 'error.masked'; errorId: string; path?: readonly (string | number)[] }
  | { type: 'store.degraded' | 'store.recovered'; store: string }
  /** The credential of a subscriber ended, and the stream with it. */
  | { type: 'subscription.ended'; coordinate: string; reason: string }
  | { type: 'config.warning'; message: string };

/** An event as the listener gets it. */
export type SecurityEvent = EventDetails & {
  readonly id: string;
  /** Milliseconds since the epoch. */
  readonly time: number;
  /** `reported`: a control in `report` mode would have refused. */
  readonly outcome: 'refused' | 'reported' | 'noted';
  readonly requestId?: string;
  /** What is not ASCII as `\u` and its code; at most 100 characters. */
  readonly principalId?: string;
  readonly clientIp?: string;
  readonly operationType?: string;
  /**
   * The client's name for the operation: at most 100 characters. Of a request that was refused before its text was parsed, the
   * `operationName` that it came with.
   */
  readonly operationName?: string;
};

export type EventListener = (event: SecurityEvent) => void;

/** The part of Apollo Server's logger that Bulwark uses. */
export interface Logger {
  warn(message: string): void;
  error(message: string): void;
}

export const aLogger: Check = must('be an object with the functions warn and error', (logger: unknown) =>
  hasMethods(logger, 'warn', 'error'),
);

/** What is known of the request when an event happens. */
export interface EventOrigin {
  readonly security?: SecurityContext | undefined;
  readonly operationType?: string | undefined;
  readonly operationName?: string | null | undefined;
}

/** The way from a control to the listener and the log. */
export interface Events {
  emit(details: EventDetails, outcome: SecurityEvent['outcome'], origin?: EventOrigin): void;
  /** Logs an unexpected error in full and returns the id under which it stands. */
  logged(where: string, error: unknown): string;
}

export const anEventSink: Check = must('be the events of createEvents()', (events: unknown) =>
  hasMethods(events, 'emit'),
);

/** @param onEvent the listener; without one, each kind of event is logged once per code, or policy, and minute. */
export function createEvents(onEvent: EventListener | undefined, logger: () => Logger): Events {
  const listener = onEvent ?? logEvents(logger);
  return {
    emit(details, outcome, origin = {}) {
      const { security, operationType, operationName } = origin;
      const event: SecurityEvent = {
        ...details,
        id: randomUUID(),
        time: Date.now(),
        outcome,
        ...(security && { requestId: security.requestId }),
        ...(security?.principal && { principalId: printable(security.principal.id) }),
        ...(security?.clientIp && { clientIp: security.clientIp }),
        ...(operationType && { operationType }),
        ...(operationName && { operationName: printable(operationName) }),
      };
      const failed = (error: unknown): void => logger().error(`Bulwark: the event listener threw: ${describe(error)}`);
      try {
        ownVerdict(listener(event), failed);
      } catch (error) {
        failed(error);
      }
    },
    logged(where, error) {
      const errorId = randomUUID();
      logger().error(`Bulwark: ${where} [${errorId}]: ${describe(error)}`);
      return errorId;
    },
  };
}

/** For what is told of each masked error: the log has it under the id that is returned, and the listener gets an event. */
export function maskedBy(events: Events, origin: EventOrigin) {
  return function reportMasked(error: unknown, path: readonly (string | number)[] | undefined): string {
    const errorId = events.logged('an unexpected error was masked', error);
    events.emit({ type: 'error.masked', errorId, ...(path && { path }) }, 'noted', origin);
    return errorId;
  };
}

const minute = 60_000;

/** Logs each kind of event once a minute, with how many were left out: a server under attack must not fill its own disk. */
export function logEvents(logger: () => Logger): EventListener {
  const seen = new Map<string, { since: number; more: number }>();
  return (event) => {
    if (event.type === 'auth.success') return;
    const subject = `${event.type} ${subjectOf(event)}`;
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
function subjectOf(event: SecurityEvent): string {
  if (event.type === 'config.warning') return event.message;
  if (event.type === 'rate.limited') return event.policy ?? event.code;
  return 'code' in event ? event.code : '';
}

/**
 * Client-made text, safe to print on one line of a log. What is not ASCII is escaped, not left out: two callers must not read as
 * one.
 */
function printable(text: string): string {
  return text
    .slice(0, 100)
    .replace(/[^\x20-\x7e]/g, escaped)
    .slice(0, 100);
}

/** An error in full. What it quotes cannot begin a line of its own, nor talk to a terminal. */
function describe(error: unknown): string {
  return withoutObject(textOf(error))
    .replace(/\r?\n(?! {4}at )/g, '\n    | ')
    .replace(/[^\n\t\x20-\x7e]/g, escaped);
}

function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

/** Anything can be thrown, also what has no text: what a log cannot read must not refuse a request. */
function textOf(error: unknown): string {
  try {
    // An application can make a list of it (`Error.prepareStackTrace`).
    const stack: unknown = error instanceof Error ? error.stack : undefined;
    return typeof stack === 'string' ? stack : String(error);
  } catch {
    return 'something that is no text';
  }
}

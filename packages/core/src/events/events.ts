/**
 * The way from a control to the operator: one synchronous listener, and the log. A listener cannot veto, and what it throws
 * is logged.
 */
import { randomUUID } from 'node:crypto';
import { sha256 } from '../lib/digest.ts';
import { escapeText } from '../lib/escape-text.ts';
import { catchRejection } from '../lib/promises.ts';
import { type Check, hasMethods, must } from '../lib/read-options.ts';
import type { SecurityContext } from '../security-context.ts';
import { describeError, type Logger, logEvents } from './log.ts';
import type { RequestLabels } from './request-labels.ts';
import type { EventDetails, EventListener, SecurityEvent } from './security-event.ts';

/** What is known of the request that an event is about. */
export interface EventOrigin {
  readonly security?: SecurityContext | undefined;
  /** The address, where nothing else of a security context is known. */
  readonly clientIp?: string | null | undefined;
  /** What the headers say. Left out: the labels of `security`. */
  readonly labels?: RequestLabels | undefined;
  /** The text of the document that was sent. */
  readonly source?: string | undefined;
  readonly operationType?: string | undefined;
  readonly operationName?: string | null | undefined;
}

/** Characters of a text that is hashed for an event: without a bound, a refusal could cost more than it saves. */
const maxHashed = 100_000;

/** Where controls report what happened. */
export interface Events {
  /** Sends an event to the listener. Never throws. */
  emit(details: EventDetails, outcome: SecurityEvent['outcome'], origin?: EventOrigin): void;
  /** Logs an unexpected error in full. @returns the id under which the log has it, a random UUID. */
  logged(where: string, error: unknown): string;
}

/** The rule of the option `events`. */
export const anEventSink: Check = must('be the events of createEvents()', (events: unknown) =>
  hasMethods(events, 'emit'),
);

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** What every event has, whatever its type. */
type KnownOfEvent = Pick<
  SecurityEvent,
  | 'type'
  | 'id'
  | 'time'
  | 'outcome'
  | 'requestId'
  | 'principalId'
  | 'clientIp'
  | 'operationType'
  | 'operationName'
  | 'operationHash'
>;

/**
 * Makes the events of one server.
 *
 * @param onEvent the listener. Without one, each kind of event is logged once per code, or policy, and minute.
 * @param logger asked for each line, since Apollo Server gives its logger only when it starts.
 */
export function createEvents(onEvent: EventListener | undefined, logger: () => Logger): Events {
  const listener = onEvent ?? logEvents(logger);
  return {
    /** Sends an event to the listener. Never throws. */
    emit(details, outcome, origin = {}) {
      const { security, labels = security?.labels, source, operationType, operationName } = origin;
      const { clientIp = security?.clientIp } = origin;
      // Details come last: an object that begins as a copy and grows takes the engine forty times as long.
      const known: Mutable<KnownOfEvent> = { type: details.type, id: randomUUID(), time: Date.now(), outcome };
      if (security) known.requestId = security.requestId;
      if (security?.principal) known.principalId = escapeText(security.principal.id);
      if (clientIp) known.clientIp = clientIp;
      if (operationType) known.operationType = operationType;
      if (operationName) known.operationName = escapeText(operationName);
      if (source !== undefined && source.length <= maxHashed) known.operationHash = sha256(source, 'hex');
      if (labels) Object.assign(known, labels);
      const event: SecurityEvent = Object.assign(known, details);
      const logFailure = (error: unknown): void =>
        logger().error(`Bulwark: the event listener threw: ${describeError(error)}`);
      try {
        catchRejection(listener(event), logFailure);
      } catch (error) {
        logFailure(error);
      }
    },
    logged(where, error) {
      const errorId = randomUUID();
      logger().error(`Bulwark: ${where} [${errorId}]: ${describeError(error)}`);
      return errorId;
    },
  };
}

/**
 * Makes the function that is called with each masked error: it logs the error, sends an event, and returns the id in the log.
 */
export function createMaskReporter(events: Events, origin: EventOrigin) {
  return function reportMasked(error: unknown, path: readonly (string | number)[] | undefined): string {
    const errorId = events.logged('an unexpected error was masked', error);
    events.emit({ type: 'error.masked', errorId, ...(path && { path }) }, 'noted', origin);
    return errorId;
  };
}

/**
 * The way from a control to the operator: one synchronous listener, and the log. A listener cannot veto, and what it throws is
 * logged.
 */
import { randomUUID } from 'node:crypto';
import { catchRejection } from '../lib/promises.ts';
import { type Check, hasMethods, must } from '../lib/read-options.ts';
import type { SecurityContext } from '../security-context.ts';
import { describeError, escapeText, type Logger, logEvents } from './log.ts';
import type { EventDetails, EventListener, SecurityEvent } from './security-event.ts';

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
        ...(security?.principal && { principalId: escapeText(security.principal.id) }),
        ...(security?.clientIp && { clientIp: security.clientIp }),
        ...(operationType && { operationType }),
        ...(operationName && { operationName: escapeText(operationName) }),
      };
      const failed = (error: unknown): void =>
        logger().error(`Bulwark: the event listener threw: ${describeError(error)}`);
      try {
        catchRejection(listener(event), failed);
      } catch (error) {
        failed(error);
      }
    },
    logged(where, error) {
      const errorId = randomUUID();
      logger().error(`Bulwark: ${where} [${errorId}]: ${describeError(error)}`);
      return errorId;
    },
  };
}

/** For what is told of each masked error: the log has it under the id that is returned, and the listener gets an event. */
export function createMaskReporter(events: Events, origin: EventOrigin) {
  return function reportMasked(error: unknown, path: readonly (string | number)[] | undefined): string {
    const errorId = events.logged('an unexpected error was masked', error);
    events.emit({ type: 'error.masked', errorId, ...(path && { path }) }, 'noted', origin);
    return errorId;
  };
}

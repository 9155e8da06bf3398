/** Writes events to a pino logger: one JSON line each, with the fields of the event as they are. */
import type { SecurityEvent } from '@graphql-bulwark/core';
import { aText, hasMethods, must, type OptionTable, readOptions } from '@graphql-bulwark/core/internal';
import type { Sink } from './sink.ts';

/** The part of pino that is used. */
export interface PinoLogger {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
  /** Writes out what an asynchronous destination holds back. */
  flush?(done?: (error?: Error) => void): void;
}

/** Options of `pinoEvents()`. */
export interface PinoEventsOptions {
  /** The field under which the event stands in the line. @default 'bulwark' */
  readonly field?: string | undefined;
}

const optionTable = { field: { default: 'bulwark', check: aText } } satisfies OptionTable<PinoEventsOptions>;
const checkLogger = must('be a pino logger', (logger: unknown) => hasMethods(logger, 'info', 'warn', 'error'));

/**
 * Makes the sink of a pino logger. Alerts, failures and masked errors have the level `error`, refusals `warn`, the rest
 * `info`. The event stands under one field, so that no field of it can be mistaken for one of pino, such as `time`.
 *
 * @throws {TypeError} for what is no logger.
 * @example createMonitor({ sinks: [pinoEvents(pino())] })
 */
export function pinoEvents(logger: PinoLogger, options: PinoEventsOptions = {}): Sink {
  checkLogger('pinoEvents: logger', logger);
  const { field } = readOptions('pinoEvents', options, optionTable);
  return {
    name: 'pino',
    write(event) {
      logger[selectLevel(event)]({ [field]: event }, event.type);
    },
    close() {
      if (!logger.flush) return undefined;
      return new Promise<void>((resolve, reject) => {
        logger.flush?.((error) => (error ? reject(error) : resolve()));
      });
    },
  };
}

const failures: ReadonlySet<SecurityEvent['type']> = new Set([
  'alert',
  'failure',
  'error.masked',
  'issuer.down',
  'store.degraded',
]);

function selectLevel({ type, outcome }: SecurityEvent): 'info' | 'warn' | 'error' {
  if (failures.has(type)) return 'error';
  return outcome === 'noted' && type !== 'config.warning' && type !== 'access.bypassed' ? 'info' : 'warn';
}

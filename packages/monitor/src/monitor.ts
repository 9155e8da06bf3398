/**
 * The listener that hands each event to several sinks. They stand side by side: each has a queue of its own, and what one of
 * them does reaches neither a request nor another sink.
 */
import type { EventListener, Logger, SecurityEvent } from '@graphql-bulwark/core';
import {
  aFunction,
  aLogger,
  awaitWithin,
  between,
  longestTimer,
  must,
  type OptionTable,
  readOptions,
} from '@graphql-bulwark/core/internal';
import type { Detector } from './alerts/detect.ts';
import { createQueue, type SinkQueue, writing } from './sinks/queue.ts';
import { aListOfSinks, type Sink, type SinkCounts } from './sinks/sink.ts';

/** Options of `createMonitor()`. */
export interface MonitorOptions {
  /** Where events go, for example `pinoEvents(logger)`; a function is called with each event. */
  readonly sinks: readonly (Sink | EventListener)[];
  /** The rules that raise alerts, made by `detect()`. They see every event, and all sinks get their alerts. Left out: none. */
  readonly detector?: Detector | undefined;
  /** Finds the id of the trace that is active, for example `readTraceId`. Left out: events have no trace id. */
  readonly traceId?: (() => string | undefined) | undefined;
  /** Events that may wait for one sink; above it, new ones are dropped and counted. Whole number. @default 1000 */
  readonly maxQueued?: number | undefined;
  /** How long one event may take a sink. Whole number, 1 or more. @default 5000 */
  readonly timeoutMilliseconds?: number | undefined;
  /** Told of events that a sink lost, once a minute per sink. Left out: the console. */
  readonly logger?: Logger | undefined;
}

const optionTable = {
  sinks: { required: true, check: aListOfSinks },
  detector: { check: must('be made by detect()', isDetector) },
  traceId: { check: aFunction },
  maxQueued: { default: 1_000, check: between(1, 1_000_000) },
  timeoutMilliseconds: { default: 5_000, check: between(1, longestTimer) },
  logger: { check: aLogger },
} satisfies OptionTable<MonitorOptions>;

/** What {@link createMonitor} returns. */
export interface Monitor {
  /** The listener: give it to `createBulwark`, `guard` or `createEvents` as `onEvent`. Never throws. */
  readonly onEvent: EventListener;
  /** What became of the events for each sink since the start, in the order of the sinks, the detector last. */
  readonly count: () => readonly SinkCounts[];
  /** Waits until no event is queued. @param milliseconds how long at most; it then resolves all the same. @default 5000 */
  readonly flush: (milliseconds?: number) => Promise<void>;
  /** Flushes, and closes the sinks. Events that come later are dropped. Call it after the server has stopped. */
  readonly close: () => Promise<void>;
}

/** How often in a row sinks may answer an event with an event, such as a store of a sink that reports that it is down. */
const maxHops = 2;

/**
 * Makes a monitor.
 *
 * @throws {TypeError} for an invalid option.
 * @example createBulwark({ authenticate, onEvent: createMonitor({ sinks: [pinoEvents(pino())] }).onEvent })
 */
export function createMonitor(options: MonitorOptions): Monitor {
  const {
    sinks,
    detector,
    traceId,
    maxQueued,
    timeoutMilliseconds,
    logger = console,
  } = readOptions('createMonitor', options, optionTable);
  const settings = { maxQueued, timeoutMilliseconds, lost: createLossLog(logger) };
  const queues = sinks.map((sink, i) => createQueue(typeof sink === 'function' ? nameSink(sink, i) : sink, settings));
  const detectorQueue = detector && createQueue(detector, settings);
  let isClosed = false;
  detector?.connect(
    (alert) => {
      for (const queue of queues) queue.add(alert, 0);
    },
    (error) => settings.lost('detector', error),
  );

  function findTraceId(): string | undefined {
    try {
      return traceId?.();
    } catch (error) {
      settings.lost('traceId', error);
      return undefined;
    }
  }

  function send(event: SecurityEvent): void {
    // A sink that reports an event for each event it writes would keep itself and all others busy for ever.
    const cause = writing.getStore();
    const hops = cause ? cause.hops + 1 : 0;
    if (isClosed || hops > maxHops) return;
    const trace = traceId && findTraceId();
    const sent: SecurityEvent = trace ? { traceId: trace, ...event } : event;
    const give = (queue: SinkQueue): void => {
      if (queue !== cause?.queue) queue.add(sent, hops);
    };
    for (const queue of queues) give(queue);
    if (detectorQueue) give(detectorQueue);
  }

  const all = detectorQueue ? [...queues, detectorQueue] : queues;

  async function flush(milliseconds = 5_000): Promise<void> {
    // The detector first: its last alerts still have to reach the sinks.
    const empty = async (): Promise<void> => {
      await detectorQueue?.drained();
      await detector?.settled();
      await Promise.all(queues.map((queue) => queue.drained()));
    };
    await awaitWithin(milliseconds, empty()).catch(() => {});
  }

  return {
    onEvent: send,
    count: () => all.map((queue) => queue.count()),
    flush,
    async close() {
      await flush();
      isClosed = true;
      await awaitWithin(timeoutMilliseconds, Promise.all(all.map((queue) => queue.close()))).catch(() => {});
    },
  };
}

/** In milliseconds. */
const minute = 60_000;

/** Makes the function that logs lost events once a minute per sink: a sink that fails with every event must not fill the log. */
function createLossLog(logger: Pick<Logger, 'warn'>): (sink: string, reason: unknown) => void {
  const lines = new Map<string, { since: number; more: number }>();
  return function logLoss(sink, reason) {
    const now = Date.now();
    const last = lines.get(sink);
    if (last && now - last.since < minute) {
      last.more += 1;
      return;
    }
    const more = last && last.more > 0 ? ` (and ${last.more} more since the last line)` : '';
    lines.set(sink, { since: now, more: 0 });
    try {
      logger.warn(`Bulwark: the sink '${sink}' lost an event: ${describeReason(reason)}${more}`);
    } catch {
      // A logger that throws cannot be told of it, and the request must not learn of either.
    }
  };
}

/** Only the name of an error: its message may quote the event, or an answer of the service that the sink writes to. */
function describeReason(reason: unknown): string {
  if (typeof reason === 'string') return reason;
  if (!(reason instanceof Error)) return 'it threw';
  const { code } = reason as { code?: unknown };
  return `it threw ${reason.name}${typeof code === 'string' ? ` (${code})` : ''}`;
}

function nameSink(write: EventListener, index: number): Sink {
  return { name: write.name === '' ? `sinks[${index}]` : `${write.name} (sinks[${index}])`, write };
}

function isDetector(value: unknown): boolean {
  return typeof (value as Partial<Detector> | null)?.connect === 'function';
}

/**
 * The queue of one sink. It is bounded, and events are written one after the other, away from the requests: a sink that
 * throws, hangs or is too slow loses its own events and delays nothing else.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import type { SecurityEvent } from '@graphql-bulwark/core';
import { awaitWithin, isPromise } from '@graphql-bulwark/core/internal';
import type { Sink, SinkCounts } from './sink.ts';

/** What a queue takes from the monitor. */
export interface QueueSettings {
  readonly maxQueued: number;
  readonly timeoutMilliseconds: number;
  /** Called with each event that was lost and why. Must not throw. */
  readonly lost: (sink: string, reason: unknown) => void;
}

export interface SinkQueue {
  /** Calls `observe` of the sink, and puts the event in its queue. Never throws. */
  readonly add: (event: SecurityEvent, hops: number) => void;
  readonly count: () => SinkCounts;
  /** Resolves when the queue is empty. */
  readonly drained: () => Promise<void>;
  /** Closes the sink. Never rejects. */
  readonly close: () => Promise<void>;
}

/** The event that a sink is writing. What the sink itself reports meanwhile is found to come from it. */
interface Writing {
  readonly queue: SinkQueue;
  /** How many sinks stand between this event and the request that began it. */
  readonly hops: number;
}

/** Which event of which sink the running code writes; empty outside the sinks. */
export const writing: AsyncLocalStorage<Writing> = new AsyncLocalStorage();

/** How many events are written before other work of the process gets its turn. */
const eventsPerTurn = 256;

/** Makes the queue of one sink. */
export function createQueue(sink: Sink, settings: QueueSettings): SinkQueue {
  const { maxQueued, timeoutMilliseconds, lost } = settings;
  const counts = { written: 0, dropped: 0, failed: 0 };
  // A ring, so that taking the first event of a long queue moves none of the others.
  const events: (SecurityEvent | undefined)[] = [];
  const hopsOf: number[] = [];
  let first = 0;
  let length = 0;
  let isDraining = false;
  let whenDrained: (() => void)[] = [];
  // A turn that began inside a request would keep its context, and write later events under its span.
  const outside = AsyncLocalStorage.snapshot();

  function fail(error: unknown): void {
    counts.failed += 1;
    lost(sink.name, error);
  }

  /** Writes one event. @returns a promise where the sink takes its time. */
  function write(event: SecurityEvent, hops: number): Promise<void> | undefined {
    try {
      const pending = writing.run({ queue, hops }, () => sink.write?.(event));
      if (isPromise(pending)) return awaitWithin(timeoutMilliseconds, pending).then(succeed, fail);
      succeed();
    } catch (error) {
      fail(error);
    }
    return undefined;
  }

  function succeed(): void {
    counts.written += 1;
  }

  async function drain(): Promise<void> {
    for (let turn = 0; length > 0 && turn < eventsPerTurn; turn += 1) {
      const event = events[first] as SecurityEvent;
      const hops = hopsOf[first] as number;
      events[first] = undefined;
      first = (first + 1) % maxQueued;
      length -= 1;
      const pending = write(event, hops);
      if (pending) await pending;
    }
    if (length > 0) {
      scheduleDrain();
      return;
    }
    isDraining = false;
    for (const resolve of whenDrained) resolve();
    whenDrained = [];
  }

  function scheduleDrain(): void {
    outside(() => setImmediate(() => void drain()));
  }

  const queue: SinkQueue = {
    add(event, hops) {
      if (sink.observe) {
        try {
          writing.run({ queue, hops }, () => sink.observe?.(event));
        } catch (error) {
          fail(error);
        }
      }
      if (!sink.write) return;
      if (length === maxQueued) {
        counts.dropped += 1;
        lost(sink.name, 'its queue is full');
        return;
      }
      const last = (first + length) % maxQueued;
      events[last] = event;
      hopsOf[last] = hops;
      length += 1;
      if (isDraining) return;
      isDraining = true;
      scheduleDrain();
    },
    count: () => ({ sink: sink.name, ...counts, queued: length }),
    drained: () => (isDraining ? new Promise((resolve) => void whenDrained.push(resolve)) : Promise.resolve()),
    async close() {
      try {
        await sink.close?.();
      } catch (error) {
        lost(sink.name, error);
      }
    },
  };
  return queue;
}

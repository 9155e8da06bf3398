/** What a sink is: a place that events are written to, such as a log, metrics or a rule that raises alerts. */
import type { SecurityEvent } from '@graphql-bulwark/core';
import { type Check, hasMethods, must } from '@graphql-bulwark/core/internal';

/** A sink. At least one of `write` and `observe`. */
export interface Sink {
  /** Names the sink in {@link SinkCounts} and in the log. */
  readonly name: string;
  /**
   * Called with each event in turn, after the code that the event is about has run. The next event waits for its promise, at
   * most for the `timeoutMilliseconds` of the monitor. What it throws or rejects with is counted and logged.
   */
  readonly write?: ((event: SecurityEvent) => unknown) | undefined;
  /**
   * Called at once, in the request that the event is about: only for what must know the active span. It must be quick, since
   * the request waits for it. What it throws is counted and logged, and harms nothing else.
   */
  readonly observe?: ((event: SecurityEvent) => void) | undefined;
  /** Called while the monitor closes, after the last event: writes out what is still held back. */
  readonly close?: (() => unknown) | undefined;
}

/** What became of the events for one sink. */
export interface SinkCounts {
  readonly sink: string;
  /** Events that were written. */
  readonly written: number;
  /** Events that were not even tried, because the queue was full. */
  readonly dropped: number;
  /** Events with which the sink threw, rejected, or took too long. */
  readonly failed: number;
  /** Events that wait now. */
  readonly queued: number;
}

/** The rule of the option `sinks`. */
export const aListOfSinks: Check = must(
  'be a list of functions and sinks with different names, such as [pinoEvents(logger)]',
  (sinks: unknown) => Array.isArray(sinks) && sinks.every(isSink) && haveDifferentNames(sinks),
);

function isSink(value: unknown): boolean {
  if (typeof value === 'function') return true;
  const name: unknown = (value as Partial<Sink> | null)?.name;
  return typeof name === 'string' && name !== '' && (hasMethods(value, 'write') || hasMethods(value, 'observe'));
}

function haveDifferentNames(sinks: readonly unknown[]): boolean {
  const names = sinks.filter((sink) => typeof sink !== 'function').map((sink) => (sink as Sink).name);
  return new Set(names).size === names.length;
}

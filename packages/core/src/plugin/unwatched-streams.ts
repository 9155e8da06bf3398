/**
 * Source streams of subscriptions whose closing is not awaited. Where closing one fails, the rejection has no handler and
 * would end the process, so it is reported by a function that is kept here.
 */
import { isObject } from '../lib/is-object.ts';

type ReportFailure = (error: unknown) => void;

// A registered symbol, because an ES module copy and a CommonJS copy of this package must find each other's functions.
const key: unique symbol = Symbol.for('graphql-bulwark.unwatched-streams') as never;
const registry = globalThis as { [key]?: WeakMap<object, ReportFailure> };
const reporters = (registry[key] ??= new WeakMap<object, ReportFailure>());

/** Marks a context: the closing of its streams is not awaited. @param report called with the error where closing one fails. */
export function reportUnclosedStreams(contextValue: unknown, report: ReportFailure): void {
  if (isObject(contextValue)) reporters.set(contextValue, report);
}

/**
 * Finds the function that reports a stream which fails to close.
 *
 * @returns `undefined` where whatever closes the stream waits for it.
 */
export function findUnclosedReporter(contextValue: unknown): ReportFailure | undefined {
  return isObject(contextValue) ? reporters.get(contextValue) : undefined;
}

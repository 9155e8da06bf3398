/**
 * What is done with values that may be promises: functions of an application return either, may reject, and may never settle.
 */

/**
 * Returns a value, and handles the rejection of a promise where only a plain value is an answer: an unhandled one would end
 * the process.
 */
export function catchRejection(value: unknown, failed: (error: unknown) => void = () => {}): unknown {
  if (value instanceof Promise) value.catch(failed);
  return value;
}

/** Whether graphql-js would wait for a value: any object or function with a method `then`. */
export function isPromise(value: unknown): value is PromiseLike<unknown> {
  return (
    ((typeof value === 'object' && value !== null) || typeof value === 'function') &&
    typeof (value as { then?: unknown }).then === 'function'
  );
}

/** Handles every rejection in a value or list that is not read to its end: an unhandled one would end the process. */
export function discardValue(value: unknown): void {
  if (isPromise(value)) value.then(discardValue, () => {});
  if (Array.isArray(value)) for (const item of value as unknown[]) discardValue(item);
}

/** What hangs (a store, an issuer, a policy or loader of the application) must not hang the request. */

/** The longest delay of a timer in Node.js, in milliseconds. With a longer one, the timer fires at once. */
export const longestTimer: number = 2 ** 31 - 1;

/**
 * Waits for work that may hang, such as that of a store, an issuer or a policy of the application, so that the request does
 * not hang too.
 *
 * @throws {Error} when the work has not settled in time. The work itself goes on, and its rejection is handled.
 */
export async function awaitWithin<T>(milliseconds: number, work: PromiseLike<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    const giveUp = (): void => reject(new Error(`no answer within ${milliseconds} ms`));
    // When the process itself was busy, the answer may have arrived already: `setImmediate` lets it be read first.
    timer = setTimeout(() => setImmediate(giveUp), Math.min(milliseconds, longestTimer)).unref();
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

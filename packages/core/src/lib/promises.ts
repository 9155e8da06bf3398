/** What functions of an application return: values, and promises for them. */

/** Hands a value on, and keeps the rejection of a promise, which is no answer here, from ending the process. */
export function catchRejection(value: unknown, failed: (error: unknown) => void = () => {}): unknown {
  if (value instanceof Promise) value.catch(failed);
  return value;
}

/** As graphql-js tells it: what it would wait for is not yet a value, be it an object or a function. */
export function isPromise(value: unknown): value is PromiseLike<unknown> {
  return (
    ((typeof value === 'object' && value !== null) || typeof value === 'function') &&
    typeof (value as { then?: unknown }).then === 'function'
  );
}

/** For a value, or a list, that nobody reads to its end: what in it rejects is nobody's, and must not end the process. */
export function discardValue(value: unknown): void {
  if (isPromise(value)) value.then(discardValue, () => {});
  if (Array.isArray(value)) for (const item of value as unknown[]) discardValue(item);
}

/** What hangs (a store, an issuer, a policy or loader of the application) must not hang the request. */

/** The longest that a timer of the platform waits, in milliseconds; with more it would not wait at all. */
export const longestTimer: number = 2 ** 31 - 1;

/** @throws {Error} when the work has not settled in time. The work itself goes on; its rejection is handled. */
export async function awaitWithin<T>(milliseconds: number, work: PromiseLike<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    const giveUp = (): void => reject(new Error(`no answer within ${milliseconds} ms`));
    // A busy process may be late itself: an answer that is already here is read before the verdict.
    timer = setTimeout(() => setImmediate(giveUp), Math.min(milliseconds, longestTimer)).unref();
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

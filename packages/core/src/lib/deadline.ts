/** What hangs (a store, an issuer, a policy or loader of the application) must not hang the request. */

/** The longest that a timer of the platform waits, in milliseconds; with more it would not wait at all. */
export const longestTimer: number = 2 ** 31 - 1;

/** @throws {Error} when the work has not settled in time. The work itself goes on; its rejection is handled. */
export async function within<T>(milliseconds: number, work: PromiseLike<T>): Promise<T> {
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

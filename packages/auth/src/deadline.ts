/** Code of the application's own that must not be waited for forever: policies and loaders. */

/** Rejects when `work` has not settled in time. The work itself goes on; its rejection is handled. */
export function inTime<T>(milliseconds: number, work: PromiseLike<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const giveUp = (): void => {
      reject(new Error(`no answer within ${milliseconds} ms`));
    };
    // A busy process may be late itself: an answer that is already here is read before the verdict.
    const timer = setTimeout(() => setImmediate(giveUp), milliseconds).unref();
    const settled = Promise.resolve(work).finally(() => {
      clearTimeout(timer);
    });
    settled.then(resolve, reject);
  });
}

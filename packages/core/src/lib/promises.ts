/** What functions of an application return: values, and promises for them. */

/** Hands a value on, and keeps the rejection of a promise, which is no answer here, from ending the process. */
export function ownVerdict(value: unknown, failed: (error: unknown) => void = () => {}): unknown {
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
export function forget(value: unknown): void {
  if (isPromise(value)) value.then(forget, () => {});
  if (Array.isArray(value)) for (const item of value as unknown[]) forget(item);
}

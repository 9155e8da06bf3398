/** What callbacks of an application return where an answer is wanted at once. */

/** Hands a value on, and keeps the rejection of a promise, which is no answer here, from ending the process. */
export function ownVerdict(value: unknown, failed: (error: unknown) => void = () => {}): unknown {
  if (value instanceof Promise) value.catch(failed);
  return value;
}

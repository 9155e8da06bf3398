/** What kind of object a value is. */

/** Whether a value has an identity and can be a key of a `WeakMap`; functions do not count. */
export function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

/** Whether all that an object says stands in properties of its own, as in a literal: no list, no `Map`, no instance. */
export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  if (!isObject(value)) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

/** Tests of what kind of object a value is. */

/** Whether a value is an object and so can be a key of a `WeakMap`. Functions are not counted as objects. */
export function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

/**
 * Whether a value is an object as a literal makes it: all its data are own properties. Not a list, a `Map` or an instance of
 * a class.
 */
export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  if (!isObject(value)) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

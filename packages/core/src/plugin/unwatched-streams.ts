/** Source streams that are closed where nothing waits for it: what fails then has no reader, and would end the process. */
import { isObject } from '../lib/is-object.ts';

type Told = (error: unknown) => void;

// Registered, so that an ES module copy and a CommonJS copy of this package see the same.
const key: unique symbol = Symbol.for('graphql-bulwark.unwatched-streams') as never;
const registry = globalThis as { [key]?: WeakMap<object, Told> };
const toldOf = (registry[key] ??= new WeakMap<object, Told>());

/** Says that streams which are opened with this context are closed unwatched. @param told of what fails then. */
export function closesUnwatched(contextValue: unknown, told: Told): void {
  if (isObject(contextValue)) toldOf.set(contextValue, told);
}

/** Who is told where a stream of this context fails to close; `undefined`: whatever closes it. */
export function toldOfUnclosed(contextValue: unknown): Told | undefined {
  return isObject(contextValue) ? toldOf.get(contextValue) : undefined;
}

/** Measures variables as the client sent them, before anything recursive reads them. */

/** The size of the variables of one request. */
export interface VariableFacts {
  /** Nesting of values; a variable's own value is at 1. */
  readonly depth: number;
  /** Values at any depth. */
  readonly nodes: number;
  /** Length of the longest string or key, in UTF-16 code units. */
  readonly stringLength: number;
}

const none: VariableFacts = { depth: 0, nodes: 0, stringLength: 0 };

/**
 * Measures variables with a stack of its own, because a client chooses how deep they nest and recursion would overflow. It stops beyond
 * the bounds, and the facts then only show that a bound was passed. A value that JSON cannot hold (an upload, a date) counts as one.
 *
 * @param bounds of depth and values, beyond which it need not go on.
 */
export function measureVariables(
  variables: Readonly<Record<string, unknown>> | null | undefined,
  bounds: { readonly depth: number; readonly nodes: number },
): VariableFacts {
  if (!variables) return none;
  let depth = 0;
  let nodes = 0;
  let stringLength = 0;
  let waiting: object[] | undefined;
  let levels: number[] | undefined;
  for (let container: object | undefined = variables; container; container = waiting?.pop()) {
    const level = (levels?.pop() ?? 0) + 1;
    const keys = Array.isArray(container) ? undefined : Object.keys(container);
    const size = keys?.length ?? (container as unknown[]).length;
    if (size === 0) continue;
    depth = Math.max(depth, level);
    nodes += size;
    if (depth > bounds.depth || nodes > bounds.nodes) break;
    for (let i = 0; i < size; i += 1) {
      const key = keys?.[i];
      if (key !== undefined) stringLength = Math.max(stringLength, key.length);
      const value = (container as Record<PropertyKey, unknown>)[key ?? i];
      if (typeof value === 'string') stringLength = Math.max(stringLength, value.length);
      if (!isContainer(value)) continue;
      (waiting ??= []).push(value);
      (levels ??= []).push(level);
    }
  }
  return { depth, nodes, stringLength };
}

/** Whether a value is a list, or a plain object. An object of another realm (a worker, a test runner) counts as plain, too. */
function isContainer(value: unknown): value is object {
  if (typeof value !== 'object' || value === null) return false;
  if (Array.isArray(value)) return true;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

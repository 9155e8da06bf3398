/**
 * Where the suite remembers what it computes about operations: per document, as long as that lives; per run, until it is
 * over.
 */
import type { DocumentNode, GraphQLResolveInfo, OperationDefinitionNode } from 'graphql';
import { isObject } from '../lib/is-object.ts';

/**
 * Remembers one value per operation as long as its document lives. The document is part of the key, because an edited copy of
 * it can share the operation and define other fragments for it.
 */
export class PerOperation<T> {
  readonly #documents = new WeakMap<DocumentNode, Map<OperationDefinitionNode, T>>();

  /** @returns `undefined` where nothing was set. */
  get(document: DocumentNode, operation: OperationDefinitionNode): T | undefined {
    return this.#documents.get(document)?.get(operation);
  }

  /** @returns the value. */
  set(document: DocumentNode, operation: OperationDefinitionNode, value: T): T {
    const operations = this.#documents.get(document) ?? new Map<OperationDefinitionNode, T>();
    this.#documents.set(document, operations.set(operation, value));
    return value;
  }
}

/** A key of the state of operations. Only code that has the slot can read or write its value. */
export interface Slot<T> {
  /** Makes the value when it is first read. */
  readonly make: () => T;
}

/** Makes a slot. @param make makes its value for each state, when it is first read. */
export function createSlot<T>(make: () => T): Slot<T> {
  return { make };
}

/**
 * What is remembered of one run of an operation, in slots.
 *
 * No value may refer to the context or to a `ResolvedOperation`. States are found through weak maps, whose values stay in
 * memory until the next full garbage collection, and the context holds the whole answer.
 */
export class OperationState {
  #values: Map<Slot<unknown>, unknown> | undefined;

  /** Reads a value, and makes it where it is not set. */
  get<T>(slot: Slot<T>): T {
    const known = this.#values?.get(slot) as T | undefined;
    if (known !== undefined) return known;
    const made = slot.make();
    return made === undefined ? made : this.set(slot, made);
  }

  /** @returns the value. */
  set<T>(slot: Slot<T>, value: T): T {
    this.#values ??= new Map();
    this.#values.set(slot, value);
    return value;
  }
}

/** All states that can be found. */
interface States {
  /** Context -> operation -> state: operations that were checked and are executed next. */
  readonly handed: WeakMap<object, Map<OperationDefinitionNode, OperationState>>;
  /** Object that identifies an execution ({@link identifyExecution}) -> state. */
  readonly running: WeakMap<object, OperationState>;
  /** Coerced variables of streams that were opened. */
  readonly streams: WeakSet<object>;
}

// A registered symbol, because an ES module copy and a CommonJS copy of this package must find each other's states.
const key: unique symbol = Symbol.for('graphql-bulwark.operation-states') as never;
const registry = globalThis as { [key]?: States };
registry[key] ??= { handed: new WeakMap(), running: new WeakMap(), streams: new WeakSet() };
const { handed, running, streams } = registry[key];

/** Makes the state of an operation that is being checked. The next execution of that operation with this context finds it. */
export function handOverState(contextValue: unknown, operation: OperationDefinitionNode): OperationState {
  const state = new OperationState();
  if (!isObject(contextValue)) return state;
  const byOperation = handed.get(contextValue) ?? new Map<OperationDefinitionNode, OperationState>();
  handed.set(contextValue, byOperation.set(operation, state));
  return state;
}

/**
 * Finds or makes the state of the execution to which a resolver belongs. The first execution after a check has the state of
 * the check. Any other has one of its own: a later event of a subscription, a plain `execute()`, an operation that a resolver
 * executes with its context.
 */
export function findOperationState(contextValue: unknown, info: RunningField): OperationState {
  const execution = identifyExecution(info);
  const known = running.get(execution);
  if (known) return known;
  const state = takeHanded(contextValue, info.operation) ?? new OperationState();
  running.set(execution, state);
  return state;
}

/** A field that is being executed. */
type RunningField = Pick<GraphQLResolveInfo, 'operation' | 'variableValues' | 'path'>;

/** Marks an operation as a stream that is being opened: each event of it is an execution of its own. */
export function announceStream({ variableValues }: Pick<GraphQLResolveInfo, 'variableValues'>): void {
  streams.add(variableValues);
}

/**
 * Finds an object that identifies one execution, since a context may serve several. It is the coerced variables, which
 * executors make anew for each execution. But some executors keep those of an opened stream for all of its events; there it
 * is the path of the root field.
 */
function identifyExecution({ variableValues, path }: RunningField): object {
  if (!streams.has(variableValues)) return variableValues;
  let at = path;
  while (at.prev) at = at.prev;
  return at;
}

function takeHanded(contextValue: unknown, operation: OperationDefinitionNode): OperationState | undefined {
  const byOperation = isObject(contextValue) ? handed.get(contextValue) : undefined;
  const state = byOperation?.get(operation);
  byOperation?.delete(operation);
  return state;
}

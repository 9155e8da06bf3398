/** Where the suite keeps what it finds out of operations: of a document, as long as that lives; of one run, until it is over. */
import type { DocumentNode, GraphQLResolveInfo, OperationDefinitionNode } from 'graphql';
import { isObject } from '../lib/is-object.ts';

/**
 * Remembers something of operations as long as their documents live. The document is part of the key: an edited copy of it can
 * share operations with it, and define the fragments that they spread in another way.
 */
export class PerOperation<T> {
  readonly #documents = new WeakMap<DocumentNode, Map<OperationDefinitionNode, T>>();

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

/** A place in the state of each operation. Only what made it can read or write there. */
export interface Slot<T> {
  /** Makes the value, when it is first asked for. */
  readonly make: () => T;
}

export function createSlot<T>(make: () => T): Slot<T> {
  return { make };
}

/**
 * What is remembered of one run of an operation, in slots.
 *
 * No value may lead to the context or to a `ResolvedOperation`: states are found through weak maps, whose values stay until the
 * next full garbage collection, and the whole answer hangs on the context.
 */
export class OperationState {
  #values: Map<Slot<unknown>, unknown> | undefined;

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

interface States {
  /** By context and operation, of what was checked and is executed next. */
  readonly handed: WeakMap<object, Map<OperationDefinitionNode, OperationState>>;
  /** By what stands for one execution: {@link executionOf}. */
  readonly running: WeakMap<object, OperationState>;
  /** The coerced variables of streams that were opened. */
  readonly streams: WeakSet<object>;
}

// Registered, so that an ES module copy and a CommonJS copy of this package find each other's states.
const key: unique symbol = Symbol.for('graphql-bulwark.operation-states') as never;
const registry = globalThis as { [key]?: States };
registry[key] ??= { handed: new WeakMap(), running: new WeakMap(), streams: new WeakSet() };
const { handed, running, streams } = registry[key];

/** Makes the state of an operation that is checked, and hands it over to what is executed of it next with this context. */
export function handOverState(contextValue: unknown, operation: OperationDefinitionNode): OperationState {
  const state = new OperationState();
  if (!isObject(contextValue)) return state;
  const byOperation = handed.get(contextValue) ?? new Map<OperationDefinitionNode, OperationState>();
  handed.set(contextValue, byOperation.set(operation, state));
  return state;
}

/**
 * The state of the execution that a resolver runs in. The first execution of what was checked takes the state of the check; any
 * other has one of its own: a further event of a subscription, a plain `execute()`, what a resolver executes with its context.
 */
export function findOperationState(contextValue: unknown, info: RunningField): OperationState {
  const execution = executionOf(info);
  const known = running.get(execution);
  if (known) return known;
  const state = takeHanded(contextValue, info.operation) ?? new OperationState();
  running.set(execution, state);
  return state;
}

/** A field of an operation that is executed. */
type RunningField = Pick<GraphQLResolveInfo, 'operation' | 'variableValues' | 'path'>;

/** Says that a stream is opened, and that each event of it is an execution of its own. */
export function announceStream({ variableValues }: Pick<GraphQLResolveInfo, 'variableValues'>): void {
  streams.add(variableValues);
}

/**
 * An object that stands for one execution; a context may serve several. Executors coerce the variables anew for each, but some
 * keep those of an opened stream for all of its events: there the place of the one root field is new with each event.
 */
function executionOf({ variableValues, path }: RunningField): object {
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

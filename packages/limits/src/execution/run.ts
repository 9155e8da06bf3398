/**
 * One execution: what it has used, and how it is stopped. An execution is an operation, or one event of a subscription.
 *
 * A stopped execution ends at once, whatever its resolvers still do: what waits for them fails, and lists are no longer handed
 * to the executor. Its answer is one error, so nothing of it has to be right any more.
 */
import { type RefusalCode, refuse } from '@graphql-bulwark/core';
import {
  type ClientConnection,
  createSlot,
  deny,
  discardValue,
  type EventDetails,
  failField,
  findClientConnection,
  findOperationState,
  findSecurityContext,
  isGivenUpAround,
  type RefusalFacts,
  type Slot,
} from '@graphql-bulwark/core/internal';
import { type GraphQLError, type GraphQLResolveInfo, OperationTypeNode, responsePathAsArray } from 'graphql';
import type { ExecutionSettings } from './options.ts';

/** What is told of a run, besides the refusal. */
export interface Telling {
  /** Tells of a refusal, in `report` mode of what would have been one. Not called where a guard answers: it tells. */
  readonly refused: (refusal: GraphQLError, contextValue: unknown, info: GraphQLResolveInfo) => void;
  /** Tells of what refuses nothing. */
  readonly noted: (details: EventDetails, contextValue: unknown, info: GraphQLResolveInfo) => void;
}

/** What holds for every run. */
export interface RunSettings extends ExecutionSettings {
  readonly telling: Telling;
}

/** A value that a field waits for. */
interface Waiter {
  readonly info: GraphQLResolveInfo;
  readonly reject: (error: unknown) => void;
}

/** A list around the field may have been given up: then nothing would handle the rejection. */
function rejectUnlessGivenUp({ info, reject }: Waiter, error: unknown): void {
  if (!isGivenUpAround(info)) reject(error);
}

/** Of errors of one run, how many get a path of their own: an answer shows no more, and there may be one for each item. */
const locatedErrors = 20;

/** One execution. It must not refer to the context: states are kept until the next full garbage collection. */
export class Run {
  /** Items of all lists so far. */
  items = 0;
  /** The refusal of the whole operation; in `report` mode, what would have been one. */
  refusal: GraphQLError | undefined;
  /** Whether a guard answers, and says when the operation is over. */
  isAnswered = false;
  /** Whether its answer will be discarded, so that what is left of its lists need not be executed. */
  isCut = false;
  #settings: RunSettings | undefined;
  #stopped: GraphQLError | undefined;
  #isMutation = false;
  #deadline = Infinity;
  #isOver = false;
  #errors = 0;
  #located: GraphQLError | undefined;
  #told: Set<string> | undefined;
  #waiting: Set<Waiter> | undefined;
  #timer: NodeJS.Timeout | undefined;
  #client: ClientConnection | undefined;
  #gone: (() => void) | undefined;
  #controller: AbortController | undefined;

  /** Begins it, where it has not begun. */
  begin(settings: RunSettings, { operation }: Pick<GraphQLResolveInfo, 'operation'>): void {
    if (this.#settings) return;
    this.#settings = settings;
    this.#isMutation = operation.operation === OperationTypeNode.MUTATION;
    const seconds = this.#isMutation ? settings.maxMutationSeconds : settings.maxExecutionSeconds;
    if (seconds !== false) this.#deadline = performance.now() + seconds * 1_000;
  }

  /** Aborted when the execution is stopped. */
  get signal(): AbortSignal {
    this.#controller ??= new AbortController();
    if (this.#stopped) this.#controller.abort(this.#stopped);
    return this.#controller.signal;
  }

  /** Whether it has been stopped. */
  get hasStopped(): boolean {
    return this.#stopped !== undefined;
  }

  /** Whether a resolver need not be called, since nothing of its value would be answered. The fields of a mutation all run. */
  isInVain({ path }: GraphQLResolveInfo): boolean {
    return this.#stopped !== undefined && !(this.#isMutation && path.prev === undefined);
  }

  /** Whether it has been stopped, for a process that was too busy for its timers also now. */
  isStopped(contextValue: unknown, info: GraphQLResolveInfo): boolean {
    if (!this.#stopped && this.#deadline !== Infinity && performance.now() > this.#deadline)
      this.#late(contextValue, info);
    return this.#stopped !== undefined;
  }

  /** Stops the execution for a bound; in `report` mode it goes on. */
  exceed(code: RefusalCode, facts: RefusalFacts, contextValue: unknown, info: GraphQLResolveInfo): void {
    if (this.refusal || this.#stopped) return;
    this.refusal = refuse(code, facts);
    const { mode, telling } = this.#settings ?? {};
    if (!this.isAnswered) telling?.refused(this.refusal, contextValue, info);
    if (mode !== 'report') this.#stop(deny(code, facts));
  }

  /** Tells once of each text. */
  isFirst(text: string): boolean {
    this.#told ??= new Set();
    return !this.#told.has(text) && this.#told.add(text).has(text);
  }

  /**
   * Fails a field of a stopped execution.
   *
   * @throws {GraphQLError} where that gives up no list.
   */
  fail(info: GraphQLResolveInfo): Promise<never> {
    return failField(this.#errorAt(info), info);
  }

  /**
   * Waits for the value of a field until the execution is stopped.
   *
   * @param finish makes of it what the field returns. What it throws fails the field.
   */
  wait(
    promise: PromiseLike<unknown>,
    contextValue: unknown,
    info: GraphQLResolveInfo,
    finish?: (value: unknown) => unknown,
  ): Promise<unknown> {
    if (this.#stopped) {
      promise.then(discardValue, () => {});
      return this.fail(info);
    }
    this.#watch(contextValue, info);
    const waiting = (this.#waiting ??= new Set());
    return new Promise((resolve, reject) => {
      const waiter: Waiter = { info, reject };
      waiting.add(waiter);
      promise.then(
        // oxlint-disable-next-line promise/always-return -- settles the promise around it
        (value) => {
          if (!this.#isWanted(waiter)) {
            discardValue(value);
            return;
          }
          try {
            resolve(finish ? finish(value) : value);
          } catch (error) {
            rejectUnlessGivenUp(waiter, error);
          }
        },
        (error: unknown) => {
          if (this.#isWanted(waiter)) rejectUnlessGivenUp(waiter, error);
        },
      );
    });
  }

  #isWanted(waiter: Waiter): boolean {
    const waiting = this.#waiting;
    if (!waiting?.delete(waiter)) return false;
    if (waiting.size === 0 && !this.isAnswered) this.#rest();
    return true;
  }

  /** Ends it: the answer is there, and nothing must be waited for any more. */
  end(): void {
    this.#isOver = true;
    this.#rest();
    this.#waiting = undefined;
    this.#controller = undefined;
  }

  /** Watches clock and client, as long as something is waited for. */
  #watch(contextValue: unknown, info: GraphQLResolveInfo): void {
    if (this.#timer === undefined && this.#deadline !== Infinity) {
      // When the process itself was busy, values may have arrived already: `setImmediate` lets them be read first.
      const late = (): void => {
        if (this.#isOver || (this.#waiting?.size ?? 0) === 0) return;
        if (this.#stopped) this.#release();
        else this.#late(undefined, info);
      };
      const left = Math.max(1, Math.ceil(this.#deadline - performance.now()));
      this.#timer = setTimeout(() => setImmediate(late), left).unref();
    }
    if (this.#gone || this.#isMutation || this.#settings?.mode === 'report') return;
    this.#client = findClientConnection(findSecurityContext(contextValue));
    this.#gone = () => {
      if (!this.#stopped) this.#leave();
    };
    this.#client?.watch(this.#gone);
  }

  #rest(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#unwatch();
  }

  #unwatch(): void {
    if (this.#gone) this.#client?.unwatch(this.#gone);
    this.#gone = undefined;
    this.#client = undefined;
  }

  #late(contextValue: unknown, info: GraphQLResolveInfo): void {
    const { maxMutationSeconds, maxExecutionSeconds } = this.#settings as RunSettings;
    const [limit, maximum] = this.#isMutation
      ? ['maxMutationSeconds', maxMutationSeconds]
      : ['maxExecutionSeconds', maxExecutionSeconds];
    const over = (performance.now() - this.#deadline) / 1_000;
    const actual = Number(maximum) + Math.round(over * 1_000) / 1_000;
    this.#deadline = Infinity;
    this.exceed('EXECUTION_TIMEOUT', { limit, actual, maximum: Number(maximum) }, contextValue, info);
  }

  /**
   * Ends what has not begun, since the client has gone. What runs is waited for, up to the bound of time: an operation that its
   * client has given up counts for the client as long as it takes, or one could start any number and give them up.
   */
  #leave(): void {
    this.#stopped = deny('SERVICE_UNAVAILABLE', { reason: 'the client has gone' });
    this.isCut = this.isAnswered;
    this.#unwatch();
    this.#controller?.abort(this.#stopped);
  }

  #stop(error: GraphQLError): void {
    this.#stopped = error;
    this.isCut = this.isAnswered;
    this.#rest();
    this.#controller?.abort(error);
    this.#release();
  }

  /** Fails whatever is waited for. */
  #release(): void {
    const waiters = [...(this.#waiting ?? [])];
    this.#waiting?.clear();
    for (const waiter of waiters) rejectUnlessGivenUp(waiter, this.#errorAt(waiter.info));
  }

  /** The executor gives an error without a path that of its field, and keeps one that has a path. */
  #errorAt({ fieldNodes, path }: GraphQLResolveInfo): GraphQLError {
    const stopped = this.#stopped as GraphQLError;
    this.#errors += 1;
    if (this.#errors <= locatedErrors) return stopped;
    this.#located ??= deny(stopped.extensions['code'] as RefusalCode, {
      nodes: fieldNodes,
      path: responsePathAsArray(path),
    });
    return this.#located;
  }
}

// A registered symbol, because an ES module copy and a CommonJS copy of this package must find each other's runs.
const key: unique symbol = Symbol.for('graphql-bulwark.run') as never;
const registry = globalThis as { [key]?: Slot<Run> };

/** Where the run of an operation stands in its state. */
export const runSlot: Slot<Run> = (registry[key] ??= createSlot(() => new Run()));

/** Finds the run to which a resolver belongs, and begins it. */
export function findRun(settings: RunSettings, contextValue: unknown, info: GraphQLResolveInfo): Run {
  const run = findOperationState(contextValue, info).get(runSlot);
  run.begin(settings, info);
  return run;
}

/**
 * A signal for one operation, or one event of a subscription: aborted when it is stopped, because it took too long, asked for
 * too much, or its client has gone. A mutation is stopped for its client never, and for time where `maxMutationSeconds` says so.
 *
 * @param contextValue and `info` are those of a resolver of a schema that `executionLimits()` has secured; of any other schema
 * the signal is never aborted.
 * @example resolve: (_, { id }, context, info) => fetch(url, { signal: executionSignal(context, info) })
 */
export function executionSignal(contextValue: unknown, info: GraphQLResolveInfo): AbortSignal {
  return findOperationState(contextValue, info).get(runSlot).signal;
}

/**
 * How many operations of one connection run at a time.
 *
 * A client that completes an operation takes it off graphql-ws's list, and what executes goes on: it counts until it has
 * settled.
 */
import { deny, isPromise } from '@graphql-bulwark/core';
import type { ExecutionArgs } from 'graphql';

interface Running {
  readonly id: string;
  /** From when it is judged until its execution has settled. */
  isBusy: boolean;
}

const byContext = new WeakMap<object, Running>();

/** Those of one connection. */
export class RunningOperations {
  readonly #maximum: number;
  #admitted: Running[] = [];

  constructor(maximum: number) {
    this.#maximum = maximum;
  }

  /**
   * Counts an operation, and forgets it again where `judge` does not answer with what is to be executed.
   *
   * @param listed the operations that graphql-ws still sends answers of, by id.
   * @throws {GraphQLError} `RATE_LIMITED` where there are too many.
   */
  async admit<T>(
    id: string,
    listed: Readonly<Record<string, unknown>>,
    judge: () => Promise<ExecutionArgs | readonly T[]>,
  ): Promise<ExecutionArgs | readonly T[]> {
    // The id of one that is over may come again.
    this.#admitted = this.#admitted.filter((one) => one.isBusy || (one.id !== id && one.id in listed));
    if (!(this.#admitted.length < this.#maximum)) throw deny('RATE_LIMITED');
    const running: Running = { id, isBusy: true };
    this.#admitted.push(running);
    let args: ExecutionArgs | undefined;
    try {
      const judged = await judge();
      if (!('schema' in judged)) return judged;
      args = judged;
      // Completed in the meantime: it is executed all the same.
      byContext.set(args.contextValue as object, running);
      return args;
    } finally {
      if (!args) this.#admitted = this.#admitted.filter((one) => one !== running);
    }
  }
}

/** Executes what was admitted, and says when it has settled. */
export function runs<T>(args: ExecutionArgs, run: (args: ExecutionArgs) => T): T {
  const running = byContext.get(args.contextValue as object);
  const settle = (): void => {
    if (running) running.isBusy = false;
  };
  try {
    const result = run(args);
    if (isPromise(result)) result.then(settle, settle);
    else settle();
    return result;
  } catch (error) {
    settle();
    throw error;
  }
}

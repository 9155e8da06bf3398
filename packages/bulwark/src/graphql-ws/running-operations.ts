/**
 * Counts how many operations of one connection run at a time, streams included.
 *
 * When a client completes an operation, graphql-ws takes it off its list while it is still executing. Counted by that list, a client could
 * start and complete operations without end, and have any number of them executed at a time. So here each counts until it has settled and
 * its stream has ended. Streams end with their connection.
 */
import { ClientConnection, deny, isAsyncIterable, isPromise } from '@graphql-bulwark/core/internal';
import type { ExecutionArgs } from 'graphql';

type Stream = AsyncGenerator<unknown, unknown>;

/** An operation that counts. */
interface Running {
  /** As graphql-ws lists it. */
  readonly id: string;
  /** Closed when the client completes the operation, or its connection is gone. */
  readonly client: ClientConnection;
  /** Stops counting it. */
  readonly over: () => void;
  stream?: Stream;
}

const byContext = new WeakMap<object, Running>();

/** The running operations of one connection. */
export class RunningOperations {
  readonly #maximum: number;
  readonly #admitted = new Set<Running>();

  constructor(maximum: number) {
    this.#maximum = maximum;
  }

  /**
   * Counts an operation.
   *
   * @param decide returns what is to be executed, or errors: then the operation stops counting.
   * @throws {GraphQLError} `RATE_LIMITED` where too many are running, and whatever `decide` throws.
   */
  async admit<T>(
    id: string,
    decide: (client: ClientConnection) => Promise<ExecutionArgs | readonly T[]>,
  ): Promise<ExecutionArgs | readonly T[]> {
    if (!(this.#admitted.size < this.#maximum)) throw deny('RATE_LIMITED');
    const client = new ClientConnection();
    const running: Running = { id, client, over: () => this.#admitted.delete(running) };
    this.#admitted.add(running);
    let args: ExecutionArgs | undefined;
    try {
      const decided = await decide(client);
      if (!('schema' in decided)) return decided;
      args = decided;
      // graphql-ws executes the operation even if the client has completed it in the meantime, so it counts in any case.
      byContext.set(args.contextValue as object, running);
      return args;
    } finally {
      if (!args) running.over();
    }
  }

  /** Ends the streams of a connection that is gone, and all work for it. */
  end(): void {
    for (const { client, stream } of this.#admitted) {
      client.close();
      stream?.return(undefined).catch(() => {});
    }
  }

  /** Stops work for operations that the client has completed. @param listed those that graphql-ws still knows. */
  endUnlisted(listed: Readonly<Record<string, unknown>>): void {
    for (const { id, client } of this.#admitted) if (!Object.hasOwn(listed, id)) client.close();
  }
}

/**
 * Executes an operation that was admitted, and stops counting it when it is over.
 *
 * @param unclosed gets the error of a stream that fails to close.
 */
export function executeCounted<T>(
  args: ExecutionArgs,
  run: (args: ExecutionArgs) => T,
  unclosed: (error: unknown) => void,
): T {
  const running = byContext.get(args.contextValue as object);
  if (!running) return run(args);
  const settled = <R>(result: R): R => {
    if (isAsyncIterable(result)) return countWhileRunning(result as unknown as Stream, running, unclosed) as R;
    running.over();
    return result;
  };
  const failed = (error: unknown): never => {
    running.over();
    throw error;
  };
  try {
    const result = run(args);
    return isPromise(result) ? (result.then(settled, failed) as T) : settled(result);
  } catch (error) {
    return failed(error);
  }
}

/** @returns the same stream, which counts until it has ended or was closed. */
function countWhileRunning(
  stream: Stream,
  running: Running,
  unclosed: (error: unknown) => void,
): Pick<Stream, 'next' | 'return' | 'throw'> & AsyncIterable<unknown> {
  running.stream = stream;
  return {
    async next() {
      let isOver = true;
      try {
        const result = await stream.next();
        isOver = result.done === true;
        return result;
      } finally {
        if (isOver) running.over();
      }
    },
    async return(value) {
      running.over();
      try {
        return await stream.return(value);
      } catch (error) {
        // graphql-ws does not wait for a stream to close, so an error here would be an unhandled rejection, which ends the process.
        unclosed(error);
        return { value, done: true };
      }
    },
    throw(error) {
      running.over();
      return stream.throw(error);
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}

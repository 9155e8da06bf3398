/** A subscription lasts no longer than the credential that opened it, and each event of it is judged anew. */
import type { Events } from '@graphql-bulwark/core';
import {
  announceStream,
  findSecurityContext,
  findUnclosedReporter,
  isAsyncIterable,
  isPromise,
  longestTimer,
  type Resolver,
} from '@graphql-bulwark/core/internal';
import type { Standings } from '../evaluate/roles-and-scopes.ts';

/** Says that events follow, before the source stream is opened. */
export function announcingEvents(subscribe: Resolver): Resolver {
  return function announceAndSubscribe(source, args, contextValue, info) {
    announceStream(info);
    return subscribe(source, args, contextValue, info);
  };
}

/** Ends the source stream when the caller's credential does. */
export function endingWithCredential(
  subscribe: Resolver,
  coordinate: string,
  standings: Standings,
  events: Events | undefined,
): Resolver {
  return function subscribeUntilExpiry(source, args, contextValue, info) {
    const expiresAt = standings.principalOf(contextValue)?.expiresAt;
    const unclosed = findUnclosedReporter(contextValue);
    const stream: unknown = subscribe(source, args, contextValue, info);
    if (expiresAt === undefined && !unclosed) return stream;
    const told = (): void => {
      const details = { type: 'subscription.ended', coordinate, reason: 'expired' } as const;
      events?.emit(details, 'noted', { security: findSecurityContext(contextValue), operationType: 'subscription' });
    };
    const bounded = (opened: unknown): unknown =>
      isAsyncIterable(opened) ? endingAt(opened, (expiresAt ?? Infinity) * 1_000, told, unclosed) : opened;
    return isPromise(stream) ? Promise.resolve(stream).then(bounded) : bounded(stream);
  };
}

/**
 * The same events until a time; then the stream is over and its source is closed.
 *
 * @param unclosed told of a source that fails to close. Left out: whatever closes the stream is.
 */
function endingAt(
  source: AsyncIterable<unknown>,
  end: number,
  told: () => void,
  unclosed: ((error: unknown) => void) | undefined,
): AsyncIterableIterator<unknown> {
  const iterator = source[Symbol.asyncIterator]();
  const over = { value: undefined, done: true } as const;
  let timer: NodeJS.Timeout | undefined;
  let closed = false;
  // One for each event that is waited for: a promise for the whole stream would keep every event that came before it.
  const waiting = new Set<(result: typeof over) => void>();
  const closing = (): void => {
    clearTimeout(timer);
    closed = true;
    for (const giveUp of waiting) giveUp(over);
  };
  const expire = (): void => {
    if (closed) return;
    closing();
    told();
    // The source may be waiting for an event that never comes: nobody waits for it.
    void (async () => iterator.return?.())().catch(() => {});
  };
  const wait = (): void => {
    const left = end - Date.now();
    if (!(left > 0)) return expire();
    // A later end is waited for in steps.
    timer = setTimeout(wait, Math.min(left, longestTimer)).unref();
  };
  if (end < Infinity) wait();
  return {
    async next() {
      if (!closed && !(Date.now() < end)) expire();
      if (closed) return over;
      let giveUp: (result: typeof over) => void = () => {};
      const ended = new Promise<typeof over>((resolve) => {
        giveUp = resolve;
      });
      waiting.add(giveUp);
      try {
        const result = await Promise.race([ended, iterator.next()]);
        if (result.done === true) closing();
        return result;
      } catch (error) {
        // A stream that failed does not end once more.
        clearTimeout(timer);
        throw error;
      } finally {
        waiting.delete(giveUp);
      }
    },
    async return() {
      if (closed) return over;
      closing();
      try {
        await iterator.return?.();
      } catch (error) {
        if (!unclosed) throw error;
        unclosed(error);
      }
      return over;
    },
    async throw(error) {
      closing();
      if (iterator.throw) return iterator.throw(error);
      throw error;
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}

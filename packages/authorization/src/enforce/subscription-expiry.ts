/** Ends a subscription when the credential that opened it expires. Rules are evaluated again for each of its events. */
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
import type { CallerGrants } from '../evaluate/roles-and-scopes.ts';

/** Announces, before the source stream is opened, that each event of it will be an execution of its own. */
export function announceEvents(subscribe: Resolver): Resolver {
  return function announceAndSubscribe(source, args, contextValue, info) {
    announceStream(info);
    return subscribe(source, args, contextValue, info);
  };
}

/** Makes a `subscribe` whose stream ends when the caller's credential expires, which is reported as `subscription.ended`. */
export function endWithCredential(
  subscribe: Resolver,
  coordinate: string,
  grants: CallerGrants,
  events: Events | undefined,
): Resolver {
  return function subscribeUntilExpiry(source, args, contextValue, info) {
    const expiresAt = grants.getPrincipal(contextValue)?.expiresAt;
    const reportUnclosed = findUnclosedReporter(contextValue);
    const stream: unknown = subscribe(source, args, contextValue, info);
    if (expiresAt === undefined && !reportUnclosed) return stream;
    const end = (expiresAt ?? Infinity) * 1_000;
    const reportEnd = (): void => {
      const details = { type: 'subscription.ended', coordinate, reason: 'expired' } as const;
      events?.emit(details, 'noted', { security: findSecurityContext(contextValue), operationType: 'subscription' });
    };
    const endAtExpiry = (opened: unknown): unknown =>
      isAsyncIterable(opened) ? endAt(opened, end, reportEnd, reportUnclosed) : opened;
    return isPromise(stream) ? Promise.resolve(stream).then(endAtExpiry) : endAtExpiry(stream);
  };
}

/**
 * The same events until a time; then the stream is done and its source is closed.
 *
 * @param end in milliseconds since the epoch.
 * @param reportUnclosed called with the error of a source that fails to close. Left out: `return()` rejects with it.
 */
function endAt(
  source: AsyncIterable<unknown>,
  end: number,
  reportEnd: () => void,
  reportUnclosed: ((error: unknown) => void) | undefined,
): AsyncIterableIterator<unknown> {
  const iterator = source[Symbol.asyncIterator]();
  const over = { value: undefined, done: true } as const;
  let timer: NodeJS.Timeout | undefined;
  let closed = false;
  // One promise per pending event: `Promise.race` against one promise of the whole stream would keep every earlier event in memory.
  const waiting = new Set<(result: typeof over) => void>();
  const close = (): void => {
    clearTimeout(timer);
    closed = true;
    for (const giveUp of waiting) giveUp(over);
  };
  const expire = (): void => {
    if (closed) return;
    close();
    reportEnd();
    // A source that waits for its next event may never settle this promise, so it is not awaited.
    void (async () => iterator.return?.())().catch(() => {});
  };
  const wait = (): void => {
    const left = end - Date.now();
    if (!(left > 0)) return expire();
    // Node.js fires a longer timer at once, so a later end is approached in steps.
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
        if (result.done === true) close();
        return result;
      } catch (error) {
        // A failed stream must not be reported as expired later.
        clearTimeout(timer);
        throw error;
      } finally {
        waiting.delete(giveUp);
      }
    },
    async return() {
      if (closed) return over;
      close();
      try {
        await iterator.return?.();
      } catch (error) {
        if (!reportUnclosed) throw error;
        reportUnclosed(error);
      }
      return over;
    },
    async throw(error) {
      close();
      if (iterator.throw) return iterator.throw(error);
      throw error;
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}

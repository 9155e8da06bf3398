/** A subscription ends with the credential that opened it. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { createEvents } from '@graphql-bulwark/core';
import { makeExecutableSchema } from '@graphql-tools/schema';
import { type ExecutionResult, parse, subscribe } from 'graphql';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { as } from '../../../../test/kit.ts';
import { authDirectives, guardSchema } from '../../src/index.ts';
import { silent } from '../ways.ts';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

describe('a subscription', () => {
  const document = parse('subscription{docs{id}}');

  /** Who subscribes has a credential for a minute. */
  function subscribable(source: () => Partial<AsyncIterableIterator<unknown>>, field = 'docs: Doc') {
    vi.useFakeTimers();
    onTestFinished(() => void vi.useRealTimers());
    const types: string[] = [];
    const events = createEvents(
      ({ type }) => void types.push(type),
      () => silent,
    );
    const schema = guardSchema(
      makeExecutableSchema({
        typeDefs: [
          authDirectives,
          `interface Node { id: Int } type Query { a: Int } type Subscription { ${field} } type Doc implements Node @owner { id: Int }`,
        ],
        resolvers: {
          Subscription: {
            docs: {
              subscribe: () => ({ [Symbol.asyncIterator]: source }),
              resolve: (event: unknown) => event,
            },
          },
          Node: { __resolveType: () => 'Doc' },
        },
      }),
      { events },
    );
    const contextValue = as({ id: 'me', expiresAt: Math.floor(Date.now() / 1_000) + 60 });
    const open = async () => (await subscribe({ schema, document, contextValue })) as AsyncGenerator<ExecutionResult>;
    return { open, types };
  }

  it.each([
    ['guarded', 'docs: Doc'],
    ['public', 'docs: Node @public'],
  ])('a subscription ends with the credential that opened it, and closes its source: %s', async (_, field) => {
    let closed = false;
    const { open, types } = subscribable(() => {
      let sent = false;
      return {
        next: () =>
          sent
            ? new Promise(() => {})
            : ((sent = true), Promise.resolve({ value: { id: 1, ownerId: 'me' }, done: false })),
        return: async () => {
          closed = true;
          return { value: undefined, done: true };
        },
      };
    }, field);
    const stream = await open();
    expect((await stream.next()).value).toEqual({ data: { docs: { id: 1 } } });
    const next = stream.next();
    await vi.advanceTimersByTimeAsync(61_000);
    expect(await next).toEqual({ value: undefined, done: true });
    expect([closed, types]).toEqual([true, ['subscription.ended']]);
    expect(await (await open()).next()).toEqual({ value: undefined, done: true });
  });

  it('a subscription ends with its credential though its source fails to close', async () => {
    const { open } = subscribable(() => ({
      next: () => new Promise(() => {}),
      return: () => {
        throw new Error('closed before');
      },
    }));
    const next = (await open()).next();
    await vi.advanceTimersByTimeAsync(61_000);
    expect(await next).toEqual({ value: undefined, done: true });
  });

  it('a failed subscription is not reported as ended with its credential', async () => {
    const { open, types } = subscribable(() => ({ next: () => Promise.reject(new Error('gone')) }));
    await expect((await open()).next()).rejects.toThrow('gone');
    await vi.advanceTimersByTimeAsync(61_000);
    expect(types).toEqual([]);
  });

  it('a subscription keeps no event that was answered', async () => {
    const sent: WeakRef<object>[] = [];
    const { open } = subscribable(() => ({
      next: async () => {
        const value = { id: 1, ownerId: 'me' };
        sent.push(new WeakRef(value));
        return { value, done: false };
      },
    }));
    const stream = await open();
    for (let event = 0; event < 5; event += 1) await stream.next();
    await vi.advanceTimersByTimeAsync(1);
    collectGarbage();
    const kept = sent.filter((one) => one.deref());
    expect(kept.length).toBeLessThan(3);
    await stream.return(undefined);
  });
});

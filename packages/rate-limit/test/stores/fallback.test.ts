import { EventEmitter, once } from 'node:events';
import type { Consumption, CounterStore } from '@graphql-bulwark/core';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { as, codes, send } from '../../../../test/kit.ts';
import { memoryStore } from '../../src/index.ts';
import { createCircuitBreaker } from '../../src/stores/circuit-breaker.ts';
import { serve } from '../server.ts';

const bob = as({ id: 'bob' });
const schema = 'type Query { f: String @rateLimit(max: 2) free: String }';

/** A store whose consume() is this. */
function broken(consume: CounterStore['consume']): CounterStore {
  return { ...memoryStore(), consume };
}

const never = (): Promise<Consumption> => new Promise(() => {});
const down = (): Promise<Consumption> => Promise.reject(new Error('connect ECONNREFUSED 10.0.0.7:6379'));

/** Results that are no valid answer for one charge. */
const answers = [
  undefined,
  {},
  { allowed: true },
  { allowed: true, buckets: [], exceeded: [] },
  { allowed: 'yes' },
].map((answer): [string, CounterStore['consume']] => [
  `answers with ${JSON.stringify(answer)}`,
  () => Promise.resolve(answer as unknown as Consumption),
]);

afterEach(() => {
  vi.useRealTimers();
});

describe('a store that fails', () => {
  it.each<[string, CounterStore['consume']]>([
    ['rejects', down],
    [
      'throws at once',
      () => {
        throw new Error('connect ECONNREFUSED 10.0.0.7:6379');
      },
    ],
    ['R8 hangs', never],
    ...answers,
  ])('with deny an operation is refused with 503 and no detail of the store when that %s', async (_name, consume) => {
    const { server, calls, log } = await serve(schema, {
      store: broken(consume),
      storeTimeoutMilliseconds: 1,
      onStoreError: 'deny',
    });
    for (let time = 1; time <= 2; time += 1) {
      const answer = await send(server, '{ f }', bob);
      expect(answer.status).toBe(503);
      expect(codes(answer)).toEqual(['SERVICE_UNAVAILABLE']);
      expect(JSON.stringify([answer.body, ...answer.headers])).not.toMatch(/10\.0\.0\.7|ECONN|no answer|no-answer/);
    }
    expect(calls).toEqual([]);
    expect(log.filter((line) => /ECONNREFUSED|no answer within 1 ms|TypeError/.test(line))).toHaveLength(1);
    expect((await send(server, '{ free }', bob)).status).toBe(200);
  });

  it.each<[string, CounterStore['consume']]>([
    ['rejects', down],
    ['R8 hangs', never],
  ])('with allow an operation is answered when the store %s', async (_name, consume) => {
    const options = { store: broken(consume), storeTimeoutMilliseconds: 1, onStoreError: 'allow' } as const;
    const { server, events } = await serve(schema, options);
    for (let call = 0; call < 3; call += 1) {
      const answer = await send(server, '{ f }', bob);
      expect(answer).toMatchObject({ status: 200, body: { data: { f: 'f' } } });
      expect(answer.headers.has('ratelimit')).toBe(false);
    }
    expect(events.map(({ type }) => type)).toEqual(['failure', 'store.degraded']);
  });

  it('R8: a request waits for the store as long as the option says, and no longer', async () => {
    const { server } = await serve(schema, { store: broken(never), onStoreError: 'deny' });
    vi.useFakeTimers();
    const settled = vi.fn<() => void>();
    const answer = send(server, '{ f }', bob).finally(settled);
    await vi.advanceTimersByTimeAsync(99);
    expect(settled).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(1);
    await vi.runOnlyPendingTimersAsync();
    expect((await answer).status).toBe(503);
  });

  it('a store that fails is reported once, its recovery once, and counting is right afterwards', async () => {
    const memory = memoryStore();
    let isDown = false;
    const store = broken((charges) => (isDown ? down() : memory.consume(charges)));
    const { server, events } = await serve(schema, { store, onStoreError: 'deny' });
    const statuses = [];
    for (const state of [false, true, true, false, false]) {
      isDown = state;
      statuses.push((await send(server, '{ f }', bob)).status);
    }
    expect(statuses).toEqual([200, 503, 503, 200, 429]);
    expect(events.map(({ type, outcome }) => `${type} ${outcome}`)).toEqual([
      'failure noted',
      'store.degraded noted',
      'failure refused',
      'failure refused',
      'store.recovered noted',
      'rate.limited refused',
    ]);
  });

  it('points that a late store took for a refused operation are given back', async () => {
    const memory = memoryStore();
    const arrival = new EventEmitter();
    const arrived = once(arrival, 'consume');
    const givenBack = once(arrival, 'giveBack');
    let isSlow = true;
    const store: CounterStore = {
      ...memory,
      async consume(charges) {
        if (isSlow) await arrived;
        return memory.consume(charges);
      },
      async giveBack(charges) {
        await memory.giveBack(charges);
        arrival.emit('giveBack');
      },
    };
    const { server } = await serve(schema, { store, storeTimeoutMilliseconds: 1, onStoreError: 'deny' });
    expect((await send(server, '{ a: f b: f }', bob)).status).toBe(503);
    arrival.emit('consume');
    await givenBack;
    isSlow = false;
    expect((await send(server, '{ a: f b: f }', bob)).status).toBe(200);
  });

  it('a failure without a reporter is reported by the next request that has one', async () => {
    const memory = memoryStore();
    let isDown = true;
    const store = broken((charges) => (isDown ? down() : memory.consume(charges)));
    const { server, events, limiter } = await serve(schema, { store });
    const sockets = limiter.sockets();
    expect(await sockets.subscribe(bob.security)).toBeUndefined();
    expect(events).toEqual([]);
    await send(server, '{ f }', bob);
    expect(events.map(({ type }) => type)).toEqual(['failure', 'store.degraded']);
    isDown = false;
    await sockets.subscribe(bob.security);
    await send(server, '{ f }', bob);
    expect(events.map(({ type }) => type)).toEqual(['failure', 'store.degraded', 'store.recovered']);
  });

  it('reading a bucket does not wait longer for the store than the deadline', async () => {
    const store = {
      ...memoryStore(),
      peek: () => new Promise<never>(() => {}),
      reset: () => new Promise<never>(() => {}),
    };
    const { limiter } = await serve(schema, { store, storeTimeoutMilliseconds: 1 });
    await expect(limiter.peek({ policy: 'Query.f' })).rejects.toThrow(/no answer within 1 ms/);
    await expect(limiter.reset({ policy: 'Query.f' })).rejects.toThrow(/no answer within 1 ms/);
  });

  it('in report mode nothing is refused while the store fails', async () => {
    const { server, events } = await serve(schema, { store: broken(down), onStoreError: 'deny', mode: 'report' });
    expect((await send(server, '{ f }', bob)).status).toBe(200);
    expect(events.at(-1)).toMatchObject({ type: 'failure', outcome: 'reported' });
  });
});

describe('a place that failed three times in a row', () => {
  it('a place that failed three times is asked by one request after its rest, and by all when it works again', () => {
    vi.useFakeTimers({ toFake: ['performance'] });
    const faults = createCircuitBreaker(1_000);
    for (let failure = 1; failure <= 3; failure += 1) {
      expect(faults.mayAsk('a')).toBe(true);
      faults.recordFailure('a');
    }
    vi.advanceTimersByTime(999);
    expect([faults.mayAsk('a'), faults.mayAsk('b')]).toEqual([false, true]);
    vi.advanceTimersByTime(1);
    expect([faults.mayAsk('a'), faults.mayAsk('a'), faults.mayAsk('a')]).toEqual([true, false, false]);
    faults.recordFailure('a');
    expect(faults.mayAsk('a')).toBe(false);
    vi.advanceTimersByTime(1_000);
    expect(faults.mayAsk('a')).toBe(true);
    faults.recordSuccess('a');
    expect([faults.mayAsk('a'), faults.mayAsk('a'), faults.hasFailures()]).toEqual([true, true, false]);
  });
});

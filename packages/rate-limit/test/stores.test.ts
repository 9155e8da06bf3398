// One suite of behaviour over every store, then what only one of them shows.
import { randomUUID } from 'node:crypto';
import type { Charge, CounterStore } from '@graphql-bulwark/core';
import { RateLimiterMemory } from 'rate-limiter-flexible';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, inject, it, onTestFinished, vi } from 'vitest';
import { Redis } from '../../../test/redis-client.ts';
import { type FlexibleLimiter, flexibleStore, memoryStore, redisStore } from '../src/index.ts';
import { createWindows } from '../src/stores/fixed-window.ts';
import { type Opened, stores } from './every-store.ts';

function charge(more: Partial<Charge> = {}): Charge {
  return { key: 'u:3:bob', policy: `Mutation.login-${randomUUID()}`, points: 1, limit: 5, windowSeconds: 60, ...more };
}

async function remaining(store: CounterStore, bucket: Charge): Promise<number> {
  return (await store.peek(bucket)).remaining;
}

const redisUrl = inject('redisUrl');

describe.each(stores)('a store in $name', ({ name, isExact, open }) => {
  const inMemory = !name.includes('Redis');
  const isMissing = !inMemory && redisUrl === undefined;
  let opened: Opened;
  beforeAll(async () => {
    if (!isMissing) opened = await open();
  });
  afterAll(() => opened?.close());
  beforeEach(({ skip }) => skip(isMissing));
  const make = (): CounterStore => opened.make();

  afterEach(() => {
    vi.useRealTimers();
  });

  it('a store lets a key through as often as its limit says, and then no more', async () => {
    const store = make();
    const login = charge();
    const answers = [];
    for (let call = 0; call < 7; call += 1) answers.push(await store.consume([login]));
    expect(answers.map(({ allowed }) => allowed)).toEqual([true, true, true, true, true, false, false]);
    expect(answers.map(({ buckets }) => buckets[0]?.remaining)).toEqual([4, 3, 2, 1, 0, 0, 0]);
    expect(answers.at(-1)?.exceeded).toHaveLength(1);
    expect(answers.at(-1)?.exceeded[0]?.resetSeconds).toBeGreaterThan(0);
    expect(answers.at(-1)?.exceeded[0]?.resetSeconds).toBeLessThanOrEqual(60);
    expect((await store.consume([{ ...login, key: 'u:3:ann' }])).allowed).toBe(true);
  });

  it('a store counts points', async () => {
    const store = make();
    const search = charge({ points: 3 });
    expect((await store.consume([search])).allowed).toBe(true);
    expect((await store.consume([search])).allowed).toBe(false);
    expect(await remaining(store, search)).toBe(2);
    expect((await store.consume([{ ...search, points: 2 }])).allowed).toBe(true);
    expect(await remaining(store, search)).toBe(0);
  });

  it('a store leaves no points behind when it refuses', async () => {
    const store = make();
    const login = charge({ limit: 2 });
    const first = { ...login };
    await store.consume([first]);
    await store.consume([{ ...login }]);
    for (let call = 0; call < 10; call += 1) await store.consume([{ ...login }]);
    await store.giveBack([first]);
    expect(await remaining(store, login)).toBe(1);
  });

  it('R7: a store charges neither of two keys when the second has no points left', async () => {
    const store = make();
    const [first, second] = [charge(), charge({ limit: 1 })];
    await store.consume([second]);
    const answer = await store.consume([first, second]);
    expect(answer.allowed).toBe(false);
    expect(answer.exceeded.map((bucket) => bucket.charge.policy)).toEqual([second.policy]);
    expect(answer.buckets.map((bucket) => bucket.remaining)).toEqual([5, 0]);
    expect(await remaining(store, first)).toBe(5);
  });

  it('race: a store lets exactly 5 of 50 parallel calls through a limit of 5', async () => {
    const store = make();
    const login = charge();
    const answers = await Promise.all(Array.from({ length: 50 }, () => store.consume([{ ...login }])));
    expect(answers.filter(({ allowed }) => allowed)).toHaveLength(5);
    expect(await remaining(store, login)).toBe(0);
    expect((await store.consume([login])).allowed).toBe(false);
  });

  it('race: a store never lets more through than any of several keys has, and takes nothing for refused calls', async () => {
    const store = make();
    const [wide, narrow] = [charge({ limit: 100 }), charge()];
    const answers = await Promise.all(
      Array.from({ length: 50 }, () => store.consume([{ ...wide, points: 2 }, { ...narrow }])),
    );
    const passed = answers.filter(({ allowed }) => allowed).length;
    expect(passed).toBeGreaterThan(isExact ? 4 : 0);
    expect(passed).toBeLessThanOrEqual(5);
    expect(await remaining(store, wide)).toBe(100 - 2 * passed);
    expect(await remaining(store, narrow)).toBe(5 - passed);
  });

  it('a store refuses more points than a window holds without charging them', async () => {
    const store = make();
    const large = charge({ points: 6 });
    expect((await store.consume([large])).allowed).toBe(false);
    expect(await remaining(store, large)).toBe(5);
  });

  it('R6: a store rounds points up, and refuses points that are negative, missing or not a number', async () => {
    const store = make();
    const search = charge();
    await store.consume([{ ...search, points: 1.5 }]);
    expect(await remaining(store, search)).toBe(3);
    for (const points of [-1, -0.5, 0, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 2 ** 60]) {
      await expect(store.consume([{ ...search, points }])).rejects.toThrow(RangeError);
      await expect(store.giveBack([{ ...search, points }])).rejects.toThrow(RangeError);
    }
    expect(await remaining(store, search)).toBe(3);
  });

  it('a store gives back never more than was taken', async () => {
    const store = make();
    const login = charge({ points: 2 });
    await store.consume([login]);
    await store.giveBack([login]);
    await store.giveBack([login]);
    expect(await remaining(store, login)).toBe(5);
    await store.consume([{ ...login, points: 1 }]);
    await store.giveBack([{ ...login, points: 4 }]);
    expect(await remaining(store, login)).toBe(5);
    await store.giveBack([charge()]);
    expect((await store.consume([{ ...login, points: 6 }])).allowed).toBe(false);
  });

  it('a bucket is empty when its window ends, and nothing is given back into the new window', async () => {
    if (inMemory) vi.useFakeTimers();
    const store = make();
    const login = charge({ points: 4 });
    await store.consume([login]);
    await opened.end(login);
    expect(await remaining(store, login)).toBe(5);
    await store.giveBack([login]);
    expect(await remaining(store, login)).toBe(5);
    const answer = await store.consume([{ ...login, points: 5 }]);
    expect(answer.allowed).toBe(true);
    expect((await store.consume([{ ...login, points: 1 }])).allowed).toBe(false);
  });

  it('points are given back into the window from which they were taken, and into no later one', async () => {
    if (inMemory) vi.useFakeTimers({ toFake: ['Date', 'performance', 'setTimeout', 'clearTimeout'] });
    const store = make();
    const login = charge({ points: 3 });
    const { buckets } = await store.consume([login]);
    const window = buckets[0]?.window;
    expect(window).toEqual(expect.any(String));
    await store.giveBack([{ ...login, points: 1, window }]);
    expect(await remaining(store, login)).toBe(3);
    await opened.end(login);
    await store.consume([{ ...login, points: 4 }]);
    await store.giveBack([{ ...login, window }]);
    expect(await remaining(store, login)).toBe(1);
    await store.giveBack([{ ...login, window: 'of no store' }]);
    expect(await remaining(store, login)).toBe(1);
  });

  it('two charges on one key of one call are counted together', async () => {
    const store = make();
    const login = charge({ limit: 3, points: 2 });
    expect((await store.consume([login, { ...login }])).allowed).toBe(false);
    expect(await remaining(store, login)).toBe(3);
    expect((await store.consume([login, { ...login, points: 1 }])).allowed).toBe(true);
    expect(await remaining(store, login)).toBe(0);
  });

  it('all charges are taken all or none, wherever their hash tags put them', async () => {
    const store = make();
    const [here, there] = [charge({ hashTag: 'acme' }), charge({ hashTag: 'b}{o%', limit: 1 })];
    const everywhere = charge();
    expect((await store.consume([here, there, everywhere])).allowed).toBe(true);
    const answer = await store.consume([here, there, everywhere]);
    expect(answer.allowed).toBe(false);
    expect(answer.exceeded.map(({ charge: { policy } }) => policy)).toEqual([there.policy]);
    expect(answer.buckets.map((bucket) => bucket.remaining)).toEqual([4, 0, 4]);
    expect(await Promise.all([here, there, everywhere].map((bucket) => remaining(store, bucket)))).toEqual([4, 0, 4]);
    const passed = await Promise.all(
      Array.from({ length: 20 }, () => store.consume([{ ...here }, { ...everywhere, points: 2 }])),
    );
    const through = passed.filter(({ allowed }) => allowed).length;
    expect(through).toBeGreaterThan(0);
    expect(through).toBeLessThanOrEqual(2);
    expect(await remaining(store, here)).toBe(4 - through);
    expect(await remaining(store, everywhere)).toBe(4 - 2 * through);
  });

  it('a store charges many keys at once', async () => {
    const store = make();
    const policy = charge().policy;
    const logins = Array.from({ length: 2_500 }, (_, i) => charge({ policy, key: `s:${i}`, limit: 2 }));
    const answer = await store.consume(logins);
    expect([answer.allowed, answer.buckets.length]).toEqual([true, 2_500]);
    expect(answer.buckets.every((bucket) => bucket.remaining === 1)).toBe(true);
    expect(await remaining(store, logins[2_499] as Charge)).toBe(1);
  });

  it('a store reads a bucket without charging it, and empties one', async () => {
    const store = make();
    const login = charge();
    expect(await store.peek(login)).toMatchObject({ remaining: 5, resetSeconds: 0 });
    await store.consume([login]);
    const state = await store.peek(login);
    expect(state.remaining).toBe(4);
    expect(state.resetSeconds).toBeGreaterThan(0);
    expect(await remaining(store, login)).toBe(4);
    await store.reset(login);
    expect(await remaining(store, login)).toBe(5);
  });

  it('policies, limits and windows are counted apart', async () => {
    const store = make();
    const login = charge({ limit: 1 });
    await store.consume([login]);
    const others = [
      { ...login, policy: `${login.policy}#2` },
      { ...login, limit: 2 },
      { ...login, windowSeconds: 61 },
      { ...login, policy: `${login.policy}:u`, key: '3:bob' },
      { ...login, key: '__proto__' },
    ];
    for (const other of others) expect((await store.consume([other])).allowed).toBe(true);
    expect((await store.consume([login])).allowed).toBe(false);
  });

  it('a store refuses a bucket with an invalid limit or window', async () => {
    const store = make();
    for (const wrong of [{ limit: 0 }, { limit: Number.NaN }, { windowSeconds: 0 }, { windowSeconds: 1.5 }]) {
      await expect(store.consume([charge(wrong)])).rejects.toThrow(TypeError);
    }
    const [login, wrong] = [charge(), charge({ limit: Number.NaN })];
    await expect(store.consume([login, wrong])).rejects.toThrow(TypeError);
    await expect(store.consume([login, { ...login, points: -1 }])).rejects.toThrow(RangeError);
    expect(await remaining(store, login)).toBe(5);
  });
});

describe('memoryStore', () => {
  it('memoryStore keeps no more keys than maxKeys, and never forgets a used up key while others are not', async () => {
    const store = memoryStore({ maxKeys: 100 });
    const login = charge({ limit: 2, points: 2 });
    await store.consume([login]);
    for (let i = 0; i < 10_000; i += 1) await store.consume([charge({ policy: login.policy, key: `flood:${i}` })]);
    expect(await remaining(store, login)).toBe(0);
    const first = charge({ policy: login.policy, key: 'flood:0' });
    expect(await remaining(store, first)).toBe(5);
    const windows = createWindows(100);
    for (let i = 0; i < 1_000; i += 1) windows.consume([{ ...login, points: 2, key: `exhausted:${i}` }]);
    expect(windows.size()).toBe(100);
  });

  it('attack: a flood of keys of one policy does not make another policy forget', async () => {
    const store = memoryStore({ maxKeys: 100 });
    const [guessed, exhausted] = [charge({ points: 4 }), charge({ points: 5 })];
    await store.consume([guessed]);
    await store.consume([exhausted]);
    for (let i = 0; i < 10_000; i += 1) await store.consume([charge({ policy: 'search', key: `${i}`, limit: 1 })]);
    expect([await remaining(store, guessed), await remaining(store, exhausted)]).toEqual([1, 0]);
  });

  it('attack: charges of one call do not replace each other', () => {
    const policy = 'Mutation.login';
    const windows = createWindows(10);
    const [old, fresh] = [charge({ policy, key: 'old' }), charge({ policy, key: 'fresh' })];
    windows.consume([{ ...old, points: 4 }]);
    for (let i = 0; i < 9; i += 1) windows.consume([charge({ policy, key: `${i}` })]);
    const { buckets } = windows.consume([fresh, old]);
    expect(buckets.map(({ remaining: left }) => left)).toEqual([4, 0]);
    expect(windows.peek(old).remaining).toBe(0);
    expect(windows.size()).toBe(10);
  });

  it('memoryStore forgets windows that have ended as new ones come', () => {
    vi.useFakeTimers();
    const windows = createWindows(100_000);
    const login = charge();
    for (let i = 0; i < 1_000; i += 1) windows.consume([{ ...login, key: `old:${i}` }]);
    vi.advanceTimersByTime(60_000);
    for (let i = 0; i < 1_000; i += 1) windows.consume([{ ...login, key: `new:${i}` }]);
    expect(windows.size()).toBe(1_000);
    vi.useRealTimers();
  });

  it('memoryStore never reports a window as longer than its length, however long the process has run', () => {
    const clock = vi.spyOn(performance, 'now');
    onTestFinished(() => clock.mockRestore());
    const windows = createWindows(10_000);
    for (let i = 0; i < 1_000; i += 1) {
      clock.mockReturnValue(100_000 + i * 1_234.567_891);
      const { buckets } = windows.consume([charge()]);
      expect(buckets[0]?.resetSeconds).toBe(60);
    }
  });

  it('memoryStore refuses an invalid maxKeys', () => {
    expect(() => memoryStore({ maxKeys: 0 })).toThrow(/maxKeys/);
    expect(() => memoryStore({ maxKey: 1 } as never)).toThrow(/did you mean 'maxKeys'/);
  });

  it('memoryStore forgets everything when it is closed', async () => {
    const store = memoryStore();
    const login = charge();
    await store.consume([login]);
    await store.close?.();
    expect(await remaining(store, login)).toBe(5);
  });
});

describe('redisStore', () => {
  it('redisStore refuses anything but a client', () => {
    expect(() => redisStore({ client: {} })).toThrow(/client must be a client of ioredis or node-redis/);
    expect(() => redisStore({ client: {}, prefix: '{x}' })).toThrow(/prefix/);
  });

  it.each([
    undefined,
    null,
    '',
    'OK',
    '[]',
    '[5]',
    '[5,1]',
    '[5,1,2]',
    '[5,1,null,9]',
    '[5,1,1.5,9]',
    '[5,1,1,9,0]',
    '[5,0,1,9]',
    [5, 1, 1, 9],
  ])('redisStore rejects with an error for a result of the script such as %j', async (answer) => {
    const store = redisStore({ client: { status: 'ready', eval() {}, evalsha: async () => answer } });
    await expect(store.consume([charge()])).rejects.toThrow(Error);
  });

  it.skipIf(!redisUrl)(
    'redisStore locks no caller out longer than a window after the clock of the server was set back',
    async () => {
      const client = new Redis(redisUrl ?? '');
      onTestFinished(() => client.disconnect());
      await client.ping();
      const prefix = randomUUID();
      const store = redisStore({ client, prefix });
      const login = charge({ points: 5 });
      await store.consume([login]);
      const [key = ''] = await client.keys(`*${prefix}*`);
      // As it was left by a clock that was an hour ahead.
      await client.set(key, `5,${Date.now() + 3_600_000 + login.windowSeconds * 1_000}`);
      const { allowed, buckets } = await store.consume([login]);
      expect(allowed).toBe(false);
      expect(buckets[0]?.resetSeconds).toBeLessThanOrEqual(login.windowSeconds);
      expect(await client.pttl(key)).toBeLessThanOrEqual(login.windowSeconds * 1_000);
      expect(await remaining(store, login)).toBe(0);
    },
  );

  it.skipIf(!redisUrl)('redisStore fails at once while the client is not connected', async () => {
    const gone = new Redis(redisUrl ?? '');
    await gone.ping();
    await gone.quit();
    const store = redisStore({ client: gone });
    await expect(store.consume([charge()])).rejects.toThrow(Error);
    await expect(store.consume([charge(), charge()])).rejects.toThrow(Error);
    await expect(store.peek(charge())).rejects.toThrow(Error);
    await expect(store.reset(charge())).rejects.toThrow(Error);
  });
});

describe('flexibleStore', () => {
  /** A store over memory limiters, in which one method of each is another. */
  function altered(change: (limiter: RateLimiterMemory) => Partial<FlexibleLimiter>): CounterStore {
    return flexibleStore((options) => {
      const limiter = new RateLimiterMemory(options);
      return Object.assign(limiter, change(limiter));
    });
  }

  it('flexibleStore makes one limiter per policy, limit and window', async () => {
    const make = vi.fn<(options: { points: number; duration: number; keyPrefix: string }) => RateLimiterMemory>(
      (options) => new RateLimiterMemory(options),
    );
    const store = flexibleStore(make);
    const login = charge({ policy: 'Mutation.login' });
    for (const key of ['a', 'b', 'c']) await store.consume([{ ...login, key }]);
    await store.consume([{ ...login, limit: 7 }]);
    expect(make.mock.calls).toEqual([
      [{ points: 5, duration: 60, keyPrefix: 'bulwark:5:60:14:Mutation.login' }],
      [{ points: 7, duration: 60, keyPrefix: 'bulwark:7:60:14:Mutation.login' }],
    ]);
  });

  it('flexibleStore asks the limiter once for one point on one key', async () => {
    const get = vi.fn<FlexibleLimiter['get']>();
    await altered(() => ({ get })).consume([charge()]);
    expect(get).not.toHaveBeenCalled();
  });

  it('flexibleStore takes a give-back out again that came into another window', async () => {
    const store = altered((limiter) => {
      const reward = limiter.reward.bind(limiter);
      return {
        async reward(key, points) {
          await limiter.delete(key); // the window ends under way
          return reward(key, points);
        },
      };
    });
    const login = charge({ points: 4 });
    await store.consume([login]);
    await store.giveBack([login]);
    expect(await remaining(store, login)).toBe(5);
    expect((await store.consume([{ ...login, points: 5 }])).allowed).toBe(true);
    expect((await store.consume([{ ...login, points: 1 }])).allowed).toBe(false);
  });

  it('flexibleStore gives back what it took when one key fails, and rejects with the failure', async () => {
    const broken = charge();
    const fine = charge();
    const store = flexibleStore((options) => {
      const limiter = new RateLimiterMemory(options);
      if (!options.keyPrefix.includes(broken.policy)) return limiter;
      return Object.assign(limiter, { consume: () => Promise.reject(new Error('store down')) });
    });
    await expect(store.consume([fine, broken])).rejects.toThrow('store down');
    expect(await remaining(store, fine)).toBe(5);
  });

  it('flexibleStore gives back what it took when one key does not answer, and what that one takes later', async () => {
    const [fine, silent] = [charge(), charge()];
    let answer = (): void => {};
    const awake = new Promise<void>((resolve) => {
      answer = resolve;
    });
    const store = flexibleStore((options) => {
      const limiter = new RateLimiterMemory(options);
      if (!options.keyPrefix.includes(silent.policy)) return limiter;
      const consume = limiter.consume.bind(limiter);
      return Object.assign(limiter, {
        consume: (...args: Parameters<typeof consume>) => awake.then(() => consume(...args)),
      });
    });
    await expect(store.consume([fine, silent], 1)).rejects.toThrow(/no answer within 1 ms/);
    expect(await remaining(store, fine)).toBe(5);
    answer();
    const state = async () => {
      const { remaining: left, resetSeconds } = await store.peek(silent);
      return [left, resetSeconds > 0];
    };
    await expect.poll(state).toEqual([5, true]);
  });

  it('flexibleStore gives back what it took when a key turns out to be above its limit only then', async () => {
    const [first, second] = [charge(), charge({ limit: 1 })];
    const store = altered(() => ({ get: async () => null })); // sees every bucket full
    await store.consume([second]);
    const answer = await store.consume([first, second]);
    expect(answer.allowed).toBe(false);
    expect(answer.buckets.map((bucket) => bucket.remaining)).toEqual([5, 0]);
    expect(answer.exceeded.map((bucket) => bucket.charge.policy)).toEqual([second.policy]);
    expect((await store.consume([{ ...first, points: 5 }])).allowed).toBe(true);
  });

  it.each<[string, Partial<FlexibleLimiter>]>([
    [
      'throws at once',
      {
        consume() {
          throw new Error('store down');
        },
      },
    ],
    ['rejects with nothing', { consume: () => Promise.reject() }],
    ['rejects with a text', { consume: () => Promise.reject('limited') }],
    ['resolves with nothing', { consume: async () => undefined as never }],
    ['resolves with no number', { consume: async () => ({ consumedPoints: Number.NaN, msBeforeNext: 1 }) as never }],
  ])('flexibleStore rejects with an error where a limiter %s', async (_name, change) => {
    await expect(altered(() => change).consume([charge()])).rejects.toThrow(Error);
  });

  it('flexibleStore refuses what the limiter blocks by itself, and gives nothing back that was not taken', async () => {
    const login = charge();
    const reward = vi.fn<FlexibleLimiter['reward']>();
    const store = altered(() => ({
      consume: () => Promise.reject({ consumedPoints: 0, msBeforeNext: 5_000 }),
      reward,
    }));
    const answer = await store.consume([login]);
    expect(answer).toMatchObject({ allowed: false, exceeded: [{ remaining: 0, resetSeconds: 5 }] });
    expect(reward).not.toHaveBeenCalled();
  });

  it('flexibleStore refuses anything but a function', () => {
    expect(() => flexibleStore({} as never)).toThrow(/makeLimiter must be a function/);
  });
});

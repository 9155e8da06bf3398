// What becomes of requests while a real Redis is stopped, paused, killed and full. That an answer does not wait for Redis is
// shown by order: it is here before Redis goes on.
import { once } from 'node:events';
import { type RateLimitOptions, redisStore } from '@graphql-bulwark/rate-limit';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type Served, serve } from '../../packages/rate-limit/test/server.ts';
import { type Answer, as, codes, send } from '../kit.ts';
import { someCases } from '../property-cases.ts';
import { createClient, Redis } from '../redis-client.ts';
import { hasRedis, type RedisProcess, startRedis } from '../redis-process.ts';
import { controlStoreTimeout, type StoreTimeout, storeTimeoutMilliseconds } from './store-timeout.ts';

const schema = 'type Query { f: String @rateLimit(max: 5, windowSeconds: 3600) free: String }';
const bob = as({ id: 'bob' });

describe.skipIf(!hasRedis())('a real Redis', () => {
  let redis: RedisProcess;
  let admin: Redis;
  let client: Redis;
  let timeout: StoreTimeout;

  beforeEach(async () => {
    redis = await startRedis();
    timeout = controlStoreTimeout();
    const quiet = { retryStrategy: () => 20 };
    [admin, client] = [new Redis(redis.url, quiet), new Redis(redis.url, quiet)];
    for (const connection of [admin, client]) connection.on('error', () => {});
    await Promise.all([admin.ping(), client.ping()]);
  });
  afterEach(async () => {
    admin.disconnect();
    client.disconnect();
    redis.signal('SIGCONT');
    await redis.stop();
  });

  function start(options: RateLimitOptions = {}): Promise<Served> {
    const store = redisStore({ client });
    return serve(schema, { store, storeTimeoutMilliseconds, storeRetryMilliseconds: 1, ...options });
  }

  async function call({ server }: Served, times: number): Promise<number[]> {
    const statuses: number[] = [];
    for (let time = 0; time < times; time += 1) statuses.push((await send(server, '{ f }', bob)).status);
    return statuses;
  }

  const changes = ({ events }: Served): string[] =>
    events.map(({ type }) => type).filter((type) => type.startsWith('store.'));

  /** Asks as somebody else until the store has answered again. */
  async function recovered(served: Served): Promise<void> {
    const probe = async (): Promise<string[]> => {
      await send(served.server, '{ f }', as({ id: 'probe' }));
      return changes(served);
    };
    await expect.poll(probe).toContain('store.recovered');
  }

  async function hang(): Promise<void> {
    redis.signal('SIGSTOP');
    timeout.shorten();
  }

  async function goOn(): Promise<void> {
    timeout.restore();
    redis.signal('SIGCONT');
  }

  /** Until the client knows: what it had sent before, it would send again to the next Redis. */
  async function kill(): Promise<void> {
    const closed = once(client, 'close');
    await redis.stop();
    await closed;
  }

  const every: readonly [string, () => Promise<unknown>, () => Promise<unknown>][] = [
    ['hangs (SIGSTOP)', hang, goOn],
    [
      'is paused (CLIENT PAUSE)',
      async () => {
        await admin.call('CLIENT', 'PAUSE', '600000', 'WRITE');
        timeout.shorten();
      },
      () => {
        timeout.restore();
        return admin.call('CLIENT', 'UNPAUSE');
      },
    ],
    ['is full (maxmemory)', () => admin.config('SET', 'maxmemory', '1'), () => admin.config('SET', 'maxmemory', '0')],
    ['is killed, and started again', kill, () => redis.start()],
  ];
  // To a limiter, paused is the same as hanging.
  const faults = someCases(every, ([name]) => !name.includes('paused'));

  it.each(faults)(
    'that %s: memory counts in its place, and each change of state is told once',
    async (name, fail, heal) => {
      const served = await start();
      expect(await call(served, 2)).toEqual([200, 200]);
      await fail();
      expect(await call(served, 7)).toEqual([200, 200, 200, 200, 200, 429, 429]);
      expect(changes(served)).toEqual(['store.degraded']);
      await heal();
      await recovered(served);
      // Before the fault 2 were counted. What Redis heard of later and was let through counts; a killed Redis forgot all.
      const isLost = name.includes('killed');
      const isHeard = !name.includes('full');
      const left = isLost ? 5 : isHeard ? 0 : 3;
      const passed = (await call(served, 6)).filter((status) => status === 200).length;
      expect(passed).toBe(left);
      expect((await call(served, 1))[0]).toBe(429);
      expect(changes(served)).toEqual(['store.degraded', 'store.recovered']);
    },
  );

  it.each(faults)(
    'that %s: denies with 503 where that is wanted, and then has charged nothing',
    async (name, fail, heal) => {
      const served = await start({ onStoreError: 'deny' });
      expect(await call(served, 2)).toEqual([200, 200]);
      await fail();
      const answers: Answer[] = [];
      for (let time = 0; time < 6; time += 1) answers.push(await send(served.server, '{ f }', bob));
      expect(answers.map(({ status }) => status)).toEqual(Array(6).fill(503));
      expect(codes(answers[0] as Answer)).toEqual(['SERVICE_UNAVAILABLE']);
      expect(JSON.stringify(answers.map(({ body, headers }) => [body, ...headers]))).not.toMatch(
        /127\.0\.0\.1|ECONN|OOM|memory|redis|no answer/i,
      );
      expect((await send(served.server, '{ free }', bob)).status).toBe(200);
      await heal();
      await recovered(served);
      const used = () =>
        admin.eval(
          "local n = 0 for _, k in ipairs(redis.call('KEYS', '*u:3:bob')) do n = n + tonumber(string.match(redis.call('GET', k), '^%d+')) end return n",
          0,
        );
      await expect.poll(used).toBe(name.includes('killed') ? 0 : 2);
      expect(changes(served)).toEqual(['store.degraded', 'store.recovered']);
    },
  );

  it.each(faults)('that %s: lets through where that is wanted', async (_name, fail, heal) => {
    const served = await start({ onStoreError: 'allow' });
    await fail();
    expect(await call(served, 7)).toEqual(Array(7).fill(200));
    await heal();
    await recovered(served);
    expect(changes(served)).toEqual(['store.degraded', 'store.recovered']);
  });

  it('that hangs is left alone after three failures, so that not every request waits for it', async () => {
    const consume = vi.fn<(...args: unknown[]) => unknown>();
    const inner = redisStore({ client });
    const store: typeof inner = {
      ...inner,
      consume(charges) {
        consume();
        return inner.consume(charges);
      },
    };
    const served = await start({ store, storeRetryMilliseconds: 60_000 });
    await hang();
    await call(served, 20);
    expect(consume).toHaveBeenCalledTimes(3);
  });

  it('that hangs is insured with the share of one of several processes', async () => {
    const served = await start({ instances: 2 });
    await hang();
    expect(await call(served, 4)).toEqual([200, 200, 429, 429]);
  });

  it('that was restarted gets its script again, and forty parallel requests are counted right', async () => {
    const served = await start();
    await kill();
    await call(served, 1);
    await redis.start();
    await recovered(served);
    const eve = as({ id: 'eve' });
    const answers = await Promise.all(Array.from({ length: 40 }, () => send(served.server, '{ f }', eve)));
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(5);
  });

  it('is reached by a client that connects with its first command, and one that nobody connected says so', async () => {
    const lazy = new Redis(redis.url, { lazyConnect: true });
    const served = await start({ store: redisStore({ client: lazy }) });
    expect(await call(served, 6)).toEqual([200, 200, 200, 200, 200, 429]);
    expect(changes(served)).toEqual([]);
    expect(await call(await start(), 1)).toEqual([429]);
    lazy.disconnect();

    const idle = await start({ store: redisStore({ client: createClient({ url: redis.url }) }) });
    expect(await call(idle, 1)).toEqual([200]);
    expect(idle.log.join()).toContain('await client.connect() when the server starts');
  });
});

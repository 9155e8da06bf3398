// One node of a real cluster hangs or is killed while callers whose buckets lie elsewhere go on. That no answer waits for it is
// shown by order: all of them are here before it goes on.

import { type RateLimitOptions, redisStore } from '@graphql-bulwark/rate-limit';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Served, serve } from '../../packages/rate-limit/test/server.ts';
import { as, codes, send } from '../kit.ts';
import { someCases } from '../property-cases.ts';
import { Cluster, createCluster, Redis } from '../redis-client.ts';
import { type RedisCluster, startCluster } from '../redis-cluster.ts';
import { hasRedis, type RedisProcess } from '../redis-process.ts';
import { controlStoreTimeout, type StoreTimeout, storeTimeoutMilliseconds } from './store-timeout.ts';

const schema = `type Query {
  f: String @rateLimit(max: 5, windowSeconds: 3600)
  g: String @rateLimit(max: 100, windowSeconds: 3600, by: [GLOBAL])
}`;
const hashTag: RateLimitOptions['hashTag'] = ({ principal }) => principal?.id;

interface Connected {
  readonly client: object;
  readonly close: () => unknown;
}

const clients: readonly [string, (cluster: RedisCluster) => Promise<Connected>][] = [
  [
    'ioredis',
    async ({ nodes }) => {
      const client = new Cluster([...nodes], { clusterRetryStrategy: () => 20 });
      client.on('error', () => {});
      await client.ping();
      return { client, close: () => client.disconnect() };
    },
  ],
  [
    'node-redis',
    async ({ nodes }) => {
      const rootNodes = nodes.map(({ url }) => ({ url }));
      const client = createCluster({ rootNodes, defaults: { socket: { reconnectStrategy: 20 } } });
      client.on('error', () => {});
      client.on('node-error', () => {});
      await client.connect();
      return { client, close: () => client.destroy() };
    },
  ],
];

const faults: readonly [
  string,
  (node: RedisProcess) => Promise<void> | void,
  (node: RedisProcess) => Promise<void> | void,
][] = [
  ['hangs (SIGSTOP)', (node) => node.signal('SIGSTOP'), (node) => node.signal('SIGCONT')],
  ['is killed, and started again', (node) => node.kill(), (node) => node.start()],
];

// Each client and each fault once is one of two kinds: a hanging node with one client, a killed one with the other.
const cases = someCases(
  clients.flatMap(([name, connect]) => faults.map(([what, ...fault]) => [what, name, connect, ...fault] as const)),
  (_, i) => i % clients.length === Math.floor(i / clients.length),
);

describe.skipIf(!hasRedis())('a node of a cluster', () => {
  let cluster: RedisCluster;
  let failing: RedisProcess;
  let here: string;
  let there: string;
  let connected: Connected | undefined;

  let timeout: StoreTimeout;

  beforeAll(async () => {
    // The default of Redis: without one node the others answer nobody.
    cluster = await startCluster('--cluster-require-full-coverage', 'no');
    const shared = await cluster.nodeOf('{bulwark}');
    const tenants = Array.from({ length: 100 }, (_, i) => `tenant-${i}`);
    const nodes = await Promise.all(tenants.map((tenant) => cluster.nodeOf(`{bulwark:${tenant}}`)));
    const at = nodes.findIndex((node) => node !== shared);
    failing = nodes[at] as RedisProcess;
    here = tenants[at] as string;
    there = tenants[nodes.findIndex((node) => node !== failing && node !== shared)] as string;
  });
  afterAll(() => cluster.stop());

  beforeEach(async () => {
    timeout = controlStoreTimeout();
    await Promise.all(cluster.nodes.map(forgetAll));
  });
  afterEach(async () => {
    await connected?.close();
    connected = undefined;
  });

  async function start(connect: (typeof clients)[0][1], options: RateLimitOptions): Promise<Served> {
    connected = await connect(cluster);
    const store = redisStore({ client: connected.client });
    return serve(schema, { store, hashTag, storeTimeoutMilliseconds, storeRetryMilliseconds: 1, ...options });
  }

  const ask = ({ server }: Served, id: string) => send(server, '{ f g }', as({ id }));

  /** Asks a node that does not answer. */
  async function askInVain(served: Served) {
    timeout.shorten();
    const answer = await ask(served, here);
    timeout.restore();
    return answer;
  }

  const changes = ({ events }: Served): string[] =>
    events.map(({ type }) => type).filter((type) => type.startsWith('store.'));

  async function globalLeft({ limiter }: Served): Promise<number> {
    return (await limiter.peek({ policy: 'Query.g' })).remaining;
  }

  /** Asks as the caller concerned until the node has answered again. */
  async function recovered(served: Served): Promise<void> {
    const probe = async (): Promise<string[]> => {
      await send(served.server, '{ f }', as({ id: here }));
      return changes(served);
    };
    await expect.poll(probe).toContain('store.recovered');
  }

  it.each(cases)(
    'that %s (%s) denies its callers and charges them nowhere; others are counted in the meantime',
    async (_what, _name, connect, fail, heal) => {
      const served = await start(connect, { onStoreError: 'deny' });
      for (const id of [here, there]) expect((await ask(served, id)).status).toBe(200);
      await fail(failing);
      const statuses: Record<string, number[]> = { [here]: [], [there]: [] };
      for (const id of [here, there, here, there, here, there, here, there, here, there]) {
        const answer = await (id === here ? askInVain(served) : ask(served, id));
        statuses[id]?.push(answer.status);
        expect(JSON.stringify([answer.body, ...answer.headers])).not.toMatch(/127\.0\.0\.1|ECONN|no answer|CLUSTER/i);
      }
      expect(statuses).toEqual({ [here]: Array(5).fill(503), [there]: [200, 200, 200, 200, 429] });
      expect(changes(served)).toEqual(['store.degraded']);
      // What other slots had taken for the denied came back: 1 and 5 calls have passed.
      await expect.poll(() => globalLeft(served)).toBe(94);
      await heal(failing);
      await recovered(served);
      expect(changes(served)).toEqual(['store.degraded', 'store.recovered']);
      await expect.poll(() => globalLeft(served)).toBe(94);
      expect(codes(await ask(served, there))).toEqual(['RATE_LIMITED']);
    },
  );

  it.each(cases)(
    'that %s (%s) is insured for its callers alone, and counts right when it is back',
    async (what, _name, connect, fail, heal) => {
      const served = await start(connect, {});
      for (const id of [here, there]) expect((await ask(served, id)).status).toBe(200);
      await fail(failing);
      const statuses: number[] = [];
      for (let time = 0; time < 7; time += 1) statuses.push((await askInVain(served)).status);
      expect(statuses).toEqual([200, 200, 200, 200, 200, 429, 429]);
      const header = (await ask(served, there)).headers.get('ratelimit');
      expect(header).toContain('"Query.f";r=3;');
      expect(changes(served)).toEqual(['store.degraded']);
      await heal(failing);
      await recovered(served);
      expect(changes(served)).toEqual(['store.degraded', 'store.recovered']);
      // One call was counted before; a node that was killed has forgotten it. What came too late was given back.
      const passed: number[] = [];
      for (let time = 0; time < 6; time += 1) passed.push((await ask(served, here)).status);
      const through = passed.filter((status) => status === 200).length;
      expect(through).toBeGreaterThan(0);
      expect(through).toBeLessThanOrEqual(what.includes('killed') ? 5 : 4);
      expect(passed.at(-1)).toBe(429);
    },
  );
});

async function forgetAll({ port }: RedisProcess): Promise<void> {
  const client = new Redis(port, '127.0.0.1');
  await client.flushall();
  client.disconnect();
}

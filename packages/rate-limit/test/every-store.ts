// Every store that the parity suite runs over, each over a real server where it has one.
import type { Charge, CounterStore } from '@graphql-bulwark/core';
import { RateLimiterMemory } from 'rate-limiter-flexible';
import { inject, vi } from 'vitest';
import { Cluster, createClient, createCluster, Redis } from '../../../test/redis-client.ts';
import { startCluster } from '../../../test/redis-cluster.ts';
import { flexibleStore, memoryStore, redisStore } from '../src/index.ts';

export interface Opened {
  readonly make: () => CounterStore;
  /** Ends the window of a bucket. */
  readonly end: (bucket: Charge) => Promise<void>;
  readonly close: () => Promise<unknown> | void;
}

export interface StoreKind {
  readonly name: string;
  /** Whether parallel calls over several keys let exactly as many through as they may, or never more. */
  readonly isExact: boolean;
  readonly open: () => Promise<Opened>;
}

const pass = async ({ windowSeconds }: Charge): Promise<void> => void vi.advanceTimersByTime(windowSeconds * 1000);
const redisUrl = inject('redisUrl');

/** Those in Redis can be opened only where there is one. */
export const stores: readonly StoreKind[] = [
  { name: 'memory', isExact: true, open: async () => ({ make: memoryStore, end: pass, close() {} }) },
  {
    name: 'a limiter of rate-limiter-flexible',
    isExact: false,
    open: async () => ({
      make: () => flexibleStore((options) => new RateLimiterMemory(options)),
      end: pass,
      close() {},
    }),
  },
  {
    name: 'Redis through ioredis',
    isExact: true,
    async open() {
      const client = new Redis(redisUrl ?? '');
      await client.ping();
      return { make: () => redisStore({ client }), end: endIn(client), close: () => client.disconnect() };
    },
  },
  {
    name: 'Redis through node-redis',
    isExact: true,
    async open() {
      const client = await createClient({ url: redisUrl ?? '' }).connect();
      const other = new Redis(redisUrl ?? '');
      return {
        make: () => redisStore({ client }),
        end: endIn(other),
        async close() {
          other.disconnect();
          await client.close();
        },
      };
    },
  },
  {
    name: 'a Redis Cluster through ioredis',
    isExact: true,
    async open() {
      const { nodes, stop } = await startCluster();
      const client = new Cluster([...nodes]);
      await client.ping();
      return {
        make: () => redisStore({ client }),
        end: endInAll(nodes),
        async close() {
          client.disconnect();
          await stop();
        },
      };
    },
  },
  {
    name: 'a Redis Cluster through node-redis',
    isExact: true,
    async open() {
      const { nodes, stop } = await startCluster();
      const client = createCluster({ rootNodes: nodes.map(({ port }) => ({ url: `redis://127.0.0.1:${port}` })) });
      await client.connect();
      return {
        make: () => redisStore({ client }),
        end: endInAll(nodes),
        async close() {
          await client.close();
          await stop();
        },
      };
    },
  },
];

function endIn(client: Redis): Opened['end'] {
  return async ({ policy }) => {
    for (const key of await client.keys(`*${policy}*`)) await client.del(key);
    // The next window is named by when it ends, and a window that has run its time never ends with the one after it.
    const ended = await milliseconds(client);
    while ((await milliseconds(client)) === ended);
  };
}

/** The server's clock. */
async function milliseconds(client: Redis): Promise<number> {
  const [seconds, microseconds] = await client.time();
  return Number(seconds) * 1_000 + Math.floor(Number(microseconds) / 1_000);
}

function endInAll(nodes: readonly { readonly port: number }[]): Opened['end'] {
  return async (bucket) => {
    for (const { port } of nodes) {
      const client = new Redis(port, '127.0.0.1');
      await endIn(client)(bucket);
      client.disconnect();
    }
  };
}

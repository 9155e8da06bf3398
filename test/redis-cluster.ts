// A Redis Cluster of three nodes for one test file.
import { once } from 'node:events';
import { Redis } from 'ioredis';
import { onFreePorts, type RedisProcess, startRedisOn } from './redis-process.ts';

export interface RedisCluster {
  readonly nodes: readonly (RedisProcess & { readonly host: string })[];
  /** The node that has the slot of this key. */
  readonly nodeOf: (key: string) => Promise<RedisProcess>;
  readonly stop: () => Promise<void>;
}

const lastSlot = 16_383;

/** A node that need not cover every slot says 'ok' before it has heard who has the others. */
function hasFormed(info: string): boolean {
  return info.includes('cluster_state:ok') && info.includes(`cluster_slots_ok:${lastSlot + 1}\r`);
}

/** @param more options of redis-server, for every node. */
export async function startCluster(...more: string[]): Promise<RedisCluster> {
  const started: RedisProcess[] = [];
  const buses: number[] = [];
  for (let node = 0; node < 3; node += 1) {
    await onFreePorts(2, async ([port, bus]) => {
      started.push(await startRedisOn(port as number, '--cluster-enabled', 'yes', '--cluster-port', `${bus}`, ...more));
      buses.push(bus as number);
    });
  }
  const clients = started.map(({ port }) => new Redis(port, '127.0.0.1'));
  for (const [node, client] of clients.entries()) {
    const [from, to] = [node, node + 1].map((third) => Math.ceil(((lastSlot + 1) * third) / 3));
    await client.call('CLUSTER', 'ADDSLOTSRANGE', `${from}`, `${(to ?? 0) - 1}`);
  }
  for (const [node, client] of clients.entries()) {
    const [port, bus] = [started[(node + 1) % 3]?.port, buses[(node + 1) % 3]];
    await client.call('CLUSTER', 'MEET', '127.0.0.1', `${port}`, `${bus}`);
  }
  for (const client of clients) {
    for (let tries = 0; !hasFormed((await client.call('CLUSTER', 'INFO')) as string); tries += 1) {
      if (tries === 400) throw new Error('the cluster did not form');
      await new Promise((resolve) => setTimeout(resolve, 25));
    }
    const closed = once(client, 'end');
    client.disconnect();
    await closed;
  }
  return {
    nodes: started.map((node) => ({ ...node, host: '127.0.0.1' })),
    async nodeOf(key) {
      const client = new Redis(started[0]?.port ?? 0, '127.0.0.1');
      const slot = Number(await client.call('CLUSTER', 'KEYSLOT', key));
      client.disconnect();
      return started[Math.floor((slot * 3) / (lastSlot + 1))] as RedisProcess;
    },
    stop: async () => void (await Promise.all(started.map(({ stop }) => stop()))),
  };
}

// One process of a fleet: connects, and each time it is told makes its share of parallel calls.
import type { Charge } from '@graphql-bulwark/core';
import { redisStore } from '@graphql-bulwark/rate-limit';
import { Redis } from 'ioredis';

/** What each process of a fleet does at the same time. */
export interface Race {
  readonly policy: string;
  readonly calls: number;
  /** Points that a call takes from each of its buckets. */
  readonly points: readonly number[];
}

const client = new Redis(process.argv[2] ?? '');
const store = redisStore({ client });
await client.ping();
process.on('message', (race: Race) => void run(race));
process.send?.('ready');

async function run({ policy, calls, points }: Race): Promise<void> {
  const charges = points.map(
    (each, i): Charge => ({ key: `k${i}`, policy, points: each, limit: 5, windowSeconds: 97 }),
  );
  const answers = await Promise.all(Array.from({ length: calls }, () => store.consume(charges)));
  process.send?.(answers.filter(({ allowed }) => allowed).length);
}

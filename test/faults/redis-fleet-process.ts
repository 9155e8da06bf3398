// One process of a fleet: connects, waits for the word, and makes its share of parallel calls.
import { once } from 'node:events';
import type { Charge } from '@graphql-bulwark/core';
import { redisStore } from '@graphql-bulwark/rate-limit';
import { Redis } from 'ioredis';

const [url = '', policy = '', calls = '', ...points] = process.argv.slice(2);
const client = new Redis(url);
const store = redisStore({ client });
await client.ping();
const told = once(process, 'message');
process.send?.('ready');
await told;
const charges = points.map(
  (each, i): Charge => ({ key: `k${i}`, policy, points: Number(each), limit: 5, windowSeconds: 97 }),
);
const answers = await Promise.all(Array.from({ length: Number(calls) }, () => store.consume(charges)));
process.send?.(answers.filter(({ allowed }) => allowed).length);
client.disconnect();
process.disconnect();

// What an operation costs Redis, as Redis itself sees it (MONITOR).
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { as, send } from '../../../../../test/kit.ts';
import { Cluster, Redis } from '../../../../../test/redis-client.ts';
import { startCluster } from '../../../../../test/redis-cluster.ts';
import { redisStore } from '../../../src/index.ts';
import { serve } from '../../server.ts';

const fields = Array.from({ length: 20 }, (_, i) => `f${i}`);
const limited = fields.map((name) => `${name}: String @rateLimit(max: 2, windowSeconds: 3600)`).join(' ');
const schema = `type Query { ${limited} free: String } type Mutation { ${limited} }`;
const url = inject('redisUrl');

describe.skipIf(!url)('an operation over 20 limited coordinates and a budget of points', () => {
  let client: Redis;
  beforeAll(async () => {
    client = new Redis(url ?? '');
    await client.ping();
  });
  afterAll(() => client.disconnect());

  /** Commands that clients sent while this ran; what a script calls is no round trip. */
  async function commandsOf(work: () => Promise<unknown>): Promise<string[]> {
    const monitor = await client.monitor();
    const seen: string[] = [];
    const ended = new Promise<void>((resolve) => {
      monitor.on('monitor', (_time: string, args: string[], source: string) => {
        if (args[1] === 'the end') resolve();
        else if (source !== 'lua') seen.push(`${args[0]}`.toLowerCase());
      });
    });
    await work();
    await client.echo('the end');
    await ended;
    monitor.disconnect();
    return seen;
  }

  it('an operation is one command, as query and as mutation, also when refused; one without limits sends none', async () => {
    const options = {
      store: redisStore({ client }),
      points: { max: 1_000 },
      cost: () => 20,
      storeTimeoutMilliseconds: 5_000,
    };
    const { server } = await serve(schema, options);
    const free = await serve(schema, { store: redisStore({ client }) });
    const all = fields.join(' ');
    const who = as({ id: randomUUID() });
    await send(server, '{ f0 }', as({ id: randomUUID() })); // the server learns the script
    const statuses: number[] = [];
    const ask = async (query: string): Promise<void> => void statuses.push((await send(server, query, who)).status);
    expect(await commandsOf(() => ask(`{ ${all} }`))).toEqual(['evalsha']);
    expect(await commandsOf(() => ask(`mutation { ${all} }`))).toEqual(['evalsha']);
    await ask('{ f7 }');
    expect(await commandsOf(() => ask(`{ ${all} }`))).toEqual(['evalsha']);
    expect(statuses).toEqual([200, 200, 200, 429]);
    expect(await commandsOf(() => send(free.server, '{ free }', who))).toEqual([]);
  });

  it('each of many parallel operations is one command, and is charged all or none', async () => {
    const store = redisStore({ client });
    const policy = randomUUID();
    const calls = Array.from({ length: 50 }, (_, i) =>
      ['shared', `own:${i}`].map((key) => ({ key, policy, points: 1, limit: 5, windowSeconds: 3600 })),
    );
    let passed = 0;
    const commands = await commandsOf(async () => {
      const answers = await Promise.all(calls.map((charges) => store.consume(charges)));
      passed = answers.filter(({ allowed }) => allowed).length;
    });
    expect([passed, commands]).toEqual([5, Array(50).fill('evalsha')]);
    const own = await Promise.all(calls.map(([, bucket]) => store.peek(bucket as (typeof calls)[0][0])));
    expect(own.filter(({ remaining }) => remaining === 4)).toHaveLength(5);
  });

  it.each([
    ['bulwark:b', undefined],
    ['bulwark', 'b:c'],
    ['bulwark', 'b%3Ac'],
    ['bulwark:b', 'c'],
  ])('buckets have names of their own: prefix %s, hash tag %s', async (prefix, hashTag) => {
    const names = [
      ['bulwark', 'b'],
      ['bulwark:b', undefined],
      ['bulwark', 'b:c'],
      ['bulwark', 'b%3Ac'],
      ['bulwark:b', 'c'],
    ] as const;
    const bucket = { key: 'k', policy: randomUUID(), limit: 9, windowSeconds: 3600 };
    await redisStore({ client, prefix }).consume([{ ...bucket, points: 1, hashTag }]);
    const left = await Promise.all(
      names.map(([name, tag]) => redisStore({ client, prefix: name }).peek({ ...bucket, hashTag: tag })),
    );
    expect(left.filter(({ remaining }) => remaining < 9)).toHaveLength(1);
  });

  it('in a cluster an operation goes to one slot, or to one slot per hash tag', async () => {
    const { nodes, stop } = await startCluster();
    const cluster = new Cluster([...nodes]);
    await cluster.ping();
    try {
      const hashTag = ({ principal }: { principal: { id: string } | null }): string | undefined => principal?.id;
      const store = redisStore({ client: cluster });
      const shared = 'type Query { f: Int @rateLimit(max: 2) g: Int @rateLimit(max: 3, by: [GLOBAL]) }';
      const { server } = await serve(shared, { store, hashTag, storeTimeoutMilliseconds: 5_000 }, () => 1);
      const statuses: number[] = [];
      for (const id of ['ann', 'ann', 'ann', 'bob', 'bob']) {
        statuses.push((await send(server, '{ f g }', as({ id }))).status);
      }
      expect(statuses).toEqual([200, 200, 429, 200, 429]);
      const keys = (await Promise.all(cluster.nodes('master').map((node) => node.keys('*')))).flat();
      expect(keys.toSorted()).toEqual([
        '{bulwark:ann}/2:60:7:Query.f:u:3:ann',
        '{bulwark:bob}/2:60:7:Query.f:u:3:bob',
        '{bulwark}:3:60:7:Query.g:g:0:',
      ]);
    } finally {
      cluster.disconnect();
      await stop();
    }
  });
});

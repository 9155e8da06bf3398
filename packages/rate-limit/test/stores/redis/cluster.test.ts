// Charges in several slots of a cluster, of which one fails: real scripts in a real Redis, behind a client that has faults.
import { randomUUID } from 'node:crypto';
import type { Charge } from '@graphql-bulwark/core';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { Redis } from '../../../../../test/redis-client.ts';
import { redisStore } from '../../../src/index.ts';
import { consumeSpread } from '../../../src/stores/redis/cluster.ts';

const url = inject('redisUrl');

describe.skipIf(!url)('charges in several slots', () => {
  let redis: Redis;
  beforeAll(async () => {
    redis = new Redis(url ?? '');
    await redis.ping();
  });
  afterAll(() => redis.disconnect());

  /** A store over a cluster in which calls to the slot of a hash tag go wrong as `fault` says. */
  function storeWith(fault: (tag: string, work: () => Promise<unknown>) => Promise<unknown>) {
    const through = (keys: number, rest: string[], work: () => Promise<unknown>): Promise<unknown> => {
      const tags = new Set(rest.slice(0, keys).map((key) => /^\{bulwark:(.*?)\}/.exec(key)?.[1] ?? ''));
      // A cluster answers no script over several slots.
      if (tags.size !== 1) return Promise.reject(new Error('CROSSSLOT'));
      return fault([...tags].join(), work);
    };
    const client = {
      status: 'ready',
      isCluster: true,
      evalsha: (sha: string, keys: number, ...rest: string[]) =>
        through(keys, rest, () => redis.evalsha(sha, keys, ...rest)),
      eval: (text: string, keys: number, ...rest: string[]) =>
        through(keys, rest, () => redis.eval(text, keys, ...rest)),
    };
    return redisStore({ client });
  }

  const healthy = storeWith.bind(undefined, (_tag, work) => work());
  const chargesOf = (...tags: string[]): Charge[] => {
    const policy = randomUUID();
    return tags.map((hashTag) => ({ key: hashTag, policy, points: 2, limit: 5, windowSeconds: 3600, hashTag }));
  };
  const left = (charges: readonly Charge[]): Promise<number[]> =>
    Promise.all(charges.map(async (charge) => (await healthy().peek(charge)).remaining));

  it.each(['a', 'b', 'c'])(
    'charges in several slots are taken in none where slot %s fails, and the call rejects',
    async (failing) => {
      const store = storeWith((tag, work) =>
        tag === failing ? Promise.reject(new Error(`slot ${tag} is down`)) : work(),
      );
      const charges = chargesOf('a', 'b', 'c');
      for (const timeout of [undefined, 60_000]) {
        await expect(store.consume(charges, timeout)).rejects.toThrow(`slot ${failing} is down`);
      }
      expect(await left(charges)).toEqual([5, 5, 5]);
    },
  );

  it('charges in several slots are taken where all answer, and given back where one of them refuses', async () => {
    const charges = chargesOf('a', 'b', 'c');
    expect((await healthy().consume(charges)).allowed).toBe(true);
    expect(await left(charges)).toEqual([3, 3, 3]);
    await healthy().consume(charges.slice(1, 2));
    const refused = await healthy().consume(charges);
    expect([refused.allowed, refused.exceeded.map(({ charge }) => charge.key)]).toEqual([false, ['b']]);
    expect(await left(charges)).toEqual([3, 1, 3]);
  });

  it('charges in several slots are given back by a slot that answers too late', async () => {
    const late: (() => void)[] = [];
    const done: Promise<unknown>[] = [];
    const store = storeWith((tag, work) => {
      if (tag !== 'b' || done.length > 0) return work();
      const taken = work();
      done.push(taken);
      return new Promise((resolve) => late.push(() => resolve(taken)));
    });
    const charges = chargesOf('a', 'b');
    await expect(store.consume(charges, 20)).rejects.toThrow('no answer');
    await Promise.all(done);
    expect(await left(charges)).toEqual([5, 3]);
    for (const answer of late) answer();
    await expect.poll(() => left(charges)).toEqual([5, 5]);
  });

  it('buckets of one policy with several limits or windows are counted apart', async () => {
    const [charge] = chargesOf('a') as [Charge];
    const store = healthy();
    const others = [{ ...charge, limit: 9 }, charge, { ...charge, windowSeconds: 60 }];
    for (const one of others) await store.consume([one]);
    expect(await left(others)).toEqual([7, 3, 3]);
  });
});

it('a call rejects with the failure although the slots that answered can give nothing back', async () => {
  const calls = {
    consume: (slot: string) =>
      slot === 'down' ? Promise.reject(new Error('down')) : Promise.resolve({ allowed: true, now: 0, buckets: [] }),
    undo: () => Promise.reject(new Error('nothing comes back')),
  };
  await expect(consumeSpread(['up', 'down'], calls, undefined)).rejects.toThrow('down');
  await expect(consumeSpread(['up', 'up'], calls, undefined)).resolves.toHaveLength(2);
});

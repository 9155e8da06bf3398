/**
 * Counters in Redis, shared by all processes of a fleet: all charges of a request in one call of one script.
 *
 * In a cluster a script reaches one slot. By default all buckets share one; those with a hash tag of their own are counted
 * where it says, and a request over several of them is taken slot by slot, with give-back.
 */
import { type BucketState, type Charge, type CounterStore, knownOptions, show } from '@graphql-bulwark/core';
import { wholePoints } from '../points.ts';
import { bucketNamer } from './bucket-name.ts';
import { redisScript } from './redis-client.ts';
import { type Op, script } from './redis-script.ts';
import { type Answered, type Ask, type Entry, sharedCall, type Verdict } from './shared-call.ts';

export interface RedisStoreOptions {
  /** A client of ioredis or node-redis, for one server or a cluster; made, configured and closed by the application. */
  readonly client: object;
  /** In front of every key, within its hash tag. Text without braces. @default 'bulwark' */
  readonly prefix?: string | undefined;
}

interface Placed {
  readonly tag: string;
  readonly entry: Entry;
}

/**
 * While the client is not connected every call fails at once, instead of waiting in the client's queue.
 *
 * @throws {TypeError} for what is not a Redis client.
 * @example redisStore({ client: new Redis('redis://127.0.0.1:6379') })
 */
export function redisStore(options: RedisStoreOptions): CounterStore {
  knownOptions('redisStore', options, ['client', 'prefix']);
  const { client, prefix = 'bulwark' } = options;
  if (typeof prefix !== 'string' || prefix === '' || /[{}]/.test(prefix)) {
    throw new TypeError(`prefix must be a text without braces that is not empty, but is ${show(prefix)}.`);
  }
  const { run, isCluster } = redisScript(client, script);
  // One queue per hash tag while it has anything waiting; without a cluster, one for all.
  const asks = new Map<string, Ask>();
  const shared = sharedCall(run);
  const bucketName = bucketNamer();

  function askAt(tag: string): Ask {
    if (!isCluster) return shared;
    const known = asks.get(tag);
    if (known) return known;
    const fresh = sharedCall(run);
    asks.set(tag, fresh);
    setImmediate(() => asks.delete(tag));
    return fresh;
  }

  function place(charge: Omit<Charge, 'points'>, points: number, window: number): Placed {
    const tag =
      charge.hashTag === undefined ? prefix : `${prefix}:${charge.hashTag.replace(/[{}%]/g, encodeURIComponent)}`;
    return { tag, entry: { name: `{${tag}}:${bucketName(charge)}`, points, limit: charge.limit, window } };
  }

  /** @returns the positions of the charges per call. */
  function calls(placed: readonly Placed[]): (readonly number[])[] {
    const first = placed[0]?.tag;
    if (!isCluster || placed.every(({ tag }) => tag === first)) return [placed.map((_, i) => i)];
    const positions = new Map<string, number[]>();
    placed.forEach(({ tag }, i) => {
      const known = positions.get(tag);
      if (known) known.push(i);
      else positions.set(tag, [i]);
    });
    return [...positions.values()];
  }

  function ask(op: Op, placed: readonly Placed[], at: readonly number[]): Promise<Verdict> {
    const entries = at.map((i) => (placed[i] as Placed).entry);
    return askAt(placed[at[0] ?? 0]?.tag ?? prefix)(op, entries);
  }

  const lengthOf = ({ windowSeconds }: Pick<Charge, 'windowSeconds'>): number => windowSeconds * 1000;

  return {
    async consume(charges) {
      const placed = charges.map((charge) => place(charge, wholePoints(charge.points), lengthOf(charge)));
      const groups = calls(placed);
      const settled = await Promise.allSettled(groups.map((at) => ask('consume', placed, at)));
      const isRefused = settled.some((result) => result.status === 'rejected' || !result.value.allowed);
      const buckets: BucketState[] = [];
      const short: number[] = [];
      const givenBack: Promise<unknown>[] = [];
      settled.forEach((result, group) => {
        if (result.status === 'rejected') return;
        const { entries, allowed, now } = result.value;
        const at = groups[group] as readonly number[];
        const isUndone = isRefused && allowed;
        at.forEach((i, n) => {
          const charge = charges[i] as Charge;
          const answered = entries[n] as Answered;
          buckets[i] = stateOf(charge, answered, now, isUndone ? (placed[i] as Placed).entry.points : 0);
          if (answered.isShort) short.push(i);
        });
        if (!isUndone) return;
        const taken = placed.map(({ tag, entry }, i) => ({ tag, entry: { ...entry, window: endOf(buckets[i]) } }));
        givenBack.push(ask('giveBack', taken, at));
      });
      // What cannot be given back now ends with its window.
      if (givenBack.length > 0) await Promise.allSettled(givenBack);
      const failure = settled.find((result) => result.status === 'rejected');
      if (failure) throw failure.reason;
      return {
        allowed: !isRefused,
        buckets,
        exceeded: short.toSorted((a, b) => a - b).map((i) => buckets[i] as BucketState),
      };
    },

    async giveBack(refunds) {
      const placed = refunds.map((refund) => {
        const end = refund.window === undefined ? 0 : Number(refund.window);
        return place(refund, wholePoints(refund.points), Number.isSafeInteger(end) ? end : -1);
      });
      await Promise.all(calls(placed).map((at) => ask('giveBack', placed, at)));
    },

    async peek(bucket) {
      const placed = [place(bucket, 0, lengthOf(bucket))];
      const { entries, now } = await ask('consume', placed, [0]);
      return stateOf({ ...bucket, points: 1 }, entries[0] as Answered, now, 0);
    },

    async reset(bucket) {
      await ask('reset', [place(bucket, 0, 0)], [0]);
    },
  };
}

function stateOf(charge: Charge, { used, endsAt }: Answered, now: number, own: number): BucketState {
  const isOpen = endsAt > now;
  return {
    charge,
    remaining: Math.min(charge.limit, Math.max(0, charge.limit - (isOpen ? used - own : 0))),
    resetSeconds: isOpen ? (endsAt - now) / 1000 : 0,
    ...(isOpen && { window: String(endsAt) }),
  };
}

function endOf(bucket: BucketState | undefined): number {
  return Number(bucket?.window ?? 0);
}

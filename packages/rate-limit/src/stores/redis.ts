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
import { script } from './redis-script.ts';
import { type Answered, type Ask, type Entry, sharedCall, type Verdict } from './shared-call.ts';
import { consumeSpread, type Part, type SlotCalls } from './spread.ts';

export interface RedisStoreOptions {
  /** A client of ioredis or node-redis, for one server or a cluster; made, configured and closed by the application. */
  readonly client: object;
  /** In front of every key, within its hash tag. Text without braces. @default 'bulwark' */
  readonly prefix?: string | undefined;
}

type Bucket = Omit<Charge, 'points'>;

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
  const asks = new Map<string | undefined, Ask>();
  const shared = sharedCall(run);
  const bucketName = bucketNamer();

  function askAt(tag: string | undefined): Ask {
    if (!isCluster) return shared;
    const known = asks.get(tag);
    if (known) return known;
    const fresh = sharedCall(run);
    asks.set(tag, fresh);
    setImmediate(() => asks.delete(tag));
    return fresh;
  }

  function entryOf(bucket: Bucket, points: number, window: number): Entry {
    const { hashTag, limit } = bucket;
    const tag = hashTag === undefined ? prefix : `${prefix}:${hashTag.replace(/[{}%]/g, encodeURIComponent)}`;
    return { name: `{${tag}}:${bucketName(bucket)}`, points, limit, window };
  }

  /** What lies together is asked together. */
  function partsOf(buckets: readonly Bucket[], entries: readonly Entry[]): readonly Part[] {
    const first = buckets[0]?.hashTag;
    if (!isCluster || buckets.every(({ hashTag }) => hashTag === first)) {
      return [{ tag: first, positions: entries.map((_, i) => i), entries }];
    }
    const tags = [...new Set(buckets.map(({ hashTag }) => hashTag))];
    return tags.map((tag) => {
      const positions = [...buckets.keys()].filter((i) => buckets[i]?.hashTag === tag);
      return { tag, positions, entries: positions.map((i) => entries[i] as Entry) };
    });
  }

  const calls: SlotCalls = {
    consume: ({ tag, entries }) => askAt(tag)('consume', entries),
    undo({ tag, entries }, { entries: answered }) {
      return askAt(tag)(
        'giveBack',
        entries.map((entry, i) => ({ ...entry, window: answered[i]?.endsAt ?? -1 })),
      );
    },
  };

  return {
    async consume(charges, timeoutMilliseconds) {
      const entries = charges.map((charge) => entryOf(charge, wholePoints(charge.points), lengthOf(charge)));
      const parts = partsOf(charges, entries);
      const [only] = parts;
      const verdicts =
        only && parts.length === 1
          ? [await calls.consume(only)]
          : await consumeSpread(parts, calls, timeoutMilliseconds);
      const allowed = verdicts.every((verdict) => verdict.allowed);
      const buckets: BucketState[] = [];
      const short: number[] = [];
      parts.forEach(({ positions, entries: asked }, part) => {
        const { now, entries: answered, allowed: wasTaken } = verdicts[part] as Verdict;
        positions.forEach((i, n) => {
          const own = wasTaken && !allowed ? (asked[n] as Entry).points : 0;
          const answer = answered[n] as Answered;
          buckets[i] = stateOf(charges[i] as Charge, answer, now, own);
          if (answer.isShort) short.push(i);
        });
      });
      return { allowed, buckets, exceeded: short.toSorted((a, b) => a - b).map((i) => buckets[i] as BucketState) };
    },

    async giveBack(refunds) {
      const entries = refunds.map((refund) => {
        const end = refund.window === undefined ? 0 : Number(refund.window);
        return entryOf(refund, wholePoints(refund.points), Number.isSafeInteger(end) ? end : -1);
      });
      await Promise.all(partsOf(refunds, entries).map(({ tag, entries: those }) => askAt(tag)('giveBack', those)));
    },

    async peek(bucket) {
      const { entries, now } = await askAt(bucket.hashTag)('consume', [entryOf(bucket, 0, lengthOf(bucket))]);
      return stateOf({ ...bucket, points: 1 }, entries[0] as Answered, now, 0);
    },

    async reset(bucket) {
      await askAt(bucket.hashTag)('reset', [entryOf(bucket, 0, 0)]);
    },
  };
}

function lengthOf({ windowSeconds }: Bucket): number {
  return windowSeconds * 1000;
}

function stateOf(charge: Charge, { used, endsAt }: Answered, now: number, own: number): BucketState {
  if (!(endsAt > now)) return { charge, remaining: charge.limit, resetSeconds: 0 };
  return {
    charge,
    remaining: Math.min(charge.limit, Math.max(0, charge.limit - used + own)),
    resetSeconds: (endsAt - now) / 1000,
    window: String(endsAt),
  };
}

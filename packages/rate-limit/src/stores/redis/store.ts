/**
 * Counters in Redis, shared by all processes of a fleet. All charges of a request are taken by one call of one script.
 *
 * In a cluster a script reaches one slot only. By default all buckets are in one slot. A bucket with a hash tag is in the slot of that tag,
 * and a request with buckets in several slots is charged slot by slot, and given back where one refuses.
 */
import type { BucketState, Charge, Consumption, CounterStore, Refund } from '@graphql-bulwark/core';
import {
  isText,
  must,
  type OptionTable,
  readOptions,
  requireWholeNumber,
  roundUpPoints,
} from '@graphql-bulwark/core/internal';
import { aRedisClient, createScriptRunner } from './client.ts';
import { consumeSpread, type SlotCalls } from './cluster.ts';
import { type Answered, type Decision, type Op, ops, readDecision, script } from './script.ts';

/** Which Redis holds the counters, and under which keys. */
export interface RedisStoreOptions {
  /** A client of ioredis or node-redis, for one server or a cluster. The application configures, connects and closes it. */
  readonly client: object;
  /** Stands in front of every key, within its hash tag. Text without braces. @default 'bulwark' */
  readonly prefix?: string | undefined;
}

const optionTable = {
  prefix: { default: 'bulwark', check: must('be a text without braces that is not empty', isPrefix) },
  client: { required: true, check: aRedisClient },
} satisfies OptionTable<RedisStoreOptions>;

function isPrefix(value: unknown): boolean {
  return isText(value) && !/[{}]/.test(value);
}

type Bucket = Omit<Charge, 'points'>;

/**
 * Makes a store in Redis. While the client is not connected every call fails at once, instead of waiting in the client's queue.
 *
 * @throws {TypeError} for an invalid option.
 * @example redisStore({ client: new Redis('redis://127.0.0.1:6379') })
 */
export function redisStore(options: RedisStoreOptions): CounterStore {
  const { client, prefix } = readOptions('redisStore', options, optionTable);
  const { run, isCluster } = createScriptRunner(client, script);
  const [nameTogether, nameApart] = [createBucketNamer(`{${prefix}}:`), createBucketNamer('')];

  function writeKey(bucket: Bucket): string {
    const { hashTag } = bucket;
    if (hashTag === undefined) return nameTogether(bucket);
    // The last colon ends the prefix, and the slash shows that there is a tag, so no other prefix leads to the same keys.
    return `{${prefix}:${hashTag.replace(/[{}%:]/g, encodeURIComponent)}}/${nameApart(bucket)}`;
  }

  /** Runs the script on buckets of one slot. */
  async function ask<B extends Bucket>(
    op: Op,
    buckets: readonly B[],
    points: (bucket: B) => number,
    window: (bucket: B, i: number) => number,
  ): Promise<Decision> {
    let numbers = `[${ops[op]}`;
    const keys = buckets.map((bucket, i) => {
      numbers += `,${points(bucket)},${bucket.limit},${window(bucket, i)}`;
      return writeKey(bucket);
    });
    return readDecision(await run(keys, `${numbers}]`), keys);
  }

  /** Splits buckets by the slots that hold them. */
  function splitBySlot<B extends Bucket>(buckets: readonly B[]): readonly (readonly B[])[] {
    const first = buckets[0]?.hashTag;
    if (!isCluster || buckets.every(({ hashTag }) => hashTag === first)) return [buckets];
    const tags = new Set(buckets.map(({ hashTag }) => hashTag));
    return Array.from(tags, (tag) => buckets.filter(({ hashTag }) => hashTag === tag));
  }

  const calls: SlotCalls<readonly Charge[]> = {
    consume: (charges) => ask('consume', charges, readPoints, readWindow),
    undo: (charges, { buckets }) => ask('giveBack', charges, readPoints, (_, i) => buckets[i]?.endsAt ?? -1),
  };

  return {
    async consume(charges, timeoutMilliseconds) {
      const parts = splitBySlot(charges);
      if (parts.length === 1) return readConsumption(charges, await calls.consume(charges));
      for (const charge of charges) readPoints(charge); // invalid points must throw before any slot is charged
      const decisions = await consumeSpread(parts, calls, timeoutMilliseconds);
      const allowed = decisions.every((decision) => decision.allowed);
      const consumed = decisions.map((decision, i) => readConsumption(parts[i] ?? [], decision, !allowed));
      const buckets = sortByRequest(
        charges,
        consumed.map((each) => each.buckets),
      );
      const short = new Set(consumed.flatMap(({ exceeded }) => exceeded));
      return { allowed, buckets, exceeded: buckets.filter((state) => short.has(state)) };
    },

    async giveBack(refunds) {
      for (const refund of refunds) readPoints(refund);
      const readEnd = ({ window }: Refund): number => {
        const end = window === undefined ? 0 : Number(window);
        return Number.isSafeInteger(end) ? end : -1;
      };
      await Promise.all(splitBySlot(refunds).map((part) => ask('giveBack', part, readPoints, readEnd)));
    },

    async peek(bucket) {
      const { buckets, now } = await ask('consume', [bucket], () => 0, readWindow);
      return readState({ ...bucket, points: 1 }, buckets[0] as Answered, now, 0);
    },

    async reset(bucket) {
      await ask('reset', [bucket], () => 0, readWindow);
    },
  };
}

function readPoints({ points }: Charge): number {
  return roundUpPoints(points);
}

function readWindow({ windowSeconds }: Bucket): number {
  return windowSeconds * 1000;
}

/** Joins the states of all slots, in the order of the charges. */
function sortByRequest(charges: readonly Charge[], parts: readonly (readonly BucketState[])[]): readonly BucketState[] {
  const waiting = new Map(parts.map((part) => [part[0]?.charge.hashTag, part.values()]));
  return charges.map(({ hashTag }) => waiting.get(hashTag)?.next().value as BucketState);
}

/** @param isUndone whether the points that this decision took have been given back. */
function readConsumption(
  charges: readonly Charge[],
  { allowed, now, buckets }: Decision,
  isUndone = false,
): Consumption {
  const states = charges.map((charge, i) =>
    readState(charge, buckets[i] as Answered, now, isUndone && allowed ? readPoints(charge) : 0),
  );
  return { allowed, buckets: states, exceeded: allowed ? [] : states.filter((_, i) => buckets[i]?.isShort) };
}

function readState(charge: Charge, { used, endsAt }: Answered, now: number, own: number): BucketState {
  if (!(endsAt > now)) return { charge, remaining: charge.limit, resetSeconds: 0 };
  return {
    charge,
    remaining: Math.min(charge.limit, Math.max(0, charge.limit - used + own)),
    resetSeconds: (endsAt - now) / 1000,
    window: String(endsAt),
  };
}

/** Policies come from the schema and the options, not from clients. This bounds the memory if an application invents them per request. */
const maxPolicies = 10_000;

/**
 * Names buckets. The limit and the window are part of a name, so that a bucket whose limit is changed starts at zero, and is never
 * counted by the rule of another. What the buckets of one policy have in common is checked and written once.
 *
 * @param head text in front of every name.
 * @returns a function that throws a `TypeError` for a limit or window that is no whole number of 1 or more.
 */
function createBucketNamer(head: string): (bucket: Bucket) => string {
  const known = new Map<string, { readonly limit: number; readonly windowSeconds: number; readonly start: string }>();
  return function nameBucket({ policy, key, limit, windowSeconds }) {
    const last = known.get(policy);
    if (last && last.limit === limit && last.windowSeconds === windowSeconds) return last.start + key;
    requireWholeNumber('limit', limit);
    requireWholeNumber('windowSeconds', windowSeconds);
    const start = `${head}${limit}:${windowSeconds}:${policy.length}:${policy}:`;
    if (known.size >= maxPolicies) known.clear();
    known.set(policy, { limit, windowSeconds, start });
    return start + key;
  };
}

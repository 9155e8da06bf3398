/**
 * Stops: guessing, by whom and of whatever: passwords, API keys, tokens.
 * Room: `context()`, and the resolver of a login.
 * Answers: `RATE_LIMITED`, 429, `Retry-After`; `SERVICE_UNAVAILABLE`, 503, when the store and its insurance are dead.
 *
 * Failures are counted per subject and per address. Half of them are free; each further one costs a wait of 1, 2, 4 ... seconds,
 * and the last one locks until the window ends. Success clears the subject and never the address.
 */
import {
  type BucketState,
  type Charge,
  type CounterStore,
  checkConsumption,
  type Events,
  type Refund,
  refuse,
} from '@graphql-bulwark/core';
import {
  aCounterStore,
  anEventSink,
  aText,
  atLeast,
  awaitWithin,
  normalizeText,
  type OptionTable,
  readOptions,
  readRefusalCode,
  readRefusalFacts,
  sha256,
} from '@graphql-bulwark/core/internal';

export interface PenaltyOptions {
  /** Counts. Shared by all processes of a fleet. */
  readonly store: CounterStore;
  /** Counts while `store` does not answer, for example a store in memory. Left out: then nobody gets in. */
  readonly insuranceStore?: CounterStore | undefined;
  /** Failures of one subject per window. Whole number, 1 or more. @default 10 */
  readonly maxFailures?: number | undefined;
  /** Failures from one address per window; more where many people share one. @default maxFailures */
  readonly maxFailuresPerAddress?: number | undefined;
  /** Whole number, 1 or more. @default 900 */
  readonly windowSeconds?: number | undefined;
  /** Told apart from other penalties on the same store. @default 'penalty' */
  readonly name?: string | undefined;
  /** How long to wait for the store. Whole number, 1 or more. @default 250 */
  readonly storeTimeoutMilliseconds?: number | undefined;
  /** Told as `auth.locked` when `check` or `fail` refuses. `authenticate` tells its own. */
  readonly events?: Events | undefined;
}

/** An attempt that counts as failed until it has succeeded. */
export interface Attempt {
  /** Clears the subject's failures, and takes this attempt back from the address. */
  succeeded(): Promise<void>;
}

/** `clientIp`: `null` is an address that is not known, left out means that addresses do not matter. */
export interface Penalty {
  /**
   * Before a password is looked at: counts the attempt, so that attempts at the same time cannot slip through together.
   * @throws {GraphQLError} `RATE_LIMITED` when there were too many; `BAD_USER_INPUT` for a name too long to be compared (more
   *   than 32,768 characters, decomposed, that are not all ASCII), as by the others.
   */
  check(identifier: string, clientIp?: string | null): Promise<Attempt>;
  /** Counts a failure that no `check` has counted. @throws {GraphQLError} `RATE_LIMITED` when there were too many. */
  fail(identifier: string | null, clientIp?: string | null): Promise<void>;
  /** Looks without counting. @throws {GraphQLError} `RATE_LIMITED` when there were too many. */
  look(identifier: string | null, clientIp?: string | null): Promise<void>;
  /** Clears a subject. */
  clear(identifier: string): Promise<void>;
}

type Bucket = Omit<Charge, 'points'>;

const optionTable = {
  store: { required: true, check: aCounterStore },
  insuranceStore: { check: aCounterStore },
  maxFailures: { default: 10, check: atLeast(1) },
  maxFailuresPerAddress: { check: atLeast(1) },
  windowSeconds: { default: 900, check: atLeast(1) },
  name: { default: 'penalty', check: aText },
  storeTimeoutMilliseconds: { default: 250, check: atLeast(1) },
  events: { check: anEventSink },
} satisfies OptionTable<PenaltyOptions>;

/** @throws {TypeError} while the server is built. */
export function penalty(options: PenaltyOptions): Penalty {
  const settings = readOptions('penalty', options, optionTable);
  const { store, insuranceStore, maxFailures, windowSeconds, name, storeTimeoutMilliseconds, events } = settings;
  const { maxFailuresPerAddress = maxFailures } = settings;

  /** @throws {GraphQLError} `SERVICE_UNAVAILABLE` */
  async function ask<T>(work: (store: CounterStore) => Promise<T>): Promise<T> {
    let cause: unknown;
    for (const one of insuranceStore ? [store, insuranceStore] : [store]) {
      try {
        return await awaitWithin(storeTimeoutMilliseconds, work(one));
      } catch (error) {
        // The next one, if there is one.
        cause = error;
      }
    }
    throw refuse('SERVICE_UNAVAILABLE', { retryAfterSeconds: 1, reason: 'penalty store', cause });
  }

  function bucketsOf(identifier: string | null, clientIp: string | null | undefined): Bucket[] {
    const policy = `${name}.failures`;
    return [
      ...(identifier === null
        ? []
        : [{ key: keyOf('subject', identifier), policy, limit: maxFailures, windowSeconds }]),
      ...(clientIp === undefined
        ? []
        : [{ key: keyOf('address', clientIp ?? 'unknown'), policy, limit: maxFailuresPerAddress, windowSeconds }]),
    ];
  }

  /** The wait that so many failures cost; none for the first half and none for the last, which locks. */
  function waitOf({ key, limit }: Bucket, failures: number): Bucket | undefined {
    const free = Math.ceil(limit / 2);
    if (failures < free || failures >= limit) return undefined;
    const seconds = Math.min(windowSeconds, 2 ** Math.min(30, failures - free));
    return { key, policy: `${name}.wait`, limit: 1, windowSeconds: seconds };
  }

  async function refuseLocked(buckets: readonly Bucket[]): Promise<void> {
    const states = await ask((one) => Promise.all(buckets.map((bucket) => one.peek(bucket))));
    const waits = states.flatMap(({ remaining }, i) => {
      const bucket = buckets[i];
      const wait = bucket && waitOf(bucket, bucket.limit - remaining);
      return wait ? [wait] : [];
    });
    const waiting = waits.length > 0 ? await ask((one) => Promise.all(waits.map((wait) => one.peek(wait)))) : [];
    const full = [...states, ...waiting].filter(({ remaining }) => !(remaining > 0));
    if (full.length > 0) throw locked(full);
  }

  /** Counts one failure on each, all or nothing, and begins the waits that follow. */
  async function take(buckets: readonly Bucket[]): Promise<{ full: readonly BucketState[]; refunds: Refund[] }> {
    const charges = buckets.map((bucket) => ({ ...bucket, points: 1 }));
    const answer = await ask(async (one) => checkConsumption(await one.consume(charges), charges));
    if (!answer.allowed) return { full: answer.exceeded, refunds: [] };
    const waits = answer.buckets.flatMap(({ charge: { key, policy, limit }, remaining }) => {
      const wait = waitOf({ key, policy, limit, windowSeconds }, limit - remaining);
      return wait ? [{ ...wait, points: 1 }] : [];
    });
    await Promise.all(waits.map((wait) => ask((one) => one.consume([wait]))));
    return { full: [], refunds: answer.buckets.map(({ charge, window }) => ({ ...charge, window })) };
  }

  async function told<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (thrown) {
      const code = readRefusalCode(thrown);
      const reason = readRefusalFacts(thrown)?.reason;
      if (code && reason === 'locked') events?.emit({ type: 'auth.locked', code, reason }, 'refused');
      throw thrown;
    }
  }

  async function clear(identifier: string): Promise<void> {
    const [bucket] = bucketsOf(identifier, undefined);
    if (bucket) await ask((one) => one.reset(bucket));
  }

  async function attempt(identifier: string, clientIp: string | null | undefined): Promise<Attempt> {
    const buckets = bucketsOf(identifier, clientIp);
    await refuseLocked(buckets);
    const { full, refunds } = await take(buckets);
    if (full.length > 0) throw locked(full);
    const [, ...onAddress] = refunds;
    return {
      async succeeded() {
        await clear(identifier);
        // Once: what others have failed on this address is not theirs to take back.
        const once = onAddress.splice(0);
        if (once.length > 0) await ask((one) => one.giveBack(once));
      },
    };
  }

  return {
    check: (identifier, clientIp) => told(() => attempt(identifier, clientIp)),
    fail: (identifier, clientIp) =>
      told(async () => {
        const each = async (subject: string | null, ip: string | null | undefined) =>
          Promise.all(bucketsOf(subject, ip).map((bucket) => take([bucket])));
        // By itself: an address is counted also where the subject is full, or its name too long for a key.
        const taken = await Promise.all([each(identifier, undefined), each(null, clientIp)]);
        const full = taken.flat().flatMap((one) => one.full);
        if (full.length > 0) throw locked(full);
      }),
    look: async (identifier, clientIp) => refuseLocked(bucketsOf(identifier, clientIp)),
    clear,
  };
}

function locked(full: readonly BucketState[]): Error {
  const retryAfterSeconds = Math.max(...full.map(({ resetSeconds }) => resetSeconds));
  return refuse('RATE_LIMITED', { retryAfterSeconds, reason: 'locked' });
}

/**
 * One account has one key, however its name is spelled; hashed, so that no store holds an address or a name.
 *
 * @throws {GraphQLError} `BAD_USER_INPUT` for a name too long to be compared with others.
 */
function keyOf(kind: 'subject' | 'address', value: string): string {
  const plain = normalizeText(value);
  if (plain === undefined) throw refuse('BAD_USER_INPUT', { reason: 'the name of a subject is too long' });
  return `${kind}:${sha256(plain)}`;
}

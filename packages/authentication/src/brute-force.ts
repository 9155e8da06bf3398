/**
 * Stops: guessing of passwords, API keys and tokens, by one client against one account and by many clients against many.
 * Room: `context()`, and the resolver of a login.
 * Answers: `RATE_LIMITED`, 429, `Retry-After` in whole seconds (RFC 9110 section 10.2.3); `SERVICE_UNAVAILABLE`, 503, when the
 * store and its insurance fail.
 *
 * Failures are counted per subject and per address. Half of them are free, each further one costs a wait of 1, 2, 4 ...
 * seconds, and the last one locks until the window ends. A success clears the subject and never the address: otherwise an
 * attacker could clear the address by signing in to an account of their own.
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

/** How many failures are accepted in which time, and where they are counted. */
export interface BruteForceOptions {
  /** Counts the failures. All processes of a fleet have to share it. */
  readonly store: CounterStore;
  /** Counts while `store` fails, for example a store in memory. Left out: every attempt is refused with 503 then. */
  readonly insuranceStore?: CounterStore | undefined;
  /** Failures of one subject per window. Whole number, 1 or more. @default 10 */
  readonly maxFailures?: number | undefined;
  /** Failures from one address per window. Choose more where many people share one. @default maxFailures */
  readonly maxFailuresPerAddress?: number | undefined;
  /** The length of the window. Whole number, 1 or more. @default 900 */
  readonly windowSeconds?: number | undefined;
  /** Keeps the counts of several protections on one store apart. @default 'brute-force' */
  readonly name?: string | undefined;
  /** How long to wait for a store. Whole number, 1 or more. @default 250 */
  readonly storeTimeoutMilliseconds?: number | undefined;
  /** Told as `auth.locked` when `check` or `fail` refuses. `authenticate()` reports by itself. */
  readonly events?: Events | undefined;
}

/** An attempt that counts as failed until it has succeeded. */
export interface Attempt {
  /** Clears the subject's failures, and takes this attempt back from the address. @throws {GraphQLError} `SERVICE_UNAVAILABLE` */
  succeeded(): Promise<void>;
}

/**
 * Counts failures. `identifier` names the subject, for example an e-mail address; `null` counts on the address alone.
 * `clientIp` is the address: `null` is one that is not known, and left out means that no address is counted. Every method
 * throws `SERVICE_UNAVAILABLE` when the stores fail.
 */
export interface BruteForceProtection {
  /**
   * Counts an attempt. Call it before the password is compared, so that attempts in parallel cannot slip through together.
   * @throws {GraphQLError} `RATE_LIMITED` after too many failures; `BAD_USER_INPUT` for an identifier that is too long to be
   * normalized (more than 32,768 characters, decomposed, that are not all ASCII).
   */
  check(identifier: string, clientIp?: string | null): Promise<Attempt>;
  /** Counts a failure that no `check` has counted. @throws {GraphQLError} as `check`. */
  fail(identifier: string | null, clientIp?: string | null): Promise<void>;
  /** Looks without counting. @throws {GraphQLError} as `check`. */
  look(identifier: string | null, clientIp?: string | null): Promise<void>;
  /** Forgets the failures of a subject. @throws {GraphQLError} `BAD_USER_INPUT` as `check`. */
  clear(identifier: string): Promise<void>;
}

type Bucket = Omit<Charge, 'points'>;

const optionTable = {
  store: { required: true, check: aCounterStore },
  insuranceStore: { check: aCounterStore },
  maxFailures: { default: 10, check: atLeast(1) },
  maxFailuresPerAddress: { check: atLeast(1) },
  windowSeconds: { default: 900, check: atLeast(1) },
  name: { default: 'brute-force', check: aText },
  storeTimeoutMilliseconds: { default: 250, check: atLeast(1) },
  events: { check: anEventSink },
} satisfies OptionTable<BruteForceOptions>;

/**
 * Makes a protection against guessing. `authenticate()` makes its own of the option `bruteForce`; call this for a login.
 *
 * @throws {TypeError} while the server is built, when an option is missing, unknown or out of range.
 * @example
 * const protection = bruteForceProtection({ store })
 * const attempt = await protection.check(email, clientIp) // throws RATE_LIMITED
 * if (await isRightPassword(email, password)) await attempt.succeeded()
 */
export function bruteForceProtection(options: BruteForceOptions): BruteForceProtection {
  const settings = readOptions('bruteForceProtection', options, optionTable);
  const { store, insuranceStore, maxFailures, windowSeconds, name, storeTimeoutMilliseconds, events } = settings;
  const { maxFailuresPerAddress = maxFailures } = settings;

  /** Asks the store, and its insurance when it fails. @throws {GraphQLError} `SERVICE_UNAVAILABLE` when both fail. */
  async function askStores<T>(ask: (store: CounterStore) => Promise<T>): Promise<T> {
    let cause: unknown;
    for (const one of insuranceStore ? [store, insuranceStore] : [store]) {
      try {
        return await awaitWithin(storeTimeoutMilliseconds, ask(one));
      } catch (error) {
        cause = error;
      }
    }
    throw refuse('SERVICE_UNAVAILABLE', { retryAfterSeconds: 1, reason: 'brute-force store', cause });
  }

  /** Lists the buckets that an attempt is counted on, the subject's first. */
  function listBuckets(identifier: string | null, clientIp: string | null | undefined): Bucket[] {
    const policy = `${name}.failures`;
    return [
      ...(identifier === null
        ? []
        : [{ key: makeBucketKey('subject', identifier), policy, limit: maxFailures, windowSeconds }]),
      ...(clientIp === undefined
        ? []
        : [
            {
              key: makeBucketKey('address', clientIp ?? 'unknown'),
              policy,
              limit: maxFailuresPerAddress,
              windowSeconds,
            },
          ]),
    ];
  }

  /**
   * Makes the bucket that stands for a wait after so many failures: it is full until the wait is over. The first half of the
   * failures costs none, and after the last one the bucket of failures itself is full.
   */
  function makeWait({ key, limit }: Bucket, failures: number): Bucket | undefined {
    const free = Math.ceil(limit / 2);
    if (failures < free || failures >= limit) return undefined;
    const seconds = Math.min(windowSeconds, 2 ** Math.min(30, failures - free));
    return { key, policy: `${name}.wait`, limit: 1, windowSeconds: seconds };
  }

  /** @throws {GraphQLError} `RATE_LIMITED` where a bucket is full or its wait is not over. */
  async function refuseLocked(buckets: readonly Bucket[]): Promise<void> {
    const states = await askStores((one) => Promise.all(buckets.map((bucket) => one.peek(bucket))));
    const waits = states.flatMap(({ remaining }, i) => {
      const bucket = buckets[i];
      const wait = bucket && makeWait(bucket, bucket.limit - remaining);
      return wait ? [wait] : [];
    });
    const waiting = waits.length > 0 ? await askStores((one) => Promise.all(waits.map((wait) => one.peek(wait)))) : [];
    // Written so that a state whose `remaining` is no number counts as full.
    const full = [...states, ...waiting].filter(({ remaining }) => !(remaining > 0));
    if (full.length > 0) throw makeLockedRefusal(full);
  }

  /**
   * Counts one failure on every bucket, or on none where one of them is full, and begins the waits that follow.
   *
   * @returns `full`: the buckets that had no room. `refunds`: what takes the failure back, in the order of the buckets.
   */
  async function countFailure(
    buckets: readonly Bucket[],
  ): Promise<{ readonly full: readonly BucketState[]; readonly refunds: readonly Refund[] }> {
    const charges = buckets.map((bucket) => ({ ...bucket, points: 1 }));
    const answer = await askStores(async (one) => checkConsumption(await one.consume(charges), charges));
    if (!answer.allowed) return { full: answer.exceeded, refunds: [] };
    const waits = answer.buckets.flatMap(({ charge: { key, policy, limit }, remaining }) => {
      const wait = makeWait({ key, policy, limit, windowSeconds }, limit - remaining);
      return wait ? [{ ...wait, points: 1 }] : [];
    });
    await Promise.all(waits.map((wait) => askStores((one) => one.consume([wait]))));
    return { full: [], refunds: answer.buckets.map(({ charge, window }) => ({ ...charge, window })) };
  }

  async function reportLock<T>(work: () => Promise<T>): Promise<T> {
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
    const [bucket] = listBuckets(identifier, undefined);
    if (bucket) await askStores((one) => one.reset(bucket));
  }

  async function countAttempt(identifier: string, clientIp: string | null | undefined): Promise<Attempt> {
    const buckets = listBuckets(identifier, clientIp);
    await refuseLocked(buckets);
    const { full, refunds: counted } = await countFailure(buckets);
    if (full.length > 0) throw makeLockedRefusal(full);
    const [, ...addressRefunds] = counted;
    return {
      async succeeded() {
        await clear(identifier);
        // A second call gives nothing back: the failures that are left on the address are those of others.
        const refunds = addressRefunds.splice(0);
        if (refunds.length > 0) await askStores((one) => one.giveBack(refunds));
      },
    };
  }

  async function countOnEach(
    identifier: string | null,
    clientIp: string | null | undefined,
  ): Promise<readonly BucketState[]> {
    const buckets = listBuckets(identifier, clientIp);
    const counted = await Promise.all(buckets.map((bucket) => countFailure([bucket])));
    return counted.flatMap(({ full }) => full);
  }

  return {
    check: (identifier, clientIp) => reportLock(() => countAttempt(identifier, clientIp)),
    fail: (identifier, clientIp) =>
      reportLock(async () => {
        // Separately, so that the address is counted also where the subject is locked or its name is too long. Otherwise an
        // attacker would try from one address without end.
        const full = await Promise.all([countOnEach(identifier, undefined), countOnEach(null, clientIp)]);
        if (full.flat().length > 0) throw makeLockedRefusal(full.flat());
      }),
    look: async (identifier, clientIp) => refuseLocked(listBuckets(identifier, clientIp)),
    clear,
  };
}

function makeLockedRefusal(full: readonly BucketState[]): Error {
  const retryAfterSeconds = Math.max(...full.map(({ resetSeconds }) => resetSeconds));
  return refuse('RATE_LIMITED', { retryAfterSeconds, reason: 'locked' });
}

/**
 * Makes the key of a subject or an address. Spellings that look the same have the same key, so that an attacker cannot try one
 * account under many. The key is hashed, so that the store holds no name and no address.
 *
 * @throws {GraphQLError} `BAD_USER_INPUT` for a name too long to be normalized.
 */
function makeBucketKey(kind: 'subject' | 'address', value: string): string {
  const plain = normalizeText(value);
  if (plain === undefined) throw refuse('BAD_USER_INPUT', { reason: 'the name of a subject is too long' });
  return `${kind}:${sha256(plain)}`;
}

/**
 * Stops: one caller repeating what may be done so many times per window: by aliases, fragments, batches or parallel requests.
 * Room: check, last, so that an operation another control refuses is not charged.
 * Answers: `RATE_LIMITED`, 429, `Retry-After` in whole seconds (RFC 9110 section 10.2.3); `SERVICE_UNAVAILABLE`, 503, when
 * the store fails.
 */
import {
  type BucketState,
  type Charge,
  type Consumption,
  type Control,
  type CounterStore,
  knownOptions,
  type ResolvedOperation,
  refuse,
  show,
  wholeNumber,
} from '@graphql-bulwark/core';
import type { GraphQLError, GraphQLSchema } from 'graphql';
import { chargesOf } from './charges.ts';
import { within } from './deadline.ts';
import { compileRules, type LimitedFields } from './directive.ts';
import { policyItem, rateLimitHeaders, restrict, type Standing, wholeSeconds } from './headers.ts';
import { memoryStore } from './stores/memory.ts';

export interface RateLimitOptions {
  /** Where the counters live. Left out: the memory of this process, which other processes do not share. */
  readonly store?: CounterStore | undefined;
  /** What becomes of a limited operation while the store fails: refused with 503, or let through uncounted. @default 'deny' */
  readonly onStoreError?: 'deny' | 'allow' | undefined;
  /** Time after which a silent store has failed. Whole number, 1 or more. @default 100 */
  readonly storeTimeoutMilliseconds?: number | undefined;
  /** `report`: counts, tells of what would be refused, and refuses nothing. @default 'enforce' */
  readonly mode?: 'enforce' | 'report' | undefined;
}

/**
 * Enforces `@rateLimit`. Put it last among the controls.
 *
 * @throws {TypeError} while the server is being built or started, for an option or a rule that cannot be meant.
 * @example guard({ controls: [limits(), rateLimit({ store: redisStore({ client: new Redis(url) }) })] })
 */
export function rateLimit(options: RateLimitOptions = {}): Control {
  knownOptions('rateLimit', options, ['store', 'onStoreError', 'storeTimeoutMilliseconds', 'mode']);
  const { store: given, onStoreError = 'deny', storeTimeoutMilliseconds = 100, mode } = options;
  if (onStoreError !== 'deny' && onStoreError !== 'allow') {
    throw new TypeError(`onStoreError must be 'deny' or 'allow', but is ${show(onStoreError)}.`);
  }
  if (wholeNumber('storeTimeoutMilliseconds', storeTimeoutMilliseconds) > 60_000) {
    throw new TypeError(`storeTimeoutMilliseconds must be at most 60000, but is ${storeTimeoutMilliseconds}.`);
  }
  if (given !== undefined && typeof given?.consume !== 'function') {
    throw new TypeError(`store must be a CounterStore, such as memoryStore(), but is ${show(given)}.`);
  }
  const store = given ?? memoryStore();

  const compiled = new WeakMap<GraphQLSchema, LimitedFields>();
  const consumptions = new WeakMap<ResolvedOperation, Consumption>();
  const standings = new WeakMap<Map<string, string>, Standing>();
  let isDegraded = false;

  function rulesOf(schema: GraphQLSchema): LimitedFields {
    const rules = compiled.get(schema) ?? compileRules(schema);
    compiled.set(schema, rules);
    return rules;
  }

  async function consume(operation: ResolvedOperation, charges: readonly Charge[]): Promise<void> {
    // Not started with a plain call: a store that throws instead of rejecting has failed, too.
    const pending = (async () => store.consume(charges))();
    let consumption: Consumption;
    try {
      consumption = await within(storeTimeoutMilliseconds, pending);
    } catch (error) {
      if (!isDegraded) {
        operation.failed('rate limit store', error);
        operation.report({ type: 'store.degraded', store: 'rate-limit' });
      }
      isDegraded = true;
      if (onStoreError === 'allow') return;
      // The charge of a refused operation is given back, should it still come to pass.
      pending.then((late) => (late.allowed ? store.giveBack(charges) : undefined)).catch(() => undefined);
      throw refuse('SERVICE_UNAVAILABLE', { reason: 'the store of the rate limit failed' });
    }
    if (isDegraded) operation.report({ type: 'store.recovered', store: 'rate-limit' });
    isDegraded = false;
    consumptions.set(operation, consumption);
    if (!consumption.allowed) throw exceeded(consumption);
  }

  return {
    name: 'rate-limit',
    mode,
    start({ schema }) {
      rulesOf(schema);
    },
    check(operation) {
      const charges = chargesOf(operation, rulesOf(operation.schema));
      if (charges.length === 0) return undefined;
      const tooLarge = charges.filter(({ points, limit }) => !(points <= limit));
      if (tooLarge.length > 0) throw neverPossible(tooLarge);
      return consume(operation, charges);
    },
    respond({ operation, headers }) {
      const consumption = operation && consumptions.get(operation);
      if (!consumption) return;
      const standing = restrict(standings.get(headers) ?? new Map(), consumption.buckets);
      standings.set(headers, standing);
      for (const [name, value] of Object.entries(rateLimitHeaders(standing))) headers.set(name, value);
    },
    stop() {
      return given ? undefined : store.close?.();
    },
  };
}

/** `Retry-After` is never earlier than `t`: both are rounded up the same way. */
function exceeded({ buckets, exceeded: short }: Consumption): GraphQLError {
  const slowest = short.reduce<BucketState | undefined>(
    (most, bucket) => (most && most.resetSeconds >= bucket.resetSeconds ? most : bucket),
    undefined,
  );
  return refuse('RATE_LIMITED', {
    coordinate: slowest && coordinateOf(slowest.charge),
    retryAfterSeconds: wholeSeconds(slowest?.resetSeconds ?? 1),
    headers: rateLimitHeaders(restrict(new Map(), buckets)),
  });
}

/** More at once than a whole window holds. The store is not asked, so nothing is known of what remains. */
function neverPossible(charges: readonly Charge[]): GraphQLError {
  const [first] = charges;
  return refuse('RATE_LIMITED', {
    coordinate: first && coordinateOf(first),
    retryAfterSeconds: Math.max(...charges.map(({ windowSeconds }) => windowSeconds)),
    headers: { 'ratelimit-policy': [...new Set(charges.map(policyItem))].join(', ') },
  });
}

function coordinateOf({ policy }: Charge): string {
  return policy.split('#', 1)[0] ?? policy;
}

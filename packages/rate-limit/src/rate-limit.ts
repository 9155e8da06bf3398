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
import { compileRules, type LimitedFields } from './directive.ts';
import { policyItem, rateLimitHeaders, restrict, type Standing, wholeSeconds } from './headers.ts';
import { steady } from './steady.ts';
import { memoryStore } from './stores/memory.ts';

export interface RateLimitOptions {
  /** Where the counters live. Left out: the memory of this process, which other processes do not share. */
  readonly store?: CounterStore | undefined;
  /**
   * While the store fails: count in the memory of this process, refuse with 503, or let through uncounted. @default 'insurance'
   */
  readonly onStoreError?: 'insurance' | 'deny' | 'allow' | undefined;
  /** How many processes share the store; each insures its share of every limit. Whole number, 1 or more. @default 1 */
  readonly instances?: number | undefined;
  /** Time after which a silent store has failed. Whole number, 1 or more. @default 100 */
  readonly storeTimeoutMilliseconds?: number | undefined;
  /** After three failures in a row, how long the store is left alone before one request tries it. 1 or more. @default 1000 */
  readonly storeRetryMilliseconds?: number | undefined;
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
  knownOptions('rateLimit', options, [
    'store',
    'onStoreError',
    'instances',
    'storeTimeoutMilliseconds',
    'storeRetryMilliseconds',
    'mode',
  ]);
  const { store: given, onStoreError = 'insurance', mode } = options;
  if (onStoreError !== 'insurance' && onStoreError !== 'deny' && onStoreError !== 'allow') {
    throw new TypeError(`onStoreError must be 'insurance', 'deny' or 'allow', but is ${show(onStoreError)}.`);
  }
  if (given !== undefined && typeof given?.consume !== 'function') {
    throw new TypeError(`store must be a CounterStore, such as memoryStore(), but is ${show(given)}.`);
  }
  const store = given ?? memoryStore();
  const counters = steady(store, {
    onStoreError,
    instances: wholeNumber('instances', options.instances ?? 1),
    timeoutMilliseconds: milliseconds('storeTimeoutMilliseconds', options.storeTimeoutMilliseconds ?? 100),
    retryMilliseconds: milliseconds('storeRetryMilliseconds', options.storeRetryMilliseconds ?? 1_000),
  });

  const compiled = new WeakMap<GraphQLSchema, LimitedFields>();
  const consumptions = new WeakMap<ResolvedOperation, Consumption>();
  const standings = new WeakMap<Map<string, string>, Standing>();

  function rulesOf(schema: GraphQLSchema): LimitedFields {
    const rules = compiled.get(schema) ?? compileRules(schema);
    compiled.set(schema, rules);
    return rules;
  }

  async function consume(operation: ResolvedOperation, charges: readonly Charge[]): Promise<void> {
    const taken = await counters.take(charges, operation);
    if (!taken) return;
    const { consumption } = taken;
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

function milliseconds(option: string, value: unknown): number {
  const checked = wholeNumber(option, value);
  if (checked > 60_000) throw new TypeError(`${option} must be at most 60000, but is ${checked}.`);
  return checked;
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

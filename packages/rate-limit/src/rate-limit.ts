/**
 * Stops: one caller repeating what may be done so many times per window: by aliases, fragments, batches or parallel requests.
 * Room: check, last, so that an operation another control refuses is not charged here, but to the budget of refusals.
 * Answers: `RATE_LIMITED`, 429, `Retry-After` in whole seconds (RFC 9110 section 10.2.3); `SERVICE_UNAVAILABLE`, 503, when
 * the store fails and that is wanted.
 */
import {
  type BucketState,
  type Charge,
  type Consumption,
  type Control,
  deny,
  type Principal,
  type ResolvedOperation,
  refuse,
  type SecurityContext,
  securityContext,
  securityOf,
} from '@graphql-bulwark/core';
import type { GraphQLError, GraphQLFieldResolver, GraphQLSchema } from 'graphql';
import { guardCalls, requireGuarded } from './call-guard.ts';
import { type Charged, chargeFor, chargesOf, chargesOfCall, coordinateOf } from './charges.ts';
import { compileRules, type LimitedFields, type Rule } from './directive.ts';
import { legacyHeaders, policyItem, rateLimitHeaders, restrict, type Standing, wholeSeconds } from './headers.ts';
import { keyOf } from './keys.ts';
import { policiesOf } from './occurrences.ts';
import { compileOptions, type RateLimitOptions } from './options.ts';
import { type SocketLimitOptions, type SocketLimits, socketLimits } from './sockets.ts';
import { settle } from './spending.ts';
import type { Taken } from './steady.ts';

/** Names one bucket: a policy, and whom it counts. */
export interface BucketName {
  /** As in the header `RateLimit-Policy`: `Mutation.login`, `Mutation.login#2`, `cost`, `refusals`, ... */
  readonly policy: string;
  readonly principal?: Principal | null | undefined;
  readonly clientIp?: string | null | undefined;
  /** Values of the arguments that join the key. */
  readonly args?: Readonly<Record<string, unknown>> | undefined;
}

/** What {@link rateLimit} returns: a control, and what an application may do with it. */
export interface RateLimit extends Control {
  /** A new schema for `partial` and `perResolve`; the same one where neither is used. Below every other guard. */
  readonly secure: (schema: GraphQLSchema, fieldResolver?: GraphQLFieldResolver<unknown, never>) => GraphQLSchema;
  /** Room 1: the refusal of a caller or an address that is over the budget of refusals. Asks no store. */
  readonly refusalFor: (security: SecurityContext) => GraphQLError | undefined;
  /** Limits for a WebSocket adapter: sockets, operations started, and events sent, per caller. */
  readonly sockets: (options?: SocketLimitOptions) => SocketLimits;
  /** How a bucket stands, without charging it. Rejects with a `TypeError` for a policy that there is not. */
  readonly peek: (bucket: BucketName) => Promise<BucketState>;
  /** Empties a bucket. */
  readonly reset: (bucket: BucketName) => Promise<void>;
}

/**
 * Enforces `@rateLimit` and budgets of whole operations. Put it last among the controls.
 *
 * @throws {TypeError} while the server is being built or started, for an option or a rule that cannot be meant.
 * @example guard({ controls: [limits(), rateLimit({ store: redisStore({ client: new Redis(url) }) })] })
 */
export function rateLimit(options: RateLimitOptions = {}): RateLimit {
  const { store, isOwnStore, counters, budgets, refusals, ...settings } = compileOptions(options);
  const { mode, isPartial, legacy, httpStatus } = settings;

  const compiled = new WeakMap<GraphQLSchema, LimitedFields>();
  const outcomes = new WeakMap<ResolvedOperation, Taken>();
  const standings = new WeakMap<Map<string, string>, Standing>();
  // By context value: the operation that a resolver belongs to, and what it may not call.
  const running = new WeakMap<object, ResolvedOperation>();
  const denied = new WeakMap<object, ReadonlyMap<string, number>>();
  let policies: ReadonlyMap<string, Rule> = new Map([...budgets.policies, ...refusals.policies]);

  function rulesOf(schema: GraphQLSchema): LimitedFields {
    const known = compiled.get(schema);
    if (known) return known;
    const rules = compileRules(schema);
    compiled.set(schema, rules);
    policies = new Map([...policies, ...policiesOf(rules)]);
    return rules;
  }

  function chargedFor(security: SecurityContext): Charged {
    return { security, tier: settings.tierOf(security), hashTag: settings.hashTagOf(security) };
  }

  const headersOf = (standing: Standing): Record<string, string> => ({
    ...rateLimitHeaders(standing),
    ...(legacy && legacyHeaders(standing, legacy)),
  });

  /** `Retry-After` is never earlier than `t`: both are rounded up the same way. */
  function exceeded({ buckets, exceeded: short }: Consumption): GraphQLError {
    const slowest = short.toSorted((a, b) => b.resetSeconds - a.resetSeconds)[0];
    return refusal({
      coordinate: slowest && coordinateOf(slowest.charge),
      retryAfterSeconds: wholeSeconds(slowest?.resetSeconds ?? 1),
      headers: headersOf(restrict(new Map(), buckets)),
    });
  }

  /** More at once than a whole window holds. The store is not asked, so nothing is known of what remains. */
  function neverPossible(charges: readonly Charge[]): GraphQLError {
    const [first] = charges;
    return refusal({
      coordinate: first && coordinateOf(first),
      retryAfterSeconds: Math.max(...charges.map(({ windowSeconds }) => windowSeconds)),
      headers: { 'ratelimit-policy': [...new Set(charges.map(policyItem))].join(', ') },
    });
  }

  function refusal(facts: Parameters<typeof refuse>[1]): GraphQLError {
    const error = refuse('RATE_LIMITED', facts);
    (error.extensions['http'] as { status: number }).status = httpStatus;
    return error;
  }

  async function consume(operation: ResolvedOperation, charges: readonly Charge[]): Promise<void> {
    const taken = await counters.take(charges, operation);
    if (!taken) return;
    outcomes.set(operation, taken);
    if (!taken.consumption.allowed) throw exceeded(taken.consumption);
  }

  /** Takes what fits: coordinates that are short are denied and asked for no more, a short budget refuses it all. */
  async function consumePartly(operation: ResolvedOperation, all: readonly Charge[]): Promise<void> {
    const rules = rulesOf(operation.schema);
    const names = policiesOf(rules);
    const waits = new Map<string, number>();
    const leave = (short: readonly Charge[], seconds: (charge: Charge) => number): void => {
      for (const charge of short) waits.set(coordinateOf(charge), wholeSeconds(seconds(charge)));
    };
    leave(
      all.filter(({ points, limit }) => !(points <= limit)),
      ({ windowSeconds }) => windowSeconds,
    );
    for (;;) {
      const charges = all.filter((charge) => !waits.has(coordinateOf(charge)));
      const taken = charges.length === 0 ? undefined : await counters.take(charges, operation);
      if (taken) outcomes.set(operation, taken);
      if (!taken || taken.consumption.allowed) break;
      const { exceeded: short } = taken.consumption;
      if (short.length === 0 || short.some(({ charge }) => !names.has(charge.policy)))
        throw exceeded(taken.consumption);
      leave(
        short.map(({ charge }) => charge),
        (charge) => short.find((bucket) => bucket.charge === charge)?.resetSeconds ?? 1,
      );
    }
    if (waits.size === 0) return;
    denied.set(operation.contextValue as object, waits);
    for (const [coordinate, retryAfterSeconds] of waits) {
      operation.report({
        type: 'rate.limited',
        control: 'rate-limit',
        code: 'RATE_LIMITED',
        coordinate,
        retryAfterSeconds,
      });
    }
  }

  const bucketOf = ({ policy, principal = null, clientIp = null, args = {} }: BucketName): Omit<Charge, 'points'> => {
    const rule = policies.get(policy);
    if (!rule) throw new TypeError(`rateLimit has no policy '${policy}'; it has ${[...policies.keys()].join(', ')}.`);
    const security = securityContext({ principal, clientIp });
    return chargeFor(rule, keyOf(rule, security, args), 1, chargedFor(security));
  };

  return {
    name: 'rate-limit',
    mode,
    start({ schema }) {
      requireGuarded(rulesOf(schema), isPartial);
    },
    admit({ security }) {
      const refused = refusals.refusalFor(security);
      if (refused) throw refused;
    },
    check(operation) {
      const { contextValue } = operation;
      if (typeof contextValue === 'object' && contextValue !== null) running.set(contextValue, operation);
      const charged = chargedFor(operation.security);
      const ofFields = chargesOf(operation, rulesOf(operation.schema), charged);
      const ofBudgets = budgets.charges(operation, charged);
      const charges = [...ofBudgets, ...ofFields];
      if (charges.length === 0) return undefined;
      if (isPartial && mode !== 'report' && typeof contextValue === 'object' && contextValue !== null) {
        return consumePartly(operation, charges);
      }
      const tooLarge = charges.filter(({ points, limit }) => !(points <= limit));
      if (tooLarge.length > 0) throw neverPossible(tooLarge);
      return consume(operation, charges);
    },
    respond(answer) {
      refusals.charge(answer);
      const { operation, headers } = answer;
      const taken = operation && outcomes.get(operation);
      if (!taken) return;
      const buckets = settle({ ...answer, operation }, taken, settings);
      const standing = restrict(standings.get(headers) ?? new Map(), buckets);
      standings.set(headers, standing);
      for (const [name, value] of Object.entries(headersOf(standing))) headers.set(name, value);
    },
    stop() {
      return isOwnStore ? store.close?.() : undefined;
    },
    secure(schema, fieldResolver) {
      const rules = rulesOf(schema);
      return guardCalls(
        schema,
        rules,
        { isPartial, fieldResolver: fieldResolver as never },
        {
          deniedFor(contextValue, coordinates) {
            const waits =
              typeof contextValue === 'object' && contextValue !== null ? denied.get(contextValue) : undefined;
            const seconds = coordinates.map((coordinate) => waits?.get(coordinate) ?? 0);
            const longest = Math.max(0, ...seconds);
            return longest > 0 ? longest : undefined;
          },
          async charge(contextValue, rulesOfField, args) {
            const security = securityOf(contextValue);
            const coordinate = rulesOfField[0]?.coordinate;
            if (!security) throw deny('RATE_LIMITED', { coordinate, reason: 'no security context' });
            const operation = running.get(contextValue as object);
            const charges = chargesOfCall(rulesOfField, args, chargedFor(security));
            const taken = await counters.take(charges, operation ?? silent);
            if (!taken || taken.consumption.allowed) return;
            const retryAfterSeconds = Math.max(
              ...taken.consumption.exceeded.map((bucket) => wholeSeconds(bucket.resetSeconds)),
            );
            const details = { control: 'rate-limit', code: 'RATE_LIMITED', retryAfterSeconds } as const;
            operation?.report({ type: 'rate.limited', ...details, ...(coordinate !== undefined && { coordinate }) });
            if (mode !== 'report') throw deny('RATE_LIMITED', { coordinate, retryAfterSeconds });
          },
        },
      );
    },
    refusalFor: (security) => (mode === 'report' ? undefined : refusals.refusalFor(security)),
    sockets: (given = {}) => socketLimits(given, counters, chargedFor, silent),
    peek: async (bucket) => store.peek(bucketOf(bucket)),
    async reset(bucket) {
      const named = bucketOf(bucket);
      refusals.reset(named);
      await counters.reset(named);
    },
  };
}

/** Where a resolver runs without a check before it, there is nobody to tell. */
const silent = { report() {}, failed() {} };

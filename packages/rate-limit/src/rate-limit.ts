/**
 * Stops: one caller repeating what may be done so many times per window: by aliases, fragments, batches or parallel requests.
 * Room: check, last, so that an operation another control refuses is not charged here, but to the budget of refusals.
 * Answers: `RATE_LIMITED`, 429, `Retry-After` in whole seconds (RFC 9110 section 10.2.3); `SERVICE_UNAVAILABLE`, 503, when
 * the store fails and that is wanted.
 */
import {
  type BucketState,
  type Charge,
  type Control,
  type Events,
  type Principal,
  type ResolvedOperation,
  type SecurityContext,
  securityContext,
} from '@graphql-bulwark/core';
import { isObject, joinNames } from '@graphql-bulwark/core/internal';
import { type GraphQLError, type GraphQLFieldResolver, type GraphQLSchema, OperationTypeNode } from 'graphql';
import { writeValuesKey } from './charges/bucket-key.ts';
import { buildCharge, type Caller, listCharges } from './charges/charges.ts';
import { compileOptions, hasTiers, needTier, type RateLimitOptions } from './options.ts';
import { createResolverLimits, guardResolvers, requireGuarded, takePartly } from './resolver-limits.ts';
import { limitNamed, type Standing, writeHeaders } from './response/headers.ts';
import { buildShortAnswers } from './response/rate-limited-error.ts';
import { refundUnused } from './response/refund.ts';
import { compileRules, findBelowSubscriptions, type LimitedFields, type Rule } from './rules/directive.ts';
import type { Taken } from './stores/fallback.ts';
import { createSocketLimits, type SocketLimitOptions, type SocketLimits } from './websocket-limits.ts';

/** Names one bucket: a policy, and the caller that it counts. */
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
  /**
   * Limits for a WebSocket adapter: sockets, operations started, and events sent, per caller. `events` are told of refusals and
   * failures; left out, what fails is thrown.
   */
  readonly sockets: (options?: SocketLimitOptions, events?: Events) => SocketLimits;
  /** How a bucket stands, without charging it. Rejects with a `TypeError` for a policy that there is not. */
  readonly peek: (bucket: BucketName) => Promise<BucketState>;
  /** Empties a bucket. */
  readonly reset: (bucket: BucketName) => Promise<void>;
}

/**
 * Enforces `@rateLimit` and budgets of whole operations. Put it last among the controls.
 *
 * @throws {TypeError} while the server is being built or started, for an invalid option or rule.
 * @example guard({ controls: [limits(), rateLimit({ store: redisStore({ client: new Redis(url) }) })] })
 */
export function rateLimit(options: RateLimitOptions = {}): RateLimit {
  const { store, isOwnStore, counters, budgets, refusals, ...settings } = compileOptions(options);
  const { mode, isPartial, legacyHeaders, callerFor } = settings;
  const { exceeded, neverPossible } = buildShortAnswers(legacyHeaders);

  const compiled = new WeakMap<GraphQLSchema, LimitedFields>();
  // On the operation itself: a WeakMap would keep what each request took until the next full garbage collection.
  const outcome = Symbol('what was taken');
  type Charged = ResolvedOperation & { [outcome]?: Taken };
  const standings = new WeakMap<Map<string, string>, Standing>();
  const resolvers = createResolverLimits(counters, callerFor, mode !== 'report');
  let pointsPerEvent = false;
  let policies: ReadonlyMap<string, Rule> = new Map([...budgets.policies, ...refusals.policies]);

  function rulesOf(schema: GraphQLSchema): LimitedFields {
    const known = compiled.get(schema);
    if (known) return known;
    const rules = compileRules(schema, options.directiveNames);
    compiled.set(schema, rules);
    policies = new Map([...policies, ...rules.policies]);
    return rules;
  }

  function enforceLimits(operation: Charged, taken: Taken | undefined): void {
    if (!taken) return;
    operation[outcome] = taken;
    if (!taken.consumption.allowed) throw exceeded(taken.consumption);
  }

  async function checkPartly(operation: Charged, all: readonly Charge[]): Promise<void> {
    const take = async (charges: readonly Charge[]): Promise<Taken | undefined> => {
      const taken = await counters.take(charges, operation);
      if (taken) operation[outcome] = taken;
      return taken;
    };
    resolvers.leaveOut(operation, await takePartly(all, rulesOf(operation.schema), take, exceeded));
  }

  const bucketOf = ({ policy, principal = null, clientIp = null, args = {} }: BucketName): Omit<Charge, 'points'> => {
    const rule = policies.get(policy);
    if (!rule) throw new TypeError(`rateLimit has no policy '${policy}'; it has ${[...policies.keys()].join(', ')}.`);
    return buildCharge(rule, callerFor(securityContext({ principal, clientIp })), 1, writeValuesKey(rule, args));
  };

  function pointsFor(contextValue: unknown, caller: Caller): readonly Charge[] {
    const operation = resolvers.findOperation(contextValue);
    if (!operation) throw new TypeError('pointsPerEvent: next() needs the context value that was checked.');
    // Anything else is executed once, and was charged for it.
    return operation.operation.operation === OperationTypeNode.SUBSCRIPTION ? budgets.points(operation, caller) : [];
  }

  return {
    name: 'rate-limit',
    mode,
    start({ schema, warn }) {
      const rules = rulesOf(schema);
      requireGuarded(rules, isPartial);
      const tiered = options.tier ? undefined : [...rules.policies.values()].find(({ tiers }) => tiers);
      if (tiered) throw new TypeError(`@rateLimit on ${tiered.coordinate}: tiers ${needTier}`);
      const once = findBelowSubscriptions(schema, rules);
      if (once.length === 0) return;
      warn?.(
        `rate-limit: below a subscription these fields are charged when it begins, and not for each event: ${joinNames(once)}. ` +
          'Give them perResolve: true where that matters.',
      );
    },
    admit({ security }) {
      const refused = refusals.refusalFor(security);
      if (refused) throw refused;
    },
    check(operation) {
      // Variables that do not fit are refused by execution. Here whichever control reads them first would decide what is charged.
      void operation.variables;
      const rules = rulesOf(operation.schema);
      if (rules.hasCalls || pointsPerEvent) resolvers.begin(operation);
      const caller = callerFor(operation.security);
      const charges = [...budgets.charges(operation, caller), ...listCharges(operation, rules, caller)];
      if (charges.length === 0) return undefined;
      if (isPartial && mode !== 'report' && isObject(operation.contextValue)) return checkPartly(operation, charges);
      if (!charges.every(({ points, limit }) => points <= limit)) {
        throw neverPossible(charges.filter(({ points, limit }) => !(points <= limit)));
      }
      const taken = counters.take(charges, operation);
      if (taken instanceof Promise) return taken.then((late) => enforceLimits(operation, late));
      return enforceLimits(operation, taken);
    },
    respond(answer) {
      refusals.charge(answer);
      const { headers, isBatched } = answer;
      const operation: Charged | undefined = answer.operation;
      const taken = operation?.[outcome];
      if (!operation || !taken) return;
      const standing = limitNamed(
        standings.get(headers) ?? [],
        refundUnused(answer, operation, taken, settings.actualCost),
      );
      if (isBatched) standings.set(headers, standing);
      for (const [name, value] of Object.entries(writeHeaders(standing, legacyHeaders))) headers.set(name, value);
    },
    stop() {
      return isOwnStore ? store.close?.() : undefined;
    },
    secure(schema, fieldResolver) {
      return guardResolvers(schema, rulesOf(schema), { isPartial, fieldResolver: fieldResolver as never }, resolvers);
    },
    refusalFor: (security) => (mode === 'report' ? undefined : refusals.refusalFor(security)),
    sockets(given = {}, events) {
      if (given.pointsPerEvent && !options.points) throw new TypeError('pointsPerEvent needs points and cost.');
      for (const name of ['subscribes', 'events'] as const) {
        if (!options.tier && hasTiers(given[name])) throw new TypeError(`sockets: ${name}.tiers ${needTier}`);
      }
      pointsPerEvent ||= given.pointsPerEvent === true;
      return createSocketLimits(given, {
        counters,
        callerFor,
        pointsFor,
        charge: refusals.charge,
        mode,
        reports: events,
      });
    },
    peek: async (bucket) => counters.peek(bucketOf(bucket)),
    async reset(bucket) {
      const named = bucketOf(bucket);
      refusals.reset(named);
      await counters.reset(named);
    },
  };
}

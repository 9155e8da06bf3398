/**
 * Stops: callers who repeat something more often than its limit allows: by aliases, fragments, batches or parallel requests.
 * Room: check, last, so that an operation that another control refuses is charged to the budget of refusals only.
 * Answers: `RATE_LIMITED`, 429, `Retry-After` in whole seconds (RFC 9110 section 10.2.3); `SERVICE_UNAVAILABLE`, 503, when
 * the store fails and `onStoreError` is `deny`.
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
import { keepTightest, type ServiceLimits, writeHeaders } from './response/headers.ts';
import { buildShortAnswers } from './response/rate-limited-error.ts';
import { refundUnused } from './response/refund.ts';
import { compileRules, findBelowSubscriptions, type LimitedFields, type Rule } from './rules/directive.ts';
import type { Taken } from './stores/fallback.ts';
import { createSocketLimits, type SocketLimitOptions, type SocketLimits } from './websocket-limits.ts';

/** Names one bucket: a policy, and the caller that is counted. */
export interface BucketName {
  /** As in the header `RateLimit-Policy`: `Mutation.login`, `Mutation.login#2`, `cost`, `refusals`, ... */
  readonly policy: string;
  readonly principal?: Principal | null | undefined;
  readonly clientIp?: string | null | undefined;
  /** Values of the arguments by which the rule counts: name -> value. */
  readonly args?: Readonly<Record<string, unknown>> | undefined;
}

/** What {@link rateLimit} returns: a control, and what an application may do with it. */
export interface RateLimit extends Control {
  /**
   * Guards the resolvers for `partial` and `perResolve`. To be called before every other guard of a schema.
   *
   * @param fieldResolver the server's default resolver. @returns a new schema. @throws {TypeError} for an invalid rule.
   */
  readonly secure: (schema: GraphQLSchema, fieldResolver?: GraphQLFieldResolver<unknown, never>) => GraphQLSchema;
  /** Finds the refusal of a caller or an address that is above the budget of refusals, without asking the store. */
  readonly refusalFor: (security: SecurityContext) => GraphQLError | undefined;
  /**
   * Makes the limits for a WebSocket adapter: open sockets, started operations and sent events per caller.
   *
   * @param events gets refusals and failures. Left out: failures are thrown. @throws {TypeError} for an invalid option.
   */
  readonly sockets: (options?: SocketLimitOptions, events?: Events) => SocketLimits;
  /** Reads a bucket without charging it. Rejects with a `TypeError` for an unknown policy, and where the store fails. */
  readonly peek: (bucket: BucketName) => Promise<BucketState>;
  /** Empties a bucket, so that its caller has the whole limit again. Rejects as `peek` does. */
  readonly reset: (bucket: BucketName) => Promise<void>;
}

/**
 * Enforces `@rateLimit` and budgets of whole operations. It belongs last among the controls.
 *
 * @throws {TypeError} while the server is being built or started, for an invalid option or rule.
 * @example guard({ controls: [limits(), rateLimit({ store: redisStore({ client: new Redis(url) }) })] })
 */
export function rateLimit(options: RateLimitOptions = {}): RateLimit {
  const { store, isOwnStore, counters, budgets, refusals, ...settings } = compileOptions(options);
  const { mode, isPartial, legacyHeaders, identify } = settings;
  const { exceeded, neverPossible } = buildShortAnswers(legacyHeaders);

  const compiled = new WeakMap<GraphQLSchema, LimitedFields>();
  // Kept on the operation itself, because entries of a WeakMap stay in memory until the next full garbage collection.
  const outcome = Symbol('what was taken');
  type Charged = ResolvedOperation & { [outcome]?: Taken };
  const shownInBatch = new WeakMap<Map<string, string>, ServiceLimits>();
  const resolvers = createResolverLimits(counters, identify, mode !== 'report');
  let pointsPerEvent = false;
  let policies: ReadonlyMap<string, Rule> = new Map([...budgets.policies, ...refusals.policies]);

  function findRules(schema: GraphQLSchema): LimitedFields {
    const known = compiled.get(schema);
    if (known) return known;
    const rules = compileRules(schema);
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
    resolvers.leaveOut(operation, await takePartly(all, findRules(operation.schema), take, exceeded));
  }

  const findBucket = ({ policy, principal = null, clientIp = null, args = {} }: BucketName): Omit<Charge, 'points'> => {
    const rule = policies.get(policy);
    if (!rule) throw new TypeError(`rateLimit has no policy '${policy}'; it has ${[...policies.keys()].join(', ')}.`);
    return buildCharge(rule, identify(securityContext({ principal, clientIp })), 1, writeValuesKey(rule, args));
  };

  function listEventPoints(contextValue: unknown, caller: Caller): readonly Charge[] {
    const operation = resolvers.findOperation(contextValue);
    if (!operation) throw new TypeError('pointsPerEvent: next() needs the context value that was checked.');
    // A query or mutation is executed once, and was charged when it was checked.
    return operation.operation.operation === OperationTypeNode.SUBSCRIPTION ? budgets.points(operation, caller) : [];
  }

  return {
    name: 'rate-limit',
    mode,
    start({ schema, warn }) {
      const rules = findRules(schema);
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
      // Reads the variables first, so that an operation whose variables do not coerce is refused before anything is charged.
      void operation.variables;
      const rules = findRules(operation.schema);
      if (rules.hasCalls || pointsPerEvent) resolvers.begin(operation);
      const caller = identify(operation.security);
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
      // The elements of a batch share one set of headers: together they show the tightest limits of all.
      const shown = keepTightest(
        shownInBatch.get(headers) ?? [],
        refundUnused(answer, operation, taken, settings.actualCost),
      );
      if (isBatched) shownInBatch.set(headers, shown);
      for (const [name, value] of Object.entries(writeHeaders(shown, legacyHeaders))) headers.set(name, value);
    },
    stop() {
      return isOwnStore ? store.close?.() : undefined;
    },
    secure(schema, fieldResolver) {
      return guardResolvers(schema, findRules(schema), { isPartial, fieldResolver: fieldResolver as never }, resolvers);
    },
    refusalFor: (security) => (mode === 'report' ? undefined : refusals.refusalFor(security)),
    sockets(given = {}, events) {
      if (given.pointsPerEvent && !options.points) {
        throw new TypeError('sockets: pointsPerEvent needs the options points and cost of rateLimit.');
      }
      for (const name of ['subscribes', 'events'] as const) {
        if (!options.tier && hasTiers(given[name])) throw new TypeError(`sockets: ${name}.tiers ${needTier}`);
      }
      pointsPerEvent ||= given.pointsPerEvent === true;
      return createSocketLimits(given, {
        counters,
        identify,
        listEventPoints: listEventPoints,
        charge: refusals.charge,
        mode,
        reports: events,
      });
    },
    peek: async (bucket) => counters.peek(findBucket(bucket)),
    async reset(bucket) {
      const named = findBucket(bucket);
      refusals.reset(named);
      await counters.reset(named);
    },
  };
}

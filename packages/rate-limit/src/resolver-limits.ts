/**
 * Stops: calls of one field above its limit, where the other fields of the operation are still answered (`partial`), or where each call of
 * the resolver is counted (`perResolve`).
 * Room: check, where `partial` charges only for fields within their limits; and the guarded schema, where the other fields are denied and
 * calls are counted. Only fields that need it get a resolver of ours.
 * Answers: `RATE_LIMITED` as the error of one field.
 */
import type { Charge, Consumption, ResolvedOperation, SecurityContext } from '@graphql-bulwark/core';
import {
  carryPlainMark,
  createSlot,
  deny,
  findSecurityContext,
  isObject,
  requireTestedGraphql,
} from '@graphql-bulwark/core/internal';
import { MapperKind, mapSchema } from '@graphql-tools/utils';
import {
  defaultFieldResolver,
  type GraphQLError,
  type GraphQLFieldResolver,
  type GraphQLSchema,
  type OperationDefinitionNode,
} from 'graphql';
import { compileSpelling } from './charges/bucket-key.ts';
import { type Caller, listCallCharges, readCoordinate } from './charges/charges.ts';
import { readWait, type Wait } from './response/rate-limited-error.ts';
import type { LimitedField, LimitedFields, Rule } from './rules/directive.ts';
import type { FallbackStore, Taken } from './stores/fallback.ts';

/** What is known of running operations while their resolvers run. They are found by their context value. */
export interface ResolverLimits {
  /** Remembers an operation by its context value. */
  readonly begin: (operation: ResolvedOperation) => void;
  /** Finds the operation that was begun with this context value. */
  readonly findOperation: (contextValue: unknown) => ResolvedOperation | undefined;
  /** Denies coordinates to one operation. @param waits coordinate -> the policy that is exceeded. */
  readonly leaveOut: (operation: ResolvedOperation, waits: ReadonlyMap<string, Wait>) => void;
  /** @returns the seconds until these coordinates may be selected again; `undefined` where none of them is denied to the operation. */
  readonly findDenial: (
    contextValue: unknown,
    operation: OperationDefinitionNode,
    coordinates: readonly string[],
  ) => number | undefined;
  /** Charges one call. Rejects with the denial. */
  readonly charge: (
    contextValue: unknown,
    rules: readonly Rule[],
    args: Readonly<Record<string, unknown>>,
  ) => Promise<void>;
}

/**
 * @param identify makes the caller who is charged.
 * @param isEnforced `false`: calls above the limit are reported and run.
 */
export function createResolverLimits(
  counters: FallbackStore,
  identify: (security: SecurityContext) => Caller,
  isEnforced: boolean,
): ResolverLimits {
  const pending = trackPending();
  const running = new WeakMap<object, ResolvedOperation>();
  // By operation as well, because an application may use one context value for several operations.
  const denied = new WeakMap<object, WeakMap<OperationDefinitionNode, ReadonlyMap<string, Wait>>>();
  // The coordinates that have been reported. Otherwise each item of a list would be an event.
  const told = createSlot(() => new Set<string | undefined>());
  const spelled = createSlot(() => compileSpelling(deny));
  const findOperation = (contextValue: unknown): ResolvedOperation | undefined =>
    isObject(contextValue) ? running.get(contextValue) : undefined;

  function reportOnce(operation: ResolvedOperation, coordinate: string | undefined, wait: Wait | undefined): void {
    const known = operation.state.get(told);
    if (known.has(coordinate)) return;
    known.add(coordinate);
    operation.report({ ...eventOfLimit, ...wait, ...(coordinate !== undefined && { coordinate }) });
  }

  return {
    findOperation,
    begin(operation) {
      if (isObject(operation.contextValue)) running.set(operation.contextValue, operation);
    },
    leaveOut(operation, waits) {
      const { contextValue } = operation;
      if (!isObject(contextValue)) return;
      const ofContext = denied.get(contextValue);
      if (!ofContext && waits.size === 0) return;
      denied.set(contextValue, (ofContext ?? new WeakMap()).set(operation.operation, waits));
      for (const [coordinate, wait] of waits) operation.report({ ...eventOfLimit, coordinate, ...wait });
    },
    findDenial(contextValue, operation, coordinates) {
      const waits = isObject(contextValue) ? denied.get(contextValue)?.get(operation) : undefined;
      const longest = Math.max(0, ...coordinates.map((coordinate) => waits?.get(coordinate)?.retryAfterSeconds ?? 0));
      return longest > 0 ? longest : undefined;
    },
    async charge(contextValue, rules, args) {
      const security = findSecurityContext(contextValue);
      const coordinate = rules[0]?.coordinate;
      if (!security) throw deny('RATE_LIMITED', { coordinate, reason: 'no security context' });
      const operation = findOperation(contextValue);
      let charges: readonly Charge[];
      try {
        charges = listCallCharges(
          rules,
          args,
          identify(security),
          operation?.state.get(spelled) ?? compileSpelling(deny),
        );
      } catch (denial) {
        if (isEnforced) throw denial;
        return;
      }
      const waits: Wait[] = pending
        .exceeded(charges)
        .map(({ policy, windowSeconds }) => ({ policy, retryAfterSeconds: windowSeconds }));
      if (waits.length === 0) {
        const taken = await pending.during(charges, () => counters.take(charges, operation));
        if (!taken || taken.consumption.allowed) return;
        waits.push(...taken.consumption.exceeded.map(readWait));
      }
      const longest = waits.toSorted((a, b) => b.retryAfterSeconds - a.retryAfterSeconds)[0];
      if (operation) reportOnce(operation, coordinate, longest);
      if (isEnforced) throw deny('RATE_LIMITED', { coordinate, ...longest });
    },
  };
}

/**
 * Tracks the points that the store was asked for and has not answered yet. A charge that is above its limit together with them is refused
 * without asking. A list of a thousand items would otherwise ask a thousand times at once, and slow the store down for all callers.
 */
function trackPending() {
  const byBucket = new Map<string, number>();
  const nameBucket = ({ policy, key }: Charge): string => `${policy} ${key}`;
  const add = (charge: Charge, points: number): void => {
    const name = nameBucket(charge);
    const sum = (byBucket.get(name) ?? 0) + points;
    if (sum > 0) byBucket.set(name, sum);
    else byBucket.delete(name);
  };
  return {
    exceeded: (charges: readonly Charge[]): Charge[] =>
      charges.filter((charge) => !((byBucket.get(nameBucket(charge)) ?? 0) + charge.points <= charge.limit)),
    async during<T>(charges: readonly Charge[], ask: () => T | Promise<T>): Promise<T> {
      const answer = ask();
      if (!(answer instanceof Promise)) return answer;
      for (const charge of charges) add(charge, charge.points);
      try {
        return await answer;
      } finally {
        for (const charge of charges) add(charge, -charge.points);
      }
    },
  };
}

const eventOfLimit = { type: 'rate.limited', control: 'rate-limit', code: 'RATE_LIMITED' } as const;

/**
 * Charges an operation for the fields that are within their limits. The other fields are left out, and are denied when they are resolved.
 * A budget of whole operations that is exceeded still refuses the operation.
 *
 * @param take asks the store for charges, all or none. @param refuse builds the refusal for an exceeded budget.
 * @returns coordinate -> the policy that is exceeded, for what was left out.
 * @throws what `refuse` builds.
 */
export async function takePartly(
  all: readonly Charge[],
  { policies }: LimitedFields,
  take: (charges: readonly Charge[]) => Promise<Taken | undefined>,
  refuse: (consumption: Consumption) => GraphQLError,
): Promise<ReadonlyMap<string, Wait>> {
  const waits = new Map<string, Wait>();
  for (const charge of all) {
    const { policy, points, limit, windowSeconds } = charge;
    if (!(points <= limit)) waits.set(readCoordinate(charge), { policy, retryAfterSeconds: windowSeconds });
  }
  for (;;) {
    const charges = all.filter((charge) => !waits.has(readCoordinate(charge)));
    const taken = charges.length === 0 ? undefined : await take(charges);
    if (!taken || taken.consumption.allowed) return waits;
    const { exceeded } = taken.consumption;
    if (exceeded.length === 0 || exceeded.some(({ charge }) => !policies.has(charge.policy))) {
      throw refuse(taken.consumption);
    }
    for (const state of exceeded) waits.set(readCoordinate(state.charge), readWait(state));
  }
}

type Resolver = GraphQLFieldResolver<unknown, unknown, Record<string, unknown>>;

/** Marks a guarded field, as a key of its extensions, which later transforms keep. graphql-js would drop a symbol. */
const marker = 'graphql-bulwark.rate-limited-calls';

/**
 * Makes a schema in which calls of these fields are counted, or denied one by one.
 *
 * @throws {TypeError} for a schema of a version of graphql-js that is not supported.
 */
export function guardResolvers(
  schema: GraphQLSchema,
  limited: LimitedFields,
  { isPartial, fieldResolver }: { readonly isPartial: boolean; readonly fieldResolver: Resolver | undefined },
  limits: ResolverLimits,
): GraphQLSchema {
  requireTestedGraphql('rateLimit: secure', schema);
  return mapSchema(schema, {
    [MapperKind.OBJECT_FIELD]: (config, name, typeName) => {
      const field = limited.fields.get(typeName)?.get(name);
      if (!field || !needsGuard(field, isPartial) || Object.hasOwn(config.extensions ?? {}, marker)) return undefined;
      const inner: Resolver = config.resolve ?? fieldResolver ?? defaultFieldResolver;
      const resolve = carryPlainMark(config, denyShort(chargeCalls(inner, field, limits), field, limits));
      const extensions = { ...config.extensions, [marker]: true };
      // To open a stream costs the application something even if its events are denied, so opening is denied as well.
      const subscribe = config.subscribe && denyShort(config.subscribe, field, limits);
      return { ...config, extensions, resolve, ...(subscribe && { subscribe }) };
    },
  });
}

/** Requires that a schema with such fields was guarded. @throws {TypeError} for one that was not. */
export function requireGuarded({ fields }: LimitedFields, isPartial: boolean): void {
  for (const [typeName, ofType] of fields) {
    for (const limited of ofType.values()) {
      if (!needsGuard(limited, isPartial) || Object.hasOwn(limited.field.extensions, marker)) continue;
      const why = limited.perResolve.length > 0 ? 'perResolve' : 'partial';
      throw new TypeError(
        `@rateLimit on ${typeName}.${limited.field.name}: ${why} needs guarded resolvers. Pass the schema through secure() of the ` +
          'rate limit.',
      );
    }
  }
}

function needsGuard({ rules, perResolve }: LimitedField, isPartial: boolean): boolean {
  return perResolve.length > 0 || (isPartial && rules.length > 0);
}

function denyShort(inner: Resolver, { rules }: LimitedField, limits: ResolverLimits): Resolver {
  const coordinates = rules.map(({ coordinate }) => coordinate);
  return function resolveUnlessShort(source, args, contextValue, info) {
    const retryAfterSeconds = limits.findDenial(contextValue, info.operation, coordinates);
    if (retryAfterSeconds !== undefined) throw deny('RATE_LIMITED', { retryAfterSeconds, coordinate: coordinates[0] });
    return inner(source, args, contextValue, info);
  };
}

function chargeCalls(inner: Resolver, { perResolve }: LimitedField, limits: ResolverLimits): Resolver {
  if (perResolve.length === 0) return inner;
  return async function resolveCharged(source, args, contextValue, info) {
    await limits.charge(contextValue, perResolve, args);
    return inner(source, args, contextValue, info);
  };
}

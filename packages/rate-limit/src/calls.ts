/** What resolvers and events know of the operation that they belong to, by its context value: what they may not call, and owe. */
import {
  type BucketState,
  type Charge,
  deny,
  isObject,
  type ResolvedOperation,
  type SecurityContext,
  securityOf,
} from '@graphql-bulwark/core';
import type { OperationDefinitionNode } from 'graphql';
import type { CallHooks } from './call-guard.ts';
import { type Caller, chargesOfCall } from './charges.ts';
import { wholeSeconds } from './headers.ts';
import { type Spelled, spelling } from './keys.ts';
import type { SteadyStore } from './steady.ts';

export interface Calls extends CallHooks {
  /** Remembers the operation for what runs in it. */
  readonly begin: (operation: ResolvedOperation) => void;
  /** The operation that was begun under this context value. */
  readonly operationOf: (contextValue: unknown) => ResolvedOperation | undefined;
  /** Denies coordinates to one operation: coordinate -> what it is short of. */
  readonly leaveOut: (operation: ResolvedOperation, waits: ReadonlyMap<string, Wait>) => void;
}

/** A policy that is short, and when there is more of it. */
export interface Wait {
  readonly policy: string;
  readonly retryAfterSeconds: number;
}

/** @param isEnforced `false`: calls over the limit are told of, and run. */
export function createCalls(
  counters: SteadyStore,
  callerFor: (security: SecurityContext) => Caller,
  isEnforced: boolean,
): Calls {
  const pending = pendingPoints();
  const running = new WeakMap<object, ResolvedOperation>();
  // By operation as well: nothing says that a context value belongs to one alone.
  const denied = new WeakMap<object, WeakMap<OperationDefinitionNode, ReadonlyMap<string, Wait>>>();
  // Operation -> the coordinates that the operator knows of: the items of a list are no event each.
  const told = new WeakMap<ResolvedOperation, Set<string | undefined>>();
  const spelled = new WeakMap<ResolvedOperation, Spelled>();
  const operationOf = (contextValue: unknown): ResolvedOperation | undefined =>
    isObject(contextValue) ? running.get(contextValue) : undefined;

  function spelledIn(operation: ResolvedOperation | undefined): Spelled {
    const known = (operation && spelled.get(operation)) ?? spelling(deny);
    if (operation) spelled.set(operation, known);
    return known;
  }

  function tell(operation: ResolvedOperation, coordinate: string | undefined, wait: Wait | undefined): void {
    const known = told.get(operation) ?? new Set();
    told.set(operation, known);
    if (known.has(coordinate)) return;
    known.add(coordinate);
    operation.report({ ...limited, ...wait, ...(coordinate !== undefined && { coordinate }) });
  }

  return {
    operationOf,
    begin(operation) {
      if (isObject(operation.contextValue)) running.set(operation.contextValue, operation);
    },
    leaveOut(operation, waits) {
      const { contextValue } = operation;
      if (!isObject(contextValue)) return;
      const ofContext = denied.get(contextValue);
      if (!ofContext && waits.size === 0) return;
      denied.set(contextValue, (ofContext ?? new WeakMap()).set(operation.operation, waits));
      for (const [coordinate, wait] of waits) operation.report({ ...limited, coordinate, ...wait });
    },
    deniedFor(contextValue, operation, coordinates) {
      const waits = isObject(contextValue) ? denied.get(contextValue)?.get(operation) : undefined;
      const longest = Math.max(0, ...coordinates.map((coordinate) => waits?.get(coordinate)?.retryAfterSeconds ?? 0));
      return longest > 0 ? longest : undefined;
    },
    async charge(contextValue, rules, args) {
      const security = securityOf(contextValue);
      const coordinate = rules[0]?.coordinate;
      if (!security) throw deny('RATE_LIMITED', { coordinate, reason: 'no security context' });
      const operation = operationOf(contextValue);
      let charges: readonly Charge[];
      try {
        charges = chargesOfCall(rules, args, callerFor(security), spelledIn(operation));
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
        waits.push(...taken.consumption.exceeded.map(waitOf));
      }
      const longest = waits.toSorted((a, b) => b.retryAfterSeconds - a.retryAfterSeconds)[0];
      if (operation) tell(operation, coordinate, longest);
      if (isEnforced) throw deny('RATE_LIMITED', { coordinate, ...longest });
    },
  };
}

/**
 * Points that the store has been asked for and has not answered yet. What is over a limit with them need not be asked for: a
 * list of a thousand items would ask a thousand times at once, and make the store late for everybody.
 */
function pendingPoints() {
  const byBucket = new Map<string, number>();
  const nameOf = ({ policy, key }: Charge): string => `${policy} ${key}`;
  const add = (charge: Charge, points: number): void => {
    const name = nameOf(charge);
    const sum = (byBucket.get(name) ?? 0) + points;
    if (sum > 0) byBucket.set(name, sum);
    else byBucket.delete(name);
  };
  return {
    exceeded: (charges: readonly Charge[]): Charge[] =>
      charges.filter((charge) => !((byBucket.get(nameOf(charge)) ?? 0) + charge.points <= charge.limit)),
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

export function waitOf({ charge, resetSeconds }: BucketState): Wait {
  return { policy: charge.policy, retryAfterSeconds: wholeSeconds(resetSeconds) };
}

const limited = { type: 'rate.limited', control: 'rate-limit', code: 'RATE_LIMITED' } as const;

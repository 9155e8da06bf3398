/** What resolvers and events know of the operation that they belong to, by its context value: what they may not call, and owe. */
import { deny, type ResolvedOperation, type SecurityContext, securityOf } from '@graphql-bulwark/core';
import type { CallHooks } from './call-guard.ts';
import { type Caller, chargesOfCall } from './charges.ts';
import { wholeSeconds } from './headers.ts';
import type { SteadyStore } from './steady.ts';

export interface Calls extends CallHooks {
  /** Remembers the operation for what runs in it. */
  readonly begin: (operation: ResolvedOperation) => void;
  /** The operation that was begun under this context value. */
  readonly operationOf: (contextValue: unknown) => ResolvedOperation | undefined;
  /** Denies coordinates to one operation: coordinate -> seconds until it may be asked for again. */
  readonly leaveOut: (operation: ResolvedOperation, waits: ReadonlyMap<string, number>) => void;
}

/** @param isEnforced `false`: calls over the limit are told of, and run. */
export function createCalls(
  counters: SteadyStore,
  callerFor: (security: SecurityContext) => Caller,
  isEnforced: boolean,
): Calls {
  const running = new WeakMap<object, ResolvedOperation>();
  const denied = new WeakMap<object, ReadonlyMap<string, number>>();
  const operationOf = (contextValue: unknown): ResolvedOperation | undefined =>
    isObject(contextValue) ? running.get(contextValue) : undefined;

  return {
    operationOf,
    begin(operation) {
      if (isObject(operation.contextValue)) running.set(operation.contextValue, operation);
    },
    leaveOut(operation, waits) {
      if (waits.size === 0 || !isObject(operation.contextValue)) return;
      denied.set(operation.contextValue, waits);
      for (const [coordinate, retryAfterSeconds] of waits) {
        operation.report({ ...limited, coordinate, retryAfterSeconds });
      }
    },
    deniedFor(contextValue, coordinates) {
      const waits = isObject(contextValue) ? denied.get(contextValue) : undefined;
      const longest = Math.max(0, ...coordinates.map((coordinate) => waits?.get(coordinate) ?? 0));
      return longest > 0 ? longest : undefined;
    },
    async charge(contextValue, rules, args) {
      const security = securityOf(contextValue);
      const coordinate = rules[0]?.coordinate;
      if (!security) throw deny('RATE_LIMITED', { coordinate, reason: 'no security context' });
      const operation = operationOf(contextValue);
      const taken = await counters.take(chargesOfCall(rules, args, callerFor(security)), operation);
      if (!taken || taken.consumption.allowed) return;
      const waits = taken.consumption.exceeded.map(({ resetSeconds }) => wholeSeconds(resetSeconds));
      const retryAfterSeconds = Math.max(...waits);
      operation?.report({ ...limited, retryAfterSeconds, ...(coordinate !== undefined && { coordinate }) });
      if (isEnforced) throw deny('RATE_LIMITED', { coordinate, retryAfterSeconds });
    },
  };
}

const limited = { type: 'rate.limited', control: 'rate-limit', code: 'RATE_LIMITED' } as const;

export function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

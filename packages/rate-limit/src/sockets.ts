/**
 * Stops: one caller holding any number of sockets, subscribing without end, or being sent events without end.
 * Room: the WebSocket adapter, which asks before it accepts a socket, starts an operation or sends an event.
 * Answers: `RATE_LIMITED`, for the adapter to send or to close the socket with.
 */
import { type Charge, knownOptions, refuse, type SecurityContext, show, wholeNumber } from '@graphql-bulwark/core';
import type { GraphQLError } from 'graphql';
import { type CallerBudget, ruleOf } from './budgets.ts';
import { type Caller, chargeFor } from './charges.ts';
import type { Rule } from './directive.ts';
import { wholeSeconds } from './headers.ts';
import { whoKey } from './keys.ts';
import type { SteadyStore } from './steady.ts';

export interface SocketLimitOptions {
  /** Open sockets of one caller in this process; an anonymous one is told by its address. Whole number, 1 or more. @default 10 */
  readonly maxSockets?: number | undefined;
  /** Operations that one caller starts over sockets. @default { max: 60 } */
  readonly subscribes?: CallerBudget | undefined;
  /** Events that one caller is sent. @default { max: 600 } */
  readonly events?: CallerBudget | undefined;
  /** Spends `points` for each event what its operation was estimated to cost; it is executed anew each time. @default false */
  readonly pointsPerEvent?: boolean | undefined;
}

/** Each returns the refusal, or `undefined` where there is none. */
export interface SocketLimits {
  /** Counts a socket as open until {@link SocketLimits.disconnect}. */
  readonly connect: (socket: object, security: SecurityContext) => GraphQLError | undefined;
  readonly disconnect: (socket: object) => void;
  readonly subscribe: (security: SecurityContext) => Promise<GraphQLError | undefined>;
  /**
   * @param contextValue of the operation, as the check of the controls got it. Required with `pointsPerEvent`: rejects with a
   * `TypeError` for one that was never checked.
   */
  readonly next: (security: SecurityContext, contextValue?: unknown) => Promise<GraphQLError | undefined>;
}

/** What the limits of sockets share with the rest of the rate limit. */
export interface SocketHooks {
  readonly counters: SteadyStore;
  readonly callerFor: (security: SecurityContext) => Caller;
  /** Charges of the budget of points for what is executed under this context. @throws {TypeError} where nothing was checked. */
  readonly pointsFor: (contextValue: unknown, caller: Caller) => readonly Charge[];
}

/** @throws {TypeError} for an option that cannot be meant. */
export function socketLimits(
  options: SocketLimitOptions,
  { counters, callerFor, pointsFor }: SocketHooks,
): SocketLimits {
  knownOptions('sockets', options, ['maxSockets', 'subscribes', 'events', 'pointsPerEvent']);
  const { pointsPerEvent = false } = options;
  if (typeof pointsPerEvent !== 'boolean')
    throw new TypeError(`pointsPerEvent must be true or false, but is ${show(pointsPerEvent)}.`);
  const maxSockets = wholeNumber('maxSockets', options.maxSockets ?? 10);
  const subscribes = ruleOf('subscribes', 'socket:subscribes', options.subscribes ?? { max: 60 }, 'PRINCIPAL') as Rule;
  const events = ruleOf('events', 'socket:events', options.events ?? { max: 600 }, 'PRINCIPAL') as Rule;
  const open = new Map<string, number>();
  const callers = new WeakMap<object, string>();

  async function take(charges: readonly Charge[]): Promise<GraphQLError | undefined> {
    try {
      const taken = await counters.take(charges);
      if (!taken || taken.consumption.allowed) return undefined;
      const waits = taken.consumption.exceeded.map(({ resetSeconds }) => wholeSeconds(resetSeconds));
      return refuse('RATE_LIMITED', { retryAfterSeconds: Math.max(...waits) });
    } catch {
      return refuse('SERVICE_UNAVAILABLE'); // the store's own events have told why
    }
  }

  return {
    connect(socket, security) {
      if (callers.has(socket)) return undefined;
      const key = whoKey(['PRINCIPAL'], security);
      const count = open.get(key) ?? 0;
      if (!(count < maxSockets)) return refuse('RATE_LIMITED');
      open.set(key, count + 1);
      callers.set(socket, key);
      return undefined;
    },
    disconnect(socket) {
      const key = callers.get(socket);
      if (key === undefined) return;
      callers.delete(socket);
      const count = (open.get(key) ?? 1) - 1;
      if (count > 0) open.set(key, count);
      else open.delete(key);
    },
    subscribe: (security) => take([chargeFor(subscribes, callerFor(security))]),
    async next(security, contextValue) {
      const caller = callerFor(security);
      const points = pointsPerEvent ? pointsFor(contextValue, caller) : [];
      return take([chargeFor(events, caller), ...points]);
    },
  };
}

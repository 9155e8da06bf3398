/**
 * Stops: one caller holding any number of sockets, subscribing without end, or being sent events without end.
 * Room: the WebSocket adapter, which asks before it accepts a socket, starts an operation or sends an event.
 * Answers: `RATE_LIMITED`, for the adapter to send or to close the socket with.
 */
import {
  aFlag,
  atLeast,
  type Charge,
  type OptionTable,
  readOptions,
  refuse,
  type SecurityContext,
} from '@graphql-bulwark/core';
import type { GraphQLError } from 'graphql';
import { aBudget, type Budget, type CallerBudget, ruleOf } from './budgets.ts';
import { waitOf } from './calls.ts';
import { type Caller, chargeFor } from './charges.ts';
import type { Rule, Scope } from './directive.ts';
import { whoKey } from './keys.ts';
import type { RefusedAnswer } from './refusals.ts';
import { slowestOf } from './short.ts';
import type { SteadyStore } from './steady.ts';

export interface SocketLimitOptions {
  /** Open sockets of one caller in this process; an anonymous one is told by its address. Whole number, 1 or more. @default 10 */
  readonly maxSockets?: number | undefined;
  /** Open sockets of one address in this process, whoever is calling. Whole number, 1 or more. @default 100 */
  readonly maxSocketsPerAddress?: number | undefined;
  /** Operations that one caller starts over sockets. @default { max: 60 } */
  readonly subscribes?: CallerBudget | undefined;
  /** Operations that one address starts over sockets, whoever is calling. @default { max: 600 } */
  readonly subscribesPerAddress?: Budget | undefined;
  /** Events that one caller is sent. @default { max: 600 } */
  readonly events?: CallerBudget | undefined;
  /** Spends `points` for each event what its operation was estimated to cost; it is executed anew each time. @default false */
  readonly pointsPerEvent?: boolean | undefined;
}

/** Each returns the refusal, or `undefined` where there is none. */
export interface SocketLimits {
  /** Counts a socket as open until {@link SocketLimits.disconnect}; one that has gone by then is not counted. */
  readonly connect: (socket: object, security: SecurityContext) => GraphQLError | undefined;
  /** For every socket that closes, also before it was accepted, as soon as it does: streams may outlive it. */
  readonly disconnect: (socket: object) => void;
  readonly subscribe: (security: SecurityContext) => Promise<GraphQLError | undefined>;
  /**
   * @param contextValue of the operation, as the check of the controls got it. Required with `pointsPerEvent`: rejects with a
   * `TypeError` for one that was never checked.
   */
  readonly next: (security: SecurityContext, contextValue?: unknown) => Promise<GraphQLError | undefined>;
  /** Charges the budget of refusals for what an operation over a socket was refused or denied. */
  readonly refused: (answer: RefusedAnswer) => void;
}

/** What the limits of sockets share with the rest of the rate limit. */
export interface SocketHooks {
  readonly counters: SteadyStore;
  readonly callerFor: (security: SecurityContext) => Caller;
  /** Charges of the budget of points for what is executed under this context. @throws {TypeError} where nothing was checked. */
  readonly pointsFor: (contextValue: unknown, caller: Caller) => readonly Charge[];
  readonly charge: (answer: RefusedAnswer) => void;
}

const optionTable = {
  maxSockets: { default: 10, check: atLeast(1) },
  maxSocketsPerAddress: { default: 100, check: atLeast(1) },
  subscribes: { default: { max: 60 }, check: aBudget },
  subscribesPerAddress: { default: { max: 600 }, check: aBudget },
  events: { default: { max: 600 }, check: aBudget },
  pointsPerEvent: { default: false, check: aFlag },
} satisfies OptionTable<SocketLimitOptions>;

/** @throws {TypeError} for an invalid option. */
export function socketLimits(
  options: SocketLimitOptions,
  { counters, callerFor, pointsFor, charge }: SocketHooks,
): SocketLimits {
  const { pointsPerEvent, maxSockets, maxSocketsPerAddress, ...budgets } = readOptions('sockets', options, optionTable);
  const rule = (option: keyof typeof budgets, policy: string, by: Scope): Rule =>
    ruleOf(`sockets: ${option}`, `socket:${policy}`, budgets[option], by);
  const subscribes = [
    rule('subscribes', 'subscribes', 'PRINCIPAL'),
    rule('subscribesPerAddress', 'subscribes:address', 'ADDRESS'),
  ];
  const events = rule('events', 'events', 'PRINCIPAL');
  const scopes = [
    { policy: 'socket:open', by: 'PRINCIPAL', max: maxSockets },
    { policy: 'socket:open:address', by: 'ADDRESS', max: maxSocketsPerAddress },
  ] as const;
  const open = new Map<string, number>();
  /** Socket -> the keys under which it is counted; none once it has gone. */
  const counted = new WeakMap<object, readonly string[]>();

  async function take(charges: readonly Charge[]): Promise<GraphQLError | undefined> {
    try {
      const taken = await counters.take(charges);
      if (!taken || taken.consumption.allowed) return undefined;
      const slowest = slowestOf(taken.consumption.exceeded);
      return refuse('RATE_LIMITED', slowest && waitOf(slowest));
    } catch {
      return refuse('SERVICE_UNAVAILABLE', { reason: 'the store of the rate limit failed' });
    }
  }

  return {
    connect(socket, security) {
      if (counted.has(socket)) return undefined;
      const keys = scopes.map(({ by, max, policy }) => ({ key: `${by} ${whoKey([by], security)}`, max, policy }));
      const full = keys.find(({ key, max }) => !((open.get(key) ?? 0) < max));
      if (full) return refuse('RATE_LIMITED', { policy: full.policy });
      for (const { key } of keys) open.set(key, (open.get(key) ?? 0) + 1);
      counted.set(
        socket,
        keys.map(({ key }) => key),
      );
      return undefined;
    },
    disconnect(socket) {
      for (const key of counted.get(socket) ?? []) {
        const count = (open.get(key) ?? 1) - 1;
        if (count > 0) open.set(key, count);
        else open.delete(key);
      }
      // One that closes while its caller is still being asked for must not be counted afterwards: nobody would take it off.
      counted.set(socket, []);
    },
    async subscribe(security) {
      const caller = callerFor(security);
      return take(subscribes.map((each) => chargeFor(each, caller)));
    },
    async next(security, contextValue) {
      const caller = callerFor(security);
      const points = pointsPerEvent ? pointsFor(contextValue, caller) : [];
      return take([chargeFor(events, caller), ...points]);
    },
    refused: charge,
  };
}

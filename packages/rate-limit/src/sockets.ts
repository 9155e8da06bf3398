/**
 * Stops: one caller holding any number of sockets, subscribing without end, or being sent events without end.
 * Room: the WebSocket adapter, which asks before it accepts a socket, starts an operation or sends an event.
 * Answers: `RATE_LIMITED`, for the adapter to send or to close the socket with.
 */
import {
  type Charge,
  checkFlags,
  knownOptions,
  refuse,
  type SecurityContext,
  wholeNumber,
} from '@graphql-bulwark/core';
import type { GraphQLError } from 'graphql';
import { type Budget, type CallerBudget, ruleOf } from './budgets.ts';
import { whoKey } from './charges/bucket-key.ts';
import { type Caller, chargeFor } from './charges/charges.ts';
import type { RefusedAnswer } from './refusal-budget.ts';
import { slowestOf, waitOf } from './response/rate-limited-error.ts';
import type { Rule, Scope } from './rules/directive.ts';
import type { SteadyStore } from './stores/fallback.ts';

export interface SocketLimitOptions {
  /** Open sockets of one caller in this process; an anonymous one is told by its address. Whole number, 1 or more. @default 10 */
  readonly maxSockets?: number | undefined;
  /** Sockets of one address in this process, from their upgrade on, whoever is calling. Whole number, 1 or more. @default 500 */
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

/** A socket that has to go, and why. */
export interface TooMany<S extends object> {
  readonly socket: S;
  readonly refusal: GraphQLError;
}

/** Each returns the refusal, or `undefined` where there is none. */
export interface SocketLimits {
  /**
   * Counts a socket for its address, from its upgrade until {@link SocketLimits.disconnect}, before it is known who is calling.
   * Where an address has its fill, the oldest of its sockets that has not been let in makes room: those that say nothing keep
   * out nobody who shares their address.
   *
   * @param security of the address alone.
   * @returns the socket to end, this one or that oldest one, which does not count any more.
   */
  readonly open: <S extends object>(socket: S, security: SecurityContext) => TooMany<S> | undefined;
  /**
   * Lets a socket in: counts it for its caller, and for its address where {@link SocketLimits.open} has not. One that has gone
   * by then is not counted.
   */
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

/** Where a socket is counted. */
interface Place {
  readonly keys: readonly string[];
  /** Let in, or gone: nothing is decided about it any more. */
  readonly isIn: boolean;
}

/** Of a socket that was not seen before. */
const nowhere: Place = { keys: [], isIn: false };

interface Bucket {
  readonly key: string;
  readonly max: number;
  readonly policy: string;
}

/** @throws {TypeError} for an option that cannot be meant. */
export function socketLimits(
  options: SocketLimitOptions,
  { counters, callerFor, pointsFor, charge }: SocketHooks,
): SocketLimits {
  knownOptions('sockets', options, optionNames);
  const { pointsPerEvent = false } = options;
  checkFlags({ pointsPerEvent });
  const rule = (option: 'subscribes' | 'subscribesPerAddress' | 'events', max: number, policy: string, by: Scope) =>
    ruleOf(option, `socket:${policy}`, options[option] ?? { max }, by) as Rule;
  const subscribes = [
    rule('subscribes', 60, 'subscribes', 'PRINCIPAL'),
    rule('subscribesPerAddress', 600, 'subscribes:address', 'ADDRESS'),
  ];
  const events = rule('events', 600, 'events', 'PRINCIPAL');
  const scopes = [
    { policy: 'socket:open', by: 'PRINCIPAL', max: wholeNumber('maxSockets', options.maxSockets ?? 10) },
    {
      policy: 'socket:open:address',
      by: 'ADDRESS',
      max: wholeNumber('maxSocketsPerAddress', options.maxSocketsPerAddress ?? 500),
    },
  ] as const;
  const [, ofAddress] = scopes;
  const open = new Map<string, number>();
  const places = new WeakMap<object, Place>();
  /** Those of an address that have not been let in, the oldest first. */
  const waiting = new Map<string, Set<object>>();

  /** The limits that a socket is not counted by yet. */
  function bucketsOf(place: Place, by: readonly (typeof scopes)[number][], security: SecurityContext): Bucket[] {
    const buckets = by.map((scope) => ({ ...scope, key: `${scope.by} ${whoKey([scope.by], security)}` }));
    return buckets.filter(({ key }) => !place.keys.includes(key));
  }

  const isFull = ({ key, max }: Bucket): boolean => !((open.get(key) ?? 0) < max);

  function waitNoMore(socket: object, { keys }: Place): void {
    for (const key of keys) {
      const others = waiting.get(key);
      others?.delete(socket);
      if (others?.size === 0) waiting.delete(key);
    }
  }

  function release(socket: object): void {
    const place = places.get(socket) ?? nowhere;
    waitNoMore(socket, place);
    for (const key of place.keys) {
      const left = (open.get(key) ?? 1) - 1;
      if (left > 0) open.set(key, left);
      else open.delete(key);
    }
    // One that closes while its caller is still being asked for must not be counted afterwards: nothing would take it off.
    places.set(socket, { keys: [], isIn: true });
  }

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
    open(socket, security) {
      const [bucket] = places.has(socket) ? [] : bucketsOf(nowhere, [ofAddress], security);
      if (!bucket) return undefined;
      const { key, policy } = bucket;
      const others = waiting.get(key) ?? new Set();
      const full = isFull(bucket);
      const [oldest] = full ? others : [];
      if (full && !oldest) return { socket, refusal: refuse('RATE_LIMITED', { policy }) };
      if (oldest) release(oldest);
      open.set(key, (open.get(key) ?? 0) + 1);
      places.set(socket, { keys: [key], isIn: false });
      waiting.set(key, others.add(socket));
      return oldest && { socket: oldest as typeof socket, refusal: refuse('RATE_LIMITED', { policy }) };
    },
    connect(socket, security) {
      const place = places.get(socket) ?? nowhere;
      if (place.isIn) return undefined;
      const buckets = bucketsOf(place, scopes, security);
      const full = buckets.find(isFull);
      if (full) return refuse('RATE_LIMITED', { policy: full.policy });
      for (const { key } of buckets) open.set(key, (open.get(key) ?? 0) + 1);
      waitNoMore(socket, place);
      places.set(socket, { keys: [...place.keys, ...buckets.map(({ key }) => key)], isIn: true });
      return undefined;
    },
    disconnect: release,
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

const optionNames = [
  'maxSockets',
  'maxSocketsPerAddress',
  'subscribes',
  'subscribesPerAddress',
  'events',
  'pointsPerEvent',
] as const satisfies readonly (keyof SocketLimitOptions)[];

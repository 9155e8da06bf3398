/**
 * Stops: callers who open any number of sockets, start any number of operations over them, or receive any number of events.
 * Room: the WebSocket adapter, which asks before it accepts a socket, starts an operation or sends an event.
 * Answers: `RATE_LIMITED`, which the adapter sends, or for which it closes the socket.
 */
import { type Charge, type Control, type Events, refuse, type SecurityContext } from '@graphql-bulwark/core';
import { aFlag, atLeast, buildRefusalEvent, type OptionTable, readOptions } from '@graphql-bulwark/core/internal';
import type { GraphQLError } from 'graphql';
import { aBudget, type Budget, type CallerBudget, readRule } from './budgets.ts';
import { writeCallerKey } from './charges/bucket-key.ts';
import { buildCharge, type Caller } from './charges/charges.ts';
import type { RefusedAnswer } from './refusal-budget.ts';
import { findSlowest, readWait } from './response/rate-limited-error.ts';
import type { Rule, Scope } from './rules/directive.ts';
import type { FallbackStore } from './stores/fallback.ts';

/** How much callers may do over WebSockets. */
export interface SocketLimitOptions {
  /** Open sockets of one caller in this process; an anonymous caller is identified by the address. Whole number, 1 or more. @default 10 */
  readonly maxSockets?: number | undefined;
  /** Sockets of one address in this process, of all callers together, from their upgrade on. Whole number, 1 or more. @default 500 */
  readonly maxSocketsPerAddress?: number | undefined;
  /** Operations that one caller starts over sockets. @default { max: 60 } */
  readonly subscribes?: CallerBudget | undefined;
  /** Operations that are started over sockets from one address, by all callers together. @default { max: 600 } */
  readonly subscribesPerAddress?: Budget | undefined;
  /** Events that are sent to one caller. @default { max: 600 } */
  readonly events?: CallerBudget | undefined;
  /** Whether each event is charged to the budget of `points`, because the operation is executed again for it. @default false */
  readonly pointsPerEvent?: boolean | undefined;
}

/** A socket that has to be closed, and why. */
export interface TooMany<S extends object> {
  readonly socket: S;
  readonly refusal: GraphQLError;
}

/** What a WebSocket adapter asks. Functions return the refusal, or `undefined` where there is none. */
export interface SocketLimits {
  /**
   * Counts a socket for its address, from its upgrade until {@link SocketLimits.disconnect}, before its caller is known.
   *
   * An attacker could open sockets that never say who they are, and keep out others at the same address. So where an address has no more
   * room, the oldest of its sockets that has not been let in is ended: first one whose client has said nothing, then one that is being
   * authenticated.
   *
   * @param security the context of an anonymous caller at that address.
   * @returns the socket to end: the oldest one, which is not counted any more, or this one where all others have been let in.
   */
  readonly open: <S extends object>(socket: S, security: SecurityContext) => TooMany<S> | undefined;
  /**
   * Marks a socket whose client has sent its credential: `true` while that is being verified, `false` when it was refused. Otherwise
   * sockets that say nothing could push it out while, for example, a key set is loaded.
   */
  readonly markAuthenticating: (socket: object, isAuthenticating: boolean) => void;
  /**
   * Lets a socket in: counts it for its caller, and for its address where {@link SocketLimits.open} has not. A socket that has closed in
   * the meantime is not counted.
   */
  readonly connect: (socket: object, security: SecurityContext) => GraphQLError | undefined;
  /** To be called for every socket as soon as it closes, also if it was never let in. Streams may end later than it. */
  readonly disconnect: (socket: object) => void;
  /** Charges the start of an operation. */
  readonly subscribe: (security: SecurityContext) => Promise<GraphQLError | undefined>;
  /**
   * Charges an event.
   *
   * @param contextValue of the operation, as the controls got it. Required with `pointsPerEvent`, which rejects with a `TypeError` for a
   * context value that was never checked.
   */
  readonly next: (security: SecurityContext, contextValue?: unknown) => Promise<GraphQLError | undefined>;
  /** Charges the budget of refusals for the refusals and denials of an operation over a socket. */
  readonly refused: (answer: RefusedAnswer) => void;
}

/** What the limits of sockets use of the rate limit. */
export interface SocketHooks {
  readonly counters: FallbackStore;
  readonly identify: (security: SecurityContext) => Caller;
  /** Lists what an event owes to the budget of points. @throws {TypeError} for a context value that was never checked. */
  readonly listEventPoints: (contextValue: unknown, caller: Caller) => readonly Charge[];
  /** Charges the budget of refusals. */
  readonly charge: (answer: RefusedAnswer) => void;
  readonly mode: Control['mode'];
  /** Gets each refusal and failure. Left out: refusals are not reported, and failures are thrown. */
  readonly reports: Events | undefined;
}

/** Where a socket is counted. */
interface Place {
  /** Keys of its caller and its address. */
  readonly keys: readonly string[];
  /** Whether it was let in or has closed, so that nothing is to be decided about it any more. */
  readonly isIn: boolean;
}

/** The place of a socket that was not seen before. */
const nowhere: Place = { keys: [], isIn: false };

/** The sockets of one address that have not been let in, the oldest first. */
interface Waiting {
  readonly silent: Set<object>;
  readonly authenticating: Set<object>;
}

interface Bucket {
  readonly key: string;
  readonly max: number;
  readonly policy: string;
}

const optionTable = {
  maxSockets: { default: 10, check: atLeast(1) },
  maxSocketsPerAddress: { default: 500, check: atLeast(1) },
  subscribes: { default: { max: 60 }, check: aBudget },
  subscribesPerAddress: { default: { max: 600 }, check: aBudget },
  events: { default: { max: 600 }, check: aBudget },
  pointsPerEvent: { default: false, check: aFlag },
} satisfies OptionTable<SocketLimitOptions>;

/** Makes the limits of one adapter. @throws {TypeError} for an invalid option. */
export function createSocketLimits(
  options: SocketLimitOptions,
  { counters, identify, listEventPoints, charge, mode, reports }: SocketHooks,
): SocketLimits {
  const { pointsPerEvent, maxSockets, maxSocketsPerAddress, ...budgets } = readOptions('sockets', options, optionTable);
  const rule = (option: keyof typeof budgets, policy: string, by: Scope): Rule =>
    readRule(`sockets: ${option}`, `socket:${policy}`, budgets[option], by);
  const subscribes = [
    rule('subscribes', 'subscribes', 'PRINCIPAL'),
    rule('subscribesPerAddress', 'subscribes:address', 'ADDRESS'),
  ];
  const events = rule('events', 'events', 'PRINCIPAL');
  const scopes = [
    { policy: 'socket:open', by: 'PRINCIPAL', max: maxSockets },
    { policy: 'socket:open:address', by: 'ADDRESS', max: maxSocketsPerAddress },
  ] as const;
  const [, ofAddress] = scopes;
  const open = new Map<string, number>();
  const places = new WeakMap<object, Place>();
  const waiting = new Map<string, Waiting>();

  /** Lists the limits by which a socket is not counted yet. */
  function listBuckets(place: Place, by: readonly (typeof scopes)[number][], security: SecurityContext): Bucket[] {
    const buckets = by.map((scope) => ({ ...scope, key: `${scope.by} ${writeCallerKey([scope.by], security)}` }));
    return buckets.filter(({ key }) => !place.keys.includes(key));
  }

  const isFull = ({ key, max }: Bucket): boolean => !((open.get(key) ?? 0) < max);

  function stopWaiting(socket: object, { keys }: Place): void {
    for (const key of keys) {
      const all = waiting.get(key);
      if (!all) continue;
      all.silent.delete(socket);
      all.authenticating.delete(socket);
      if (all.silent.size + all.authenticating.size === 0) waiting.delete(key);
    }
  }

  function markAuthenticating(socket: object, isAuthenticating: boolean): void {
    for (const key of places.get(socket)?.keys ?? []) {
      const all = waiting.get(key);
      if (!all) continue;
      const [from, to] = isAuthenticating ? [all.silent, all.authenticating] : [all.authenticating, all.silent];
      if (from.delete(socket)) to.add(socket);
    }
  }

  function release(socket: object): void {
    const place = places.get(socket) ?? nowhere;
    stopWaiting(socket, place);
    for (const key of place.keys) {
      const left = (open.get(key) ?? 1) - 1;
      if (left > 0) open.set(key, left);
      else open.delete(key);
    }
    // A socket can close while its caller is being authenticated. If it were counted after that, nothing would ever release it.
    places.set(socket, { keys: [], isIn: true });
  }

  async function take(charges: readonly Charge[]): Promise<GraphQLError | undefined> {
    try {
      const taken = await counters.take(charges);
      if (!taken || taken.consumption.allowed) return undefined;
      const slowest = findSlowest(taken.consumption.exceeded);
      return refuse('RATE_LIMITED', slowest && readWait(slowest));
    } catch {
      return refuse('SERVICE_UNAVAILABLE', { reason: 'the store of the rate limit failed' });
    }
  }

  const limits: SocketLimits = {
    open(socket, security) {
      const [bucket] = places.has(socket) ? [] : listBuckets(nowhere, [ofAddress], security);
      if (!bucket) return undefined;
      const { key, policy } = bucket;
      const all = waiting.get(key) ?? { silent: new Set(), authenticating: new Set() };
      const full = isFull(bucket);
      const [oldest] = full ? (all.silent.size > 0 ? all.silent : all.authenticating) : [];
      if (full && !oldest) return { socket, refusal: refuse('RATE_LIMITED', { policy }) };
      if (oldest) release(oldest);
      open.set(key, (open.get(key) ?? 0) + 1);
      places.set(socket, { keys: [key], isIn: false });
      all.silent.add(socket);
      waiting.set(key, all);
      return oldest && { socket: oldest as typeof socket, refusal: refuse('RATE_LIMITED', { policy }) };
    },
    markAuthenticating,
    connect(socket, security) {
      const place = places.get(socket) ?? nowhere;
      if (place.isIn) return undefined;
      const buckets = listBuckets(place, scopes, security);
      const full = buckets.find(isFull);
      if (full) return refuse('RATE_LIMITED', { policy: full.policy });
      for (const { key } of buckets) open.set(key, (open.get(key) ?? 0) + 1);
      stopWaiting(socket, place);
      places.set(socket, { keys: [...place.keys, ...buckets.map(({ key }) => key)], isIn: true });
      return undefined;
    },
    disconnect: release,
    async subscribe(security) {
      const caller = identify(security);
      return take(subscribes.map((each) => buildCharge(each, caller)));
    },
    async next(security, contextValue) {
      const caller = identify(security);
      const points = pointsPerEvent ? listEventPoints(contextValue, caller) : [];
      return take([buildCharge(events, caller), ...points]);
    },
    refused: charge,
  };
  return withReports(limits, mode, reports);
}

/** Reports refusals. In report mode they are reported and nothing is refused. */
function withReports(limits: SocketLimits, mode: Control['mode'], reports: Events | undefined): SocketLimits {
  const isEnforced = mode !== 'report';

  function tell<R extends GraphQLError | undefined>(refusal: R, security: SecurityContext): R | undefined {
    if (refusal)
      reports?.emit(buildRefusalEvent('rate-limit', refusal), isEnforced ? 'refused' : 'reported', { security });
    return isEnforced ? refusal : undefined;
  }

  /** If a function of the application throws, graphql-ws would send its message to the client as the reason for closing the socket. */
  async function tellLate(asked: Promise<GraphQLError | undefined>, security: SecurityContext) {
    try {
      return tell(await asked, security);
    } catch (error) {
      if (!reports) throw error;
      return refuse('INTERNAL_SERVER_ERROR', { reason: reports.logged('limits of sockets failed', error) });
    }
  }

  return {
    ...limits,
    open(socket, security) {
      const tooMany = limits.open(socket, security);
      return tooMany && tell(tooMany.refusal, security) && tooMany;
    },
    connect: (socket, security) => tell(limits.connect(socket, security), security),
    subscribe: (security) => tellLate(limits.subscribe(security), security),
    next: (security, contextValue) => tellLate(limits.next(security, contextValue), security),
  };
}

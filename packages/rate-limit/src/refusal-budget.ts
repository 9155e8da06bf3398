/**
 * Stops: invalid documents sent for free, and ids tried out one denial after the other.
 * Room: on the way out, where refusals are counted; admit (and `context()`), where a caller that is over the budget is refused
 * from the memory of this process, without a store call.
 * Answers: `RATE_LIMITED`, 429, `Retry-After`.
 *
 * A refusal counts against one caller: the principal where there is one, otherwise the address. Each has 60 a minute.
 * - A request that is refused as a whole (it cannot be parsed, is not valid, is over a limit, is denied) counts as one. Of one
 *   that ran, each denied field does.
 * - Items of a list are denied as one, because others may have put them there. Where the client sent a list itself, such as one
 *   of ids, they count one by one, up to the length of that list.
 * - `UNAUTHENTICATED` counts nothing for a request without a principal. Pages ask for what needs a sign-in before anyone has
 *   signed in.
 * - A principal over its budget is refused from whatever address it calls.
 * - An address over its budget is refused what it sends without a credential. A verified principal answers for itself: what
 *   others do behind the same address takes nothing from it. Credentials are verified for that, also forged ones; brute-force
 *   protection bounds those.
 * - A request with neither a principal nor an address counts nothing, because all that have none would lock each other out.
 * - What is under way when the budget is spent is answered 429 when it ends, so that many requests at once bring no more than
 *   one after the other. Not what holds no refusal alone: then 429 would say what the refusal says. A mutation that ran is
 *   answered in any case.
 */
import {
  type Charge,
  type OutgoingAnswer,
  REFUSALS,
  type RefusalCode,
  type ResolvedOperation,
  refuse,
  type SecurityContext,
} from '@graphql-bulwark/core';
import { type GraphQLError, OperationTypeNode, visit } from 'graphql';
import { type Budget, readRule } from './budgets.ts';
import { buildCharge, identifyCaller } from './charges/charges.ts';
import { toWholeSeconds } from './response/headers.ts';
import type { Rule, Scope } from './rules/directive.ts';
import type { Reporter, SteadyStore } from './stores/fallback.ts';
import { createWindows } from './stores/fixed-window.ts';

/** An answer with errors that are not yet masked, and who is told where the store fails. */
export interface RefusedAnswer extends Pick<OutgoingAnswer, 'data' | 'security'>, Partial<Reporter> {
  /** Left out: the request ended before an operation was resolved. */
  readonly operation?: Pick<ResolvedOperation, 'operation' | 'document' | 'rawVariables'> | undefined;
  readonly errors: readonly Partial<Pick<GraphQLError, 'extensions' | 'path'>>[];
}

export interface Refusals {
  /** @returns the refusal of a caller that is over its budget. */
  readonly refusalFor: (security: SecurityContext) => GraphQLError | undefined;
  /**
   * Counts the refusals in an answer.
   *
   * @returns the refusal to answer with instead, where the budget was spent before. `undefined` to answer as it is; a mutation
   * that ran always is, because 429 would say that nothing was written.
   */
  readonly charge: (answer: RefusedAnswer) => GraphQLError | undefined;
  readonly reset: (bucket: Omit<Charge, 'points'>) => void;
  readonly policies: ReadonlyMap<string, Rule>;
}

/** Callers remembered at once. */
const remembered = 100_000;

/** What Apollo Server refuses by itself. An unknown persisted-query hash is ordinary. */
const ofApollo: ReadonlySet<unknown> = new Set([
  'BAD_USER_INPUT',
  'GRAPHQL_PARSE_FAILED',
  'GRAPHQL_VALIDATION_FAILED',
  'OPERATION_RESOLUTION_FAILURE',
]);

/** @throws {TypeError} for an invalid budget. */
export function compileRefusals(budget: Budget | false, counters: SteadyStore): Refusals {
  const rule = (policy: string, scope: Scope): Rule =>
    readRule('rateLimit: refusals', policy, budget === false ? { max: 1 } : budget, scope);
  const [ofAddress, ofPrincipal] = [rule('refusals:address', 'ADDRESS'), rule('refusals', 'PRINCIPAL')];
  if (budget === false) {
    return { refusalFor: () => undefined, charge: () => undefined, reset() {}, policies: new Map() };
  }
  const counted = createWindows(remembered);

  /** @returns `undefined` for a caller of whom nothing is known. */
  function buildChargeFor(security: SecurityContext, points: number): Charge | undefined {
    const { principal, clientIp } = security;
    if (!principal && clientIp === null) return undefined;
    return buildCharge(principal ? ofPrincipal : ofAddress, identifyCaller(security), points);
  }

  function findRefusal(charge: Charge): GraphQLError | undefined {
    const { remaining, resetSeconds } = counted.peek(charge);
    if (remaining > 0) return undefined;
    const { policy } = charge;
    return refuse('RATE_LIMITED', { retryAfterSeconds: toWholeSeconds(resetSeconds), coordinate: policy, policy });
  }

  async function chargeStore(charge: Charge, { report, failed }: Partial<Reporter>): Promise<void> {
    const reporter = report && failed ? { report, failed } : undefined;
    const [bucket] = (await counters.take([charge], reporter))?.consumption.buckets ?? [];
    // What the store knows of other processes counts here as well.
    if (bucket) counted.adopt(charge, bucket.charge.limit - bucket.remaining, bucket.resetSeconds);
  }

  return {
    refusalFor(security) {
      const charge = counted.size() === 0 ? undefined : buildChargeFor(security, 1);
      return charge && findRefusal(charge);
    },

    charge(answer) {
      const refused = countRefused(answer);
      if (refused === 0 && (counted.size() === 0 || answer.data === undefined)) return undefined;
      const charge = buildChargeFor(answer.security, Math.max(1, refused));
      if (!charge) return undefined;
      const refusal = findRefusal(charge);
      if (refusal) return hasWritten(answer) ? undefined : refusal;
      if (refused === 0) return undefined;
      const affordable = { ...charge, points: Math.min(refused, counted.peek(charge).remaining) };
      counted.consume([affordable]);
      chargeStore(affordable, answer).catch(() => undefined); // told by the store's own events; this process has counted
      return undefined;
    },

    reset: (bucket) => counted.reset(bucket),
    policies: new Map([ofAddress, ofPrincipal].map((each) => [each.policy, each])),
  };
}

function hasWritten({ data, operation }: RefusedAnswer): boolean {
  return data !== undefined && operation?.operation.operation === OperationTypeNode.MUTATION;
}

function countRefused(answer: RefusedAnswer): number {
  const { data, errors, security } = answer;
  const counts = (code: unknown): boolean => security.principal !== null || code !== 'UNAUTHENTICATED';
  const first = errors[0]?.extensions?.['code'];
  if (data === undefined && isRefused(first)) return counts(first) ? 1 : 0;
  const places = new Map<string, number>();
  for (const { path = [], extensions } of errors) {
    const code = extensions?.['code'];
    if (!isDenied(code) || !counts(code)) continue;
    const place = path.filter((key) => typeof key === 'string').join(' ');
    places.set(place, (places.get(place) ?? 0) + 1);
  }
  const denied = [...places.values()];
  if (denied.every((items) => items === 1)) return denied.length;
  const longest = findLongestList(answer);
  return denied.reduce((sum, items) => sum + Math.min(items, longest), 0);
}

/** How long the longest list is that the client sent, in the document or the variables; at least 1. */
function findLongestList({ operation }: RefusedAnswer): number {
  let longest = 1;
  // Without recursion: variables may be nested more deeply than the stack goes.
  const values: unknown[] = [operation?.rawVariables];
  while (values.length > 0) {
    const value = values.pop();
    if (typeof value !== 'object' || value === null) continue;
    const items: readonly unknown[] = Array.isArray(value) ? value : Object.values(value);
    if (Array.isArray(value)) longest = Math.max(longest, items.length);
    for (const item of items) values.push(item);
  }
  if (!operation) return longest;
  visit(operation.document, {
    ListValue({ values }) {
      longest = Math.max(longest, values.length);
    },
  });
  return longest;
}

function isRefused(code: unknown): boolean {
  if (ofApollo.has(code)) return true;
  const event = findEvent(code);
  return event !== undefined && event !== 'failure' && event !== 'rate.limited';
}

function isDenied(code: unknown): boolean {
  return findEvent(code) === 'access.denied';
}

function findEvent(code: unknown): string | undefined {
  return typeof code === 'string' && Object.hasOwn(REFUSALS, code) ? REFUSALS[code as RefusalCode].event : undefined;
}

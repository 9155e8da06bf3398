/**
 * Stops: invalid documents sent for free, and ids tried out one denial after the other.
 * Room: on the way out, where refusals are counted; admit (and `context()`), where a caller that is over the budget is refused
 * from the memory of this process, without a store call.
 * Answers: `RATE_LIMITED`, 429, `Retry-After`.
 *
 * A refusal counts against one caller: the principal where there is one, otherwise the address. Each may have 60 denials a minute,
 * and 60 other refusals.
 * - Over 60 denials, it is refused everything: each of them tells of an id.
 * - Over 60 others (documents that cannot be parsed, are not valid or are over a limit), it is refused documents that it has not run
 *   before. So a stale release, or a neighbour who sends what is not valid, keeps no one from the pages that work, the sign-in
 *   among them. Without a principal, what others have run without one counts as well.
 * - A verified principal answers for itself: what others do behind the same address takes nothing from it, and it is refused from
 *   whatever address it calls. Credentials are verified for that, also forged ones; brute-force protection bounds those.
 * - A request that is refused as a whole counts as one. Of one that ran, each denied field does.
 * - Items of a list are denied as one, because others may have put them there. Where the client sent a list itself, such as one
 *   of ids, they count one by one, up to the length of that list.
 * - `UNAUTHENTICATED` counts nothing for a request without a principal. Pages ask for what needs a sign-in before anyone has
 *   signed in.
 * - A request with neither a principal nor an address counts nothing, because all that have none would lock each other out.
 * - What is under way when the denials are spent is answered 429 when it ends, so that many requests at once bring no more than one
 *   after the other. Not only what holds a denial: then 429 would say what the denial says. So is one answer that holds more
 *   denials than the budget has. A mutation that ran is answered in any case.
 */
import {
  type Charge,
  type IncomingRequest,
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
import type { FallbackStore, Reporter } from './stores/fallback.ts';
import { createWindows } from './stores/fixed-window.ts';
import { createValidDocuments, type ValidDocuments } from './valid-documents.ts';

/** An answer with errors that are not yet masked, and who is told where the store fails. */
export interface RefusedAnswer extends Pick<OutgoingAnswer, 'data' | 'security'>, Partial<Reporter> {
  /** Left out: the request ended before an operation was resolved. */
  readonly operation?: Pick<ResolvedOperation, 'operation' | 'document' | 'rawVariables'> | undefined;
  readonly errors: readonly Partial<Pick<GraphQLError, 'extensions' | 'path'>>[];
}

export interface Refusals {
  /** @returns the refusal of a caller that is refused everything. */
  readonly refusalFor: (security: SecurityContext) => GraphQLError | undefined;
  /** @returns the refusal of a request: of such a caller, or of a document that may not be valid, from a caller who sent too many. */
  readonly refusalOf: (request: SentRequest) => GraphQLError | undefined;
  /** Told of each operation that may be executed. */
  readonly passed: ValidDocuments['remember'];
  /**
   * Counts the refusals in an answer.
   *
   * @returns the refusal to answer with instead, where the budget was spent before, or is less than this answer needs. `undefined`
   * to answer as it is; a mutation that ran always is, because 429 would say that nothing was written.
   */
  readonly charge: (answer: RefusedAnswer) => GraphQLError | undefined;
  readonly reset: (bucket: Omit<Charge, 'points'>) => void;
  readonly policies: ReadonlyMap<string, Rule>;
}

type SentRequest = Pick<IncomingRequest, 'source' | 'extensions' | 'security'>;

/** What is refused: something that tells of an id, or a request that could not be understood or was too large. */
type Kind = 'denial' | 'other';

/** Callers remembered at once. */
const remembered = 100_000;

/** Documents of callers remembered at once, in each of two generations. */
const rememberedDocuments = 20_000;

/** What Apollo Server refuses by itself. An unknown persisted-query hash is ordinary. */
const ofApollo: ReadonlySet<unknown> = new Set([
  'BAD_USER_INPUT',
  'GRAPHQL_PARSE_FAILED',
  'GRAPHQL_VALIDATION_FAILED',
  'OPERATION_RESOLUTION_FAILURE',
]);

/** @throws {TypeError} for an invalid budget. */
export function compileRefusals(budget: Budget | false, counters: FallbackStore): Refusals {
  const rule = (policy: string, scope: Scope): Rule =>
    readRule('rateLimit: refusals', policy, budget === false ? { max: 1 } : budget, scope);
  const ofPrincipal = { denial: rule('refusals', 'PRINCIPAL'), other: rule('refusals:documents', 'PRINCIPAL') };
  const ofAddress = {
    denial: rule('refusals:address', 'ADDRESS'),
    other: rule('refusals:address:documents', 'ADDRESS'),
  };
  if (budget === false) {
    const none = (): undefined => undefined;
    return { refusalFor: none, refusalOf: none, passed: none, charge: none, reset: none, policies: new Map() };
  }
  const counted = createWindows(remembered);
  const documents = createValidDocuments(rememberedDocuments);

  /** @returns `undefined` for a caller of whom nothing is known. */
  function buildChargeFor(security: SecurityContext, kind: Kind, points = 1): Charge | undefined {
    const { principal, clientIp } = security;
    if (!principal && clientIp === null) return undefined;
    return buildCharge((principal ? ofPrincipal : ofAddress)[kind], identifyCaller(security), points);
  }

  function findRefusal(charge: Charge): GraphQLError | undefined {
    const { remaining, resetSeconds } = counted.peek(charge);
    if (remaining > 0) return undefined;
    const { policy } = charge;
    return refuse('RATE_LIMITED', { retryAfterSeconds: toWholeSeconds(resetSeconds), coordinate: policy, policy });
  }

  function refusalFor(security: SecurityContext): GraphQLError | undefined {
    const charge = counted.size() === 0 ? undefined : buildChargeFor(security, 'denial');
    return charge && findRefusal(charge);
  }

  async function chargeStore(charge: Charge, { report, failed }: Partial<Reporter>): Promise<void> {
    const reporter = report && failed ? { report, failed } : undefined;
    const [bucket] = (await counters.take([charge], reporter))?.consumption.buckets ?? [];
    // What the store knows of other processes counts here as well.
    if (bucket) counted.adopt(charge, bucket.charge.limit - bucket.remaining, bucket.resetSeconds);
  }

  return {
    refusalFor,

    refusalOf(request) {
      const refusal = refusalFor(request.security);
      if (refusal || counted.size() === 0) return refusal;
      const charge = buildChargeFor(request.security, 'other');
      const tooMany = charge && findRefusal(charge);
      return tooMany && !documents.include(request) ? tooMany : undefined;
    },

    passed: documents.remember,

    charge(answer) {
      const { refused, kind } = countRefused(answer);
      if (refused === 0 && (counted.size() === 0 || answer.data === undefined)) return undefined;
      const charge = buildChargeFor(answer.security, kind, Math.max(1, refused));
      if (!charge) return undefined;
      const refusal = findRefusal(charge);
      if (refusal) return hasWritten(answer) ? undefined : refusal;
      if (refused === 0) return undefined;
      const affordable = { ...charge, points: Math.min(refused, counted.peek(charge).remaining) };
      counted.consume([affordable]);
      chargeStore(affordable, answer).catch(() => undefined); // told by the store's own events; this process has counted
      return refused > charge.limit && !hasWritten(answer) ? findRefusal(charge) : undefined;
    },

    reset: (bucket) => counted.reset(bucket),
    policies: new Map(
      [ofPrincipal, ofAddress].flatMap((rules) => Object.values(rules).map((each) => [each.policy, each] as const)),
    ),
  };
}

function hasWritten({ data, operation }: RefusedAnswer): boolean {
  return data !== undefined && operation?.operation.operation === OperationTypeNode.MUTATION;
}

/** Counts what an answer refuses. A place in it is told by its response keys, so that a list is one place. */
function countRefused(answer: RefusedAnswer): Counted {
  const { data, errors, security } = answer;
  const counts = (code: unknown): boolean => security.principal !== null || code !== 'UNAUTHENTICATED';
  const first = errors[0]?.extensions?.['code'];
  if (data === undefined && isRefused(first)) {
    return { refused: counts(first) ? 1 : 0, kind: isDenied(first) ? 'denial' : 'other' };
  }
  const places = new Map<string, number>();
  for (const { path = [], extensions } of errors) {
    const code = extensions?.['code'];
    if (!isDenied(code) || !counts(code)) continue;
    const place = path.filter((key) => typeof key === 'string').join(' ');
    places.set(place, (places.get(place) ?? 0) + 1);
  }
  const denied = [...places.values()];
  const longest = denied.some((items) => items > 1) ? findLongestList(answer) : 1;
  return { refused: denied.reduce((sum, items) => sum + Math.min(items, longest), 0), kind: 'denial' };
}

interface Counted {
  readonly refused: number;
  readonly kind: Kind;
}

/** How long the longest list is that the client sent, in the document or the variables; at least 1. */
function findLongestList({ operation }: RefusedAnswer): number {
  let longest = 1;
  // Without recursion: variables may be nested more deeply than the stack goes.
  const left: unknown[] = [operation?.rawVariables];
  while (left.length > 0) {
    const value = left.pop();
    if (typeof value !== 'object' || value === null) continue;
    const items: readonly unknown[] = Array.isArray(value) ? value : Object.values(value);
    if (Array.isArray(value)) longest = Math.max(longest, items.length);
    for (const item of items) left.push(item);
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
  if (code === 'PERSISTED_QUERY_NOT_FOUND') return false;
  const event = findEvent(code);
  return event !== undefined && event !== 'failure' && event !== 'rate.limited';
}

function isDenied(code: unknown): boolean {
  return findEvent(code) === 'access.denied';
}

function findEvent(code: unknown): string | undefined {
  return typeof code === 'string' && Object.hasOwn(REFUSALS, code) ? REFUSALS[code as RefusalCode].event : undefined;
}

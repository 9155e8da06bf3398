/**
 * Stops: invalid documents sent for free, and ids tried out one denial after the other.
 * Room: on the way out, where refused requests are charged; admit (and `context()`), where who is over the budget is refused
 * from the memory of this process, without a store call.
 * Answers: `RATE_LIMITED`, 429, `Retry-After`.
 */
import {
  type Charge,
  type OutgoingAnswer,
  REFUSALS,
  type RefusalCode,
  refuse,
  type SecurityContext,
} from '@graphql-bulwark/core';
import type { GraphQLError } from 'graphql';
import { type Budget, readRule } from './budgets.ts';
import { buildCharge, identifyCaller } from './charges/charges.ts';
import { toWholeSeconds } from './response/headers.ts';
import type { Rule, Scope } from './rules/directive.ts';
import type { FallbackStore, Reporter } from './stores/fallback.ts';
import { createWindows } from './stores/fixed-window.ts';

/** An answer with errors that are not yet masked, and who is told where the store fails. */
export interface RefusedAnswer extends Pick<OutgoingAnswer, 'data' | 'security'>, Partial<Reporter> {
  readonly errors: readonly Partial<Pick<GraphQLError, 'extensions' | 'path'>>[];
}

export interface Refusals {
  /** @returns the refusal of a caller or an address that is over its budget. */
  readonly refusalFor: (security: SecurityContext) => GraphQLError | undefined;
  /** Charges an answer that the request was refused with. */
  readonly charge: (answer: RefusedAnswer) => void;
  readonly reset: (bucket: Omit<Charge, 'points'>) => void;
  readonly policies: ReadonlyMap<string, Rule>;
}

/** Callers and addresses remembered at once. */
const remembered = 100_000;

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
  const [ofAddress, ofPrincipal] = [rule('refusals:address', 'ADDRESS'), rule('refusals', 'PRINCIPAL')];
  if (budget === false) {
    return { refusalFor: () => undefined, charge() {}, reset() {}, policies: new Map() };
  }
  const counted = createWindows(remembered);

  /** @param hasRun whether the request was answered in part: then the principal that was denied pays, and no other caller at its address. */
  function chargesFor(security: SecurityContext, points: number, hasRun = false): Charge[] {
    const rules = security.principal ? (hasRun ? [ofPrincipal] : [ofAddress, ofPrincipal]) : [ofAddress];
    const caller = identifyCaller(security);
    return rules.map((each) => buildCharge(each, caller, points));
  }

  return {
    refusalFor(security) {
      if (counted.size() === 0) return undefined;
      const over = chargesFor(security, 1)
        .map((charge) => counted.peek(charge))
        .filter(({ remaining }) => remaining === 0);
      if (over.length === 0) return undefined;
      const retryAfterSeconds = Math.max(...over.map(({ resetSeconds }) => toWholeSeconds(resetSeconds)));
      const policy = over[0]?.charge.policy;
      return refuse('RATE_LIMITED', { retryAfterSeconds, coordinate: policy, policy });
    },

    charge(answer) {
      const { security, report, failed } = answer;
      const reporter = report && failed ? { report, failed } : undefined;
      const refused = countRefused(answer);
      if (refused === 0) return;
      for (const charge of chargesFor(security, refused, answer.data !== undefined)) {
        const { remaining } = counted.peek(charge);
        if (remaining === 0) continue;
        const affordable = { ...charge, points: Math.min(refused, remaining) };
        counted.consume([affordable]);
        const told = async (): Promise<void> => {
          const [bucket] = (await counters.take([affordable], reporter))?.consumption.buckets ?? [];
          // What the store knows of other processes counts here as well.
          if (bucket) counted.adopt(charge, bucket.charge.limit - bucket.remaining, bucket.resetSeconds);
        };
        told().catch(() => undefined); // by the store's own events; this process has counted
      }
    },

    reset: (bucket) => counted.reset(bucket),
    policies: new Map([ofAddress, ofPrincipal].map((each) => [each.policy, each])),
  };
}

/**
 * A request that was refused as a whole is one; of one that ran, each place of a denial is, also where nothing is left of its
 * data. A list is one place: what others put into it is not what this caller asked for.
 */
function countRefused({ data, errors }: RefusedAnswer): number {
  if (data === undefined && isRefused(errors[0]?.extensions?.['code'])) return 1;
  const denied = errors.filter(({ extensions }) => isDenied(extensions?.['code']));
  return new Set(denied.map(({ path = [] }) => path.filter((key) => typeof key === 'string').join(' '))).size;
}

function isRefused(code: unknown): boolean {
  if (ofApollo.has(code)) return true;
  const event = buildEvent(code);
  return event !== undefined && event !== 'failure' && event !== 'rate.limited';
}

function isDenied(code: unknown): boolean {
  return buildEvent(code) === 'access.denied';
}

function buildEvent(code: unknown): string | undefined {
  return typeof code === 'string' && Object.hasOwn(REFUSALS, code) ? REFUSALS[code as RefusalCode].event : undefined;
}

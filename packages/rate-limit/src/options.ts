/** The options of the rate limit, checked once and made into what counts. */
import type { CounterStore, Principal, SecurityContext } from '@graphql-bulwark/core';
import {
  aCounterStore,
  aFlag,
  aFunction,
  among,
  atLeast,
  between,
  catchRejection,
  type OptionTable,
  orFalse,
  readOptions,
  show,
} from '@graphql-bulwark/core/internal';
import {
  aBudget,
  type Budget,
  type BudgetOptions,
  type Budgets,
  budgetTable,
  type CallerBudget,
  compileBudgets,
} from './budgets.ts';
import { type Caller, identifyCaller } from './charges/charges.ts';
import { compileRefusals, type Refusals } from './refusal-budget.ts';
import type { ActualCost } from './response/refund.ts';
import { type RateLimitDirectiveNames, readDirectiveName } from './rules/directive.ts';
import { type SteadyStore, withFallback } from './stores/fallback.ts';
import { memoryStore } from './stores/memory.ts';

export interface RateLimitOptions extends BudgetOptions {
  /** Where the counters live. Left out: the memory of this process, which other processes do not share. */
  readonly store?: CounterStore | undefined;
  /**
   * While the store fails: count in the memory of this process, refuse with 503, or let through uncounted. @default 'insurance'
   */
  readonly onStoreError?: 'insurance' | 'deny' | 'allow' | undefined;
  /** How many processes share the store; each insures its share of every limit. Whole number, 1 or more. @default 1 */
  readonly instances?: number | undefined;
  /** Time after which a silent store has failed. Whole number, 1 to 60000. @default 100 */
  readonly storeTimeoutMilliseconds?: number | undefined;
  /** After three failures in a row, how long the store is left alone before one request tries it. 1 to 60000. @default 1000 */
  readonly storeRetryMilliseconds?: number | undefined;
  /** The caller's tier, for budgets and rules with `tiers`. Left out: everybody has `max`. */
  readonly tier?: ((principal: Principal | null) => string) | undefined;
  /** Keeps buckets of these callers together in a Redis Cluster, apart from others. Left out: all in one slot. */
  readonly hashTag?: ((security: SecurityContext) => string | undefined) | undefined;
  /** What an operation really cost, by its answer: the rest of the points is given back. Left out: nothing is. */
  readonly actualCost?: ActualCost | undefined;
  /** Requests refused before they could be charged, and denials, of one address and of one caller. @default { max: 60 } */
  readonly refusals?: Budget | false | undefined;
  /** Fields over their limit become errors of their own, and the others are answered. Needs `secure()`. @default false */
  readonly partial?: boolean | undefined;
  /** What the schema calls the directive; `rateLimitDirectivesAs(names)` is its SDL. @default { rateLimit: 'rateLimit' } */
  readonly directiveNames?: RateLimitDirectiveNames | undefined;
  /** Adds `X-RateLimit-Limit`, `-Remaining` and `-Reset`, the latter in seconds since the epoch. @default false */
  readonly legacyHeaders?: boolean | undefined;
  /** `report`: counts, tells of what would be refused, and refuses nothing. @default 'enforce' */
  readonly mode?: 'enforce' | 'report' | undefined;
}

export interface CompiledOptions {
  readonly store: CounterStore;
  readonly isOwnStore: boolean;
  readonly counters: SteadyStore;
  readonly budgets: Budgets;
  readonly refusals: Refusals;
  readonly callerFor: (security: SecurityContext) => Caller;
  readonly actualCost: ActualCost | undefined;
  readonly isPartial: boolean;
  readonly legacyHeaders: boolean;
  readonly mode: 'enforce' | 'report' | undefined;
}

const optionTable = {
  ...budgetTable,
  store: { check: aCounterStore },
  onStoreError: { default: 'insurance', check: among('insurance', 'deny', 'allow') },
  instances: { default: 1, check: atLeast(1) },
  storeTimeoutMilliseconds: { default: 100, check: between(1, 60_000) },
  storeRetryMilliseconds: { default: 1_000, check: between(1, 60_000) },
  tier: { check: aFunction },
  hashTag: { check: aFunction },
  actualCost: { check: aFunction },
  refusals: { default: { max: 60 }, check: orFalse(aBudget) },
  partial: { default: false, check: aFlag },
  directiveNames: { check: (_, names) => void readDirectiveName(names as RateLimitDirectiveNames) },
  legacyHeaders: { default: false, check: aFlag },
  mode: { check: among('enforce', 'report') },
} satisfies OptionTable<RateLimitOptions>;

/** @throws {TypeError} for an invalid option. */
export function compileOptions(options: RateLimitOptions): CompiledOptions {
  const settings = readOptions('rateLimit', options, optionTable);
  const { tier, hashTag, actualCost, partial, legacyHeaders, mode } = settings;
  if (actualCost && !settings.points) throw new TypeError('actualCost needs points and cost.');
  const store = settings.store ?? memoryStore();
  const counters = withFallback(store, {
    onStoreError: settings.onStoreError,
    instances: settings.instances,
    timeoutMilliseconds: settings.storeTimeoutMilliseconds,
    retryMilliseconds: settings.storeRetryMilliseconds,
  });
  const budgets = compileBudgets(settings);
  for (const name of ['perPrincipal', 'perOperation', 'points'] as const) {
    if (!tier && hasTiers(settings[name])) throw new TypeError(`${name}.tiers ${needTier}`);
  }
  return {
    store,
    isOwnStore: settings.store === undefined,
    counters,
    budgets,
    refusals: compileRefusals(settings.refusals, counters),
    callerFor: (security) =>
      identifyCaller(
        security,
        tier && requireText('tier', tier(security.principal)),
        hashTag && requireText('hashTag', hashTag(security)),
      ),
    actualCost,
    isPartial: partial,
    legacyHeaders,
    mode,
  };
}

/** Without it everybody would be of no tier, and nothing would say so. */
export const needTier: string = 'need the option tier of rateLimit: a function that says which tier a caller has.';

/** Of a budget that was checked. */
export function hasTiers(budget: CallerBudget | undefined): boolean {
  return Object.keys(budget?.tiers ?? {}).length > 0;
}

/** Of anything else a store could only say that it failed, or no tier be found: a promise is no text. */
function requireText(option: string, returned: unknown): string | undefined {
  const text = catchRejection(returned);
  if (text === undefined || typeof text === 'string') return text;
  throw new TypeError(`${option} must return a text or undefined, but returned ${show(text)}.`);
}

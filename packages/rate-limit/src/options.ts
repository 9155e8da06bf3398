/** The options of `rateLimit()`: what each means, its default, and how it is checked. */
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
import { type FallbackStore, withFallback } from './stores/fallback.ts';
import { memoryStore } from './stores/memory.ts';

/** Where and how requests are counted, and what happens above a limit. */
export interface RateLimitOptions extends BudgetOptions {
  /** Where the counters are kept. Left out: in the memory of this process, which other processes do not share. */
  readonly store?: CounterStore | undefined;
  /**
   * What happens while the store fails: `insurance` counts in the memory of this process, `deny` refuses with 503, and `allow` answers
   * without counting. @default 'insurance'
   */
  readonly onStoreError?: 'insurance' | 'deny' | 'allow' | undefined;
  /**
   * How many processes share the store. While it fails, each of them allows its share of every limit. Whole number, 1 or more. @default 1
   */
  readonly instances?: number | undefined;
  /** Milliseconds after which a store that does not answer counts as failed. Whole number, 1 to 60000. @default 100 */
  readonly storeTimeoutMilliseconds?: number | undefined;
  /** Milliseconds for which no request asks the store after three failures in a row; then one tries it. 1 to 60000. @default 1000 */
  readonly storeRetryMilliseconds?: number | undefined;
  /** Returns the caller's tier, for budgets and rules with `tiers`. Left out: all callers have `max`. */
  readonly tier?: ((principal: Principal | null) => string) | undefined;
  /** Returns a text that puts a caller's buckets into a slot of a Redis Cluster. `undefined` or left out: all share one slot. */
  readonly hashTag?: ((security: SecurityContext) => string | undefined) | undefined;
  /** Returns what an operation cost after it ran; the other points are given back. Left out: none are. */
  readonly actualCost?: ActualCost | undefined;
  /** Budget of refusals and denials, per address and per caller: above it, requests are refused. `false`: none. @default { max: 60 } */
  readonly refusals?: Budget | false | undefined;
  /** Whether only the fields above their limit become errors, and the others are answered. Needs `secure()`. @default false */
  readonly partial?: boolean | undefined;
  /** Whether to add `X-RateLimit-Limit`, `-Remaining` and `-Reset`, the last in seconds since the epoch. @default false */
  readonly legacyHeaders?: boolean | undefined;
  /** `report`: requests are counted, what would be refused becomes an event, and nothing is refused. @default 'enforce' */
  readonly mode?: 'enforce' | 'report' | undefined;
}

/** The options with their defaults, compiled. */
export interface CompiledOptions {
  readonly store: CounterStore;
  /** Whether the store was made here, and so is closed here. */
  readonly isOwnStore: boolean;
  readonly counters: FallbackStore;
  readonly budgets: Budgets;
  readonly refusals: Refusals;
  readonly identify: (security: SecurityContext) => Caller;
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
  legacyHeaders: { default: false, check: aFlag },
  mode: { check: among('enforce', 'report') },
} satisfies OptionTable<RateLimitOptions>;

/** Fills in the defaults and compiles the budgets. @throws {TypeError} for an invalid option. */
export function compileOptions(options: RateLimitOptions): CompiledOptions {
  const settings = readOptions('rateLimit', options, optionTable);
  const { tier, hashTag, actualCost, partial, legacyHeaders, mode } = settings;
  if (actualCost && !settings.points) {
    throw new TypeError('rateLimit: actualCost needs points and cost: it returns points to that budget.');
  }
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
    identify(security) {
      const tierName = tier && requireText('tier', tier(security.principal));
      return identifyCaller(security, tierName, hashTag && requireText('hashTag', hashTag(security)));
    },
    actualCost,
    isPartial: partial,
    legacyHeaders,
    mode,
  };
}

/** The end of a message. Without the option no caller would have a tier, and the limits of tiers would never apply, unnoticed. */
export const needTier: string = 'need the option tier of rateLimit: a function that says which tier a caller has.';

/** Whether a budget, which must be valid, has limits for tiers. */
export function hasTiers(budget: CallerBudget | undefined): boolean {
  return Object.keys(budget?.tiers ?? {}).length > 0;
}

/**
 * Requires a text from a function of the application. A promise, for example, would silently be no tier, or a hash tag that the store
 * fails on.
 *
 * @throws {TypeError} for anything but a text or `undefined`: the operation is then denied.
 */
function requireText(option: string, returned: unknown): string | undefined {
  const text = catchRejection(returned);
  if (text === undefined || typeof text === 'string') return text;
  throw new TypeError(`${option} must return a text or undefined, but returned ${show(text)}.`);
}

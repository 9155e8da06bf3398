/** The options of the rate limit, checked once and made into what counts. */
import {
  type CounterStore,
  checkFunctions,
  checkMode,
  knownOptions,
  oneOf,
  ownVerdict,
  type Principal,
  type SecurityContext,
  show,
  wholeNumber,
} from '@graphql-bulwark/core';
import { type Budget, type BudgetOptions, type Budgets, type CallerBudget, compileBudgets } from './budgets.ts';
import { type Caller, callerOf } from './charges/charges.ts';
import { compileRefusals, type Refusals } from './refusal-budget.ts';
import type { LegacyHeaders } from './response/headers.ts';
import type { ActualCost } from './response/refund.ts';
import { type SteadyStore, steady } from './stores/fallback.ts';
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
  /** Writes `extensions.cost` with `throttleStatus` into answers. @default false */
  readonly costExtension?: boolean | undefined;
  /** Requests refused before they could be charged, and denials, of one address and of one caller. @default { max: 60 } */
  readonly refusals?: Budget | false | undefined;
  /** Fields over their limit become errors of their own, and the others are answered. Needs `secure()`. @default false */
  readonly partial?: boolean | undefined;
  /** Adds `X-RateLimit-Limit`, `-Remaining` and `-Reset`. @default false */
  readonly legacyHeaders?: LegacyHeaders | false | undefined;
  /** Status of a refusal; 200 for clients that drop the body of any other. @default 429 */
  readonly httpStatus?: 429 | 200 | undefined;
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
  readonly isTold: boolean;
  readonly isPartial: boolean;
  readonly legacy: LegacyHeaders | false;
  readonly httpStatus: 429 | 200;
  readonly mode: 'enforce' | 'report' | undefined;
}

/** @throws {TypeError} for an option that cannot be meant. */
export function compileOptions(options: RateLimitOptions): CompiledOptions {
  knownOptions('rateLimit', options, optionNames);
  const { store: given, onStoreError = 'insurance', tier, hashTag, actualCost, mode } = options;
  const {
    costExtension = false,
    partial = false,
    legacyHeaders = false,
    httpStatus = 429,
    refusals = { max: 60 },
  } = options;
  oneOf('onStoreError', onStoreError, ['insurance', 'deny', 'allow']);
  checkMode('rateLimit', mode);
  oneOf('costExtension', costExtension, [true, false]);
  oneOf('partial', partial, [true, false]);
  oneOf('legacyHeaders', legacyHeaders, [false, 'epoch', 'delta']);
  oneOf('httpStatus', httpStatus, [429, 200]);
  checkFunctions({ tier, hashTag, actualCost });
  if (actualCost && !options.points) throw new TypeError('actualCost needs points and cost.');
  if (given !== undefined && typeof given?.consume !== 'function') {
    throw new TypeError(`store must be a CounterStore, such as redisStore({ client }), but is ${show(given)}.`);
  }
  const store = given ?? memoryStore();
  const counters = steady(store, {
    onStoreError,
    instances: wholeNumber('instances', options.instances ?? 1),
    timeoutMilliseconds: milliseconds('storeTimeoutMilliseconds', options.storeTimeoutMilliseconds ?? 100),
    retryMilliseconds: milliseconds('storeRetryMilliseconds', options.storeRetryMilliseconds ?? 1_000),
  });
  const budgets = compileBudgets(options);
  for (const name of ['perPrincipal', 'perOperation', 'points'] as const) {
    if (!tier && hasTiers(options[name])) throw new TypeError(`${name}.tiers ${needTier}`);
  }
  return {
    store,
    isOwnStore: given === undefined,
    counters,
    budgets,
    refusals: compileRefusals(refusals, counters, httpStatus),
    callerFor: (security) =>
      callerOf(
        security,
        tier && returnedText('tier', tier(security.principal)),
        hashTag && returnedText('hashTag', hashTag(security)),
      ),
    actualCost,
    isTold: costExtension,
    isPartial: partial,
    legacy: legacyHeaders,
    httpStatus,
    mode,
  };
}

/** Without it everybody would be of no tier, and nothing would say so. */
export const needTier: string = 'need the option tier of rateLimit: a function that says which tier a caller has.';

/** Of a budget that was checked. */
export function hasTiers(budget: CallerBudget | undefined): boolean {
  return Object.keys(budget?.tiers ?? {}).length > 0;
}

const optionNames = [
  'store',
  'onStoreError',
  'instances',
  'storeTimeoutMilliseconds',
  'storeRetryMilliseconds',
  'tier',
  'hashTag',
  'perAddress',
  'perPrincipal',
  'perOperation',
  'global',
  'points',
  'cost',
  'actualCost',
  'costExtension',
  'refusals',
  'partial',
  'legacyHeaders',
  'httpStatus',
  'mode',
] as const satisfies readonly (keyof RateLimitOptions)[];

/** Of anything else a store could only say that it failed, or no tier be found: a promise is no text. */
function returnedText(option: string, returned: unknown): string | undefined {
  const text = ownVerdict(returned);
  if (text === undefined || typeof text === 'string') return text;
  throw new TypeError(`${option} must return a text or undefined, but returned ${show(text)}.`);
}

function milliseconds(option: string, value: unknown): number {
  const checked = wholeNumber(option, value);
  if (checked > 60_000) throw new TypeError(`${option} must be at most 60000, but is ${checked}.`);
  return checked;
}

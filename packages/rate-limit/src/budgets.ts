/**
 * Budgets of whole operations: per address, per caller, per operation, for all callers together, and of points.
 *
 * Two operations are the same when they select the same, whatever their names are. A client can invent any number of names, and would
 * otherwise have a new budget with each.
 */
import { type Charge, type ResolvedOperation, refuse, type SecurityContext } from '@graphql-bulwark/core';
import {
  aFunction,
  atLeast,
  byName,
  type Check,
  catchRejection,
  must,
  type OptionTable,
  readOptions,
  requirePlainObject,
  roundUpPoints,
  type SharedTable,
} from '@graphql-bulwark/core/internal';
import { buildCharge, type Caller } from './charges/charges.ts';
import { hashOperation } from './charges/operation-hash.ts';
import { costPolicy } from './response/headers.ts';
import { aWindow, type Rule, readScopes, type Scope } from './rules/directive.ts';

/** How many points a bucket holds, and for how long. An operation costs one, or what `cost` returns. */
export interface Budget {
  /** Points per window. Whole number, 1 or more. */
  readonly max: number;
  /** Length of a window in seconds. Whole number, 1 to 2147483. @default 60 */
  readonly windowSeconds?: number | undefined;
}

/** A budget that can be larger or smaller for some callers. */
export interface CallerBudget extends Budget {
  /** Tier -> its limit in place of `max`. Left out, or for another tier: `max`. */
  readonly tiers?: Readonly<Record<string, number>> | undefined;
}

/** A budget for each distinct operation of a caller. */
export interface OperationBudget extends CallerBudget {
  /** Name of an operation -> its budget, for trusted callers. */
  readonly byName?: Readonly<Record<string, Budget>> | undefined;
  /** Whether a caller is trusted to name operations truthfully; only `true` counts. Required with `byName`. */
  readonly trusted?: ((security: SecurityContext) => boolean) | undefined;
}

/** Budgets of whole operations. */
export interface BudgetOptions {
  /** Operations from one address, of all principals together. Left out: no limit. */
  readonly perAddress?: Budget | undefined;
  /** Operations of one caller; an anonymous caller is identified by the address. Left out: no limit. */
  readonly perPrincipal?: CallerBudget | undefined;
  /** Repetitions of one operation by one caller. Left out: no limit. */
  readonly perOperation?: OperationBudget | undefined;
  /** Operations of all callers together. Left out: no limit. */
  readonly global?: Budget | undefined;
  /** Points of one caller, spent by `cost`. Left out: no limit. */
  readonly points?: CallerBudget | undefined;
  /** What an operation is estimated to cost, before it runs: a finite number, 0 or more. Required with `points`. */
  readonly cost?: ((operation: ResolvedOperation) => number) | undefined;
}

/** Checks that an option is a budget; its content is read later, by a table of its own. */
export const aBudget: Check = must(
  'be a budget such as { max: 60 }',
  (value: unknown) => typeof value === 'object' && value !== null,
);

/** The rows of these options. The content of each budget is read by a table of its own. */
export const budgetTable: SharedTable<BudgetOptions> = {
  perAddress: { check: aBudget },
  perPrincipal: { check: aBudget },
  perOperation: { check: aBudget },
  global: { check: aBudget },
  points: { check: aBudget },
  cost: { check: aFunction },
};

const plainTable = {
  max: { required: true, check: atLeast(1) },
  windowSeconds: { default: 60, check: aWindow },
} satisfies OptionTable<Budget>;

const callerTable = {
  ...plainTable,
  tiers: { default: {}, check: byName(atLeast(1)) },
} satisfies OptionTable<CallerBudget>;

const operationTable = {
  ...callerTable,
  byName: { default: {}, check: requirePlainObject },
  trusted: { check: aFunction },
} satisfies OptionTable<OperationBudget>;

/** The budgets of one server. */
export interface Budgets {
  /** What an operation owes to all budgets. @throws `COST_LIMIT_EXCEEDED` for one that costs more points than a window holds. */
  readonly charges: (operation: ResolvedOperation, caller: Caller) => Charge[];
  /** What an operation owes to the budget of points alone. @throws as `charges`. */
  readonly points: (operation: ResolvedOperation, caller: Caller) => Charge[];
  /** Policy -> its rule. */
  readonly policies: ReadonlyMap<string, Rule>;
}

/** Compiles the budgets. @throws {TypeError} for an invalid budget. */
export function compileBudgets(options: BudgetOptions): Budgets {
  const { perAddress, perPrincipal, perOperation, global, points, cost } = options;
  if ((points === undefined) !== (cost === undefined)) {
    throw new TypeError(
      'rateLimit: points and cost need each other: the budget, and the function that prices an operation.',
    );
  }
  const flat = [
    perAddress && readRule('rateLimit: perAddress', 'address', perAddress, 'ADDRESS'),
    perPrincipal && readRule('rateLimit: perPrincipal', 'principal', perPrincipal, 'PRINCIPAL'),
    global && readRule('rateLimit: global', 'global', global, 'GLOBAL'),
  ].filter((rule) => rule !== undefined);
  const spending = points && readRule('rateLimit: points', costPolicy, points, 'PRINCIPAL');
  const each = perOperation && readOptions('rateLimit: perOperation', perOperation, operationTable);
  const operation = each && buildRule('operation', each, 'PRINCIPAL');
  const rules = new Map(
    Object.entries(each?.byName ?? {}).map(([name, budget]) => {
      const read = readOptions(`rateLimit: perOperation.byName.${name}`, budget, plainTable);
      return [name, buildRule(`operation:${name}`, read, 'PRINCIPAL')];
    }),
  );
  const trusted = each?.trusted;
  if (rules.size > 0 && !trusted) {
    throw new TypeError(
      'rateLimit: perOperation.byName needs trusted, a function that says which callers name their operations truthfully.',
    );
  }

  function chargeOperation(rule: Rule, resolved: ResolvedOperation, caller: Caller): Charge {
    const label = resolved.operation.name?.value;
    const named = label === undefined ? undefined : rules.get(label);
    if (named && catchRejection(trusted?.(caller.security)) === true) return buildCharge(named, caller);
    return buildCharge(rule, caller, 1, `,o:${hashOperation(resolved)}`);
  }

  function chargePoints(resolved: ResolvedOperation, caller: Caller): Charge[] {
    const estimated = catchRejection(cost?.(resolved)) ?? 0;
    if (!spending || estimated === 0) return [];
    const charge = buildCharge(spending, caller, roundUpPoints(estimated as number));
    if (charge.points <= charge.limit) return [charge];
    throw refuse('COST_LIMIT_EXCEEDED', { limit: 'points', actual: charge.points, maximum: charge.limit });
  }

  return {
    charges(resolved, caller) {
      const charges = flat.map((rule) => buildCharge(rule, caller));
      if (operation) charges.push(chargeOperation(operation, resolved, caller));
      charges.push(...chargePoints(resolved, caller));
      return charges;
    },
    points: chargePoints,
    policies: new Map([...flat, ...rules.values(), ...(spending ? [spending] : [])].map((rule) => [rule.policy, rule])),
  };
}

/** A budget with its defaults. */
interface ReadBudget extends CallerBudget {
  readonly windowSeconds: number;
}

/**
 * Reads a budget into a rule.
 *
 * @param where the option, for messages. @throws {TypeError} for an invalid budget.
 */
export function readRule(where: string, policy: string, budget: CallerBudget, scope: Scope): Rule {
  const read =
    scope === 'PRINCIPAL'
      ? readOptions(where, budget, callerTable)
      : readOptions<Budget, typeof plainTable>(where, budget, plainTable);
  return buildRule(policy, read, scope);
}

function buildRule(policy: string, budget: ReadBudget, scope: Scope): Rule {
  const { max, windowSeconds, tiers = {} } = budget;
  return {
    policy,
    coordinate: policy,
    max,
    windowSeconds,
    by: readScopes([scope]),
    args: [],
    tiers: new Map(Object.entries(tiers)),
  };
}

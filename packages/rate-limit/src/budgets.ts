/**
 * Budgets of whole operations: by address, by caller, by operation, of all together, and of points.
 *
 * An operation is known by what it asks for, never by the name alone: a client makes up names without end.
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

export interface Budget {
  /** Per window. Whole number, 1 or more. */
  readonly max: number;
  /** Whole number, 1 to 2147483. @default 60 */
  readonly windowSeconds?: number | undefined;
}

export interface CallerBudget extends Budget {
  /** Tier -> its limit in place of `max`. Left out, or for another tier: `max`. */
  readonly tiers?: Readonly<Record<string, number>> | undefined;
}

export interface OperationBudget extends CallerBudget {
  /** Name of an operation -> its budget, for callers who are trusted to name their operations. */
  readonly byName?: Readonly<Record<string, Budget>> | undefined;
  /** Who is. Required with `byName`. */
  readonly trusted?: ((security: SecurityContext) => boolean) | undefined;
}

export interface BudgetOptions {
  /** Operations of one address, whatever principals call. Left out: no limit. */
  readonly perAddress?: Budget | undefined;
  /** Operations of one caller; an anonymous one is told by its address. Left out: no limit. */
  readonly perPrincipal?: CallerBudget | undefined;
  /** One and the same operation of one caller. Left out: no limit. */
  readonly perOperation?: OperationBudget | undefined;
  /** Operations of all callers together. Left out: no limit. */
  readonly global?: Budget | undefined;
  /** Points of one caller, spent by `cost`. Left out: no limit. */
  readonly points?: CallerBudget | undefined;
  /** What an operation is estimated to cost, before it runs: a finite number, 0 or more. Required with `points`. */
  readonly cost?: ((operation: ResolvedOperation) => number) | undefined;
}

export const aBudget: Check = must(
  'be a budget such as { max: 60 }',
  (value: unknown) => typeof value === 'object' && value !== null,
);

/** Of `rateLimit`, where each budget is read by a table of its own. */
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
  /** @throws `COST_LIMIT_EXCEEDED` for an operation that the whole budget could not pay. */
  readonly charges: (operation: ResolvedOperation, caller: Caller) => Charge[];
  /** Of the budget of points alone. */
  readonly points: (operation: ResolvedOperation, caller: Caller) => Charge[];
  /** policy -> its rule. */
  readonly policies: ReadonlyMap<string, Rule>;
}

/** @throws {TypeError} for an invalid budget. */
export function compileBudgets(options: BudgetOptions): Budgets {
  const { perAddress, perPrincipal, perOperation, global, points, cost } = options;
  if ((points === undefined) !== (cost === undefined)) throw new TypeError('points and cost need each other.');
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
    throw new TypeError('perOperation.byName needs trusted: a function that says whose names count.');
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

/** A budget that was read. */
interface ReadBudget extends CallerBudget {
  readonly windowSeconds: number;
}

/** @throws {TypeError} for an invalid budget. */
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

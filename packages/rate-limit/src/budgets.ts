/**
 * Budgets of whole operations: by address, by caller, by operation, of all together, and of points.
 *
 * An operation is known by what it asks for, never by the name alone: a client makes up names without end.
 */
import {
  type Charge,
  knownOptions,
  ownVerdict,
  plainObject,
  type ResolvedOperation,
  refuse,
  type SecurityContext,
  show,
  wholeNumber,
} from '@graphql-bulwark/core';
import { type Caller, chargeFor } from './charges/charges.ts';
import { hashOperation } from './charges/operation-hash.ts';
import { wholePoints } from './points.ts';
import { costPolicy } from './response/headers.ts';
import { type Rule, type Scope, scopesOf, windowOf } from './rules/directive.ts';

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
  /** Operations of one address, whoever is calling. Left out: no limit. */
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

/** The budgets of one server. */
export interface Budgets {
  /** @throws `COST_LIMIT_EXCEEDED` for an operation that the whole budget could not pay. */
  readonly charges: (operation: ResolvedOperation, caller: Caller) => Charge[];
  /** Of the budget of points alone. */
  readonly points: (operation: ResolvedOperation, caller: Caller) => Charge[];
  /** policy -> its rule. */
  readonly policies: ReadonlyMap<string, Rule>;
}

/** @throws {TypeError} for a budget that cannot be meant. */
export function compileBudgets(options: BudgetOptions): Budgets {
  const { perAddress, perPrincipal, perOperation, global, points, cost } = options;
  if ((points === undefined) !== (cost === undefined)) throw new TypeError('points and cost need each other.');
  if (cost !== undefined && typeof cost !== 'function')
    throw new TypeError(`cost must be a function, but is ${show(cost)}.`);
  const flat = [
    ruleOf('perAddress', 'address', perAddress, 'ADDRESS'),
    ruleOf('perPrincipal', 'principal', perPrincipal, 'PRINCIPAL'),
    ruleOf('global', 'global', global, 'GLOBAL'),
  ].filter((rule) => rule !== undefined);
  const spending = ruleOf('points', costPolicy, points, 'PRINCIPAL');
  const operation = ruleOf('perOperation', 'operation', perOperation, 'PRINCIPAL', ['byName', 'trusted']);
  const byName = new Map<string, Rule>();
  for (const [name, budget] of Object.entries(plainObject('perOperation.byName', perOperation?.byName ?? {}))) {
    const rule = ruleOf(`perOperation.byName.${name}`, `operation:${name}`, budget, 'PRINCIPAL');
    if (rule) byName.set(name, rule);
  }
  const trusted = perOperation?.trusted;
  if (byName.size > 0 && typeof trusted !== 'function') {
    throw new TypeError('perOperation.byName needs trusted: a function that says whose names count.');
  }

  function ofOperation(rule: Rule, resolved: ResolvedOperation, caller: Caller): Charge {
    const label = resolved.operation.name?.value;
    const named = label === undefined ? undefined : byName.get(label);
    if (named && ownVerdict(trusted?.(caller.security)) === true) return chargeFor(named, caller);
    return chargeFor(rule, caller, 1, `,o:${hashOperation(resolved)}`);
  }

  function ofPoints(resolved: ResolvedOperation, caller: Caller): Charge[] {
    const estimated = ownVerdict(cost?.(resolved)) ?? 0;
    if (!spending || estimated === 0) return [];
    const charge = chargeFor(spending, caller, wholePoints(estimated as number));
    if (charge.points <= charge.limit) return [charge];
    throw refuse('COST_LIMIT_EXCEEDED', { limit: 'points', actual: charge.points, maximum: charge.limit });
  }

  return {
    charges(resolved, caller) {
      const charges = flat.map((rule) => chargeFor(rule, caller));
      if (operation) charges.push(ofOperation(operation, resolved, caller));
      charges.push(...ofPoints(resolved, caller));
      return charges;
    },
    points: ofPoints,
    policies: new Map(
      [...flat, ...byName.values(), ...(spending ? [spending] : [])].map((rule) => [rule.policy, rule]),
    ),
  };
}

/** @throws {TypeError} */
export function ruleOf(
  option: string,
  policy: string,
  budget: CallerBudget | undefined,
  scope: Scope,
  more: readonly string[] = [],
): Rule | undefined {
  if (budget === undefined) return undefined;
  if (typeof budget !== 'object' || budget === null)
    throw new TypeError(`${option} must be a budget such as { max: 60 }, but is ${show(budget)}.`);
  knownOptions(option, budget, ['max', 'windowSeconds', ...(scope === 'PRINCIPAL' ? ['tiers'] : []), ...more]);
  const { max, windowSeconds = 60, tiers = {} } = budget;
  const limits = Object.entries(plainObject(`${option}.tiers`, tiers));
  return {
    policy,
    coordinate: policy,
    max: wholeNumber(`${option}.max`, max),
    windowSeconds: windowOf(option, windowSeconds),
    by: scopesOf([scope]),
    args: [],
    tiers: new Map(limits.map(([name, limit]) => [name, wholeNumber(`${option}.tiers.${name}`, limit)])),
  };
}

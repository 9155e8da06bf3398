/** What a user may set about cost, and how it holds. */
import type { ResolvedOperation, SecurityContext } from '@graphql-bulwark/core';
import {
  aFlag,
  aFunction,
  among,
  atLeast,
  byName,
  dropDefaults,
  fullListOf,
  type OptionTable,
  orFalse,
  readOptions,
  requirePlainObject,
  type SharedTable,
  show,
} from '@graphql-bulwark/core/internal';
import type { GraphQLSchema } from 'graphql';
import type { Estimator } from './models/estimators.ts';

/** How long the list of one field can be: what `@listSize` says, for schemas that cannot be annotated. */
export interface ListSize {
  /** The length where no argument says it. It is believed: `executionLimits` tells of lists that are longer. 0 or more. */
  readonly assumedSize?: number | undefined;
  /** Arguments that say the length, or whose own length it is; paths such as `page.first`. The largest one counts. */
  readonly slicingArguments?: readonly string[] | undefined;
  /** The fields below that are the lists, in place of the field itself; `results { page }` reaches one further. */
  readonly sizedFields?: readonly string[] | undefined;
  /** Whether exactly one of the slicing arguments must be given. @default true */
  readonly requireOneSlicingArgument?: boolean | undefined;
  /** The longest list that may be asked of this field, in place of the general `maxListSize`. 1 or more. */
  readonly maxListSize?: number | undefined;
}

/** Ceilings on cost. */
export interface CostLimits {
  /** Field cost of one operation. 0 or more, or `false`. @default 1000 */
  readonly maxCost?: number | false | undefined;
  /**
   * Type cost of one operation: the objects it can return, by their weights. 0 or more, or `false`.
   * @default 10000, and `false` with `model: 'apollo'` and with estimators
   */
  readonly maxTypeCost?: number | false | undefined;
}

export interface CostOptions extends CostLimits {
  /**
   * `ibm`: a list field costs once and its children once for each item; selections are merged as execution merges them.
   * `apollo`: the field itself is multiplied too, and nothing is merged, as budgets of Apollo Router count. @default 'ibm'
   */
  readonly model?: 'ibm' | 'apollo' | undefined;
  /** Estimators as graphql-query-complexity has them, in place of `@cost` and `@listSize`. The first number counts. */
  readonly estimators?: readonly Estimator[] | undefined;
  /**
   * Schema coordinate (`Type`, `Type.field`, `Type.field(arg:)`, `Input.field`) -> weight; it wins over `@cost`. A negative one
   * makes its own field cheaper, down to 0, and pays for nothing else.
   */
  readonly weights?: Readonly<Record<string, number>> | undefined;
  /** `Type.field` -> how long its list can be; each entry wins over the same argument of `@listSize`. */
  readonly listSizes?: Readonly<Record<string, ListSize>> | undefined;
  /** Length of a list of which nothing is known. 0 or more. @default 10 */
  readonly defaultListSize?: number | undefined;
  /** The longest list that an argument may ask for. 1 or more, or `false`. @default 1000 */
  readonly maxListSize?: number | false | undefined;
  /** What every query costs beside its fields. 0 or more. @default 0 */
  readonly queryCost?: number | undefined;
  /** What every mutation costs beside its fields. 0 or more. @default 10 */
  readonly mutationCost?: number | undefined;
  /** What every subscription costs beside its fields. 0 or more. @default 0 */
  readonly subscriptionCost?: number | undefined;
  /**
   * Selections and values that are looked at to price one operation, and once more values of variables that are looked at in
   * each request. One that needs more is refused. @default 50000
   */
  readonly maxCostNodes?: number | undefined;
  /** Tells clients what an operation cost, in `extensions.cost`. @default false */
  readonly exposeCost?: boolean | undefined;
  /** Counts again after execution, with the lists as long as they were. Needs `exposeCost`. @default false */
  readonly actualCost?: boolean | undefined;
  /** `report`: what would be refused becomes an event and nothing is refused. @default 'enforce' */
  readonly mode?: 'enforce' | 'report' | undefined;
  /** Tighter ceilings for some callers. A value above a ceiling is cut to it. Left out: the ceilings hold for everyone. */
  readonly perPrincipal?: ((security: SecurityContext) => CostLimits) | undefined;
  /** The schema as each caller may know it: clients are told of nothing else. Left out: the whole schema. */
  readonly view?: ViewOf | undefined;
}

type ViewOf = (operation: Pick<ResolvedOperation, 'schema' | 'contextValue'>) => GraphQLSchema;

const optionTable = {
  maxCost: { default: 1_000, check: orFalse(atLeast(0)) },
  // A list field costs once however long it is: what fills the answer is bounded by its objects. The default is by the model.
  maxTypeCost: { check: orFalse(atLeast(0)) },
  model: { default: 'ibm', check: among('ibm', 'apollo') },
  estimators: { check: fullListOf('functions', (estimator: unknown) => typeof estimator === 'function') },
  weights: { default: {}, check: byName(checkWeight) },
  listSizes: { default: {}, check: byName(checkListSize) },
  defaultListSize: { default: 10, check: atLeast(0) },
  maxListSize: { default: 1_000, check: orFalse(atLeast(1)) },
  queryCost: { default: 0, check: atLeast(0) },
  mutationCost: { default: 10, check: atLeast(0) },
  subscriptionCost: { default: 0, check: atLeast(0) },
  maxCostNodes: { default: 50_000, check: atLeast(1) },
  exposeCost: { default: false, check: aFlag },
  actualCost: { default: false, check: aFlag },
  mode: { default: 'enforce', check: among('enforce', 'report') },
  perPrincipal: { check: aFunction },
  view: { check: aFunction },
} satisfies OptionTable<CostOptions>;

/** What `perPrincipal` may return. */
export const costLimitTable: SharedTable<CostLimits> = dropDefaults({
  maxCost: optionTable.maxCost,
  maxTypeCost: optionTable.maxTypeCost,
});

/** The options as they hold. */
export interface CostSettings {
  readonly maxCost: number | false;
  readonly maxTypeCost: number | false;
  readonly model: 'ibm' | 'apollo' | 'estimators';
  readonly estimators: readonly Estimator[];
  readonly weights: ReadonlyMap<string, number>;
  readonly listSizes: ReadonlyMap<string, ListSize>;
  readonly defaultListSize: number;
  readonly maxListSize: number;
  readonly base: { readonly query: number; readonly mutation: number; readonly subscription: number };
  readonly maxCostNodes: number;
  readonly exposeCost: boolean;
  readonly actualCost: boolean;
  readonly mode: 'enforce' | 'report';
  readonly perPrincipal: ((security: SecurityContext) => CostLimits) | undefined;
  readonly view: ViewOf | undefined;
}

/** @throws {TypeError} for an invalid option. */
export function resolveCostOptions(options: CostOptions = {}): CostSettings {
  const settings = readOptions('cost', options, optionTable);
  const { model, estimators, exposeCost, actualCost, maxListSize } = settings;
  if (estimators && options.model !== undefined)
    throw new TypeError('cost: give either model or estimators, not both.');
  if (actualCost && !exposeCost)
    throw new TypeError('cost: actualCost: true says something only with exposeCost: true.');
  if (actualCost && estimators) throw new TypeError('cost: actualCost cannot be counted with estimators.');
  const { maxTypeCost = estimators || model === 'apollo' ? false : 10_000 } = settings;
  const { queryCost, mutationCost, subscriptionCost, ...others } = settings;
  return {
    ...others,
    maxTypeCost,
    model: estimators ? 'estimators' : model,
    estimators: estimators ?? [],
    weights: new Map(
      Object.entries(settings.weights).map(([at, weight]) => [at, checkWeight('cost: weights', weight)]),
    ),
    listSizes: new Map(Object.entries(settings.listSizes)),
    maxListSize: maxListSize === false ? Infinity : maxListSize,
    base: { query: queryCost, mutation: mutationCost, subscription: subscriptionCost },
  };
}

function checkListSize(option: string, size: unknown): void {
  const says: unknown[] = Object.values(requirePlainObject(option, size) as object);
  if (says.every((value) => value === undefined || value === null)) throw new TypeError(`${option} says no size.`);
}

/** A weight as a number, or as a number is written. @throws {TypeError} */
export function checkWeight(option: string, value: unknown): number {
  const written = typeof value === 'string' && /^\s*-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?\s*$/.test(value);
  const weight = written ? Number(value) : value;
  if (typeof weight === 'number' && Number.isFinite(weight)) return weight;
  throw new TypeError(`${option} must be a finite number, but is ${show(value)}.`);
}

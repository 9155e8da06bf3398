/** The options of `cost()`: what each means, its default, and how it is checked. */
import type { ResolvedOperation, SecurityContext } from '@graphql-bulwark/core';
import {
  aFlag,
  aFunction,
  among,
  atLeast,
  byName,
  dropDefaults,
  hasMethods,
  listOf,
  must,
  type OptionTable,
  orFalse,
  readOptions,
  requirePlainObject,
  type SharedTable,
  show,
} from '@graphql-bulwark/core/internal';
import type { GraphQLSchema } from 'graphql';
import { type CostDirectiveNames, readDirectiveNames } from './directives.ts';

/** How long the list of one field can be: the arguments of `@listSize`, for schemas that cannot be annotated. */
export interface ListSize {
  /** Items, where no argument gives the length. Resolvers are not held to it; `executionLimits` reports longer lists. 0 or more. */
  readonly assumedSize?: number | undefined;
  /** Arguments that give the length, as a number or by their own length; also paths such as `page.first`. The largest one counts. */
  readonly slicingArguments?: readonly string[] | undefined;
  /** The fields below that are the lists, in place of the field itself; `results { page }` reaches one further. */
  readonly sizedFields?: readonly string[] | undefined;
  /** Whether exactly one of the slicing arguments must be given. @default true */
  readonly requireOneSlicingArgument?: boolean | undefined;
  /** The longest list that an argument may ask of this field, in place of the general `maxListSize`. In items, 1 or more. */
  readonly maxListSize?: number | undefined;
}

/** Ceilings on cost. */
export interface CostLimits {
  /**
   * Field cost of one operation. 0 or more, or `false`.
   * @default 5000, and 100000 for an operation that gives arguments of {@link CostOptions.inferredSlicingArguments}
   */
  readonly maxCost?: number | false | undefined;
  /**
   * Type cost of one operation: the objects it can return, by their weights. 0 or more, or `false`.
   * @default 50000, 250000 where `maxCost` is 100000 by default, and `false` with another `model`
   */
  readonly maxTypeCost?: number | false | undefined;
}

/** Another way to price operations: `apolloRouter()` or `estimators()` of `@graphql-bulwark/limits/cost-models`. */
export interface CostModel {
  readonly name: 'apollo' | 'estimators';
}

/** Counts what an operation cost after it ran: `actualCost()` of `@graphql-bulwark/limits/cost-models`. */
export interface CostCounter {
  readonly name: 'actual-cost';
}

/** What operations may cost, and how they are priced. */
export interface CostOptions extends CostLimits {
  /**
   * Prices operations in another way. Left out: by the IBM cost directives, where a list field costs once and its children once for
   * each item, and selections are merged as execution merges them.
   */
  readonly model?: CostModel | undefined;
  /**
   * What the schema calls the directives; `costDirectivesAs(names)` is their SDL. @default { cost: 'cost', listSize: 'listSize' }
   */
  readonly directiveNames?: CostDirectiveNames | undefined;
  /**
   * Schema coordinate (`Type`, `Type.field`, `Type.field(arg:)`, `Input.field`) -> weight; it wins over `@cost`. A negative one
   * makes its own field cheaper, down to 0, and pays for nothing else.
   */
  readonly weights?: Readonly<Record<string, number>> | undefined;
  /** `Type.field` -> how long its list can be; each entry wins over the same argument of `@listSize`. */
  readonly listSizes?: Readonly<Record<string, ListSize>> | undefined;
  /** Items of a list whose length nothing gives. 0 or more. @default 5 */
  readonly defaultListSize?: number | undefined;
  /**
   * Names of integer arguments that are taken for the length of a list, where a field has neither `@listSize` nor an entry in
   * `listSizes`: the length of the field's own list, or of the lists in what it returns. They only raise a price above that of
   * `defaultListSize`, because `limit: 0` can mean "all", and no value of theirs is refused. `[]`: none.
   * @default ['first', 'last', 'limit', 'take', 'pageSize', 'perPage'], and `[]` with another `model`
   */
  readonly inferredSlicingArguments?: readonly string[] | undefined;
  /** The longest list that an argument may ask for, in items. 1 or more, or `false`. @default 1000 */
  readonly maxListSize?: number | false | undefined;
  /** What every query costs beside its fields. 0 or more. @default 0 */
  readonly queryCost?: number | undefined;
  /** What every mutation costs beside its fields. 0 or more. @default 10 */
  readonly mutationCost?: number | undefined;
  /** What every subscription costs beside its fields. 0 or more. @default 0 */
  readonly subscriptionCost?: number | undefined;
  /**
   * How many selections and values may be read to price one operation, and then again how many values of variables in each request.
   * An operation that needs more is refused. 1 or more. @default 50000
   */
  readonly maxCostNodes?: number | undefined;
  /** Tells clients what an operation cost, in `extensions.cost`. @default false */
  readonly exposeCost?: boolean | undefined;
  /** `actualCost()`: counts again after execution, by how long the lists were. Needs `exposeCost`. Left out: nothing is counted again. */
  readonly actualCost?: CostCounter | undefined;
  /** `report`: what would be refused becomes an event and nothing is refused. @default 'enforce' */
  readonly mode?: 'enforce' | 'report' | undefined;
  /** Tighter limits for some callers. A value above the general limit has no effect. Left out: all callers have the general limits. */
  readonly perPrincipal?: ((security: SecurityContext) => CostLimits) | undefined;
  /** The schema as each caller may know it: responses name no field outside of it. Left out: the whole schema. */
  readonly view?: ViewOf | undefined;
}

type ViewOf = (operation: Pick<ResolvedOperation, 'schema' | 'contextValue'>) => GraphQLSchema;

/** Common names of page sizes, in order of no importance. */
const pageSizes: readonly string[] = ['first', 'last', 'limit', 'take', 'pageSize', 'perPage'];

const optionTable = {
  // Both defaults depend on the operation: see `ceilings` and `inferredCeilings` below.
  maxCost: { check: orFalse(atLeast(0)) },
  maxTypeCost: { check: orFalse(atLeast(0)) },
  directiveNames: { check: (_, names) => void readDirectiveNames(names as CostDirectiveNames) },
  model: { check: must("be apolloRouter() or estimators() of '@graphql-bulwark/limits/cost-models'", isModel) },
  weights: { default: {}, check: byName(checkWeight) },
  listSizes: { default: {}, check: byName(checkListSize) },
  defaultListSize: { default: 5, check: atLeast(0) },
  inferredSlicingArguments: { check: listOf('strings', (name: unknown) => typeof name === 'string') },
  maxListSize: { default: 1_000, check: orFalse(atLeast(1)) },
  queryCost: { default: 0, check: atLeast(0) },
  mutationCost: { default: 10, check: atLeast(0) },
  subscriptionCost: { default: 0, check: atLeast(0) },
  maxCostNodes: { default: 50_000, check: atLeast(1) },
  exposeCost: { default: false, check: aFlag },
  actualCost: { check: must("be actualCost() of '@graphql-bulwark/limits/cost-models'", isCounter) },
  mode: { default: 'enforce', check: among('enforce', 'report') },
  perPrincipal: { check: aFunction },
  view: { check: aFunction },
} satisfies OptionTable<CostOptions>;

/** The rows for what `perPrincipal` returns. */
export const costLimitTable: SharedTable<CostLimits> = dropDefaults({
  maxCost: optionTable.maxCost,
  maxTypeCost: optionTable.maxTypeCost,
});

/** The limits in force. */
export type Ceilings = { readonly [K in keyof CostLimits]-?: number | false };

/** The options with their defaults. */
export interface CostSettings {
  readonly ceilings: Ceilings;
  /** For an operation with an argument that is taken for a list size because of its name. */
  readonly inferredCeilings: Ceilings;
  readonly directiveNames: { readonly cost: string; readonly listSize: string };
  readonly model: CostModel | undefined;
  readonly weights: ReadonlyMap<string, number>;
  readonly listSizes: ReadonlyMap<string, ListSize>;
  readonly defaultListSize: number;
  readonly inferredSlicingArguments: ReadonlySet<string>;
  readonly maxListSize: number;
  /** What an operation costs beside its fields, by its kind. */
  readonly base: { readonly query: number; readonly mutation: number; readonly subscription: number };
  readonly maxCostNodes: number;
  readonly exposeCost: boolean;
  readonly actualCost: CostCounter | undefined;
  readonly mode: 'enforce' | 'report';
  readonly perPrincipal: ((security: SecurityContext) => CostLimits) | undefined;
  readonly view: ViewOf | undefined;
}

/** Fills in the defaults. @throws {TypeError} for an invalid option. */
export function resolveCostOptions(options: CostOptions = {}): CostSettings {
  const settings = readOptions('cost', options, optionTable);
  const { model, exposeCost, actualCost, maxListSize } = settings;
  if (actualCost && !exposeCost)
    throw new TypeError('cost: actualCost needs exposeCost: true, which shows its result.');
  if (actualCost && model?.name === 'estimators') {
    throw new TypeError('cost: actualCost cannot be used with estimators. Leave one of them out.');
  }
  const { inferredSlicingArguments = model ? [] : pageSizes } = settings;
  const { queryCost, mutationCost, subscriptionCost, maxCost, maxTypeCost, ...others } = settings;
  const ceilingsBy = (defaultCost: number, defaultTypeCost: number): Ceilings => ({
    maxCost: maxCost ?? defaultCost,
    maxTypeCost: maxTypeCost ?? (model ? false : defaultTypeCost),
  });
  return {
    ...others,
    ceilings: ceilingsBy(5_000, 50_000),
    // Inferred sizes multiply pages that are rarely full at once: operations of real shops come to 80,000 and 210,000.
    inferredCeilings: ceilingsBy(100_000, 250_000),
    inferredSlicingArguments: new Set(inferredSlicingArguments),
    directiveNames: readDirectiveNames(settings.directiveNames),
    weights: new Map(
      Object.entries(settings.weights).map(([at, weight]) => [at, checkWeight('cost: weights', weight)]),
    ),
    listSizes: new Map(Object.entries(settings.listSizes)),
    maxListSize: maxListSize === false ? Infinity : maxListSize,
    base: { query: queryCost, mutation: mutationCost, subscription: subscriptionCost },
  };
}

function isModel(value: unknown): boolean {
  return hasMethods(value, 'compile');
}

function isCounter(value: unknown): boolean {
  return hasMethods(value, 'count');
}

function checkListSize(option: string, size: unknown): void {
  const says: unknown[] = Object.values(requirePlainObject(option, size) as object);
  if (says.every((value) => value === undefined || value === null))
    throw new TypeError(`${option} is empty: give assumedSize or slicingArguments.`);
}

/** Reads a weight: a number, or a number as text. @throws {TypeError} for anything else, and for numbers that are not finite. */
export function checkWeight(option: string, value: unknown): number {
  const written = typeof value === 'string' && /^\s*-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?\s*$/.test(value);
  const weight = written ? Number(value) : value;
  if (typeof weight === 'number' && Number.isFinite(weight)) return weight;
  throw new TypeError(`${option} must be a finite number, but is ${show(value)}.`);
}

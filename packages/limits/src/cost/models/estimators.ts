/** The estimators of graphql-query-complexity as a cost model: functions that price one field, its children included. */
import { catchRejection } from '@graphql-bulwark/core/internal';
import type { FieldNode, GraphQLCompositeType, GraphQLField, GraphQLObjectType } from 'graphql';
import { type ArgumentValue, compileArgument } from '../arguments.ts';
import type { Compiler } from '../compile.ts';
import type { CostModel } from '../options.ts';
import { type Plan, readFieldCost } from '../plan.ts';
import type { CompilingModel } from '../price.ts';
import type { FieldCost } from '../schema.ts';
import { compileSelections } from '../selections.ts';
import type { Term, Variables } from '../terms.ts';

/** What an estimator gets to know of a field. */
export interface EstimatorArgs {
  /** The type that has the field. */
  readonly type: GraphQLCompositeType;
  // biome-ignore lint/suspicious/noExplicitAny: what graphql-query-complexity declares, so that its estimators fit.
  readonly field: GraphQLField<any, any>;
  readonly node: FieldNode;
  /** Coerced arguments, defaults included. */
  // biome-ignore lint/suspicious/noExplicitAny: as above.
  readonly args: { [key: string]: any };
  /** What is selected below the field costs together, for one item. */
  readonly childComplexity: number;
}

/**
 * Prices one field, or returns nothing to leave it to the next estimator. The result must depend on its argument alone, because for a
 * field without variables it is called once and not for each request.
 */
export type Estimator = (options: EstimatorArgs) => number | void;

/**
 * Prices fields by the estimators of graphql-query-complexity, in place of `@cost` and `@listSize`. For each field the first number that
 * one of them returns counts.
 *
 * @throws {TypeError} while the server is being built, for anything but a list of functions.
 * @example cost({ model: estimators([fieldExtensionsEstimator(), simpleEstimator({ defaultComplexity: 1 })]) })
 */
export function estimators(list: readonly Estimator[]): CostModel {
  if (!Array.isArray(list) || list.length === 0 || list.some((estimator) => typeof estimator !== 'function'))
    throw new TypeError('estimators must be a list of functions with at least one in it.');
  const kept: readonly Estimator[] = [...list];
  const model: CompilingModel = {
    name: 'estimators',
    compile: (compiler, root, rootType) =>
      compileSelections(compiler, root, rootType, function estimateWhole(...field) {
        return compileEstimate(kept, ...field);
      }),
  };
  return model;
}

/** @returns the first number that an estimator returns; `NaN`, which refuses the operation, where none returns one. */
function estimate(list: readonly Estimator[], told: EstimatorArgs): number {
  for (const estimator of list) {
    const cost = catchRejection(estimator(told));
    if (typeof cost === 'number' && !Number.isNaN(cost)) return cost;
  }
  return Number.NaN;
}

/**
 * Estimators read annotations, which can stand on the field of the object type or on that of an interface. So they are asked for each,
 * and the highest number counts.
 */
function compileEstimate(
  list: readonly Estimator[],
  { spend }: Compiler,
  type: GraphQLObjectType,
  { field }: FieldCost,
  node: FieldNode,
  below: Plan | undefined,
): Term {
  const owners: (readonly [GraphQLCompositeType, FieldCost['field']])[] = [[type, field]];
  for (const parent of type.getInterfaces()) {
    const declared = parent.getFields()[field.name];
    if (declared) owners.push([parent, declared]);
  }
  const values = field.args.map(
    (argument) => [argument.name, compileArgument(argument, node.arguments, spend)] as const,
  );
  function estimateDearest(read: (value: ArgumentValue) => unknown, childComplexity: number): number {
    const args: Record<string, unknown> = {};
    for (const [name, value] of values) {
      const given = read(value);
      if (given !== undefined) args[name] = given;
    }
    return Math.max(
      ...owners.map(([owner, declared]) =>
        estimate(list, { type: owner, field: declared, node, args, childComplexity }),
      ),
    );
  }
  if (!(below && below.slot >= 0) && values.every(([, value]) => typeof value !== 'function')) {
    return estimateDearest(readFixed, below?.field ?? 0);
  }
  return function estimateWithVariables(run) {
    return estimateDearest((value) => readWith(value, run.variables), below ? readFieldCost(below, run) : 0);
  };
}

function readFixed(value: ArgumentValue): unknown {
  return typeof value === 'function' ? undefined : value.fixed;
}

function readWith(value: ArgumentValue, variables: Variables): unknown {
  return typeof value === 'function' ? value(variables) : value.fixed;
}

/** Estimators of graphql-query-complexity, taken as they are: functions that price one field, its children included. */
import { catchRejection } from '@graphql-bulwark/core/internal';
import type { FieldNode, GraphQLCompositeType, GraphQLField } from 'graphql';

/** What an estimator is told of a field. */
export interface EstimatorArgs {
  /** The type on which the field stands. */
  readonly type: GraphQLCompositeType;
  // biome-ignore lint/suspicious/noExplicitAny: what graphql-query-complexity declares, so that its estimators fit.
  readonly field: GraphQLField<any, any>;
  readonly node: FieldNode;
  /** Coerced arguments, defaults included. */
  // biome-ignore lint/suspicious/noExplicitAny: as above.
  readonly args: { [key: string]: any };
  readonly childComplexity: number;
}

/**
 * Prices one field, or returns nothing to leave it to the next estimator. It must depend on what it is told alone: a field
 * without variables is asked about once.
 */
export type Estimator = (options: EstimatorArgs) => number | void;

/** The first number that an estimator gives; `NaN`, which is refused, where none gives one. */
export function estimate(estimators: readonly Estimator[], told: EstimatorArgs): number {
  for (const estimator of estimators) {
    const cost = catchRejection(estimator(told));
    if (typeof cost === 'number' && !Number.isNaN(cost)) return cost;
  }
  return Number.NaN;
}

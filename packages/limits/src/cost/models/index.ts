/** Values for the options of `cost()`: other ways to price operations, and the count of what they cost after they ran. */
export { actualCost } from './actual-cost.ts';
export { apolloRouter } from './apollo-router.ts';
export { type Estimator, type EstimatorArgs, estimators } from './estimators.ts';

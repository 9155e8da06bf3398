/** Other ways to price operations, and what they cost in the end: values that the options of `cost()` take. */
export { actualCost } from './actual-cost.ts';
export { apolloRouter } from './apollo-router.ts';
export { type Estimator, type EstimatorArgs, estimators } from './estimators.ts';

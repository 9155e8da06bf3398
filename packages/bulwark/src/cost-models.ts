/** Other ways to price operations, and what they cost in the end: values that the option `cost` takes. */
export {
  actualCost,
  apolloRouter,
  type Estimator,
  type EstimatorArgs,
  estimators,
} from '@graphql-bulwark/limits/cost-models';

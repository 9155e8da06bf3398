export { type Cost, type CostControl, cost } from './cost.ts';
export { costDirectives } from './cost-directives.ts';
export type { CostLimits, CostOptions, ListSize } from './cost-options.ts';
export type { Estimator, EstimatorArgs } from './estimators.ts';
export { type Explained, type ExplainedRefusal, type ExplainInput, explain } from './explain.ts';
export { capLists, type ListCapOptions } from './list-cap.ts';
export type { Limits, LimitsOptions, PrincipalLimits } from './options.ts';
export { limits } from './structure.ts';
export { type LimitName, resolveLimits } from './table.ts';

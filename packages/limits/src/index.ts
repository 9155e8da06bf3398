export { type Cost, type CostControl, cost } from './cost/cost.ts';
export { type CostDirectiveNames, costDirectives, costDirectivesAs } from './cost/directives.ts';
export type { CostCounter, CostLimits, CostModel, CostOptions, ListSize } from './cost/options.ts';
export type { Guess } from './cost/price.ts';
export { capLists, type ListCapOptions } from './execution/list-length.ts';
export { type Explained, type ExplainedCost, type ExplainedRefusal, type ExplainInput, explain } from './explain.ts';
export { limits } from './limits.ts';
export type { Limits, LimitsOptions, PrincipalLimits } from './options.ts';
export { type LimitName, resolveLimits } from './table.ts';

export type { Limits, LimitsOptions, PrincipalLimits } from './options.ts';
export { limits } from './structure.ts';
export { type LimitName, resolveLimits } from './table.ts';

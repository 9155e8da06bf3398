export { type HttpLimits, httpLimits } from './http-limits.ts';
export type { HttpSecurityOptions } from './options.ts';

export {
  createEvents,
  type Principal,
  REFUSALS,
  type RefusalCode,
  refuse,
  type SecuredContext,
  type SecurityContext,
  type SecurityEvent,
} from '@graphql-bulwark/core';
export type { MaskResult } from '@graphql-bulwark/core/internal';
export { executionSignal } from '@graphql-bulwark/limits';
export type { Authenticator, HttpRequest } from './context.ts';
export { type Bulwark, createBulwark } from './create.ts';
export { type Exposure, type ExposureOptions, listExposures, printExposures, type RuleAt } from './exposure.ts';
export { type FastifyRequestLike, fastifyContext } from './fastify-context.ts';
export { type WebSocketHooks, type WebSocketHooksOptions, webSocketHooks } from './graphql-ws/index.ts';
export type { BulwarkOptions } from './options.ts';

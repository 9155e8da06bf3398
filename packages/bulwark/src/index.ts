export { notFound } from '@graphql-bulwark/authorization';
export {
  createEvents,
  type KnownPrincipal,
  type Principal,
  principal,
  REFUSALS,
  type RefusalCode,
  refuse,
  type SecuredContext,
  type SecurityContext,
  type SecurityEvent,
} from '@graphql-bulwark/core';
export type { MaskResult } from '@graphql-bulwark/core/internal';
export { executionSignal } from '@graphql-bulwark/limits';
export { type MemoryStoreOptions, memoryStore } from '@graphql-bulwark/rate-limit';
export type { Authenticator, ContextFunctionOptions, HttpRequest } from './context.ts';
export { type Bulwark, createBulwark, type MakeContextFunction } from './create.ts';
export { type Exposure, type ExposureOptions, listExposures, printExposures, type RuleAt } from './exposure.ts';
export {
  type WebSocketHooks,
  type WebSocketHooksOptions,
  type WebSocketRequest,
  webSocketHooks,
} from './graphql-ws/index.ts';
export type { BulwarkOptions } from './options.ts';
export type { RequestHead } from './request-head.ts';
export type { UncheckedOperations } from './wiring.ts';

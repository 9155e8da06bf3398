/** What an application imports: the guard, what a control, a store or a transport of its own is made of, and their types. */
export { type AnswerOptions, answerOptions } from './answer-options.ts';
export { checkOperation } from './check.ts';
export { type ClientAddressOptions, clientAddress, type RequestOrigin } from './client-address.ts';
export type {
  Control,
  IncomingRequest,
  OutgoingAnswer,
  ParsedDocument,
  Refusal,
  ResolvedOperation,
} from './control.ts';
export {
  type BucketState,
  type Charge,
  type Consumption,
  type CounterStore,
  checkedConsumption,
  type Refund,
} from './counter-store.ts';
export { createEvents, type EventListener, type Events, type Logger, type SecurityEvent } from './events.ts';
export { guard } from './guard.ts';
export type { GuardOptions } from './guard-options.ts';
export {
  type ClaimPath,
  type Principal,
  type SecuredContext,
  type SecurityContext,
  securityContext,
} from './principal.ts';
export { REFUSALS, type RefusalCode, refuse } from './refusal.ts';
export { admitRequest, measureDocument } from './rooms.ts';
export type { Messages } from './wording.ts';

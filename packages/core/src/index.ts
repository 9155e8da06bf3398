/** What an application imports: the guard, what a control, a store or a transport of its own is made of, and their types. */

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
export { type AnswerOptions, answerOptions } from './errors/answer-options.ts';
export type { Messages } from './errors/messages.ts';
export { REFUSALS, type RefusalCode, refuse } from './errors/refusal.ts';
export { createEvents, type EventListener, type Events, type Logger, type SecurityEvent } from './events/events.ts';
export { checkOperation } from './plugin/check.ts';
export { guard } from './plugin/guard.ts';
export type { GuardOptions } from './plugin/guard-options.ts';
export { admitRequest, measureDocument } from './plugin/rooms.ts';
export {
  type ClaimPath,
  type Principal,
  type SecuredContext,
  type SecurityContext,
  securityContext,
} from './security-context.ts';

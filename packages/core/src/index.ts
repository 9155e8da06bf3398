/** What an application imports: the guard, what a control, a store or a transport of its own is made of, and their types. */

export { type ClientAddressOptions, clientAddress, type RequestOrigin } from './client-address.ts';
export type {
  Control,
  DocumentText,
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
  checkConsumption,
  type Refund,
} from './counter-store.ts';
export { type AnswerOptions, answerOptions } from './errors/answer-options.ts';
export { REFUSALS, type RefusalCode } from './errors/codes.ts';
export type { Messages } from './errors/messages.ts';
export { refuse } from './errors/refuse.ts';
export { createEvents, type Events } from './events/events.ts';
export { type Logger } from './events/log.ts';
export { type RequestLabels, readRequestLabels } from './events/request-labels.ts';
export { type EventListener, type Miss, type SecurityEvent } from './events/security-event.ts';
export { guard } from './plugin/guard.ts';
export type { GuardOptions } from './plugin/guard-options.ts';
export { admitRequest, checkOperation, measureDocument } from './plugin/pipeline.ts';
export type { HeaderReader, HeaderRecord, RequestHeaders } from './request-headers.ts';
export {
  type ClaimPath,
  type KnownPrincipal,
  type Principal,
  principal,
  type SecuredContext,
  type SecurityContext,
  securityContext,
} from './security-context.ts';

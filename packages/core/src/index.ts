export { isExpectedError } from './answer.ts';
export { type CheckInput, checkOperation } from './check.ts';
export { type ClientAddressOptions, clientAddress, normalizeAddress, type RequestOrigin } from './client-address.ts';
export { collectFields, type Fragments, fragmentsOf, included, type Selecting, typeApplies } from './collect.ts';
export type {
  AnswerResult,
  Control,
  IncomingRequest,
  OutgoingAnswer,
  ParsedDocument,
  Refusal,
  ResolvedOperation,
} from './control.ts';
export type { BucketState, Charge, Consumption, CounterStore, Refund } from './counter-store.ts';
export {
  createEvents,
  type EventDetails,
  type EventListener,
  type EventOrigin,
  type Events,
  type Logger,
  logEvents,
  type SecurityEvent,
} from './events.ts';
export { type DocumentFacts, documentFacts, type OperationFacts, operationFacts } from './facts.ts';
export { type GuardOptions, guard } from './guard.ts';
export { knownOptions, limitOrFalse, show, wholeNumber } from './options.ts';
export { type Principal, type SecuredContext, type SecurityContext, securityContext, securityOf } from './principal.ts';
export { deny, factsOfRefusal, REFUSALS, type RefusalCode, type RefusalFacts, refusalCode, refuse } from './refusal.ts';

export { asGraphQLError, clientErrors, isExpectedError, type Masking } from './answer.ts';
export { type AnswerOptions, answerOptions } from './answer-options.ts';
export { type CheckInput, checkOperation } from './check.ts';
export {
  type ClientAddressOptions,
  clientAddress,
  forwardedHops,
  inNetworks,
  normalizeAddress,
  type RequestOrigin,
} from './client-address.ts';
export type {
  Control,
  IncomingRequest,
  OutgoingAnswer,
  ParsedDocument,
  Refusal,
  ResolvedOperation,
  StartingServer,
} from './control.ts';
export {
  type BucketState,
  type Charge,
  type Consumption,
  type CounterStore,
  checkedConsumption,
  type Refund,
} from './counter-store.ts';
export { longestTimer, within } from './deadline.ts';
export { codeOfGraphqlError } from './details.ts';
export { isDevelopment, maxValidationErrors } from './environment.ts';
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
export { requireTestedGraphql } from './graphql-version.ts';
export { guard } from './guard.ts';
export type { GuardOptions } from './guard-options.ts';
export { dimensionsOf, isIterable } from './lists.ts';
export {
  behind,
  collectFields,
  type Fragments,
  fragmentsOf,
  included,
  onlySpread,
  responseKey,
  type Selecting,
  typeApplies,
  type Walking,
  walkSelections,
} from './operation/collect-fields.ts';
export {
  type DocumentFacts,
  documentFacts,
  type OperationFacts,
  occurrencesAbove,
  operationFacts,
  repeatedFields,
} from './operation/metrics.ts';
export { PerOperation } from './operation/operation-state.ts';
export { type SelectionVisitor, visitSelections } from './operation/visit-selections.ts';
export {
  checkFlags,
  checkFunctions,
  checkLogger,
  checkMode,
  knownOptions,
  limitOrFalse,
  listed,
  oneOf,
  plainObject,
  show,
  wholeNumber,
} from './options.ts';
export { type Header, maskedBy, type SchemaDetails } from './outgoing.ts';
export { parseDocument } from './parser-overflow.ts';
export { around, isPlainField } from './plain-field.ts';
export { type PlainTextBudget, plainText, plainTextBudget } from './plain-text.ts';
export {
  hasEnded,
  isNumericDate,
  type Principal,
  type SecuredContext,
  type SecurityContext,
  securityContext,
  securityOf,
} from './principal.ts';
export { forget, isPromise, ownVerdict } from './promises.ts';
export {
  type CoordinateShare,
  deny,
  factsOfRefusal,
  REFUSALS,
  type RefusalCode,
  type RefusalFacts,
  refusalCode,
  refuse,
} from './refusal.ts';
export { type AdmitInput, admitRequest, type MeasureInput, measureDocument } from './rooms.ts';
export type { SubscriptionCallbackOptions } from './subscriptions.ts';
export { eventOf } from './verdict.ts';
export { type Messages, reworded, type Wording, wording } from './wording.ts';

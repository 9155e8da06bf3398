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
} from './collect.ts';
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
export {
  failField,
  failValue,
  handingOverLists,
  handOverLists,
  type ReadList,
  unlessGivenUp,
} from './execution/hand-over-list.ts';
export { type DocumentFacts, documentFacts, operationFacts, repeatedFields } from './facts.ts';
export { requireTestedGraphql } from './graphql-version.ts';
export { guard } from './guard.ts';
export type { GuardOptions } from './guard-options.ts';
export { dimensionsOf, isIterable } from './lists.ts';
export { type OperationFacts, occurrencesAbove } from './operation-facts.ts';
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
export { PerOperation } from './per-operation.ts';
export { around, isPlainField, type Resolver } from './plain-field.ts';
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
export { eventOf } from './verdict.ts';
export { type Messages, reworded, type Wording, wording } from './wording.ts';

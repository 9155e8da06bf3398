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
  aCounterStore,
  type BucketState,
  type Charge,
  type Consumption,
  type CounterStore,
  checkedConsumption,
  type Refund,
} from './counter-store.ts';
export { longestTimer, within } from './deadline.ts';
export { codeOfGraphqlError } from './details.ts';
export {
  asGraphQLError,
  isExpectedError,
  type Masking,
  type MaskResult,
  maskErrors,
  maskResult,
} from './errors/mask-errors.ts';
export { type AuthScheme, type BearerError, challenge, realmRow } from './errors/www-authenticate.ts';
export {
  aLogger,
  anEventSink,
  createEvents,
  type EventDetails,
  type EventListener,
  type EventOrigin,
  type Events,
  type Logger,
  logEvents,
  maskedBy,
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
export { requireTestedGraphql } from './graphql-version.ts';
export { guard } from './guard.ts';
export type { GuardOptions } from './guard-options.ts';
export { sha256, sha256Bytes } from './lib/digest.ts';
export { isDevelopment, maxValidationErrors } from './lib/environment.ts';
export { isObject, isRecord } from './lib/is-object.ts';
export {
  aFlag,
  aFlagOrFunction,
  aFunction,
  among,
  aText,
  atLeast,
  between,
  byName,
  type Check,
  fullListOf,
  hasMethods,
  isText,
  isWebOrigin,
  knownOptions,
  listed,
  listOf,
  must,
  mustUnshown,
  type OptionTable,
  orFalse,
  plainObject,
  readOptions,
  type Settings,
  type SharedTable,
  show,
  wholeNumber,
  withoutDefaults,
} from './lib/read-options.ts';
export { dimensionsOf, isAsyncIterable, isIterable } from './lists.ts';
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
export { type Header, type SchemaDetails } from './outgoing.ts';
export { parseDocument } from './parser-overflow.ts';
export { around, isPlainField, type Resolver } from './plain-field.ts';
export { type PlainTextBudget, plainText, plainTextBudget } from './plain-text.ts';
export {
  type ClaimPath,
  claimAt,
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
export { callbackUrls, type SubscriptionCallbackOptions } from './subscriptions.ts';
export { eventOf } from './verdict.ts';
export { checkMessages, type Messages, reworded, type Wording, wording } from './wording.ts';

/** For the sibling packages alone: no promise is made about these names between versions. */
export type { CheckInput } from './check.ts';
export { forwardedHops, inNetworks, normalizeAddress } from './client-address.ts';
export type { StartingServer } from './control.ts';
export { aCounterStore } from './counter-store.ts';
export { longestTimer, within } from './deadline.ts';
export {
  asGraphQLError,
  isExpectedError,
  type Masking,
  type MaskResult,
  maskResult,
} from './errors/mask-errors.ts';
export { type AuthScheme, type BearerError, challenge, realmRow } from './errors/www-authenticate.ts';
export { aLogger, anEventSink, type EventDetails, type EventOrigin, logEvents, maskedBy } from './events.ts';
export {
  failField,
  failValue,
  handingOverLists,
  handOverLists,
  type ReadList,
  unlessGivenUp,
} from './execution/hand-over-list.ts';
export { requireTestedGraphql } from './graphql-version.ts';
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
export { nestingOf } from './operation/nesting.ts';
export {
  announceStream,
  createSlot,
  OperationState,
  PerOperation,
  stateDuring,
} from './operation/operation-state.ts';
export type { Place } from './operation/places.ts';
export { type SelectionVisitor, visitSelections } from './operation/visit-selections.ts';
export type { Header, SchemaDetails } from './outgoing.ts';
export { parseDocument } from './parser-overflow.ts';
export { around, isPlainField, type Resolver } from './plain-field.ts';
export { type PlainTextBudget, plainText, plainTextBudget } from './plain-text.ts';
export { claimAt, hasEnded, isNumericDate, securityOf } from './principal.ts';
export { forget, isPromise, ownVerdict } from './promises.ts';
export { type CoordinateShare, deny, factsOfRefusal, type RefusalFacts, refusalCode } from './refusal.ts';
export type { AdmitInput, MeasureInput } from './rooms.ts';
export { callbackUrls, type SubscriptionCallbackOptions } from './subscriptions.ts';
export { toldOfUnclosed } from './unwatched-streams.ts';
export { eventOf } from './verdict.ts';
export { checkMessages, reworded, type Wording, wording } from './wording.ts';

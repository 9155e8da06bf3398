/** For the sibling packages alone: no promise is made about these names between versions. */

export { forwardedHops, inNetworks, normalizeAddress } from './client-address.ts';
export type { StartingServer } from './control.ts';
export { aCounterStore } from './counter-store.ts';
export {
  asGraphQLError,
  isExpectedError,
  type Masking,
  type MaskResult,
  maskResult,
} from './errors/mask-errors.ts';
export { checkMessages, reworded, type Wording, wording } from './errors/messages.ts';
export { parseDocument } from './errors/parser-overflow.ts';
export { type CoordinateShare, deny, factsOfRefusal, type RefusalFacts, refusalCode } from './errors/refusal.ts';
export { type AuthScheme, type BearerError, challenge, realmRow } from './errors/www-authenticate.ts';
export { aLogger, anEventSink, type EventDetails, type EventOrigin, logEvents, maskedBy } from './events/events.ts';
export {
  failField,
  failValue,
  handingOverLists,
  handOverLists,
  type ReadList,
  unlessGivenUp,
} from './execution/hand-over-list.ts';
export { longestTimer, within } from './lib/deadline.ts';
export { around, isPlainField, type Resolver } from './lib/default-resolver.ts';
export { sha256, sha256Bytes } from './lib/digest.ts';
export { isDevelopment, maxValidationErrors } from './lib/environment.ts';
export { requireTestedGraphql } from './lib/graphql-version.ts';
export { isObject, isRecord } from './lib/is-object.ts';
export { dimensionsOf, isAsyncIterable, isIterable } from './lib/list-types.ts';
export { type PlainTextBudget, plainText, plainTextBudget } from './lib/normalize-text.ts';
export { forget, isPromise, ownVerdict } from './lib/promises.ts';
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
export type { CheckInput } from './plugin/check.ts';
export { callbackUrls, type SubscriptionCallbackOptions } from './plugin/http-subscriptions.ts';
export type { Header, SchemaDetails } from './plugin/response.ts';
export type { AdmitInput, MeasureInput } from './plugin/rooms.ts';
export { toldOfUnclosed } from './plugin/unwatched-streams.ts';
export { eventOf } from './plugin/verdict.ts';
export { claimAt, hasEnded, isNumericDate, securityOf } from './security-context.ts';

/** For the sibling packages alone: no promise is made about these names between versions. */

export { createNetworkTest, normalizeAddress, readForwardedHops } from './client-address.ts';
export { ClientConnection, findConnection } from './client-connection.ts';
export type { StartingServer } from './control.ts';
export { aCounterStore, roundUpPoints } from './counter-store.ts';
export { type CoordinateShare } from './errors/codes.ts';
export { exposeHttpError } from './errors/exposed-error.ts';
export {
  asGraphQLError,
  isExpectedError,
  type Masking,
  type MaskResult,
  maskResult,
} from './errors/mask-errors.ts';
export { checkMessages, createWording, rewordRefusal, type Wording } from './errors/messages.ts';
export { parseDocument } from './errors/parser-overflow.ts';
export { deny, type RefusalFacts, readRefusalCode, readRefusalFacts } from './errors/refuse.ts';
export { type AuthScheme, type BearerError, buildChallenge, realmRow } from './errors/www-authenticate.ts';
export { anEventSink, createMaskReporter, type EventOrigin } from './events/events.ts';
export { aLogger, logEvents } from './events/log.ts';
export { readLabelsOfRequest } from './events/request-labels.ts';
export { type EventDetails } from './events/security-event.ts';
export {
  failField,
  failValue,
  handOverLists,
  isGivenUpAround,
  type ReadList,
  settleUnlessGivenUp,
  wrapToHandOverLists,
} from './execution/hand-over-list.ts';
export { carryPlainMark, isPlainField, type Resolver } from './lib/default-resolver.ts';
export { sha256, sha256Bytes } from './lib/digest.ts';
export { chooseMaxValidationErrors, isDevelopment } from './lib/environment.ts';
export { escapeText } from './lib/escape-text.ts';
export { requireTestedGraphql } from './lib/graphql-version.ts';
export { isObject, isRecord } from './lib/is-object.ts';
export { countListDimensions, isAsyncIterable, isIterable } from './lib/list-types.ts';
export { createTextBudget, normalizeText, type TextBudget } from './lib/normalize-text.ts';
export { awaitWithin, catchRejection, discardValue, isPromise, longestTimer } from './lib/promises.ts';
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
  dropDefaults,
  findSimilar,
  fullListOf,
  hasMethods,
  isText,
  isWebOrigin,
  joinNames,
  listOf,
  must,
  mustUnshown,
  type OptionTable,
  orFalse,
  readOptions,
  requireKnownOptions,
  requirePlainObject,
  requireWholeNumber,
  type Settings,
  type SharedTable,
  show,
} from './lib/read-options.ts';
export { aDirectiveName, type DirectiveCarrier, selectDirective } from './lib/select-directive.ts';
export {
  collectFields,
  createInclusionTest,
  createTypeTest,
  type Fragments,
  findLoneSpread,
  followLoneSpread,
  indexFragments,
  readResponseKey,
  type SelectionFilter,
  type SelectionWalker,
  walkSelections,
} from './operation/collect-fields.ts';
export {
  countDocumentFacts,
  countOccurrencesAbove,
  countOperationFacts,
  countRepeatedFields,
  type DocumentFacts,
  type OperationFacts,
} from './operation/metrics.ts';
export { measureNesting } from './operation/nesting.ts';
export {
  announceStream,
  createSlot,
  findOperationState,
  OperationState,
  PerOperation,
  type Slot,
} from './operation/operation-state.ts';
export type { Place } from './operation/places.ts';
export { type SelectionVisitor, visitSelections } from './operation/visit-selections.ts';
export { createDocumentStore, type DocumentStore } from './plugin/document-store.ts';
export { checkCallbackUrls, type SubscriptionCallbackOptions } from './plugin/http-subscriptions.ts';
export { type AdmitInput, buildRefusalEvent, type MeasureInput } from './plugin/pipeline.ts';
export type { CheckInput } from './plugin/resolved-operation.ts';
export type { Header, SchemaDetails } from './plugin/response.ts';
export { findUnclosedReporter } from './plugin/unwatched-streams.ts';
export { isHeaderReader, readHeaderValues } from './request-headers.ts';
export {
  areTexts,
  findClientConnection,
  findSecurityContext,
  hasEnded,
  isNumericDate,
  readClaim,
  withConnection,
} from './security-context.ts';

/**
 * The errors of an answer as the client may see them: unexpected ones are masked, long messages are cut, and of many errors
 * the first 19 are shown.
 *
 * An error is expected if it says itself that clients may read it: a GraphQLError by a code of its own or a 4xx status, any
 * other by `expose: true` beside a 4xx status. All others (an `Error` of a resolver, a value that could not be serialised)
 * become a constant text with an id, under which the log has the error.
 */
import { type ExecutionResult, type FormattedExecutionResult, GraphQLError, type GraphQLFormattedError } from 'graphql';
import { catchRejection } from '../lib/promises.ts';
import { REFUSALS, type RefusalCode } from './codes.ts';
import { findExposedStatus, nameStatus, readExposedStatus } from './exposed-error.ts';
import { findFirstThrown, isParserOverflow } from './parser-overflow.ts';
import { printsObject } from './printed-values.ts';
import { deny, readRefusalFacts } from './refuse.ts';
import { classifyGraphqlError, findFirstSchemaCode, findSchemaCode, removeRuntimeText } from './schema-details.ts';

/**
 * Errors per answer and characters per message. Without bounds, a small request could be answered with a large amount of
 * errors.
 */
const maxErrors = 20;
const maxMessageLength = 1_000;

/** Who reads the errors, and what becomes of masked ones. */
export interface Masking {
  /** Whether to pass on an error of the application that would be masked. Left out: none. */
  readonly expose?: ((error: GraphQLError) => boolean) | undefined;
  /** Whether this client may read the messages of validation and coercion, which describe the schema. */
  readonly schemaDetails: boolean;
  /** Finds the text of a refusal, in the words of the application. */
  readonly words: (code: RefusalCode) => string;
  /** Called with each masked error. @returns the id under which it is logged, which the client gets. */
  readonly onMasked: (error: unknown, path: readonly (string | number)[] | undefined) => string | undefined;
}

/** Masks the errors of a result. @param contextValue that of the operation, where there was one. */
export type MaskResult = (result: ExecutionResult, contextValue?: unknown) => FormattedExecutionResult;

/** Wraps what was thrown as graphql-js wraps what a resolver throws: as an error that is not meant for the client. */
export function asGraphQLError(thrown: unknown): GraphQLError {
  if (thrown instanceof GraphQLError) return thrown;
  const originalError = thrown instanceof Error ? thrown : new Error('failed', { cause: thrown });
  const message = readExposedStatus(thrown) === undefined ? 'failed' : originalError.message;
  return new GraphQLError(message, { originalError });
}

/** The application's `formatError` for one error, to be called with what the client gets. */
interface LaterFormat {
  readonly format: (shown: GraphQLFormattedError) => GraphQLFormattedError;
  /** Whether it has not been called yet. */
  readonly isPending: boolean;
}

const laterFormats = new WeakMap<GraphQLError, LaterFormat>();

/**
 * Has an error formatted when it is known what of it the client gets. Apollo Server calls `formatError` before any hook can
 * mask, so what the application adds to an error that is replaced afterwards would be lost.
 */
export function formatWhenMasked(error: GraphQLError, later: LaterFormat): void {
  laterFormats.set(error, later);
}

/** Has an error that takes the place of another formatted as that one would be: otherwise the two could be told apart. */
export function formatInPlaceOf(error: GraphQLError, replaced: GraphQLError | undefined): GraphQLError {
  const later = replaced && laterFormats.get(replaced);
  if (later) laterFormats.set(error, { ...later, isPending: true });
  return error;
}

/**
 * Masks the errors of a result that Apollo Server does not format, such as a message that a WebSocket transport is about to
 * send.
 */
export function maskResult({ errors, ...rest }: ExecutionResult, masking: Masking): FormattedExecutionResult {
  return errors ? { ...rest, errors: maskErrors(errors.map(formatError), errors, masking) } : rest;
}

/** Formats an error as Apollo Server does, which adds codes to the errors of validation and coercion: clients rely on these. */
function formatError(error: GraphQLError): GraphQLFormattedError {
  const { extensions: { http: _http, ...extensions } = {}, ...json } = error.toJSON();
  const byItself = error.originalError === undefined && !error.path && extensions['code'] === undefined;
  return { ...json, extensions: byItself ? { ...extensions, code: classifyGraphqlError(error) } : extensions };
}

/**
 * Masks formatted errors.
 *
 * @param originals the same errors before they were formatted, in the same order; fewer where they are not known.
 * @returns at most 20 errors, ordered by where they stand in the answer.
 */
export function maskErrors(
  formatted: readonly GraphQLFormattedError[],
  originals: readonly GraphQLError[],
  masking: Masking,
): GraphQLFormattedError[] {
  const code = masking.schemaDetails ? undefined : findFirstSchemaCode(formatted, originals);
  if (code) {
    const error = { message: masking.words(code), extensions: { code } };
    return [findLaterFormat(originals[0])?.format(error) ?? error];
  }
  const all = sortByPlace(formatted, originals);
  const shown = all.length > maxErrors ? all.slice(0, maxErrors - 1) : all;
  const errors = shown.map(({ error, original }) => {
    const built = buildClientError(error, original, masking);
    const later = findLaterFormat(original);
    return later?.isPending === true ? later.format(built) : built;
  });
  if (shown.length < formatted.length) {
    errors.push({ ...deny('ERRORS_OMITTED').toJSON(), message: masking.words('ERRORS_OMITTED') });
  }
  return errors;
}

function findLaterFormat(original: GraphQLError | undefined): LaterFormat | undefined {
  return original && laterFormats.get(original);
}

/** An error and where it stands in the answer. */
interface Placed {
  readonly error: GraphQLFormattedError;
  readonly original: GraphQLError | undefined;
  /** Indices in lists, then -1, line and column in the document; empty for an error without a path. */
  readonly place: readonly number[];
  readonly path: string;
}

/**
 * Sorts errors by their place, in lists and in the document. In the order of execution, a client could read which field took
 * longer, and so whether an object is hidden or missing. The errors of a refusal keep their order.
 */
function sortByPlace(
  formatted: readonly GraphQLFormattedError[],
  originals: readonly GraphQLError[],
): readonly Placed[] {
  const all = formatted.map((error, i): Placed => {
    const original = originals[i];
    const { path = [], locations: [at] = [] } = original ?? error;
    const indices = path.filter((key) => typeof key === 'number');
    const place = path.length === 0 ? [] : [...indices, -1, at?.line ?? 0, at?.column ?? 0];
    return { error, original, place, path: path.join('.') };
  });
  const [first] = originals;
  const isRefusal = readRefusalFacts(first) !== undefined && first?.extensions['http'] !== undefined;
  return isRefusal ? all : all.toSorted(compareByPlace);
}

function compareByPlace(a: Placed, b: Placed): number {
  const at = a.place.findIndex((number, i) => number !== b.place[i]);
  const [one, other] = [a.place[at], b.place[at]];
  if (one !== undefined && other !== undefined) return one - other;
  if (a.place.length !== b.place.length) return a.place.length - b.place.length;
  return a.path < b.path ? -1 : Number(a.path > b.path);
}

function buildClientError(
  error: GraphQLFormattedError,
  original: GraphQLError | undefined,
  { expose, onMasked, schemaDetails, words }: Masking,
): GraphQLFormattedError {
  if (isParserOverflow(original)) {
    return { ...deny('DEPTH_LIMIT_EXCEEDED').toJSON(), message: words('DEPTH_LIMIT_EXCEEDED') };
  }
  const { stacktrace: _stacktrace, ...extensions } = error.extensions ?? {};
  const isOfSchema = findSchemaCode(error, original) !== undefined;
  if (isExpected(error, original) || isExposed(original, expose)) {
    const text = cutMessage(isOfSchema && original ? removeRuntimeText(error.message, original) : error.message);
    const message = findConstantText(error, original, words) ?? (isOfSchema ? removeSuggestions(text) : text);
    const status = findExposedStatus(original);
    const code = status === undefined || hasOwnCode(extensions) ? {} : { code: nameStatus(status) };
    return { ...error, message, extensions: { ...extensions, ...code } };
  }
  if (original && argumentError.test(original.message)) {
    const { extensions: code } = deny('BAD_USER_INPUT').toJSON();
    const { locations, path } = error;
    return {
      message: words('BAD_USER_INPUT'),
      ...(schemaDetails && locations && { locations }),
      ...(path && { path }),
      extensions: { ...code },
    };
  }
  const { extensions: code } = deny('INTERNAL_SERVER_ERROR').toJSON();
  const errorId = onMasked(original?.originalError ?? original ?? error, error.path);
  return {
    message: words('INTERNAL_SERVER_ERROR'),
    ...(error.locations && { locations: error.locations }),
    ...(error.path && { path: error.path }),
    extensions: { ...code, ...(errorId !== undefined && { errorId }) },
  };
}

/**
 * How graphql-js words the error of a value that passes validation and coercion but not execution, such as null for a
 * variable with a default. It is a mistake of the client, so it is neither logged nor answered as a failure.
 */
const argumentError = /^Argument "\w+" (?:of (?:non-null|required) type "|has invalid value )/;

/** An error that prints an object is never exposed, whatever the application says: the object may hold data of others. */
function isExposed(original: GraphQLError | undefined, expose: Masking['expose']): boolean {
  if (!expose || !original || printsObject(original.message)) return false;
  try {
    return catchRejection(expose(original)) === true;
  } catch {
    return false;
  }
}

/** Finds the text for a refusal that has the constant message. */
function findConstantText(
  { message, extensions }: GraphQLFormattedError,
  original: GraphQLError | undefined,
  words: Masking['words'],
): string | undefined {
  const code = extensions?.['code'] as RefusalCode;
  const isOurs = (readRefusalFacts(original) ?? readRefusalFacts(original?.originalError)) !== undefined;
  return isOurs && message === REFUSALS[code]?.message ? words(code) : undefined;
}

/** Cuts a message that is too long. */
function cutMessage(message: string): string {
  return message.length > maxMessageLength ? `${message.slice(0, maxMessageLength)}...` : message;
}

/** Removes suggestions for misspelt names (`Did you mean ...?`): they name parts of the schema that the client did not know. */
function removeSuggestions(message: string): string {
  let rest = message;
  let kept = '';
  for (let start = rest.indexOf('Did you mean'); start !== -1; start = rest.indexOf('Did you mean')) {
    kept += rest.slice(0, start).trimEnd();
    const end = rest.indexOf('?', start);
    rest = end === -1 ? '' : rest.slice(end + 1);
  }
  return kept + rest;
}

/** The original decides, because a `formatError` that writes a code on every error must not unmask them all. */
function isExpected(error: GraphQLFormattedError, original: GraphQLError | undefined): boolean {
  if (!original) return hasOwnCode(error.extensions);
  return isExpectedError(original) || findSchemaCode(error, original) !== undefined;
}

/**
 * Whether the message of an error is meant for the client: a refusal, a GraphQLError with a code of its own or a 4xx status,
 * or one around an error that says so itself. Other errors may have a code or a status too, that of a database driver or of
 * an HTTP client for example, and are not meant for clients.
 */
export function isExpectedError(error: unknown): boolean {
  if (!(error instanceof GraphQLError)) return false;
  if (readRefusalFacts(error) ?? readRefusalFacts(error.originalError)) return true;
  // Apollo Server and graphql-js wrap what they catch in a GraphQLError with a code, and keep the message.
  if (!(findFirstThrown(error) instanceof GraphQLError)) return findExposedStatus(error) !== undefined;
  const http = error.extensions['http'] as { status?: unknown } | undefined;
  return hasOwnCode(error.extensions) || (typeof http?.status === 'number' && http.status >= 400 && http.status < 500);
}

function hasOwnCode(extensions: Readonly<Record<string, unknown>> | undefined): boolean {
  const code = extensions?.['code'];
  return typeof code === 'string' && code !== 'INTERNAL_SERVER_ERROR';
}

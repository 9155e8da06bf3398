/**
 * The errors of an answer as the client may see them: unexpected ones masked, long ones cut, many ones counted.
 *
 * Expected is an error that says what it is: a code of its own, or a 4xx status. Everything else (an `Error` of a resolver, a
 * value that would not serialise) becomes one constant text with an id, and the log has the rest.
 */
import { type ExecutionResult, type FormattedExecutionResult, GraphQLError, type GraphQLFormattedError } from 'graphql';
import { ownVerdict } from '../lib/promises.ts';
import { firstThrown, isParserOverflow } from './parser-overflow.ts';
import { printsObject } from './printed-values.ts';
import { deny, factsOfRefusal, REFUSALS, type RefusalCode } from './refusal.ts';
import { codeOfGraphqlError, schemaCodeIn, schemaCodeOf, withoutRuntimeText } from './schema-details.ts';

/** An answer made of errors must not be larger than the request that made it. */
const maxErrors = 20;
const maxMessageLength = 1_000;

export interface Masking {
  /** Errors of the application to pass on as they are. */
  readonly expose?: ((error: GraphQLError) => boolean) | undefined;
  /** Whether this client may read what validation and coercion say of the schema. */
  readonly schemaDetails: boolean;
  /** The text of a refusal. */
  readonly words: (code: RefusalCode) => string;
  /** Told of each masked error; returns the id under which it is logged, for the client to name. */
  readonly onMasked: (error: unknown, path: readonly (string | number)[] | undefined) => string | undefined;
}

/** The result as a client may see it; the context value is that of the operation, where there was one. */
export type MaskResult = (result: ExecutionResult, contextValue?: unknown) => FormattedExecutionResult;

/** What was thrown, as graphql-js hands on what a resolver throws: an error that is not meant for the client. */
export function asGraphQLError(thrown: unknown): GraphQLError {
  if (thrown instanceof GraphQLError) return thrown;
  const originalError = thrown instanceof Error ? thrown : new Error('failed', { cause: thrown });
  return new GraphQLError('failed', { originalError });
}

/** A result that no Apollo Server formats: what a WebSocket transport is about to send. */
export function maskResult({ errors, ...rest }: ExecutionResult, masking: Masking): FormattedExecutionResult {
  return errors ? { ...rest, errors: maskErrors(errors.map(formatError), errors, masking) } : rest;
}

/** graphql-js gives the errors of its own validation and coercion no code; Apollo Server does, and so a client knows them. */
function formatError(error: GraphQLError): GraphQLFormattedError {
  const { extensions: { http: _http, ...extensions } = {}, ...json } = error.toJSON();
  const byItself = error.originalError === undefined && !error.path && extensions['code'] === undefined;
  return { ...json, extensions: byItself ? { ...extensions, code: codeOfGraphqlError(error) } : extensions };
}

/** @param originals the same errors before they were formatted, in the same order. */
export function maskErrors(
  formatted: readonly GraphQLFormattedError[],
  originals: readonly GraphQLError[],
  masking: Masking,
): GraphQLFormattedError[] {
  const code = masking.schemaDetails ? undefined : schemaCodeIn(formatted, originals);
  if (code) return [{ message: masking.words(code), extensions: { code } }];
  const all = inOrder(formatted, originals);
  const shown = all.length > maxErrors ? all.slice(0, maxErrors - 1) : all;
  const errors = shown.map(({ error, original }) => clientError(error, original, masking));
  if (shown.length < formatted.length) {
    errors.push({ ...deny('ERRORS_OMITTED').toJSON(), message: masking.words('ERRORS_OMITTED') });
  }
  return errors;
}

interface Placed {
  readonly error: GraphQLFormattedError;
  readonly original: GraphQLError | undefined;
  /** Indices in lists, then where in the document; none for an error without a path. */
  readonly place: readonly number[];
  readonly path: string;
}

/**
 * By place, in lists and in the document: the order in which execution found them tells which took longer, and so what is hidden
 * from what is missing. The errors of a refusal stay as they are.
 */
function inOrder(formatted: readonly GraphQLFormattedError[], originals: readonly GraphQLError[]): readonly Placed[] {
  const all = formatted.map((error, i): Placed => {
    const original = originals[i];
    const { path = [], locations: [at] = [] } = original ?? error;
    const indices = path.filter((key) => typeof key === 'number');
    const place = path.length === 0 ? [] : [...indices, -1, at?.line ?? 0, at?.column ?? 0];
    return { error, original, place, path: path.join('.') };
  });
  const [first] = originals;
  const isRefusal = factsOfRefusal(first) !== undefined && first?.extensions['http'] !== undefined;
  return isRefusal ? all : all.toSorted(byPlace);
}

function byPlace(a: Placed, b: Placed): number {
  const at = a.place.findIndex((number, i) => number !== b.place[i]);
  const [one, other] = [a.place[at], b.place[at]];
  if (one !== undefined && other !== undefined) return one - other;
  if (a.place.length !== b.place.length) return a.place.length - b.place.length;
  return a.path < b.path ? -1 : Number(a.path > b.path);
}

function clientError(
  error: GraphQLFormattedError,
  original: GraphQLError | undefined,
  { expose, onMasked, schemaDetails, words }: Masking,
): GraphQLFormattedError {
  if (isParserOverflow(original)) {
    return { ...deny('DEPTH_LIMIT_EXCEEDED').toJSON(), message: words('DEPTH_LIMIT_EXCEEDED') };
  }
  const { stacktrace: _stacktrace, ...extensions } = error.extensions ?? {};
  const isOfSchema = schemaCodeOf(error, original) !== undefined;
  if (isExpected(error, original) || isExposed(original, expose)) {
    const text = cut(isOfSchema && original ? withoutRuntimeText(error.message, original) : error.message);
    const message = constantText(error, original, words) ?? (isOfSchema ? withoutSuggestions(text) : text);
    return { ...error, message, extensions };
  }
  if (original && ofArguments.test(original.message)) {
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
 * In the words of graphql-js: a value that validation and coercion let pass and execution does not, such as null for a variable
 * with a default. The client's mistake, and nothing for a log.
 */
const ofArguments = /^Argument "\w+" (?:of (?:non-null|required) type "|has invalid value )/;

/** graphql-js prints the object that no type recognised: never for a client, whatever the application exposes. */
function isExposed(original: GraphQLError | undefined, expose: Masking['expose']): boolean {
  if (!expose || !original || printsObject(original.message)) return false;
  try {
    return ownVerdict(expose(original)) === true;
  } catch {
    return false;
  }
}

/** The words for a refusal that carries none of its own. */
function constantText(
  { message, extensions }: GraphQLFormattedError,
  original: GraphQLError | undefined,
  words: Masking['words'],
): string | undefined {
  const code = extensions?.['code'] as RefusalCode;
  const isOurs = (factsOfRefusal(original) ?? factsOfRefusal(original?.originalError)) !== undefined;
  return isOurs && message === REFUSALS[code]?.message ? words(code) : undefined;
}

function cut(message: string): string {
  return message.length > maxMessageLength ? `${message.slice(0, maxMessageLength)}...` : message;
}

/** Takes out what graphql-js adds to help with a misspelt name: it names what the client did not know. */
function withoutSuggestions(message: string): string {
  let rest = message;
  let kept = '';
  for (let start = rest.indexOf('Did you mean'); start !== -1; start = rest.indexOf('Did you mean')) {
    kept += rest.slice(0, start).trimEnd();
    const end = rest.indexOf('?', start);
    rest = end === -1 ? '' : rest.slice(end + 1);
  }
  return kept + rest;
}

/** The original decides: a code that `formatError` writes on every error must not unmask them all. */
function isExpected(error: GraphQLFormattedError, original: GraphQLError | undefined): boolean {
  if (!original) return hasOwnCode(error.extensions);
  return isExpectedError(original) || schemaCodeOf(error, original) !== undefined;
}

/**
 * Whether an error says what it is, so that its message is meant for the client. Only a GraphQLError does: other errors may
 * carry a code as well, of a driver or a library.
 */
export function isExpectedError(error: unknown): boolean {
  if (!(error instanceof GraphQLError)) return false;
  if (factsOfRefusal(error) ?? factsOfRefusal(error.originalError)) return true;
  // Apollo Server and graphql-js put GraphQLErrors with codes around what they catch, and keep its words.
  if (!(firstThrown(error) instanceof GraphQLError)) return false;
  const http = error.extensions['http'] as { status?: unknown } | undefined;
  return hasOwnCode(error.extensions) || (typeof http?.status === 'number' && http.status >= 400 && http.status < 500);
}

function hasOwnCode(extensions: Readonly<Record<string, unknown>> | undefined): boolean {
  const code = extensions?.['code'];
  return typeof code === 'string' && code !== 'INTERNAL_SERVER_ERROR';
}

/**
 * Builds the errors that clients see.
 *
 * A refusal answers for a whole operation and has `extensions.http`. A denial answers for one field and never has it, because
 * Apollo Server would apply that status to the whole response. Neither names a role, a field, the value of a limit or
 * anything that the client sent; in development a limit is named with its value and what was counted. What the operator needs
 * to know is attached to the error as facts, which are never serialised.
 */
import { type ASTNode, GraphQLError } from 'graphql';
import { isDevelopment } from '../lib/environment.ts';
import { type CoordinateShare, REFUSALS, type RefusalCode } from './codes.ts';

/** What is known of a refusal or denial. The first seven reach the client, the others only the operator. */
export interface RefusalFacts {
  /** Replaces the constant text with a message of graphql-js about the client's document or variables. */
  readonly message?: string | undefined;
  /** Nodes of the document, of which the client gets the locations. */
  readonly nodes?: readonly ASTNode[] | undefined;
  /** Response keys and list indices that lead to the field. */
  readonly path?: readonly (string | number)[] | undefined;
  /** Headers of the answer, for example `WWW-Authenticate`. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** Sent as `Retry-After`, in whole seconds, at least 1 (RFC 9110 section 10.2.3). */
  readonly retryAfterSeconds?: number | undefined;
  /** Further errors of the same answer, for example one per denied coordinate. */
  readonly also?: readonly GraphQLError[] | undefined;
  /** Further entries of `extensions`. */
  readonly extensions?: Readonly<Record<string, unknown>> | undefined;
  /** The limit's name, as in the options. */
  readonly limit?: string | undefined;
  /** The value that was counted; `Infinity` where counting stopped early. */
  readonly actual?: number | undefined;
  /** The limit itself. */
  readonly maximum?: number | undefined;
  /** Schema coordinate, for example `Query.invoice`. */
  readonly coordinate?: string | undefined;
  /** The rule that denied, as the operator wrote it. */
  readonly rule?: string | undefined;
  /** The policy of the bucket that is exhausted, as `RateLimit-Policy` names it. */
  readonly policy?: string | undefined;
  /** The coordinates with the highest share of the cost, highest first. */
  readonly dearest?: readonly CoordinateShare[] | undefined;
  /** A short constant such as `expired`, `owner` or `no rule passed`. Never a text of the client. */
  readonly reason?: string | undefined;
  /** The SHA-256 of the text that was sent, in hexadecimal. */
  readonly operationHash?: string | undefined;
  /** The id that was sent in place of a text: printable, and cut. */
  readonly documentId?: string | undefined;
  /** The id of the API key that was refused, where the key is known. */
  readonly keyId?: string | undefined;
  /** The error of a failure on our side, for the log. */
  readonly cause?: unknown;
}

// Registered, so that an ES module copy and a CommonJS copy of this package recognise each other's refusals.
const factsKey = Symbol.for('graphql-bulwark.refusal-facts');

function buildError(code: RefusalCode, facts: RefusalFacts, http: object): GraphQLError {
  // A refusal is not a fault of the program: its stack would tell nothing, and capturing it is most of the cost of an error.
  const { stackTraceLimit } = Error;
  Reflect.set(Error, 'stackTraceLimit', 0);
  try {
    const error = new GraphQLError(facts.message ?? REFUSALS[code].message, {
      extensions: { ...facts.extensions, ...describeLimit(facts), code, ...http },
      ...(facts.nodes && { nodes: facts.nodes }),
      ...(facts.path && { path: facts.path }),
    });
    return Object.defineProperty(error, factsKey, { value: facts });
  } finally {
    Reflect.set(Error, 'stackTraceLimit', stackTraceLimit);
  }
}

/** What a developer needs to see which limit it was, and by how much. Outside development it would tell how far one may go. */
function describeLimit({ limit, policy, actual, maximum }: RefusalFacts): object {
  const name = limit === undefined ? { policy } : { limit };
  if ((limit ?? policy) === undefined || maximum === undefined || !isDevelopment()) return {};
  // Infinity, where counting stopped early, has no form in JSON.
  return { ...name, ...(Number.isFinite(actual) && { actual }), ...(Number.isFinite(maximum) && { maximum }) };
}

/** Builds the error that answers for a whole operation, with the HTTP status and headers of the answer. */
export function refuse(code: RefusalCode, facts: RefusalFacts = {}): GraphQLError {
  // Apollo Server accepts any `Map` with lower-case keys here.
  const headers = new Map(Object.entries(facts.headers ?? {}).map(([name, value]) => [name.toLowerCase(), value]));
  if (facts.retryAfterSeconds !== undefined) {
    headers.set('retry-after', String(Math.max(1, Math.ceil(facts.retryAfterSeconds))));
  }
  return buildError(code, facts, { http: { status: REFUSALS[code].status, headers } });
}

/** Builds the error that answers for one field, object or argument. It does not change the HTTP status. */
export function deny(code: RefusalCode, facts: RefusalFacts = {}): GraphQLError {
  return buildError(code, facts, {});
}

/**
 * Reads the facts of a refusal or denial.
 *
 * @returns `undefined` for an error that neither {@link refuse} nor {@link deny} built.
 */
export function readRefusalFacts(error: unknown): RefusalFacts | undefined {
  return error instanceof GraphQLError ? (error as { [factsKey]?: RefusalFacts })[factsKey] : undefined;
}

/**
 * Reads the code of a refusal or denial.
 *
 * @returns `undefined` for an error that neither {@link refuse} nor {@link deny} built.
 */
export function readRefusalCode(error: unknown): RefusalCode | undefined {
  return readRefusalFacts(error) ? ((error as GraphQLError).extensions['code'] as RefusalCode) : undefined;
}

/**
 * Builds the errors that clients see.
 *
 * A refusal answers for a whole operation and carries `extensions.http`; a denial answers for one field and never does,
 * because Apollo Server would apply that status to the whole response. Neither names a role, a field, a limit's value or
 * anything the client sent. What the operator needs travels beside the error, out of the client's sight.
 */
import { type ASTNode, GraphQLError } from 'graphql';
import { type CoordinateShare, REFUSALS, type RefusalCode } from './codes.ts';

/** What a refusal knows. The first seven reach the client, the rest only the operator. */
export interface RefusalFacts {
  /** In place of the constant text, where graphql-js has said what is wrong with the client's document or variables. */
  readonly message?: string | undefined;
  /** Where in the document: the client gets their locations. */
  readonly nodes?: readonly ASTNode[] | undefined;
  /** Response keys that lead to the field. */
  readonly path?: readonly (string | number)[] | undefined;
  /** Headers of the answer, for example `WWW-Authenticate`. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** Sent as `Retry-After`, in whole seconds, at least 1 (RFC 9110 section 10.2.3). */
  readonly retryAfterSeconds?: number | undefined;
  /** Further errors of the same answer, for example one per denied coordinate. */
  readonly also?: readonly GraphQLError[] | undefined;
  /** Further extensions that the client sees, where an option says so. */
  readonly extensions?: Readonly<Record<string, unknown>> | undefined;
  /** The limit's name, as in the options. */
  readonly limit?: string | undefined;
  readonly actual?: number | undefined;
  readonly maximum?: number | undefined;
  /** Schema coordinate, for example `Query.invoice`. */
  readonly coordinate?: string | undefined;
  /** The rule that said no, in words an operator recognises. */
  readonly rule?: string | undefined;
  /** The policy of the bucket that is short, as `RateLimit-Policy` names it. */
  readonly policy?: string | undefined;
  /** The coordinates that made it dear, dearest first. */
  readonly dearest?: readonly CoordinateShare[] | undefined;
  /** Why, as a short constant: `expired`, `owner`, `no rule passed`. Never text of the client. */
  readonly reason?: string | undefined;
  /** The id of the API key that was refused, where it is a known one. */
  readonly keyId?: string | undefined;
  /** What failed on our side, for the log. */
  readonly cause?: unknown;
}

// Registered, so that an ES module copy and a CommonJS copy of this package recognise each other's refusals.
const factsKey = Symbol.for('graphql-bulwark.refusal-facts');

function make(code: RefusalCode, facts: RefusalFacts, http: object): GraphQLError {
  // An answer is no fault of the program: its stack would tell nothing, and taking it is most of what an error costs.
  const { stackTraceLimit } = Error;
  Reflect.set(Error, 'stackTraceLimit', 0);
  try {
    const error = new GraphQLError(facts.message ?? REFUSALS[code].message, {
      extensions: { ...facts.extensions, code, ...http },
      ...(facts.nodes && { nodes: facts.nodes }),
      ...(facts.path && { path: facts.path }),
    });
    return Object.defineProperty(error, factsKey, { value: facts });
  } finally {
    Reflect.set(Error, 'stackTraceLimit', stackTraceLimit);
  }
}

/** Makes the error that answers for a whole operation, with its HTTP status. */
export function refuse(code: RefusalCode, facts: RefusalFacts = {}): GraphQLError {
  const { headers: given = {} } = facts;
  // Apollo Server takes any `Map` whose keys are in lower case.
  const headers = new Map(Object.entries(given).map(([name, value]) => [name.toLowerCase(), value]));
  if (facts.retryAfterSeconds !== undefined) {
    headers.set('retry-after', String(Math.max(1, Math.ceil(facts.retryAfterSeconds))));
  }
  return make(code, facts, { http: { status: REFUSALS[code].status, headers } });
}

/** Makes the error that answers for one field, object or argument. It leaves the HTTP status alone. */
export function deny(code: RefusalCode, facts: RefusalFacts = {}): GraphQLError {
  return make(code, facts, {});
}

/** What {@link refuse} or {@link deny} was told, or `undefined` for an error that neither of them made. */
export function readRefusalFacts(error: unknown): RefusalFacts | undefined {
  return error instanceof GraphQLError ? (error as { [factsKey]?: RefusalFacts })[factsKey] : undefined;
}

/** The code of an error that {@link refuse} or {@link deny} made. */
export function readRefusalCode(error: unknown): RefusalCode | undefined {
  return readRefusalFacts(error) ? ((error as GraphQLError).extensions['code'] as RefusalCode) : undefined;
}

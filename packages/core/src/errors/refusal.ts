/**
 * Every answer that Bulwark can give in place of data: code -> HTTP status and constant text.
 *
 * A refusal answers for a whole operation and carries `extensions.http`; a denial answers for one field and never does,
 * because Apollo Server would apply that status to the whole response. Neither names a role, a field, a limit's value or
 * anything the client sent. What the operator needs travels beside the error, out of the client's sight.
 */
import { type ASTNode, GraphQLError } from 'graphql';

interface Answer {
  readonly status: number;
  readonly message: string;
  /** The event that tells the operator. */
  readonly event:
    | 'access.denied'
    | 'introspection.blocked'
    | 'limit.exceeded'
    | 'rate.limited'
    | 'request.invalid'
    | 'failure';
}

const answers = {
  // who is asking
  UNAUTHENTICATED: { status: 401, message: 'Not authenticated', event: 'access.denied' },
  FORBIDDEN: { status: 403, message: 'Forbidden', event: 'access.denied' },
  NOT_FOUND: { status: 404, message: 'Not found', event: 'access.denied' },
  INTROSPECTION_DISABLED: { status: 403, message: 'Introspection is disabled', event: 'introspection.blocked' },
  // how the request is formed
  BAD_REQUEST: { status: 400, message: 'Bad request', event: 'request.invalid' },
  BAD_USER_INPUT: { status: 400, message: 'Invalid variables', event: 'request.invalid' },
  GRAPHQL_VALIDATION_FAILED: { status: 400, message: 'Invalid operation', event: 'request.invalid' },
  SUBSCRIPTION_NOT_SUPPORTED: {
    status: 400,
    message: 'Subscriptions are not served over this transport',
    event: 'request.invalid',
  },
  FRAGMENT_CYCLE: { status: 400, message: 'A fragment spreads itself', event: 'request.invalid' },
  // how much it asks for
  QUERY_TOO_LARGE: { status: 413, message: 'The query text is too long', event: 'limit.exceeded' },
  TOKEN_LIMIT_EXCEEDED: { status: 400, message: 'The document has too many tokens', event: 'limit.exceeded' },
  OPERATION_LIMIT_EXCEEDED: { status: 400, message: 'The document has too many operations', event: 'limit.exceeded' },
  FRAGMENT_LIMIT_EXCEEDED: { status: 400, message: 'The document has too many fragments', event: 'limit.exceeded' },
  FRAGMENT_DEPTH_LIMIT_EXCEEDED: {
    status: 400,
    message: 'The fragments are nested too deeply',
    event: 'limit.exceeded',
  },
  DEPTH_LIMIT_EXCEEDED: { status: 400, message: 'The operation is nested too deeply', event: 'limit.exceeded' },
  ALIAS_LIMIT_EXCEEDED: { status: 400, message: 'The operation has too many aliases', event: 'limit.exceeded' },
  ROOT_FIELD_LIMIT_EXCEEDED: {
    status: 400,
    message: 'The operation has too many root fields',
    event: 'limit.exceeded',
  },
  OCCURRENCE_LIMIT_EXCEEDED: {
    status: 400,
    message: 'The operation selects one field too many times',
    event: 'limit.exceeded',
  },
  REPETITION_LIMIT_EXCEEDED: {
    status: 400,
    message: 'The document repeats its fields too often',
    event: 'limit.exceeded',
  },
  FIELD_LIMIT_EXCEEDED: { status: 400, message: 'The operation has too many fields', event: 'limit.exceeded' },
  DIRECTIVE_LIMIT_EXCEEDED: { status: 400, message: 'The operation has too many directives', event: 'limit.exceeded' },
  VARIABLE_LIMIT_EXCEEDED: { status: 400, message: 'The operation has too many variables', event: 'limit.exceeded' },
  INTROSPECTION_LIMIT_EXCEEDED: {
    status: 400,
    message: 'The introspection query is too large',
    event: 'limit.exceeded',
  },
  BATCH_LIMIT_EXCEEDED: { status: 400, message: 'The batch has too many operations', event: 'limit.exceeded' },
  COST_LIMIT_EXCEEDED: { status: 400, message: 'The operation is too expensive', event: 'limit.exceeded' },
  COST_INVALID_SLICING_ARGUMENT: {
    status: 400,
    message: 'The arguments that say how long a list may be are wrong',
    event: 'limit.exceeded',
  },
  LIST_LIMIT_EXCEEDED: { status: 400, message: 'The list is too long', event: 'limit.exceeded' },
  ERRORS_OMITTED: { status: 400, message: 'Further errors are not shown', event: 'request.invalid' },
  // how often
  RATE_LIMITED: { status: 429, message: 'Too many requests', event: 'rate.limited' },
  // what failed on our side
  SERVICE_UNAVAILABLE: { status: 503, message: 'Service temporarily unavailable', event: 'failure' },
  INTERNAL_SERVER_ERROR: { status: 500, message: 'Internal server error', event: 'failure' },
} as const;

/** The closed list of codes in `extensions.code`. */
export type RefusalCode = keyof typeof answers;

/** code -> HTTP status and text. Data for documentation and tests; answers are made by {@link refuse} and {@link deny}. */
export const REFUSALS: Readonly<Record<RefusalCode, Answer>> = answers;

/** What one schema coordinate adds to a cost. */
export interface CoordinateShare {
  readonly coordinate: string;
  readonly cost: number;
}

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
    const error = new GraphQLError(facts.message ?? answers[code].message, {
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
  return make(code, facts, { http: { status: answers[code].status, headers } });
}

/** Makes the error that answers for one field, object or argument. It leaves the HTTP status alone. */
export function deny(code: RefusalCode, facts: RefusalFacts = {}): GraphQLError {
  return make(code, facts, {});
}

/** What {@link refuse} or {@link deny} was told, or `undefined` for an error that neither of them made. */
export function factsOfRefusal(error: unknown): RefusalFacts | undefined {
  return error instanceof GraphQLError ? (error as { [factsKey]?: RefusalFacts })[factsKey] : undefined;
}

/** The code of an error that {@link refuse} or {@link deny} made. */
export function refusalCode(error: unknown): RefusalCode | undefined {
  return factsOfRefusal(error) ? ((error as GraphQLError).extensions['code'] as RefusalCode) : undefined;
}

/** Every answer that Bulwark can give in place of data: code -> HTTP status and constant text. */

/** One row of the table. */
interface Answer {
  /** The HTTP status, where the whole operation is refused. */
  readonly status: number;
  /** The constant text that the client gets. */
  readonly message: string;
  /** The `type` of the event that tells the operator. */
  readonly event:
    | 'access.denied'
    | 'introspection.blocked'
    | 'document.untrusted'
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
  DOCUMENT_NOT_TRUSTED: {
    status: 403,
    message: 'Only trusted documents may be sent',
    event: 'document.untrusted',
  },
  // Clients of persisted queries know its text and status, and send the document.
  PERSISTED_QUERY_NOT_FOUND: { status: 200, message: 'PersistedQueryNotFound', event: 'document.untrusted' },
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
  RESULT_LIMIT_EXCEEDED: { status: 400, message: 'The answer is too large', event: 'limit.exceeded' },
  ERRORS_OMITTED: { status: 400, message: 'Further errors are not shown', event: 'request.invalid' },
  // how often
  RATE_LIMITED: { status: 429, message: 'Too many requests', event: 'rate.limited' },
  // what failed on our side
  EXECUTION_TIMEOUT: { status: 503, message: 'The operation took too long', event: 'failure' },
  SERVICE_UNAVAILABLE: { status: 503, message: 'Service temporarily unavailable', event: 'failure' },
  INTERNAL_SERVER_ERROR: { status: 500, message: 'Internal server error', event: 'failure' },
} as const;

/** The closed list of codes in `extensions.code`. */
export type RefusalCode = keyof typeof answers;

/** code -> HTTP status and text. Data for documentation and tests; `refuse()` and `deny()` build the answers. */
export const REFUSALS: Readonly<Record<RefusalCode, Answer>> = answers;

/** What one schema coordinate adds to the cost of an operation. */
export interface CoordinateShare {
  /** Type and field, as in `Query.invoice`. */
  readonly coordinate: string;
  /** In the units of the cost limit. */
  readonly cost: number;
}

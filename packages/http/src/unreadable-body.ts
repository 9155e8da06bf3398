/** Responses to requests that do not reach GraphQL: JSON in the form of GraphQL errors. */

/** A response. */
export interface Unreadable {
  readonly status: number;
  readonly body: {
    readonly errors: readonly [{ readonly message: string; readonly extensions: { readonly code: string } }];
  };
}

const texts: Readonly<Record<number, readonly [code: string, message: string]>> = {
  400: ['BAD_REQUEST', 'The request body cannot be read'],
  408: ['REQUEST_TIMEOUT', 'The request took too long'],
  413: ['PAYLOAD_TOO_LARGE', 'The request body is too large'],
  415: ['UNSUPPORTED_MEDIA_TYPE', 'The request body must be JSON'],
};

/**
 * Describes an error of a framework to the client. A status from 400 to 499 is kept, anything else becomes 500. The message is not used,
 * because it can quote the body.
 */
export function describeUnreadable(error: unknown): Unreadable {
  const { status, statusCode } = (typeof error === 'object' && error !== null ? error : {}) as Record<string, unknown>;
  const given = typeof status === 'number' ? status : statusCode;
  if (typeof given !== 'number' || !(given >= 400 && given < 500)) {
    return buildAnswer(500, 'INTERNAL_SERVER_ERROR', 'Internal server error');
  }
  const [code, message] = texts[given] ?? ['BAD_REQUEST', 'The request was refused'];
  return buildAnswer(given, code, message);
}

function buildAnswer(status: number, code: string, message: string): Unreadable {
  return { status, body: { errors: [{ message, extensions: { code } }] } };
}

/** Whether a content type is one of GraphQL over HTTP. It may have the charset UTF-8 and other parameters. */
export function isJson(contentType: string | undefined): boolean {
  const [type = '', ...parameters] = (contentType ?? '').toLowerCase().split(';');
  return ['application/json', 'application/graphql+json'].includes(type.trim()) && parameters.every(isUtf8OrOther);
}

/**
 * Whether a parameter is `charset=utf-8` or something else than a charset. Body parsers accept more spellings of a charset than the grammar
 * of parameters has (RFC 9110 section 5.6.6), and decode the body by it, so a text outside of that grammar is refused.
 */
function isUtf8OrOther(text: string): boolean {
  const parameter = text.trim();
  const [, name, , value] = /^([^\s="]+)=("?)([^\s="]+)\2$/.exec(parameter) ?? [];
  return parameter === '' || (name !== undefined && (name !== 'charset' || value === 'utf-8'));
}

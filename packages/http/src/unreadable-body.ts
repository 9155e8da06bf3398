/** What a request that never reaches GraphQL is answered with: JSON in the form of GraphQL's own errors, and no more. */

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

/** The status of a framework's error where it is the client's fault; the words of its message quote the body. */
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

/** Whether a body's content type is one that GraphQL over HTTP uses. A charset of UTF-8 may stand beside it. */
export function isJson(contentType: string | undefined): boolean {
  const [type = '', ...parameters] = (contentType ?? '').toLowerCase().split(';');
  return ['application/json', 'application/graphql+json'].includes(type.trim()) && parameters.every(isUtf8OrOther);
}

/**
 * Body parsers read a charset in more spellings than the grammar of a parameter has (RFC 9110 section 5.6.6), and then decode by
 * it: what is not of that grammar is not taken.
 */
function isUtf8OrOther(text: string): boolean {
  const parameter = text.trim();
  const [, name, , value] = /^([^\s="]+)=("?)([^\s="]+)\2$/.exec(parameter) ?? [];
  return parameter === '' || (name !== undefined && (name !== 'charset' || value === 'utf-8'));
}

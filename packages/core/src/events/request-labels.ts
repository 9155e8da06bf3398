/**
 * What a client or a proxy says of a request in its headers, by which an operator finds the same request elsewhere. Anyone can
 * write anything there: it is for events and logs, and no decision rests on it.
 */
import { escapeText } from '../lib/escape-text.ts';

/** All are printable ASCII of at most 100 characters; those that were not sent, or have the wrong form, are left out. */
export interface RequestLabels {
  /** The header `X-Request-Id`. */
  readonly sentRequestId?: string;
  /** The header `traceparent` (W3C Trace Context, section 3.2). */
  readonly traceparent?: string;
  /** The header `apollographql-client-name`, or `graphql-client-name`. */
  readonly clientName?: string;
  /** The header `apollographql-client-version`, or `graphql-client-version`. */
  readonly clientVersion?: string;
}

/** Version, trace id, parent id and flags, in lower-case hexadecimal digits. */
const traceparentForm = /^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/;

/**
 * Reads the labels of a request.
 *
 * @param header reads a header by its lower-case name.
 * @returns `undefined` where none was sent.
 */
export function readRequestLabels(header: (name: string) => string | undefined): RequestLabels | undefined {
  const read = (...names: readonly string[]): string | undefined => {
    for (const name of names) {
      const text = header(name);
      if (text !== undefined && text !== '') return escapeText(text);
    }
    return undefined;
  };
  const sentRequestId = read('x-request-id');
  const traceparent = read('traceparent');
  const clientName = read('apollographql-client-name', 'graphql-client-name');
  const clientVersion = read('apollographql-client-version', 'graphql-client-version');
  const labels: RequestLabels = {
    ...(sentRequestId !== undefined && { sentRequestId }),
    ...(traceparent !== undefined && traceparentForm.test(traceparent) && { traceparent }),
    ...(clientName !== undefined && { clientName }),
    ...(clientVersion !== undefined && { clientVersion }),
  };
  return Object.keys(labels).length > 0 ? Object.freeze(labels) : undefined;
}

/**
 * The same for a Node.js request. A header that was sent several times is read as one text.
 *
 * @param request `undefined`, or without headers, where a transport has none.
 */
export function readLabelsOfRequest(
  request: { readonly headers?: Readonly<Record<string, string | readonly string[] | undefined>> } | undefined,
): RequestLabels | undefined {
  return readRequestLabels((name) => {
    const value = request?.headers?.[name];
    return typeof value === 'object' ? value.join(', ') : value;
  });
}

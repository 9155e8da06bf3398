/**
 * Finds the HTTP request in what an integration of Apollo Server hands to `context()`, and brings it into one shape. Each hands
 * over something else; a request that is not found must not pass for one without a credential, so it is an error.
 */
import type { IncomingHttpHeaders } from 'node:http';
import { isObject } from '@graphql-bulwark/core/internal';

/**
 * The head of an HTTP request, as `authenticate` gets it. Over Node's HTTP server it is the request itself, with all that a
 * middleware has put on it. Of a `Request` of the Fetch standard and of an event of AWS Lambda it is made, in the same shape.
 */
export interface RequestHead {
  /** By lower-case name. */
  readonly headers: IncomingHttpHeaders;
  /** Names and values in turn, as received: several headers of one name can only be told apart here. */
  readonly rawHeaders?: readonly string[] | undefined;
  readonly method?: string | undefined;
  /** Left out: the server does not say where the request comes from. */
  readonly socket?: { readonly remoteAddress?: string | undefined; readonly destroyed?: boolean } | undefined;
  /** Where a middleware has parsed it. */
  readonly body?: unknown;
}

/** A value of which nothing is known. */
type Unknown = { readonly [name: string]: unknown };

/**
 * Finds the request among the arguments of a context function:
 *
 * - `{ req, res }` of the standalone server and of Express, `{ ctx }` of Koa, `(request, reply)` of Fastify;
 * - `(req, res)` of API routes of Next.js, `(request)` of its route handlers, and `{ request }` of servers of the Fetch standard;
 * - `{ event, context }` of AWS Lambda: events of API Gateway (versions 1 and 2), function URLs and load balancers.
 *
 * @param requestOf finds it in anything else.
 * @returns `undefined` where none is found, or one without headers.
 */
export function findRequest<A extends readonly unknown[]>(
  given: A,
  requestOf: ((...given: A) => unknown) | undefined,
): RequestHead | undefined {
  if (requestOf) {
    const found = requestOf(...given);
    return hasHeaders(found) ? readRequest(found) : undefined;
  }
  const [first] = given;
  if (!isObject(first)) return undefined;
  const { raw, body, req, ctx, request, event } = first as Unknown;
  if (hasHeaders(raw)) return withBody(readRequest(raw), body);
  const { req: ofKoa, request: parsed } = (isObject(ctx) ? ctx : {}) as { req?: unknown; request?: { body?: unknown } };
  if (hasHeaders(ofKoa)) return withBody(readRequest(ofKoa), parsed?.body);
  if (isObject(event)) return readLambdaEvent(event);
  const found = [req, request, first].find(hasHeaders);
  return found && readRequest(found);
}

interface HasHeaders {
  readonly headers: object;
}

function hasHeaders(value: unknown): value is HasHeaders {
  return isObject(value) && isObject((value as Partial<HasHeaders>).headers);
}

/**
 * Brings a request into one shape. One of Node stays the same object.
 *
 * @returns `undefined` for headers that are a list: they have no names to read them by.
 */
function readRequest(request: HasHeaders): RequestHead | undefined {
  const { headers } = request;
  if (Array.isArray(headers)) return undefined;
  if (typeof (headers as Partial<Headers>).forEach !== 'function') return request as RequestHead;
  const pairs: Pair[] = [];
  (headers as Headers).forEach((value, name) => {
    pairs.push([name, value]);
  });
  const { method, socket } = request as Partial<RequestHead>;
  return { ...readHeaderPairs(pairs), method, ...(socket && { socket }) };
}

/** The part that is read of the events of API Gateway, function URLs and load balancers. */
interface LambdaEvent {
  readonly headers?: Readonly<Record<string, string | undefined>> | null;
  /** In place of `headers`, or beside them. */
  readonly multiValueHeaders?: Readonly<Record<string, readonly string[] | undefined>> | null;
  /** Of version 2, which leaves the header out. */
  readonly cookies?: readonly string[];
  readonly httpMethod?: string;
  readonly requestContext?: {
    readonly http?: { readonly method?: string; readonly sourceIp?: string };
    readonly identity?: { readonly sourceIp?: string };
  };
}

/** @returns `undefined` for an event of another kind: one of a queue or a schedule has no headers. */
function readLambdaEvent(event: LambdaEvent): RequestHead | undefined {
  const { headers, multiValueHeaders, cookies = [], requestContext } = event;
  if (!isObject(headers) && !isObject(multiValueHeaders)) return undefined;
  const several = Object.entries(multiValueHeaders ?? {});
  const pairs = several.length > 0 ? several : Object.entries(headers ?? {});
  const remoteAddress = requestContext?.http?.sourceIp ?? requestContext?.identity?.sourceIp;
  return {
    ...readHeaderPairs(cookies.length > 0 ? replaceCookies(pairs, cookies) : pairs),
    method: requestContext?.http?.method ?? event.httpMethod,
    ...(remoteAddress !== undefined && { socket: { remoteAddress } }),
  };
}

/** The header may be there as well, with the same cookies. */
function replaceCookies(pairs: readonly Pair[], cookies: readonly string[]): readonly Pair[] {
  return [...pairs.filter(([name]) => name.toLowerCase() !== 'cookie'), ['cookie', cookies.join('; ')]];
}

type Pair = readonly [string, string | readonly string[] | undefined];

/** As Node has headers. The values of one name are joined; `rawHeaders` has each. */
function readHeaderPairs(pairs: readonly Pair[]): Pick<RequestHead, 'headers' | 'rawHeaders'> {
  // A client chooses the names: `__proto__` must be a header like any other.
  const headers = Object.create(null) as Record<string, string>;
  const rawHeaders: string[] = [];
  for (const [sent, values] of pairs) {
    const name = sent.toLowerCase();
    for (const value of [values ?? []].flat()) {
      const before = headers[name];
      headers[name] = before === undefined ? value : `${before}${name === 'cookie' ? ';' : ','} ${value}`;
      rawHeaders.push(name, value);
    }
  }
  return { headers, rawHeaders };
}

/** Some frameworks keep the body that they have parsed beside the request. */
function withBody(request: RequestHead | undefined, body: unknown): RequestHead | undefined {
  return request && deriveRequest(request, { body });
}

/** The same request but for a few properties; the server's own object stays as it is. */
export function deriveRequest(request: RequestHead, change: Readonly<Record<string, unknown>>): RequestHead {
  const properties = Object.entries(change).map(([name, value]) => [name, { value }]);
  return Object.create(request, Object.fromEntries(properties) as PropertyDescriptorMap) as RequestHead;
}

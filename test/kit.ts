/** The one way in which tests talk to a server: real HTTP semantics in process, no port. */
import { type ApolloServer, type BaseContext, HeaderMap } from '@apollo/server';
import { type Principal, type SecuredContext, type SecurityContext, securityContext } from '@graphql-bulwark/core';

export interface Answer {
  readonly status: number;
  readonly headers: ReadonlyMap<string, string>;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into answers of every shape.
  readonly body: any;
}

export interface Sending {
  readonly variables?: Record<string, unknown> | undefined;
  readonly operationName?: string | undefined;
  readonly extensions?: Record<string, unknown> | undefined;
  readonly headers?: Record<string, string> | undefined;
  readonly method?: 'POST' | 'GET' | undefined;
  /** Further keys of the body, or parameters of the URL. */
  readonly parameters?: Record<string, unknown> | undefined;
}

/** Sends one operation, or a body of one's own (a batch, a hash-only request), and reads the answer as a client would. */
export async function send<C extends BaseContext>(
  server: ApolloServer<C>,
  query: string | undefined,
  contextValue: C,
  { variables, operationName, extensions, headers = {}, method = 'POST', parameters }: Sending = {},
): Promise<Answer> {
  const body = {
    ...(query !== undefined && { query }),
    ...(variables && { variables }),
    ...(operationName !== undefined && { operationName }),
    ...(extensions && { extensions }),
    ...parameters,
  };
  if (method === 'POST') return sendBody(server, body, contextValue, headers);
  const search = new URLSearchParams(
    Object.entries(body).map(([k, v]): [string, string] => [k, typeof v === 'string' ? v : JSON.stringify(v)]),
  );
  return exchange(server, { method, search: `?${search.toString()}`, body: undefined }, contextValue, headers);
}

/** Sends a GET request with the query of a URL as it is. */
export function sendSearch<C extends BaseContext>(
  server: ApolloServer<C>,
  search: string,
  contextValue: C,
): Promise<Answer> {
  return exchange(server, { method: 'GET', search, body: undefined }, contextValue, {});
}

/** Sends a body as it is, for batches and malformed requests. */
export function sendBody<C extends BaseContext>(
  server: ApolloServer<C>,
  body: unknown,
  contextValue: C,
  headers: Record<string, string> = {},
): Promise<Answer> {
  return exchange(server, { method: 'POST', search: '', body }, contextValue, headers);
}

async function exchange<C extends BaseContext>(
  server: ApolloServer<C>,
  request: { method: string; search: string; body: unknown },
  contextValue: C,
  headers: Record<string, string>,
): Promise<Answer> {
  const response = await server.executeHTTPGraphQLRequest({
    httpGraphQLRequest: {
      ...request,
      headers: new HeaderMap(
        Object.entries({ 'content-type': 'application/json', 'apollo-require-preflight': '1', ...headers }),
      ),
    },
    context: async () => contextValue,
  });
  if (response.body.kind !== 'complete') throw new Error('expected one whole answer');
  return { status: response.status ?? 200, headers: response.headers, body: JSON.parse(response.body.string) };
}

/** A context as `bulwark.context()` would make it, for this principal. */
export function as(
  principal: (Partial<Principal> & { id: string }) | null,
  more: Partial<SecurityContext> = {},
): SecuredContext {
  return {
    security: securityContext({
      clientIp: '192.0.2.1',
      ...more,
      principal: principal && {
        claims: { sub: principal.id },
        roles: [],
        scopes: [],
        authMethod: 'test',
        ...principal,
      },
    }),
  };
}

/** The codes of an answer's errors, in order. */
export function codes(answer: Answer): unknown[] {
  return (answer.body.errors ?? []).map((error: { extensions?: { code?: unknown } }) => error.extensions?.code);
}

/**
 * How much longer twice as much takes, at its best of six tries: other processes disturb a clock, but never in its favour.
 * Linear work gives about 2, quadratic about 4.
 *
 * @param measure does the work for a size and returns the milliseconds it took.
 */
export async function growthOf(measure: (size: number) => number | Promise<number>, size: number): Promise<number> {
  let growth = Infinity;
  for (let i = 0; i < 6 && !(growth < 3); i += 1) {
    const once = await measure(size);
    growth = Math.min(growth, (await measure(2 * size)) / Math.max(once, 1));
  }
  return growth;
}

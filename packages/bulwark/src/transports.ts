/**
 * Room 1 on servers that hand over their requests in another way than `{ req }`: Fastify, and graphql-ws.
 *
 * Standalone servers and Express need nothing: `context: bulwark.context(...)`.
 */
import type { IncomingMessage } from 'node:http';
import { refusalCode, type SecuredContext } from '@graphql-bulwark/core';
import type { HttpRequest } from './context.ts';
import type { Bulwark } from './create.ts';

/** A Fastify request, as far as it is used. */
export interface FastifyRequestLike {
  readonly raw: IncomingMessage;
  readonly body?: unknown;
}

/**
 * For `context` of `@as-integrations/fastify`.
 *
 * @example fastifyApolloHandler(server, { context: fastifyContext(bulwark.context(async () => ({ db }))) })
 */
export function fastifyContext<C>(
  context: (request: HttpRequest) => Promise<C>,
): (request: FastifyRequestLike) => Promise<C> {
  return ({ raw, body }) => context({ req: derived(raw, { body }) });
}

/** A connection of graphql-ws over `ws`, as far as it is used. */
export interface WebSocketConnection {
  readonly connectionParams?: Readonly<Record<string, unknown>> | undefined;
  readonly extra: {
    readonly request: IncomingMessage;
    readonly socket: { close(code: number, reason: string): void };
  };
}

/** Options of graphql-ws's `useServer`. */
export interface WebSocketHooks<C> {
  /** `false` closes the socket with 4403. */
  readonly onConnect: (connection: WebSocketConnection) => Promise<boolean>;
  readonly context: (connection: WebSocketConnection) => Promise<C>;
  /** Before each event: who may not ask any more gets none. */
  readonly onNext: (connection: WebSocketConnection) => Promise<void>;
}

/**
 * Makes the hooks by which a WebSocket server knows its callers: `Authorization` and `X-API-Key` may stand in
 * `connectionParams`, where browsers can put them, and are verified as the headers of a request are. They are verified again
 * for each operation and each event, so a stream ends when its token does, or is taken back.
 *
 * @example useServer({ schema, ...webSocketHooks(bulwark) }, webSocketServer)
 */
export function webSocketHooks<C extends SecuredContext>(
  bulwark: Pick<Bulwark<C>, 'context'>,
  build?: (request: HttpRequest) => Omit<C, 'security'> | Promise<Omit<C, 'security'>>,
): WebSocketHooks<C> {
  const identify = bulwark.context();
  const make = bulwark.context(build);

  async function orClose<T>(connection: WebSocketConnection, work: (request: HttpRequest) => Promise<T>): Promise<T> {
    try {
      return await work({ req: requestOf(connection) });
    } catch (thrown) {
      const unavailable = refusalCode(thrown) === 'SERVICE_UNAVAILABLE';
      // 1013: try again later. 4403: forbidden, as graphql-ws says it.
      connection.extra.socket.close(unavailable ? 1013 : 4403, unavailable ? 'Try again later' : 'Forbidden');
      throw thrown;
    }
  }

  return {
    async onConnect(connection) {
      try {
        await orClose(connection, identify);
        return true;
      } catch {
        return false;
      }
    },
    context: (connection) => orClose(connection, make),
    onNext: async (connection) => {
      await orClose(connection, identify);
    },
  };
}

const credentialNames = ['authorization', 'x-api-key'];

/** The upgrade request, with the credentials of `connectionParams` among its headers. One in both places is one too many. */
function requestOf({ connectionParams = {}, extra: { request } }: WebSocketConnection): IncomingMessage {
  const headers: Record<string, string | string[] | undefined> = { ...request.headers };
  for (const [name, value] of Object.entries(connectionParams)) {
    const header = name.toLowerCase();
    if (!credentialNames.includes(header)) continue;
    // What is no text is no credential, and must not pass for none.
    const sent = typeof value === 'string' ? value : '';
    headers[header] = headers[header] === undefined ? sent : [headers[header], sent].flat();
  }
  return derived(request, { headers, rawHeaders: [] });
}

/** The same request but for a few properties; the server's own object stays as it is. */
function derived(request: IncomingMessage, change: Readonly<Record<string, unknown>>): IncomingMessage {
  const properties = Object.entries(change).map(([name, value]) => [name, { value }]);
  return Object.create(request, Object.fromEntries(properties) as PropertyDescriptorMap) as IncomingMessage;
}

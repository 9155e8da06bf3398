/** Subscriptions over graphql-ws, on the HTTP server of Nest. */
import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { aText, atLeast, type OptionTable, readOptions } from '@graphql-bulwark/core/internal';
import type { GraphQLSchema } from 'graphql';
import { type Bulwark, type HttpRequest, type SecuredContext, webSocketHooks } from 'graphql-bulwark';

/** Of `subscriptions: { 'graphql-ws': ... }`. Who may connect is decided by `createBulwark({ authenticate })`. */
export interface SubscriptionOptions {
  /** Left out: that of the API. */
  readonly path?: string;
  /** Bytes of one message. Whole number, 1 or more. @default 100000 */
  readonly maxPayload?: number;
  /** How long a client may take to send `connection_init`. Whole number, 1 or more. @default 3000 */
  readonly initTimeoutMilliseconds?: number;
  /** Tokens of a document. Whole number, 1 or more. @default 2000 */
  readonly maxTokens?: number;
  /** Operations of one connection that run at a time. Whole number, 1 or more. @default 20 */
  readonly maxOperations?: number;
}

const optionTable = {
  path: { check: aText },
  maxPayload: { default: 100_000, check: atLeast(1) },
  initTimeoutMilliseconds: { check: atLeast(1) },
  maxTokens: { check: atLeast(1) },
  maxOperations: { check: atLeast(1) },
} satisfies OptionTable<SubscriptionOptions>;

interface Settings extends SubscriptionOptions {
  readonly maxPayload: number;
}

interface Given {
  readonly subscriptions?: { readonly 'graphql-ws'?: SubscriptionOptions | boolean } | undefined;
  readonly installSubscriptionHandlers?: boolean | undefined;
}

/**
 * @returns `undefined` where there are to be none.
 * @throws {TypeError} for another protocol, and for hooks of graphql-ws: Bulwark's stand in their place.
 */
export function readSubscriptions({ subscriptions, installSubscriptionHandlers }: Given): Settings | undefined {
  const { 'graphql-ws': given = installSubscriptionHandlers && !subscriptions, ...others } = subscriptions ?? {};
  const [other] = Object.keys(others);
  if (other !== undefined) {
    throw new TypeError(`subscriptions: Bulwark does not protect '${other}'; give { 'graphql-ws': true }.`);
  }
  if (given === undefined || given === false) return undefined;
  return readOptions("subscriptions['graphql-ws']", given === true ? {} : given, optionTable);
}

export interface SubscriptionParts<C extends SecuredContext> extends Settings {
  readonly path: string;
  readonly bulwark: Bulwark<C>;
  /** What came out of `bulwark.secure()`. */
  readonly schema: GraphQLSchema;
  /** Makes the rest of the context, from the request that was upgraded. */
  readonly context: (request: HttpRequest) => Promise<object>;
  readonly httpServer: Server;
}

export interface Subscriptions {
  readonly stop: () => Promise<void>;
}

/** How long clients may take to answer a close when the server stops. */
const closeMilliseconds = 1_000;

/** @throws {Error} where `graphql-ws` or `ws` is not installed. */
export async function serveSubscriptions<C extends SecuredContext>({
  path,
  maxPayload,
  httpServer,
  bulwark,
  context,
  ...options
}: SubscriptionParts<C>): Promise<Subscriptions> {
  const [{ WebSocketServer }, { useServer }] = await Promise.all([import('ws'), import('graphql-ws/use/ws')]);
  const server = new WebSocketServer({ noServer: true, path, maxPayload });
  const hooks = webSocketHooks(bulwark, {
    ...options,
    server,
    context: async (request) => (await context(request)) as Omit<C, 'security'>,
  });
  const served = useServer(hooks, server);

  function upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    if (server.shouldHandle(request)) {
      server.handleUpgrade(request, socket, head, (webSocket) => server.emit('connection', webSocket, request));
    } else if (httpServer.listenerCount('upgrade') === 1) {
      // A gateway of the application may have a path of its own; without one, no listener would ever end this socket.
      socket.end('HTTP/1.1 404 Not Found\r\nConnection: close\r\nContent-Length: 0\r\n\r\n');
    }
  }
  httpServer.on('upgrade', upgrade);

  return {
    async stop() {
      httpServer.off('upgrade', upgrade);
      const late = setTimeout(() => {
        for (const client of server.clients) client.terminate();
      }, closeMilliseconds);
      try {
        await served.dispose();
      } finally {
        clearTimeout(late);
      }
    },
  };
}

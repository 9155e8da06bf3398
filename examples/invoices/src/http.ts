/** Puts an Apollo Server on Express 5 and an HTTP server of its own: GraphQL, over WebSockets too, JWKS, liveness, and a bounded stop. */
import { createServer, type Server, type ServerOptions } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { ApolloServer, BaseContext } from '@apollo/server';
import { type ExpressContextFunctionArgument, expressMiddleware } from '@as-integrations/express5';
import express, { type ErrorRequestHandler, type Express, type RequestHandler } from 'express';
import { WebSocketServer } from 'ws';
import type { RaisedAlert } from './monitoring.ts';

export interface HttpOptions<C extends BaseContext> {
  readonly server: ApolloServer<C>;
  readonly context: (request: ExpressContextFunctionArgument) => Promise<C>;
  readonly jwks: () => object;
  /** The text at `/metrics`. Left out: there is no such page. A real server would have it on a port of its own. */
  readonly metrics?: () => Promise<string>;
  /** 0: any free one. @default 0 */
  readonly port?: number;
  /** In front of GraphQL: at least what parses bodies. */
  readonly before: readonly RequestHandler[];
  /** Behind it, for what could not be read. Left out: Express's page. */
  readonly onError?: ErrorRequestHandler;
  /** Of the HTTP server. Left out: those of Node. */
  readonly limits?: ServerOptions;
  /** Serves operations over WebSockets: `useServer` of graphql-ws. */
  readonly sockets: (server: WebSocketServer) => { readonly dispose: () => Promise<void> | void };
  /** The longest message of a WebSocket. Left out: the 100 MB of ws. */
  readonly maxMessageBytes?: number;
}

export interface RunningServer {
  /** Of the server itself, without a path. */
  readonly origin: string;
  /** Where GraphQL is. */
  readonly url: string;
  /** The alerts that were raised since it started. Left out: nothing looks for any. */
  readonly alerts?: () => Promise<readonly RaisedAlert[]>;
  stop(): Promise<void>;
}

export async function serveHttp<C extends BaseContext>(options: HttpOptions<C>): Promise<RunningServer> {
  await options.server.start();
  const app = express();
  // As in development, stack traces in pages included, but without printing every error.
  app.set('env', 'test');
  app.disable('x-powered-by');
  app.get('/healthz', (_, response) => {
    response.json({ status: 'ok' });
  });
  app.get('/.well-known/jwks.json', (_, response) => {
    response.set('cache-control', 'max-age=300').json(options.jwks());
  });
  const { metrics } = options;
  if (metrics) {
    app.get('/metrics', async (_, response) => {
      response.type('text/plain; version=0.0.4').send(await metrics());
    });
  }
  const graphql = expressMiddleware(options.server, { context: options.context });
  app.use('/graphql', ...options.before, graphql);
  if (options.onError) app.use(options.onError);

  const http = await listen(app, options);
  const maxPayload = options.maxMessageBytes;
  const webSockets = new WebSocketServer({ server: http, path: '/graphql', ...(maxPayload && { maxPayload }) });
  const sockets = options.sockets(webSockets);
  // A message that is too long or broken has closed its socket by itself. graphql-ws would print it.
  webSockets.on('connection', (socket) => socket.removeAllListeners('error').on('error', () => {}));
  const origin = `http://127.0.0.1:${(http.address() as AddressInfo).port}`;
  return {
    origin,
    url: `${origin}/graphql`,
    stop: async () => {
      await sockets.dispose();
      await close(http, 2_000);
      await options.server.stop();
    },
  };
}

function listen<C extends BaseContext>(app: Express, options: HttpOptions<C>): Promise<Server> {
  const http = createServer(options.limits ?? {}, app);
  return new Promise((resolve, reject) => {
    http
      .once('error', (error) => reject(explain(error, options.port)))
      .listen(options.port ?? 0, '127.0.0.1', () => resolve(http));
  });
}

function explain(error: NodeJS.ErrnoException, port: number | undefined): Error {
  if (error.code !== 'EADDRINUSE') return error;
  return new Error(`Port ${port} is taken: end what listens there, or choose others with PORT and BARE_PORT.`);
}

/** Lets running requests end, but not for longer than `graceMs`. */
function close(http: Server, graceMs: number): Promise<void> {
  return new Promise((resolve) => {
    const late = setTimeout(() => http.closeAllConnections(), graceMs);
    http.close(() => {
      clearTimeout(late);
      resolve();
    });
    http.closeIdleConnections();
  });
}

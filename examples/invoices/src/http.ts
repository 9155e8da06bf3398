/** Puts an Apollo Server on Express 5 and an HTTP server of its own: GraphQL, JWKS and liveness, and a bounded stop. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { ApolloServer, BaseContext } from '@apollo/server';
import { type ExpressContextFunctionArgument, expressMiddleware } from '@as-integrations/express5';
import express, { type ErrorRequestHandler, type Express } from 'express';

export interface HttpOptions<C extends BaseContext> {
  readonly server: ApolloServer<C>;
  readonly context: (request: ExpressContextFunctionArgument) => Promise<C>;
  readonly jwks: () => object;
  /** 0: any free one. @default 0 */
  readonly port?: number;
  /** Largest body after inflation, as Express writes sizes. */
  readonly bodyLimit: string;
  /** Seconds for the whole request, and for its headers. Left out: those of Node. */
  readonly requestSeconds?: number;
  readonly headersSeconds?: number;
  /** Answer a body that cannot be read with JSON, not with Express's page. */
  readonly jsonErrors: boolean;
}

export interface RunningServer {
  /** Of the server itself, without a path. */
  readonly origin: string;
  /** Where GraphQL is. */
  readonly url: string;
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
  const graphql = expressMiddleware(options.server, { context: options.context });
  app.use('/graphql', express.json({ limit: options.bodyLimit }), graphql);
  if (options.jsonErrors) app.use(jsonError);

  const http = await listen(app, options);
  const origin = `http://127.0.0.1:${(http.address() as AddressInfo).port}`;
  return {
    origin,
    url: `${origin}/graphql`,
    stop: async () => {
      await close(http, 2_000);
      await options.server.stop();
    },
  };
}

function listen<C extends BaseContext>(app: Express, options: HttpOptions<C>): Promise<Server> {
  const http = createServer(app);
  if (options.requestSeconds !== undefined) http.requestTimeout = options.requestSeconds * 1000;
  if (options.headersSeconds !== undefined) http.headersTimeout = options.headersSeconds * 1000;
  return new Promise((resolve, reject) => {
    http.once('error', reject).listen(options.port ?? 0, '127.0.0.1', () => resolve(http));
  });
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

/** Errors of the body parser have a status; its message quotes the body, so the answer does not repeat it. */
const jsonError: ErrorRequestHandler = (error: { status?: unknown }, _request, response, next) => {
  if (response.headersSent) return next(error);
  const status = typeof error.status === 'number' && error.status < 500 ? error.status : 500;
  const [code, message] =
    status === 413
      ? ['PAYLOAD_TOO_LARGE', 'The request body is too large']
      : status < 500
        ? ['BAD_REQUEST', 'The request body cannot be read']
        : ['INTERNAL_SERVER_ERROR', 'Internal server error'];
  response.status(status).json({ errors: [{ message, extensions: { code } }] });
};

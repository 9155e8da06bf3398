/** The invoicing API behind Bulwark: the same schema, resolvers and data as the bare one. */
import { ApolloServer } from '@apollo/server';
import type { ExpressContextFunctionArgument } from '@as-integrations/express5';
import { redisStore } from '@graphql-bulwark/rate-limit';
import { makeExecutableSchema } from '@graphql-tools/schema';
import { createBulwark, type SecuredContext, type SecurityEvent } from 'graphql-bulwark';
import { Redis } from 'ioredis';
import { type App, openApp } from './app.ts';
import type { ServerOptions } from './bare-server.ts';
import { type RunningServer, serveHttp } from './http.ts';
import { resolvers } from './resolvers/index.ts';
import { typeDefs } from './schema.ts';

type Context = App & SecuredContext;

export interface ProtectedServerOptions extends ServerOptions {
  /** Counts rate limits in this Redis, for several processes. Left out: in memory. */
  readonly redisUrl?: string | undefined;
  /** In front of every key in Redis. */
  readonly redisKeyPrefix?: string;
  /** Told of everything that was refused. Left out: nobody is; a real server would log it. */
  readonly onEvent?: ((event: SecurityEvent) => void) | undefined;
}

export async function startProtectedServer(options: ProtectedServerOptions): Promise<RunningServer> {
  const { identity, port = 0, redisUrl, redisKeyPrefix = 'invoices:', onEvent = () => {} } = options;
  const app = openApp(identity);
  const redis = redisUrl === undefined ? undefined : await connect(redisUrl, redisKeyPrefix);
  const bulwark = createBulwark<Context>({
    authenticate: {
      issuer: identity.issuer,
      audience: identity.audience,
      algorithms: ['ES256'],
      jwksUrl: identity.jwksUri,
    },
    introspection: { allow: false },
    clientAddress: { trustedHops: 1 }, // the proxy in front; without its header, the socket's address
    ...(redis && { rateLimit: { store: redisStore({ client: redis }) } }),
    onEvent,
    logger: { warn() {}, error() {} },
  });
  const schema = makeExecutableSchema<Context>({ typeDefs: [bulwark.typeDefs, typeDefs], resolvers });
  const server = new ApolloServer<Context>(
    bulwark.apollo({
      schema: bulwark.secure(schema),
      allowBatchedHttpRequests: true,
      stopOnTerminationSignals: false,
    }),
  );
  const running = await serveHttp({
    server,
    port,
    jwks: identity.jwks,
    bodyLimit: '1mb',
    jsonErrors: true,
    requestSeconds: 30,
    headersSeconds: 10,
    context: bulwark.context<ExpressContextFunctionArgument>(() => app),
  });
  return {
    ...running,
    stop: async () => {
      await running.stop();
      redis?.disconnect();
      app.db.close();
    },
  };
}

/** Ready when it returns, so that the first request already counts. */
async function connect(url: string, keyPrefix: string): Promise<Redis> {
  const redis = new Redis(url, { keyPrefix, lazyConnect: true, enableOfflineQueue: false });
  redis.on('error', () => {}); // The rate limit notices by itself, and answers as its `onStoreError` says.
  await redis.connect();
  return redis;
}

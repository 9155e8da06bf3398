/** The invoicing API behind Bulwark: the same schema, resolvers and data as the bare one. */
import { ApolloServer } from '@apollo/server';
import type { ExpressContextFunctionArgument } from '@as-integrations/express5';
import { bruteForceProtection, memoryDenyList, redisDenyList } from '@graphql-bulwark/authentication';
import { httpLimits } from '@graphql-bulwark/http';
import { expressSecurity, jsonErrors } from '@graphql-bulwark/http/express';
import { memoryStore, redisStore } from '@graphql-bulwark/rate-limit';
import { makeExecutableSchema } from '@graphql-tools/schema';
import {
  type BulwarkOptions,
  createBulwark,
  createEvents,
  type SecuredContext,
  type SecurityEvent,
  webSocketHooks,
} from 'graphql-bulwark';
import { useServer } from 'graphql-ws/use/ws';
import { Redis } from 'ioredis';
import { apiKeyPrefix, apiKeyStore } from './api-key-store.ts';
import { type App, openApp } from './app.ts';
import type { ServerOptions } from './bare-server.ts';
import { type RunningServer, serveHttp } from './http.ts';
import { startMonitoring } from './monitoring.ts';
import { resolvers } from './resolvers/index.ts';
import { loaders, policies } from './rules.ts';
import { typeDefs } from './schema.ts';

type Context = App & SecuredContext;

export interface ProtectedServerOptions extends ServerOptions {
  /** Counts rate limits in this Redis, for several processes. Left out: in memory. */
  readonly redisUrl?: string | undefined;
  /** In front of every key in Redis. */
  readonly redisKeyPrefix?: string;
  /** For a request and its body. @default 30 */
  readonly slowSeconds?: number;
  /** Answer for what a caller may not use as for what does not exist. @default false */
  readonly hideUnauthorized?: boolean;
  /** The only documents that may be sent. Left out: any may. */
  readonly trustedDocuments?: BulwarkOptions['trustedDocuments'];
  /** Proxies in front that append to `X-Forwarded-For`. Left out: the header is not believed, as anybody can write it. */
  readonly trustedHops?: number | undefined;
  /** Where warnings and failures are logged. Left out: nowhere, which keeps the showcase readable. */
  readonly logger?: BulwarkOptions['logger'];
  /** Told of everything that was refused. Left out: nobody is; a real server would log it. */
  readonly onEvent?: ((event: SecurityEvent) => void) | undefined;
}

export async function startProtectedServer(options: ProtectedServerOptions): Promise<RunningServer> {
  const { identity, port = 0, redisUrl, redisKeyPrefix = 'invoices:', onEvent = () => {} } = options;
  const { slowSeconds = 30, hideUnauthorized = false, trustedHops, trustedDocuments, logger = silent } = options;
  const redis = redisUrl === undefined ? undefined : await connect(redisUrl, redisKeyPrefix);
  const counting = {
    store: redis ? redisStore({ client: redis }) : memoryStore(),
    insuranceStore: memoryStore(),
    // Attackers and honest clients of the showcase share the loopback address. A real server leaves this out.
    maxFailuresPerAddress: 1_000,
  };
  const denyList = redis ? redisDenyList({ client: redis }) : memoryDenyList();
  const monitoring = startMonitoring(counting.store);
  const hear = (event: SecurityEvent): void => {
    monitoring.onEvent(event);
    onEvent(event);
  };
  const events = createEvents(hear, () => console);
  const app: App = {
    ...openApp(identity),
    denyList,
    bruteForce: bruteForceProtection({ ...counting, name: 'login', events }),
    reportFailedLogin(clientIp) {
      events.emit({ type: 'auth.failure', code: 'UNAUTHENTICATED', reason: 'password' }, 'refused', { clientIp });
    },
  };
  const bulwark = createBulwark<Context>({
    authenticate: {
      issuer: identity.issuer,
      audience: identity.audience,
      algorithms: ['ES256'],
      jwksUrl: identity.jwksUri,
      apiKeys: { prefix: apiKeyPrefix, store: apiKeyStore(app.db) },
      revocation: denyList,
      bruteForce: { ...counting, name: 'credentials' },
    },
    authorization: {
      policies,
      loaders,
      hideUnauthorized,
    },
    trustedDocuments,
    introspection: { allow: false },
    // A page may be as long as the resolvers let it be, and an answer may hold so many objects. Every list of the schema says its
    // size, so that the ceilings can stand close.
    cost: { maxListSize: 100, maxCost: 1_000, maxTypeCost: 2_000 },
    // What the schema says of lists without arguments holds for what resolvers return, too.
    execution: { enforceAssumedSizes: true },
    strictMessages: true,
    exposure: { reviewed, strictExposure: true },
    clientAddress: { trustedHops },
    ...(redis && { rateLimit: { store: redisStore({ client: redis }) } }),
    onEvent: hear,
    operationEvents: true,
    logger,
  });
  const schema = bulwark.secure(makeExecutableSchema<Context>({ typeDefs: [bulwark.typeDefs, typeDefs], resolvers }));
  const server = new ApolloServer<Context>(
    bulwark.apollo({
      schema,
      allowBatchedHttpRequests: true,
      stopOnTerminationSignals: false,
    }),
  );
  const running = await serveHttp({
    server,
    port,
    jwks: identity.jwks,
    metrics: monitoring.metrics,
    before: expressSecurity({ maxBodyBytes: 1_000_000 }),
    onError: jsonErrors(),
    limits: httpLimits({ requestSeconds: slowSeconds, headersSeconds: Math.min(10, slowSeconds) }),
    context: bulwark.context<ExpressContextFunctionArgument>(() => app),
    sockets: (webSockets) =>
      useServer(webSocketHooks(bulwark, { schema, server: webSockets, context: () => app }), webSockets),
    maxMessageBytes: 100_000,
  });
  return {
    ...running,
    alerts: monitoring.alerts,
    stop: async () => {
      await running.stop();
      await monitoring.close();
      redis?.disconnect();
      app.db.close();
    },
  };
}

const silent = { warn() {}, error() {} };

/** What looks secret or privileged and was looked at: a token is what its caller asked for. */
const reviewed = ['Tokens.accessToken', 'Tokens.refreshToken'];

/** Ready when it returns, so that the first request already counts. @throws {Error} when nobody answers there. */
async function connect(url: string, keyPrefix: string): Promise<Redis> {
  const redis = new Redis(url, { keyPrefix, lazyConnect: true, enableOfflineQueue: false });
  redis.on('error', () => {}); // The rate limit notices by itself, and answers as its `onStoreError` says.
  try {
    await redis.connect();
  } catch (cause) {
    redis.disconnect();
    throw new Error(`REDIS_URL: no Redis answers at ${new URL(url).host}`, { cause });
  }
  return redis;
}

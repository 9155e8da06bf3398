/**
 * The invoicing API without Bulwark, as somebody writes it who follows the READMEs: tokens are verified with jose,
 * API keys by their hash, Apollo Server has its defaults and no NODE_ENV, batching is on, the body limit is the one of Apollo's examples, and
 * graphql-ws has the same schema and context.
 */
import { ApolloServer } from '@apollo/server';
import type { ExpressContextFunctionArgument } from '@as-integrations/express5';
import { authDirectives } from '@graphql-bulwark/authorization';
import { costDirectives } from '@graphql-bulwark/limits';
import { rateLimitDirectives } from '@graphql-bulwark/rate-limit';
import { makeExecutableSchema } from '@graphql-tools/schema';
import express from 'express';
import { GraphQLError } from 'graphql';
import { useServer } from 'graphql-ws/use/ws';
import { createRemoteJWKSet, type JWTVerifyGetKey, jwtVerify } from 'jose';
import { type App, type Caller, type InvoicesContext, openApp } from './app.ts';
import { type RunningServer, serveHttp } from './http.ts';
import type { Identity } from './identity.ts';
import type { ApiKey } from './records.ts';
import { sha256 } from './refresh-tokens.ts';
import { resolvers } from './resolvers/index.ts';
import { typeDefs } from './schema.ts';

/** The annotations of the schema, declared so that it parses. Nothing reads them here. */
export const ignoredDirectives = [authDirectives, costDirectives, rateLimitDirectives];

export interface ServerOptions {
  readonly identity: Identity;
  /** 0: any free one. @default 0 */
  readonly port?: number;
}

export async function startBareServer({ identity, port = 0 }: ServerOptions): Promise<RunningServer> {
  const app = openApp(identity);
  const schema = makeExecutableSchema<InvoicesContext>({ typeDefs: [...ignoredDirectives, typeDefs], resolvers });
  const server = new ApolloServer<InvoicesContext>({
    schema,
    nodeEnv: '',
    allowBatchedHttpRequests: true,
    stopOnTerminationSignals: false,
    logger: silent,
  });
  const keys = createRemoteJWKSet(new URL(identity.jwksUri));
  const contextOf = async (authorization: unknown, apiKey?: unknown): Promise<InvoicesContext> => ({
    ...app,
    security: {
      principal: typeof apiKey === 'string' ? callerOfKey(apiKey, app) : await callerOf(authorization, keys, identity),
    },
  });
  const running = await serveHttp({
    server,
    port,
    jwks: identity.jwks,
    before: [express.json({ limit: '50mb' })],
    context: ({ req }: ExpressContextFunctionArgument) =>
      contextOf(req.headers.authorization, req.headers['x-api-key']),
    sockets: (sockets) =>
      useServer({ schema, context: ({ connectionParams }) => contextOf(connectionParams?.['authorization']) }, sockets),
  });
  return {
    ...running,
    stop: async () => {
      await running.stop();
      app.db.close();
    },
  };
}

async function callerOf(header: unknown, keys: JWTVerifyGetKey, identity: Identity): Promise<Caller | null> {
  const token = typeof header === 'string' ? header.split(' ')[1] : undefined;
  if (!token) return null;
  try {
    const { payload } = await jwtVerify(token, keys, { issuer: identity.issuer, audience: identity.audience });
    return {
      id: payload.sub ?? '',
      claims: payload,
      roles: Array.isArray(payload['roles']) ? payload['roles'].map(String) : [],
      scopes: typeof payload['scope'] === 'string' ? payload['scope'].split(' ') : [],
    };
  } catch {
    throw invalid('Invalid token');
  }
}

function callerOfKey(key: string, { db }: App): Caller {
  const [, keyId = '', secret = ''] = key.split('_');
  const known = 'SELECT * FROM api_keys WHERE id = ? AND secret_sha256 = ?';
  const row = db.one<ApiKey>(known, [`key_${keyId}`, sha256(secret)]);
  if (!row) throw invalid('Invalid API key');
  return { id: row.createdById, claims: { org: row.organisationId }, roles: [], scopes: [] };
}

function invalid(message: string): GraphQLError {
  return new GraphQLError(message, { extensions: { code: 'UNAUTHENTICATED', http: { status: 401 } } });
}

const quiet = (): void => {};
const silent = { debug: quiet, info: quiet, warn: quiet, error: quiet };

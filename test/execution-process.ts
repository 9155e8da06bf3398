/**
 * A process that serves one API on Express, Fastify and Apollo's standalone server, and over WebSockets beside Express. Its
 * lists are longer than its schema promises, its texts are long, and some of its resolvers never settle.
 */
import { createServer, type Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { ApolloServer } from '@apollo/server';
import { startStandaloneServer } from '@apollo/server/standalone';
import { type ExpressContextFunctionArgument, expressMiddleware } from '@as-integrations/express5';
import fastifyApollo from '@as-integrations/fastify';
import { makeExecutableSchema } from '@graphql-tools/schema';
import express from 'express';
import fastify from 'fastify';
import type { GraphQLResolveInfo } from 'graphql';
import { createBulwark, executionSignal, type SecuredContext, webSocketHooks } from 'graphql-bulwark';
import { expressSecurity, httpLimits, jsonErrors } from 'graphql-bulwark/express';
import { fastifyLimits, fastifySecurity } from 'graphql-bulwark/fastify';
import { useServer } from 'graphql-ws/use/ws';
import { WebSocketServer } from 'ws';

const typeDefs = `
  type Invoice { id: ID! note: String lines: [Line!]! @listSize(assumedSize: 10) }
  type Line { id: ID! note: String invoice: Invoice! }
  type Query @public {
    invoice(id: ID!): Invoice
    page(first: Int!): [Line] @listSize(slicingArguments: ["first"])
    ping: Int
    memory: Float
    hangs: Int
    waits(name: String!): Int
    aborted: [String!]!
    listeners: Int!
    text(characters: Int!): String
    "Connections with an answer that nobody reads."
    unread: Int!
  }
  type Mutation @public { waits(name: String!): Int }
  type Subscription @public { invoices: Invoice }
`;
const note = 'n'.repeat(100_000);
const invoice: { id: string; note: string; lines: object[] } = { id: 'X', note, lines: [] };
invoice.lines = Array.from({ length: 300 }, (_, i) => ({ id: String(i), note, invoice }));
const open = new Set<Socket>();
function watchConnections(server: Server): void {
  server.on('connection', (socket) => {
    open.add(socket);
    socket.once('close', () => open.delete(socket));
  });
}
/** Names of those who were told that nobody waits any more. */
const aborted: string[] = [];

/** Ends when the signal of the operation does; a mutation, when its client goes. */
function waits(_: unknown, { name }: { readonly name: string }, context: SecuredContext, info: GraphQLResolveInfo) {
  const { signal } = context.security;
  signal?.addEventListener('abort', () => aborted.push(`${name}: request`));
  executionSignal(context, info).addEventListener('abort', () => aborted.push(`${name}: operation`));
  return new Promise<never>(() => {});
}

const resolvers = {
  Query: {
    invoice: () => invoice,
    page: (_: unknown, { first }: { readonly first: number }) =>
      Array.from({ length: first }, (__, i) => ({ id: String(i) })),
    ping: async () => 1,
    memory: () => process.memoryUsage().rss / 1e6,
    hangs: () => new Promise<never>(() => {}),
    waits,
    aborted: () => aborted,
    text: (_: unknown, { characters }: { readonly characters: number }) => 'x'.repeat(characters),
    unread: () => [...open].filter(({ writableLength }) => writableLength > 1e6).length,
    listeners: (_: unknown, __: unknown, context: SecuredContext & { readonly count: () => number }) => context.count(),
  },
  Mutation: { waits },
  Subscription: {
    invoices: {
      async *subscribe() {
        yield { invoices: { ...invoice, lines: [] } };
        yield { invoices: invoice };
        yield { invoices: { ...invoice, lines: [] } };
      },
    },
  },
};
const maxExecutionSeconds = Number(process.env['MAX_SECONDS'] ?? 30);
const silent = { debug() {}, info() {}, warn() {}, error() {} };

function protect() {
  const bulwark = createBulwark({
    authenticate: () => null,
    execution: {
      maxExecutionSeconds,
      ...(process.env['MAX_ITEMS'] && { maxResultItems: Number(process.env['MAX_ITEMS']) }),
    },
    cost: { maxListSize: 1_000_000, maxCost: false, maxTypeCost: false },
    rateLimit: { refusals: false },
    sockets: false,
    onEvent: () => {},
    logger: silent,
  });
  const schema = bulwark.secure(makeExecutableSchema({ typeDefs: [bulwark.typeDefs, typeDefs], resolvers }));
  const options = bulwark.apollo({
    schema,
    allowBatchedHttpRequests: true,
    logger: silent,
    stopOnTerminationSignals: false,
  });
  return { bulwark, schema, server: new ApolloServer<SecuredContext>(options) };
}

async function onExpress(): Promise<string> {
  const { bulwark, schema, server } = protect();
  await server.start();
  const app = express();
  const context = bulwark.context<ExpressContextFunctionArgument>(({ req }) => ({
    count: () => req.socket.listenerCount('close'),
  }));
  app.use('/graphql', ...expressSecurity({ unreadSeconds: 1 }), expressMiddleware(server, { context }), jsonErrors());
  const http = createServer(httpLimits(), app);
  watchConnections(http);
  const sockets = new WebSocketServer({ server: http, path: '/graphql' });
  useServer(webSocketHooks(bulwark, { schema, server: sockets }), sockets);
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(http.address() as AddressInfo).port}/graphql`;
}

async function onFastify(): Promise<string> {
  const { bulwark, server } = protect();
  await server.start();
  const app = fastify(fastifyLimits());
  watchConnections(app.server);
  fastifySecurity(app, { unreadSeconds: 1 });
  await app.register(fastifyApollo(server), {
    path: '/graphql',
    context: bulwark.context(),
  });
  return `${await app.listen({ host: '127.0.0.1', port: 0 })}/graphql`;
}

async function standalone(): Promise<string> {
  const { bulwark, server } = protect();
  const listen = { host: '127.0.0.1', port: 0 };
  const { url } = await startStandaloneServer(server, { context: bulwark.context(), listen });
  return url;
}

process.send?.({ express: await onExpress(), fastify: await onFastify(), standalone: await standalone() });
process.on('disconnect', () => process.exit());

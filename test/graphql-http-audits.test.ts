import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { ApolloServer, type BaseContext } from '@apollo/server';
import { type ExpressContextFunctionArgument, expressMiddleware } from '@as-integrations/express5';
import { httpLimits } from '@graphql-bulwark/http';
import { expressSecurity, jsonErrors } from '@graphql-bulwark/http/express';
import { makeExecutableSchema } from '@graphql-tools/schema';
import express, { type RequestHandler } from 'express';
import { createBulwark } from 'graphql-bulwark';
import { type AuditResult, serverAudits } from 'graphql-http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const typeDefs = 'type Query { hello: String } type Mutation { change: String }';
const resolvers = { Query: { hello: () => 'world' } };
const stops: (() => Promise<unknown>)[] = [];
const results: Record<'bare' | 'bulwark' | 'helpers', Map<string, AuditResult>> = {
  bare: new Map(),
  bulwark: new Map(),
  helpers: new Map(),
};

async function audit<C extends BaseContext>(
  server: ApolloServer<C>,
  context: (request: ExpressContextFunctionArgument) => Promise<C>,
  before: readonly RequestHandler[],
): Promise<Map<string, AuditResult>> {
  await server.start();
  const app = express();
  app.set('env', 'test');
  app.use(
    '/graphql',
    ...before,
    expressMiddleware(server, { context }),
    jsonErrors(() => {}),
  );
  const http = createServer(httpLimits(), app);
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  stops.push(async () => {
    http.closeAllConnections();
    await new Promise((resolve) => http.close(resolve));
    await server.stop();
  });
  const url = `http://127.0.0.1:${(http.address() as AddressInfo).port}/graphql`;
  // The audits know nothing of protection against requests of other sites; both servers get the header that it wants.
  const fetchFn = (input: string, init: RequestInit = {}) => {
    const headers = new Headers(init.headers);
    headers.set('apollo-require-preflight', '1');
    return fetch(input, { ...init, headers });
  };
  const audits = serverAudits({ url, fetchFn });
  const found = new Map<string, AuditResult>();
  for (const one of audits) {
    const result = await one.fn();
    found.set(`${one.id} ${one.name}`, result);
  }
  return found;
}

function protect(strictMessages: boolean) {
  const bulwark = createBulwark({
    authenticate: false,
    introspection: { allow: true },
    strictMessages,
    onEvent: () => {},
    logger: { warn() {}, error() {} },
  });
  const schema = bulwark.secure(makeExecutableSchema({ typeDefs: [bulwark.typeDefs, typeDefs], resolvers }));
  const server = new ApolloServer(bulwark.apollo({ schema, stopOnTerminationSignals: false }));
  return { server, context: bulwark.context<ExpressContextFunctionArgument>() };
}

beforeAll(async () => {
  const schema = makeExecutableSchema({ typeDefs, resolvers });
  const bare = new ApolloServer({ schema, introspection: true, stopOnTerminationSignals: false });
  results.bare = await audit(bare, async () => ({}), [express.json()]);
  const same = protect(true);
  results.bulwark = await audit(same.server, same.context, [express.json()]);
  const helped = protect(true);
  results.helpers = await audit(helped.server, helped.context, expressSecurity());
  const count = (all: Map<string, AuditResult>) => [...all.values()].filter(({ status }) => status === 'ok').length;
  const of = results.bare.size;
  console.log(
    `audits passed of ${of}: bare ${count(results.bare)}, with Bulwark ${count(results.bulwark)}, with its HTTP helpers ${count(results.helpers)}`,
  );
}, 60_000);

afterAll(async () => {
  await Promise.all(stops.map((stop) => stop()));
});

const statuses = (all: Map<string, AuditResult>) => [...all].map(([name, { status }]) => `${name}: ${status}`);

describe('the conformance audits of GraphQL over HTTP', () => {
  it('find as much with Bulwark as without it, one by one', () => {
    expect(results.bare.size).toBeGreaterThan(50);
    expect(statuses(results.bulwark)).toEqual(statuses(results.bare));
  });

  it('find as much with the HTTP helpers', () => {
    expect(statuses(results.helpers)).toEqual(statuses(results.bare));
  });
});

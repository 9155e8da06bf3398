/** A server with `limits()` and nothing else, for the tests of this package. */
import { ApolloServer, type ApolloServerOptions } from '@apollo/server';
import { guard, type SecuredContext, type SecurityEvent } from '@graphql-bulwark/core';
import { afterEach } from 'vitest';
import { type LimitsOptions, limits } from '../src/index.ts';

const typeDefs = `
  scalar JSON
  directive @tag repeatable on QUERY | FIELD | FRAGMENT_SPREAD | INLINE_FRAGMENT | FRAGMENT_DEFINITION | VARIABLE_DEFINITION
  type Query { a: Query b: Query c: Query x: Int echo(v: JSON): JSON sum(of: [Int]): Int }
  type Mutation { login(name: String): Int logout: Int }
`;
const resolvers = {
  Query: {
    a: () => ({}),
    b: () => ({}),
    c: () => ({}),
    x: () => 1,
    echo: (_: unknown, { v }: { v: unknown }) => typeof v,
    sum: (_: unknown, { of }: { of: number[] }) => of.reduce((a, b) => a + b, 0),
  },
  Mutation: { login: () => 1, logout: () => 1 },
};

const silent = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
const servers: ApolloServer<SecuredContext>[] = [];

afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.stop()));
});

export async function serve(
  options?: LimitsOptions,
  more: Partial<ApolloServerOptions<SecuredContext>> = {},
  events: SecurityEvent[] = [],
): Promise<ApolloServer<SecuredContext>> {
  const server = new ApolloServer<SecuredContext>({
    typeDefs,
    resolvers,
    introspection: true,
    allowBatchedHttpRequests: true,
    stopOnTerminationSignals: false,
    logger: silent,
    ...(more as object),
    plugins: [
      guard<SecuredContext>({ controls: [limits(options)], onEvent: (event) => events.push(event) }),
      ...(more.plugins ?? []),
    ],
  });
  servers.push(server);
  await server.start();
  return server;
}

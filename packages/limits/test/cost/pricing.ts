/** Servers with `cost()` alone, and what they say an operation costs: through HTTP, by the event that a ceiling of 0 makes. */
import { ApolloServer } from '@apollo/server';
import { guard, type SecuredContext, type SecurityEvent } from '@graphql-bulwark/core';
import { makeExecutableSchema } from '@graphql-tools/schema';
import type { GraphQLSchema } from 'graphql';
import { afterEach } from 'vitest';
import { as, codes, send } from '../../../../test/kit.ts';
import { type CostOptions, cost, costDirectives } from '../../src/index.ts';

const silent = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
const servers: ApolloServer<SecuredContext>[] = [];

afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.stop()));
});

export const schemaOf = (typeDefs: string): GraphQLSchema =>
  makeExecutableSchema({
    typeDefs: [costDirectives, typeDefs],
    resolverValidationOptions: { requireResolversForResolveType: 'ignore' },
  });

/** A server that starts; its resolvers answer `null`. */
export async function serveCost(
  schema: GraphQLSchema | string,
  options?: CostOptions,
  events: SecurityEvent[] = [],
): Promise<ApolloServer<SecuredContext>> {
  const server = new ApolloServer<SecuredContext>({
    schema: typeof schema === 'string' ? schemaOf(schema) : schema,
    introspection: true,
    allowBatchedHttpRequests: true,
    stopOnTerminationSignals: false,
    logger: silent,
    plugins: [guard<SecuredContext>({ controls: [cost(options)], onEvent: (event) => events.push(event) })],
  });
  servers.push(server);
  await server.start();
  return server;
}

/** `[fieldCost, typeCost]`, or the code of the refusal. Each is asked twice: the second answer comes from the compiled form. */
export async function priceOf(
  schema: GraphQLSchema | string,
  text: string,
  variables: Record<string, unknown> = {},
  options: CostOptions = {},
): Promise<[number, number] | string> {
  const found: number[] = [];
  const ceilings: CostOptions[] = [
    { maxCost: 0, maxTypeCost: false },
    { maxCost: false, maxTypeCost: 0 },
  ];
  for (const ceiling of ceilings) {
    const events: SecurityEvent[] = [];
    const server = await serveCost(schema, { ...options, ...ceiling }, events);
    const answers = [];
    for (let i = 0; i < 2; i += 1) answers.push(await send(server, text, as(null), { variables }));
    const [first, second] = answers;
    if (JSON.stringify(first?.body) !== JSON.stringify(second?.body)) throw new Error('answered two ways');
    const [code] = first ? codes(first) : [];
    if (code !== undefined && code !== 'COST_LIMIT_EXCEEDED') return typeof code === 'string' ? code : 'no code';
    const event = events.find(({ type }) => type === 'limit.exceeded');
    if (event && !('actual' in event)) throw new Error('no actual cost');
    found.push(event && 'actual' in event ? event.actual : 0);
  }
  return found as [number, number];
}

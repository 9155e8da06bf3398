// A server with @rateLimit in its schema, and a store that remembers what it was asked.
import { ApolloServer } from '@apollo/server';
import { type Charge, type CounterStore, guard, type SecuredContext, type SecurityEvent } from '@graphql-bulwark/core';
import { makeExecutableSchema } from '@graphql-tools/schema';
import { onTestFinished } from 'vitest';
import { memoryStore, type RateLimit, type RateLimitOptions, rateLimit, rateLimitDirectives } from '../src/index.ts';

export interface Watched extends CounterStore {
  readonly asked: (readonly Charge[])[];
}

export function watched(store: CounterStore = memoryStore()): Watched {
  const asked: (readonly Charge[])[] = [];
  return {
    ...store,
    asked,
    consume(charges) {
      asked.push(charges);
      return store.consume(charges);
    },
  };
}

export interface Served {
  readonly server: ApolloServer<SecuredContext>;
  readonly limiter: RateLimit;
  readonly events: SecurityEvent[];
  /** Names of the root fields that ran. */
  readonly calls: string[];
  readonly log: string[];
}

/** @param fields SDL that follows the directives. Each root field answers with its own name. */
export async function serve(
  fields: string,
  options: RateLimitOptions = {},
  resolve: (fieldName: string) => unknown = (fieldName) => fieldName,
): Promise<Served> {
  const [events, calls, log]: [SecurityEvent[], string[], string[]] = [[], [], []];
  const write = (message: string): void => void log.push(message);
  const limiter = rateLimit(options);
  const fieldResolver = (_source: unknown, _args: unknown, _context: unknown, info: { fieldName: string }): unknown => {
    calls.push(info.fieldName);
    return resolve(info.fieldName);
  };
  const plain = makeExecutableSchema({ typeDefs: [rateLimitDirectives, fields] });
  const server = new ApolloServer<SecuredContext>({
    schema: limiter.secure(plain, fieldResolver),
    fieldResolver,
    allowBatchedHttpRequests: true,
    stopOnTerminationSignals: false,
    logger: { debug: write, info: write, warn: write, error: write },
    plugins: [guard({ controls: [limiter], onEvent: (event) => events.push(event) })],
  });
  await server.start();
  onTestFinished(() => server.stop());
  return { server, limiter, events, calls, log };
}

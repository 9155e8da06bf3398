/** The same operation through every way that leads to the guarded schema. */
import { createHash } from 'node:crypto';
import { ApolloServer } from '@apollo/server';
import { createEvents, guard, type SecuredContext, type SecurityEvent } from '@graphql-bulwark/core';
import { type GraphQLSchema, graphql } from 'graphql';
import { onTestFinished } from 'vitest';
import { as, send, sendBody } from '../../../test/kit.ts';
import { authorization, type GuardSchemaOptions, guardSchema } from '../src/index.ts';

export interface Outcome {
  readonly data: unknown;
  readonly errors: readonly (readonly [path: string, code: unknown, message: string])[];
}

export interface Api {
  readonly server: ApolloServer<SecuredContext>;
  readonly schema: GraphQLSchema;
  readonly events: SecurityEvent[];
}

export const silent = { debug() {}, info() {}, warn() {}, error() {} };
export const nobody = as(null);
export const admin = as({ id: 'boss', roles: ['ADMIN'], scopes: ['read:email'] });

/** A server with the guarded schema, stopped when the test ends. */
export async function serve(bare: GraphQLSchema, options: GuardSchemaOptions = {}): Promise<Api> {
  const events: SecurityEvent[] = [];
  const onEvent = (event: SecurityEvent): void => {
    if (event.type !== 'config.warning') events.push(event);
  };
  const schema = guardSchema(bare, { events: createEvents(onEvent, () => silent), ...options });
  const server = new ApolloServer<SecuredContext>({
    schema,
    nodeEnv: 'production',
    stopOnTerminationSignals: false,
    allowBatchedHttpRequests: true,
    logger: silent,
    ...(options.fieldResolver && { fieldResolver: options.fieldResolver }),
    plugins: [guard({ controls: [authorization<SecuredContext>()], onEvent })],
  });
  await server.start();
  onTestFinished(() => server.stop());
  return { server, schema, events };
}

/** HTTP twice with the same text, a batch element, a persisted query's hash, and graphql-js itself. */
export async function everyWay(
  { server, schema }: Api,
  query: string,
  context: SecuredContext,
  variables: Record<string, unknown> = {},
): Promise<Record<string, Outcome>> {
  const batch = await sendBody(server, [{ query: '{ __typename }' }, { query, variables }], context);
  return {
    http: outcome((await send(server, query, context, { variables })).body),
    'http again': outcome((await send(server, query, context, { variables })).body),
    batch: outcome(batch.body[1]),
    hash: outcome((await sendHash({ server }, query, context, variables)).body),
    direct: outcome(
      await graphql({ schema, source: query, contextValue: { ...context }, variableValues: variables }).then(plain),
    ),
  };
}

/** Registers the text as someone who may run it, then sends its hash alone. */
export async function sendHash(
  { server }: Pick<Api, 'server'>,
  query: string,
  context: SecuredContext,
  variables: Record<string, unknown> = {},
): ReturnType<typeof send> {
  const sha256Hash = createHash('sha256').update(query).digest('hex');
  const extensions = { persistedQuery: { version: 1, sha256Hash } };
  await send(server, query, admin, { variables, extensions });
  return send(server, undefined, context, { variables, extensions });
}

/** Everywhere the same. */
export function everywhere(expected: Outcome): Record<string, Outcome> {
  return { http: expected, 'http again': expected, batch: expected, hash: expected, direct: expected };
}

export function denied(path: string, code: 'FORBIDDEN' | 'UNAUTHENTICATED'): Outcome['errors'][number] {
  return [path, code, code === 'FORBIDDEN' ? 'Forbidden' : 'Not authenticated'];
}

export function outcome(body: {
  data?: unknown;
  errors?:
    | readonly {
        path?: readonly (string | number)[] | undefined;
        message: string;
        extensions?: { code?: unknown } | undefined;
      }[]
    | undefined;
}): Outcome {
  const errors = (body.errors ?? []).map(
    ({ path = [], message, extensions }) => [path.join('.'), extensions?.code, message] as const,
  );
  return { data: body.data, errors };
}

export function plain<T>(value: T): T {
  return JSON.parse(JSON.stringify(value)) as T;
}

/** The rejections without a handler while `run` ran. */
export async function unhandledDuring(run: () => Promise<unknown>): Promise<unknown[]> {
  const unhandled: unknown[] = [];
  const listen = (reason: unknown): void => void unhandled.push(reason);
  process.on('unhandledRejection', listen);
  try {
    await run();
    for (let turn = 0; turn < 3; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  } finally {
    process.off('unhandledRejection', listen);
  }
  return unhandled;
}

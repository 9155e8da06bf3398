/** A server whose schema is replaced while it runs, as a gateway does it. */
import { ApolloServer, type ApolloServerOptionsWithGateway } from '@apollo/server';
import { guard, type SecuredContext, type SecurityEvent } from '@graphql-bulwark/core';
import { makeExecutableSchema } from '@graphql-tools/schema';
import type { GraphQLSchema } from 'graphql';
import { expect, it, onTestFinished } from 'vitest';
import { as, codes, send } from '../../../test/kit.ts';
import { authDirectives, authorization, guardSchema } from '../src/index.ts';
import { admin, nobody, sendHash, silent } from './ways.ts';

type Gateway = ApolloServerOptionsWithGateway<SecuredContext>['gateway'];

const me = as({ id: 'me' });
const schemaOf = (types: string, directives = authDirectives): GraphQLSchema =>
  makeExecutableSchema({
    typeDefs: [directives, types],
    resolvers: { Query: { a: () => 'A', b: () => 'B' } },
    resolverValidationOptions: { requireResolversToMatchSchema: 'ignore' },
  });
const first = () => guardSchema(schemaOf('type Query { a: String @auth(roles: "ADMIN") b: String @public }'));
const swapped = () => guardSchema(schemaOf('type Query { a: String @public b: String @auth(roles: "ADMIN") }'));

async function serve(schema: GraphQLSchema, logged: string[] = []) {
  let update: (schema: GraphQLSchema) => void = () => {};
  const gateway: Gateway = {
    onSchemaLoadOrUpdate(callback) {
      update = (apiSchema) => callback({ apiSchema, coreSupergraphSdl: '' });
      return () => {};
    },
    // Without an executor the server executes by itself.
    async load() {
      update(schema);
      return { executor: null };
    },
    async stop() {},
  };
  const events: SecurityEvent[] = [];
  const server = new ApolloServer<SecuredContext>({
    gateway,
    nodeEnv: 'production',
    stopOnTerminationSignals: false,
    logger: { ...silent, error: (message: unknown) => void logged.push(String(message)) },
    plugins: [guard({ controls: [authorization<SecuredContext>()], onEvent: (event) => events.push(event) })],
  });
  await server.start();
  onTestFinished(() => server.stop());
  return { server, update: (next: GraphQLSchema) => update(next), events };
}

it('the rules of a new schema hold after an update', async () => {
  const { server, update } = await serve(first());
  const query = '{a b}';
  const before = await send(server, query, me);
  expect([before.body.data, codes(before)]).toEqual([{ a: null, b: 'B' }, ['FORBIDDEN']]);
  update(swapped());
  for (let time = 0; time < 2; time += 1) {
    const after = await send(server, query, me);
    expect([after.body.data, codes(after), after.body.errors[0].path]).toEqual([
      { a: 'A', b: null },
      ['FORBIDDEN'],
      ['b'],
    ]);
    expect((await send(server, query, admin)).body).toEqual({ data: { a: 'A', b: 'B' } });
  }
  expect((await sendHash({ server }, query, me)).body.data).toEqual({ a: 'A', b: null });
});

it.each([
  ['uses the directives', () => schemaOf('type Query { a: String @auth b: String }')],
  ['declares them', () => schemaOf('type Query { a: String b: String }')],
  ['has no rule at all, like one that a router shows', () => schemaOf('type Query { a: String b: String }', '')],
])('a server refuses everything on an unguarded schema that %s, until there is a guarded one', async (_, unguarded) => {
  const logged: string[] = [];
  const { server, update, events } = await serve(first(), logged);
  expect((await send(server, '{a b}', admin)).body).toEqual({ data: { a: 'A', b: 'B' } });

  await sendHash({ server }, '{a b}', me);

  update(unguarded());
  for (const context of [nobody, me, admin]) {
    for (const query of ['{a b}', '{b}', '{__typename}', '{a b}']) {
      const refused = await send(server, query, context);
      expect([refused.status, refused.body.data, codes(refused)]).toEqual([503, undefined, ['SERVICE_UNAVAILABLE']]);
      expect(JSON.stringify(refused.body)).not.toMatch(/schema|guard/i);
    }
  }
  expect((await sendHash({ server }, '{a b}', me)).status).toBe(503);
  expect(events).toContainEqual(
    expect.objectContaining({ type: 'failure', where: 'schema update', outcome: 'refused' }),
  );
  expect(logged.join('\n')).toContain('guardSchema()');

  update(swapped());
  expect((await send(server, '{a b}', me)).body.data).toEqual({ a: 'A', b: null });
});

it('a server does not start on an unguarded schema, also behind a gateway', async () => {
  await expect(serve(schemaOf('type Query { a: String @auth }'))).rejects.toThrow('guardSchema()');
});

it('an update to a schema that was transformed around its guards is not served', async () => {
  const { server, update } = await serve(first());
  const { mapSchema, MapperKind } = await import('@graphql-tools/utils');
  update(mapSchema(swapped(), { [MapperKind.OBJECT_FIELD]: (config) => ({ ...config, resolve: () => 'X' }) }));
  expect((await send(server, '{a b}', me)).status).toBe(503);
});

it('the check refuses a schema that lost its guards, without any other hook', async () => {
  const control = authorization<SecuredContext>();
  control.start?.({ schema: first() });
  expect(() => control.start?.({ schema: schemaOf('type Query { a: String }', '') })).toThrow('replaces a guarded one');
  // A server that never had rules may go on without.
  const bare = authorization<SecuredContext>();
  bare.start?.({ schema: schemaOf('type Query { a: String }', '') });
  expect(() => bare.start?.({ schema: schemaOf('type Query { b: String }', '') })).not.toThrow();
});

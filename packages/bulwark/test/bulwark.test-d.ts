import { ApolloServer } from '@apollo/server';
import { startStandaloneServer } from '@apollo/server/standalone';
import { type ExpressContextFunctionArgument, expressMiddleware } from '@as-integrations/express5';
import { fastifyApolloHandler } from '@as-integrations/fastify';
import { type KoaContextFunctionArgument, koaMiddleware } from '@as-integrations/koa';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { buildSchema } from 'graphql';
import { createBulwark, type SecuredContext } from 'graphql-bulwark';
import { describe, expectTypeOf, test } from 'vitest';

interface Context extends SecuredContext {
  readonly db: string;
}

describe('createBulwark', () => {
  test('needs to be told who authenticates', () => {
    // @ts-expect-error nothing that decides who gets in has a default
    createBulwark({});
    createBulwark({ authenticate: false });
    createBulwark({ authenticate: () => null });
    // @ts-expect-error algorithms have no default either
    createBulwark({ authenticate: { issuer: 'i', audience: 'a', jwksUrl: 'https://id.example.com/jwks' } });
  });

  test('carries the type of the context to the server', () => {
    const bulwark = createBulwark<Context>({ authenticate: false });
    const server = new ApolloServer(bulwark.apollo({ schema: buildSchema('type Query { a: Int }') }));
    expectTypeOf(server).toEqualTypeOf<ApolloServer<Context>>();
    void startStandaloneServer(server, { context: bulwark.context(async () => ({ db: '' })) });
    // @ts-expect-error the application must build all of its context but `security`
    bulwark.context(async () => ({}));
  });

  test('fits a server whose context is only what Bulwark makes', () => {
    const bulwark = createBulwark({ authenticate: false });
    const server = new ApolloServer(bulwark.apollo({ schema: buildSchema('type Query { a: Int }') }));
    void startStandaloneServer(server, { context: bulwark.context() });
  });

  test('fits every integration, with what it hands over', () => {
    const bulwark = createBulwark<Context>({ authenticate: false });
    const server = new ApolloServer(bulwark.apollo({ schema: buildSchema('type Query { a: Int }') }));
    expressMiddleware(server, { context: bulwark.context(async ({ req }) => ({ db: req.path })) });
    expressMiddleware(server, { context: bulwark.context<ExpressContextFunctionArgument>() });
    koaMiddleware(server, { context: bulwark.context() });
    koaMiddleware(server, { context: bulwark.context(({ ctx }: KoaContextFunctionArgument) => ({ db: ctx.path })) });
    fastifyApolloHandler(server, { context: bulwark.context() });
    fastifyApolloHandler(server, {
      context: bulwark.context((request: FastifyRequest, _reply: FastifyReply) => ({ db: request.url })),
    });
    const ofWeb = bulwark.context((request: Request) => ({ db: request.url }));
    expectTypeOf(ofWeb).toEqualTypeOf<(request: Request) => Promise<Context>>();
    // @ts-expect-error a request has headers
    bulwark.context((_call: { metadata: string }) => ({ db: '' }), { requestOf: ({ metadata }) => metadata });
  });
});

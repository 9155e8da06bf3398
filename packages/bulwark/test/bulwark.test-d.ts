import { ApolloServer } from '@apollo/server';
import { startStandaloneServer } from '@apollo/server/standalone';
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
});

/** Directives of operations whose arguments name types that a caller may not know. */
import { ApolloServer } from '@apollo/server';
import { makeExecutableSchema } from '@graphql-tools/schema';
import { getIntrospectionQuery } from 'graphql';
import { type BulwarkOptions, createBulwark, type SecuredContext } from 'graphql-bulwark';
import { describe, expect, it, onTestFinished } from 'vitest';
import { type Answer, as, send } from './kit.ts';

const typeDefs = `
  enum Vault @auth(roles: "ADMIN") { WEST EAST }
  input Key { vault: Vault! }
  directive @from(vault: Vault!) on FIELD | QUERY
  directive @with(keys: [Key!]!) on FIELD
  directive @maybe(vault: Vault, times: Int) on FIELD
  type Query { open: String @public vault(in: Vault): String }
`;

async function serve(
  introspection: BulwarkOptions['introspection'] = { allow: true, filtered: true },
): Promise<(query: string, roles?: string[]) => Promise<Answer>> {
  const bulwark = createBulwark({
    authenticate: () => null,
    strictMessages: false,
    introspection,
    authorization: { hideUnauthorized: true },
    exposure: false,
    onEvent: () => {},
    logger: { warn() {}, error() {} },
  });
  const resolvers = { Query: { open: () => 'open' } };
  const schema = bulwark.secure(makeExecutableSchema({ typeDefs: [bulwark.typeDefs, typeDefs], resolvers }));
  const server = new ApolloServer<SecuredContext>(bulwark.apollo({ schema, stopOnTerminationSignals: false }));
  await server.start();
  onTestFinished(() => server.stop());
  return (query, roles = []) => send(server, query, as({ id: 'me', roles }));
}

describe('a directive that needs an argument of a hidden type', () => {
  it.each(['@from', '@from(vault: WEST)', '@with', '@with(keys: [])'])(
    'attack: %s is refused as a directive that does not exist',
    async (use) => {
      // Where clients are told what is wrong with their documents.
      const ask = await serve({ allow: false });
      const nonsense = await ask(`{ open ${use.replace(/@\w+/, '@nope')} }`);
      expect(nonsense.status).toBe(400);
      const guessed = await ask(`{ open ${use} }`);
      expect([guessed.status, JSON.stringify(guessed.body).replaceAll(/@from|@with/g, '@nope')]).toEqual([
        nonsense.status,
        JSON.stringify(nonsense.body),
      ]);
    },
  );

  it('is not in the schema that the caller may introspect, and in that of one who knows the type', async () => {
    const ask = await serve();
    const { body } = await ask(getIntrospectionQuery());
    const names = (of: Answer['body']): string[] =>
      of.data.__schema.directives.map(({ name }: { name: string }) => name);
    expect(names(body)).toContain('maybe');
    expect(names(body)).not.toContain('from');
    expect(names(body)).not.toContain('with');
    expect(JSON.stringify(body)).not.toMatch(/Vault|Key/);
    expect(names((await ask(getIntrospectionQuery(), ['ADMIN'])).body)).toEqual(
      expect.arrayContaining(['from', 'with', 'maybe']),
    );
  });

  it('may be used by one who knows the type, as the optional argument of another may be left out by all', async () => {
    const ask = await serve();
    expect((await ask('{ open @from(vault: WEST) }', ['ADMIN'])).body).toEqual({ data: { open: 'open' } });
    expect((await ask('{ open @maybe(times: 1) }')).body).toEqual({ data: { open: 'open' } });
  });
});

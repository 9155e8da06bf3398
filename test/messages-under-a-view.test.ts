/** A document that fits the schema as its caller may know it, and the whole schema not: what that says would name what is hidden. */
import { ApolloServer } from '@apollo/server';
import { makeExecutableSchema } from '@graphql-tools/schema';
import { type GraphQLError, parse } from 'graphql';
import { createBulwark, type SecuredContext } from 'graphql-bulwark';
import { expect, it, onTestFinished } from 'vitest';
import { as, send } from './kit.ts';

const typeDefs = `
  enum Color { RED SECRET @auth(roles: "ADMIN") }
  type Query { paint(color: Color! = SECRET): String @public }
`;

async function serve() {
  const bulwark = createBulwark({
    authenticate: () => null,
    strictMessages: false,
    introspection: { allow: false },
    authorization: { hideUnauthorized: true },
    exposure: false,
    onEvent: () => {},
    logger: { warn() {}, error() {} },
  });
  const schema = bulwark.secure(
    makeExecutableSchema({
      typeDefs: [bulwark.typeDefs, typeDefs],
      resolvers: { Query: { paint: (_, { color }) => color } },
    }),
  );
  const server = new ApolloServer<SecuredContext>(bulwark.apollo({ schema, stopOnTerminationSignals: false }));
  await server.start();
  onTestFinished(() => server.stop());
  return { bulwark, schema, server };
}

const invalid = { message: 'Invalid operation', extensions: { code: 'GRAPHQL_VALIDATION_FAILED' } };
const query = '{ paint(color: null) }';

it('attack: null for an argument with a hidden default is refused without a word about its type, over HTTP', async () => {
  const { server } = await serve();
  for (const _time of [1, 2]) {
    const { status, body } = await send(server, query, as({ id: 'me' }));
    expect({ status, body }).toEqual({ status: 400, body: { errors: [invalid] } });
  }
  expect((await send(server, '{ paint(color: RED) }', as({ id: 'me' }))).body).toEqual({ data: { paint: 'RED' } });
});

it('attack: and so it is for other transports, which validate by themselves', async () => {
  const { bulwark, schema } = await serve();
  const contextValue = as({ id: 'me' });
  const refusalOf = (text: string): object | undefined => {
    try {
      bulwark.measure({ schema, document: parse(text), contextValue });
      return undefined;
    } catch (error) {
      const { message, extensions } = (error as GraphQLError).toJSON();
      return { message, extensions: { code: extensions?.['code'] } };
    }
  };
  expect(refusalOf(query)).toEqual(invalid);
  expect(refusalOf('{ paint(color: RED) }')).toBeUndefined();
  expect(refusalOf('{ paint(color: BLUE) }')?.['message' as never]).toContain('BLUE');
});

it('a caller from whom nothing is hidden reads what is wrong', async () => {
  const { server } = await serve();
  const { body } = await send(server, query, as({ id: 'me', roles: ['ADMIN'] }));
  expect(body.errors[0].message).toContain('Color!');
});

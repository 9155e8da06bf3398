import { securityContext } from '@graphql-bulwark/core';
import { makeExecutableSchema } from '@graphql-tools/schema';
import { graphql } from 'graphql';
import { expect, it } from 'vitest';
import { authDirectives, guardSchema } from '../../src/index.ts';

it('a loader that is asked about two rows in one operation answers for each row alone', async () => {
  const schema = guardSchema(
    makeExecutableSchema({
      typeDefs: [authDirectives, 'type Query { total(id: ID!): Int @owner(loader: "row") }'],
      resolvers: { Query: { total: () => 7 } },
    }),
    { loaders: { row: ({ args }) => ({ ownerId: args['id'] === '1' ? 'me' : 'other' }) } },
  );
  const principal = { id: 'me', claims: { sub: 'me' }, roles: [], scopes: [], authMethod: 'jwt' } as never;
  const contextValue = { security: securityContext({ principal }) };
  const source = '{ mine: total(id: 1) theirs: total(id: 2) }';
  const { data } = await graphql({ schema, source, contextValue });
  expect({ ...data }).toEqual({ mine: 7, theirs: null });
  // In the other order, the answer about the foreign row must not stand for the caller's own either.
  const turned = await graphql({ schema, source: '{ theirs: total(id: 2) mine: total(id: 1) }', contextValue });
  expect({ ...turned.data }).toEqual({ theirs: null, mine: 7 });
});

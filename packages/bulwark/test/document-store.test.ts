import { ApolloServer } from '@apollo/server';
import { makeExecutableSchema } from '@graphql-tools/schema';
import type { DocumentNode } from 'graphql';
import { expect, it } from 'vitest';
import { as, send } from '../../../test/kit.ts';
import { createBulwark } from '../src/index.ts';

it('a server of bulwark.apollo() finds a document again, and an own documentStore is left alone', async () => {
  const bulwark = createBulwark({ authenticate: false, exposure: false, onEvent: () => {} });
  const typeDefs = [bulwark.typeDefs, 'type Query { s: Int }'];
  const schema = bulwark.secure(makeExecutableSchema({ typeDefs }));
  const { documentStore } = bulwark.apollo({ schema });
  const found: boolean[] = [];
  const watched = {
    get: async (key: string) => {
      const document = await documentStore?.get(key);
      found.push(document !== undefined);
      return document;
    },
    set: async (key: string, value: DocumentNode) => documentStore?.set(key, value),
    delete: async () => true,
  };
  const server = new ApolloServer(bulwark.apollo({ schema, documentStore: watched }));
  await server.start();
  for (let i = 0; i < 2; i += 1) expect((await send(server, '{ s }', as(null))).status).toBe(200);
  expect(found).toEqual([false, true]);
  expect(bulwark.apollo({ schema, documentStore: null }).documentStore).toBeNull();
  await server.stop();
});

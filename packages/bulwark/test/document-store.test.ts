import { ApolloServer } from '@apollo/server';
import { makeExecutableSchema } from '@graphql-tools/schema';
import { type DocumentNode, Kind, parse } from 'graphql';
import { expect, it } from 'vitest';
import { as, send } from '../../../test/kit.ts';
import { createDocumentStore } from '../src/document-store.ts';
import { createBulwark } from '../src/index.ts';

const small = parse('{ s }');

/** A document of so many characters, as far as the store can see. */
function documentOf(characters: number): DocumentNode {
  return { kind: Kind.DOCUMENT, definitions: [], loc: { start: 0, end: characters } as never };
}

it('a flood of small documents drives out those that are not used, and none that is', async () => {
  const store = createDocumentStore();
  await store.set('unused', small);
  await store.set('used', small);
  for (let i = 0; i < 40_000; i += 1) {
    await store.set(`flood ${i}`, small);
    if (i % 1_000 === 0) await store.get('used');
  }
  expect(await store.get('unused')).toBeUndefined();
  expect(await store.get('used')).toBe(small);
  expect(await store.get('flood 39999')).toBe(small);
});

it('two hundred documents of 2,000 characters are all kept, and of two thousand only the last', async () => {
  const store = createDocumentStore();
  const kept = async (count: number): Promise<number> => {
    for (let i = 0; i < count; i += 1) await store.set(`${count} ${i}`, documentOf(2_000));
    let found = 0;
    for (let i = 0; i < count; i += 1) found += (await store.get(`${count} ${i}`)) ? 1 : 0;
    return found;
  };
  expect(await kept(180)).toBe(180);
  expect(await kept(2_000)).toBeLessThan(500);
});

it('a deleted document is parsed again', async () => {
  const store = createDocumentStore();
  await store.set('a', small);
  expect(await store.delete('a')).toBe(true);
  expect(await store.get('a')).toBeUndefined();
});

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

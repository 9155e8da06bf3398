/** Lists whose items come one after the other: graphql-js takes them for no list, other executors wait for each item. */
import { execute as executeOfTools } from '@graphql-tools/executor';
import { makeExecutableSchema } from '@graphql-tools/schema';
import { type GraphQLSchema, execute as graphqlJs, parse } from 'graphql';
import { describe, expect, it } from 'vitest';
import { as } from '../../../../test/kit.ts';
import { authDirectives, guardSchema } from '../../src/index.ts';
import { type Outcome, outcome, plain, unhandledDuring } from '../ways.ts';

const me = as({ id: 'me' });
const admin = as({ id: 'me', roles: ['ADMIN'] });
const rows = [
  { id: '1', ownerId: 'me' },
  { id: '2', ownerId: 'them' },
  { id: '3', ownerId: 'me' },
];

async function* oneByOne<T>(items: readonly T[]): AsyncGenerator<T> {
  for (const item of items) yield item;
}

/** As a data source hands over what it has not read yet: its items may be promises, and some of them reject. */
function unread(items: readonly unknown[]): AsyncIterable<unknown> {
  return {
    [Symbol.asyncIterator]() {
      const left = items.values();
      return { next: () => Promise.resolve(left.next()) };
    },
  };
}

function schemaWith(mode: string): GraphQLSchema {
  const typeDefs = `
    ${authDirectives}
    enum Level { LOW HIGH @auth(roles: "ADMIN") }
    interface Node { id: ID }
    type Doc implements Node @owner(mode: ${mode}) { id: ID }
    type Query { levels: [Level] sure: [Level!] nested: [[Level]] docs: [Doc] nodes: [Node] mixed: [Doc] both: [Level] }
  `;
  const levels = ['LOW', 'HIGH', 'LOW'];
  const resolvers = {
    Node: { __resolveType: () => 'Doc' },
    Query: {
      levels: () => oneByOne(levels),
      sure: () => Promise.resolve(oneByOne(levels)),
      nested: () => [oneByOne(levels), ['HIGH']],
      docs: () => oneByOne(rows),
      nodes: () => oneByOne(rows),
      mixed: () => unread([Promise.reject(new Error('unreadable')), rows[0], rows[1], null]),
      both: () => Object.assign(new Set(levels), { [Symbol.asyncIterator]: () => oneByOne(levels) }),
    },
  };
  return guardSchema(makeExecutableSchema({ typeDefs, resolvers }), { defaultRule: 'allow' });
}

async function ask(schema: GraphQLSchema, query: string, contextValue: object = me): Promise<Outcome> {
  const result = await executeOfTools({ schema, document: parse(query), contextValue });
  const { data, errors } = outcome(plain(result as Parameters<typeof outcome>[0]));
  return { data, errors: errors.toSorted(([a], [b]) => (a < b ? -1 : 1)) };
}

const forbidden = (path: string): Outcome['errors'][number] => [path, 'FORBIDDEN', 'Forbidden'];

describe('a list whose items come one after the other', () => {
  it('attack: holds no value of an enum that its caller may not read', async () => {
    const schema = schemaWith('ERROR');
    expect(await ask(schema, '{ levels }')).toEqual({
      data: { levels: ['LOW', null, 'LOW'] },
      errors: [forbidden('levels.1')],
    });
    expect(await ask(schema, '{ sure }')).toEqual({ data: { sure: null }, errors: [forbidden('sure.1')] });
    expect(await ask(schema, '{ nested }')).toEqual({
      data: { nested: [['LOW', null, 'LOW'], [null]] },
      errors: [forbidden('nested.0.1'), forbidden('nested.1.0')],
    });
    expect(await ask(schema, '{ both }')).toEqual({
      data: { both: ['LOW', null] },
      errors: [forbidden('both.1')],
    });
    expect(await ask(schema, '{ levels sure both }', admin)).toEqual({
      data: { levels: ['LOW', 'HIGH', 'LOW'], sure: ['LOW', 'HIGH', 'LOW'], both: ['LOW', 'HIGH'] },
      errors: [],
    });
  });

  it.each(['FILTER', 'NOT_FOUND'])('is with %s as if it had never held the object of somebody else', async (mode) => {
    const own = [{ id: '1' }, { id: '3' }];
    expect(await ask(schemaWith(mode), '{ docs { id } nodes { id } }')).toEqual({
      data: { docs: own, nodes: own },
      errors: [],
    });
  });

  it('answers NULL without an error and ERROR with one, each in its place', async () => {
    const docs = [{ id: '1' }, null, { id: '3' }];
    expect(await ask(schemaWith('NULL'), '{ docs { id } }')).toEqual({ data: { docs }, errors: [] });
    expect(await ask(schemaWith('ERROR'), '{ docs { id } }')).toEqual({
      data: { docs },
      errors: [forbidden('docs.1')],
    });
  });

  it('goes on after an item that fails, and leaves no rejection behind', async () => {
    const unhandled = await unhandledDuring(async () => {
      const { data, errors } = await ask(schemaWith('FILTER'), '{ mixed { id } }');
      expect(data).toEqual({ mixed: [null, { id: '1' }, null] });
      expect(errors.map(([path]) => path)).toEqual(['mixed.0']);
    });
    expect(unhandled).toEqual([]);
  });

  it('stays no list to graphql-js, which reads one that is both by its ordinary iterator', async () => {
    const schema = schemaWith('FILTER');
    const result = await graphqlJs({ schema, document: parse('{ levels docs { id } both }'), contextValue: me });
    expect(plain(result.data)).toEqual({ levels: null, docs: null, both: ['LOW', null] });
  });
});

/** What NOT_FOUND and FILTER hide is told by nothing else in an answer: not by a right that is missing, a place, or an order. */
import { makeExecutableSchema } from '@graphql-tools/schema';
import { describe, expect, it } from 'vitest';
import { as, codes, send } from '../../../../test/kit.ts';
import { authDirectives, notFound } from '../../src/index.ts';
import { type Api, nobody, serve } from '../ways.ts';

const me = as({ id: 'me' });

/** `own`, `other` and `secret`; any other id is of nothing. */
const objects = new Map<unknown, object>([
  ['own', { __typename: 'Doc', id: 'own', ownerId: 'me' }],
  ['other', { __typename: 'Doc', id: 'other', ownerId: 'other' }],
  ['secret', { __typename: 'Secret', id: 'secret' }],
]);
const find = async (_: unknown, { id }: { id: string }): Promise<object> => objects.get(id) ?? notFound();
const list = (_: unknown, { ids }: { ids: string[] }): unknown[] =>
  ids.map((id) => (id === 'secret' ? Promise.resolve(objects.get(id)) : objects.get(id)));

async function apiOf(doc: string): Promise<Api> {
  const typeDefs = `
    ${authDirectives}
    interface Node { id: ID }
    type Doc implements Node ${doc} { id: ID }
    type Secret implements Node @auth(roles: "ADMIN") { id: ID }
    type Query {
      node(id: ID): Node
      doc(id: ID): Doc
      sure(id: ID): Doc!
      atOnce(id: ID): Doc!
      nodes(ids: [ID]): [Node]
      sureNodes(ids: [ID]): [Node!]
      matrix(ids: [ID]): [[Node!]]
    }
  `;
  const Query = {
    node: find,
    doc: find,
    sure: find,
    atOnce(_: unknown, { id }: { id: string }): object {
      const found = objects.get(id);
      if (!found) throw notFound();
      return found;
    },
    nodes: list,
    sureNodes: list,
    matrix: (_: unknown, args: { ids: string[] }) => [list(_, args)],
  };
  const loaders = { nobodys: async () => new Promise((resolve) => setImmediate(resolve, 'nobody')) };
  return serve(makeExecutableSchema({ typeDefs, resolvers: { Query } }), { loaders });
}

/** The bodies for each of these variables. */
async function bodies(
  { server }: Api,
  query: string,
  who: typeof me,
  each: readonly Record<string, unknown>[],
): Promise<unknown[]> {
  return Promise.all(each.map(async (variables) => (await send(server, query, who, { variables })).body as unknown));
}

describe('what is hidden', () => {
  it('a hidden object is hidden from a caller without the role as well, through an interface', async () => {
    const api = await apiOf('@auth(roles: "ADMIN") @owner(mode: NOT_FOUND)');
    const query = 'query ($id: ID) { node(id: $id) { id } }';
    for (const who of [me, nobody]) {
      const asked = who === me ? [{ id: 'other' }, { id: 'nothing' }] : [{ id: 'other' }, { id: 'own' }];
      const [one, another] = await bodies(api, query, who, asked);
      expect(one).toEqual(another);
    }
    const own = await send(api.server, query, me, { variables: { id: 'own' } });
    expect(codes(own)).toEqual(['FORBIDDEN']);
  });

  it.each(['FILTER', 'NOT_FOUND'])(
    'an object hidden by %s is in no list of a caller without the role',
    async (mode) => {
      const api = await apiOf(`@auth(roles: "ADMIN") @owner(mode: ${mode})`);
      const found = await bodies(api, 'query ($ids: [ID]) { nodes(ids: $ids) { id } }', me, [
        { ids: ['other', 'other'] },
      ]);
      expect(found).toEqual([{ data: { nodes: [] } }]);
    },
  );

  it.each([
    ['FILTER', 'first'],
    ['FILTER', 'last'],
    ['NOT_FOUND', 'first'],
    ['NOT_FOUND', 'last'],
  ])(
    'an object hidden by %s stays hidden from a caller who may see another member, which stands %s',
    async (mode, place) => {
      const guarded = 'type Memo implements Node @auth(roles: "ADMIN") { id: ID }';
      const hiding = `type Doc implements Node @owner(mode: ${mode}) { id: ID }`;
      const typeDefs = `
      ${authDirectives}
      interface Node { id: ID }
      ${place === 'first' ? guarded : hiding}
      ${place === 'first' ? hiding : guarded}
      type Query { nodes: [Node] sureNodes: [Node!]! }
    `;
      const nodes = () => [objects.get('other'), { __typename: 'Memo', id: 'memo' }, objects.get('own')];
      const { server } = await serve(
        makeExecutableSchema({ typeDefs, resolvers: { Query: { nodes, sureNodes: nodes } } }),
      );
      const who = as({ id: 'me', roles: ['ADMIN'] });
      const seen = [{ id: 'memo' }, { id: 'own' }];
      for (const _time of [1, 2]) {
        const answer = await send(server, '{ nodes { id } sureNodes { id } }', who);
        expect(answer.body).toEqual({ data: { nodes: seen, sureNodes: seen } });
      }
    },
  );

  it('no loader is asked about an anonymous caller', async () => {
    const asked: unknown[] = [];
    const typeDefs = `
      ${authDirectives}
      interface Node { id: ID }
      type Doc implements Node @owner(loader: "owners", mode: FILTER) { id: ID }
      type Query { nodes: [Node] @public node: Node @public }
    `;
    const Query = { nodes: () => [objects.get('other')], node: () => objects.get('other') };
    const loaders = { owners: ({ source }: { source: unknown }) => asked.push(source) };
    const { server } = await serve(makeExecutableSchema({ typeDefs, resolvers: { Query } }), { loaders });
    const answer = await send(server, '{ nodes { id } node { id } }', nobody);
    expect(answer.body).toEqual({ data: { nodes: [], node: null } });
    expect(asked).toEqual([]);
  });

  it.each([
    ['nodes', 'FILTER'],
    ['nodes', 'NOT_FOUND'],
    ['sureNodes', 'FILTER'],
    ['sureNodes', 'NOT_FOUND'],
    ['matrix', 'FILTER'],
  ])('paths of other errors do not reveal how many items are hidden in %s, with %s', async (field, mode) => {
    const [without, ...others] = await bodies(
      await apiOf(`@owner(mode: ${mode})`),
      `query ($ids: [ID]) { ${field}(ids: $ids) { id } }`,
      me,
      [
        ['secret', 'own'],
        ['other', 'secret', 'own'],
        ['other', 'other', 'secret', 'other', 'own'],
      ].map((ids) => ({ ids })),
    );
    expect(JSON.stringify(without)).toContain('FORBIDDEN');
    for (const other of others) expect(other).toEqual(without);
  });

  it.each([
    ['a field', 'doc', '@owner(mode: NOT_FOUND)'],
    ['a field whose rule takes its time', 'doc', '@owner(loader: "nobodys", mode: NOT_FOUND)'],
    ['a field that is not nullable', 'sure', '@owner(mode: NOT_FOUND)'],
    ['a field that is not nullable and found at once', 'atOnce', '@owner(mode: NOT_FOUND)'],
  ])('the order of two errors does not reveal a hidden object: %s', async (_, field, rule) => {
    const query = `query ($a: ID, $b: ID) { doc(id: "own") { id } a: ${field}(id: $a) { id } b: ${field}(id: $b) { id } }`;
    const [missing, ...others] = await bodies(await apiOf(rule), query, me, [
      { a: 'nothing', b: 'nothing' },
      { a: 'other', b: 'nothing' },
      { a: 'nothing', b: 'other' },
      { a: 'other', b: 'other' },
    ]);
    expect(JSON.stringify(missing)).toContain('NOT_FOUND');
    for (const other of others) expect(other).toEqual(missing);
  });
});

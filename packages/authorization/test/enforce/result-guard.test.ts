import { makeExecutableSchema } from '@graphql-tools/schema';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { as, send } from '../../../../test/kit.ts';
import { authDirectives } from '../../src/index.ts';
import { serve } from '../ways.ts';

const ann = as({ id: 'ann' });
const own = { id: 1, ownerId: 'ann' };
const foreign = { id: 2, ownerId: 'bob' };
const shared = [own, own];
const sharedLists = [[own], shared];
const slowly = async <T>(value: T): Promise<T> => {
  await Promise.resolve();
  return value;
};

const schema = makeExecutableSchema({
  typeDefs: `
    ${authDirectives}
    type Doc @owner { id: ID! parent: Doc! slow: Int! secret: Int! @auth(roles: "ADMIN") nothing: Int! }
    type Edge { node: Doc! }
    type Open { doc: Doc! }
    interface Node { slow: Int }
    type Slow implements Node { slow: Int! }
    type Guarded implements Node { slow: Int id: ID secret: Int! @auth(roles: "ADMIN") }
    type Query {
      docs: [Doc!]! nullable: [Doc] maybe: [Doc!] nested: [[Doc!]!]! edges: [Edge!]! lazy: [Doc!]! opens: [Open!] plain: [Int!]!
      shared: [Doc!] sharedLists: [[Doc!]!] nodes: [Node!]
    }
  `,
  resolvers: {
    Query: {
      docs: () => [own, foreign],
      nullable: () => [own, foreign],
      maybe: () => new Set([own, foreign]),
      nested: () => [[own], [own, foreign], null],
      edges: () => [{ node: slowly(own) }, { node: foreign }],
      lazy: () => slowly([slowly(own), Promise.reject(new Error('lost')), foreign]),
      opens: () => [{ doc: slowly(foreign) }, { doc: null }, { doc: foreign }],
      plain: () => [1, 2],
      shared: () => shared,
      sharedLists: () => sharedLists,
      nodes: () => [{ __typename: 'Slow' }, { __typename: 'Guarded', secret: 1 }],
    },
    Slow: { slow: () => slowly(1).then(() => Promise.reject(new Error('slow'))) },
    Doc: {
      parent: () => slowly(foreign),
      slow: () => slowly(1).then(() => Promise.reject(new Error('slow'))),
    },
  },
});

/** Rejections without a handler: each would end a server. */
const lost: unknown[] = [];
const keep = (reason: unknown): void => void lost.push(reason);
beforeEach(() => {
  lost.length = 0;
  process.on('unhandledRejection', keep);
});
afterEach(() => {
  process.off('unhandledRejection', keep);
});

describe('a list in which a denied item nulls the list', () => {
  it.each([
    '{ docs { id } }',
    '{ docs { parent { id } } }',
    '{ docs { slow } }',
    '{ docs { slow secret } }',
    '{ docs { parent { id } nothing } }',
    '{ maybe { parent { id } } }',
    '{ nested { parent { id } } }',
    '{ nested { slow } }',
    '{ edges { node { parent { id } } } }',
    '{ edges { node { slow } } }',
    '{ lazy { parent { id } } }',
    '{ opens { doc { parent { id } } } }',
    '{ a: docs { parent { id } } b: edges { node { slow } } }',
    '{ nodes { slow ... on Guarded { secret } } }',
  ])('a list nulled by a denied item leaves no rejection behind: %s', async (query) => {
    const api = await serve(schema);
    for (let time = 0; time < 2; time += 1) {
      const answer = await send(api.server, query, ann);
      expect(answer.status).toBe(200);
      expect(answer.body.errors.length).toBeGreaterThan(0);
      expect(JSON.stringify(answer.body.data)).not.toMatch(/"2"|"bob"/);
    }
    // Node tells of unhandled rejections when the promise jobs are done.
    await new Promise((resolve) => setImmediate(resolve));
    expect(lost).toEqual([]);
  });

  it("a list nulled by a denied item has the error's path, and the rest is answered", async () => {
    const api = await serve(schema);
    const denied = await send(api.server, '{ docs { id } nullable { id } plain }', ann);
    const paths = denied.body.errors.map((error: { path: unknown }) => error.path);
    expect(paths).toContainEqual(['docs', 1]);
    expect(paths).toContainEqual(['nullable', 1]);
    const allowed = await send(api.server, '{ nullable { id } plain }', ann);
    expect(allowed.body.data).toEqual({ nullable: [{ id: '1' }, null], plain: [1, 2] });
  });

  it("leaves the resolver's own arrays as they are", async () => {
    const api = await serve(schema);
    const answer = await send(api.server, '{ shared { id parent { id } } sharedLists { id parent { id } } }', ann);
    expect(answer.body.errors.length).toBeGreaterThan(1);
    expect(shared).toEqual([own, own]);
    expect(sharedLists).toEqual([[own], shared]);
  });
});

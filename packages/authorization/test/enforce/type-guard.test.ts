import { makeExecutableSchema } from '@graphql-tools/schema';
import type { IResolvers } from '@graphql-tools/utils';
import { GraphQLObjectType, type GraphQLSchema, graphql, graphqlSync } from 'graphql';
import { describe, expect, it } from 'vitest';
import { as } from '../../../../test/kit.ts';
import { authDirectives, guardSchema } from '../../src/index.ts';
import { admin, denied, outcome, plain, unhandledDuring } from '../ways.ts';

const user = as({ id: 'u1' });
const typeDefs = `
  ${authDirectives}
  type Query { node: Node nodes: [Node] u: U nodesNN: [Node!]! }
  interface Node { id: ID }
  type Doc implements Node @auth(roles: "ADMIN") { id: ID t: String }
  type Page implements Node { id: ID }
  type Note implements Node { id: ID }
  union U = Doc | Page
`;
const kindOf = (kind: string) => (value: unknown) => (value as { kind: string }).kind === kind;
const doc = { kind: 'doc', id: '1', t: 'classified' };
const note = { kind: 'note', id: '2' };
const page = { kind: 'page', id: '3' };

/** Every type with a predicate of its own, so that graphql-js's default finds the type of values without `__typename`. */
const predicates = {
  Doc: { __isTypeOf: kindOf('doc') },
  Page: { __isTypeOf: kindOf('page') },
  Note: { __isTypeOf: kindOf('note') },
};
const slowPredicates = Object.fromEntries(
  Object.entries(predicates).map(([name, { __isTypeOf }]) => [
    name,
    { __isTypeOf: async (value: unknown) => __isTypeOf(value) },
  ]),
);

function guarded(resolvers: IResolvers): GraphQLSchema {
  return guardSchema(makeExecutableSchema({ typeDefs, resolvers }));
}

describe('abstract types without resolveType', () => {
  it.each([
    ['synchronous', predicates],
    ['asynchronous', slowPredicates],
  ])('an abstract type without resolveType finds types by the unguarded isTypeOf: %s', async (_, resolvers) => {
    const schema = guarded(resolvers);
    const rootValue = { nodes: [page, note, doc], u: page, node: doc };
    const source = '{nodes{__typename id} u{__typename} node{id}}';

    expect(plain(await graphql({ schema, source, rootValue, contextValue: admin }))).toEqual({
      data: {
        nodes: [
          { __typename: 'Page', id: '3' },
          { __typename: 'Note', id: '2' },
          { __typename: 'Doc', id: '1' },
        ],
        u: { __typename: 'Page' },
        node: { id: '1' },
      },
    });
    const forUser = outcome(plain(await graphql({ schema, source, rootValue, contextValue: user })));
    expect(forUser.data).toEqual({
      nodes: [{ __typename: 'Page', id: '3' }, { __typename: 'Note', id: '2' }, null],
      u: { __typename: 'Page' },
      node: null,
    });
    expect(new Set(forUser.errors)).toEqual(new Set([denied('node', 'FORBIDDEN'), denied('nodes.2', 'FORBIDDEN')]));
  });

  it('an abstract type prints no object when its type name is not text', async () => {
    const schema = guarded({ Node: { __resolveType: () => 7 as never } });
    const { errors } = await graphql({ schema, source: '{node{id}}', rootValue: { node: doc }, contextValue: user });
    expect(errors?.map(({ message }) => message)).toEqual(['Internal server error']);
  });

  it('an abstract type without resolveType prefers __typename', () => {
    const schema = guarded({});
    const rootValue = {
      nodes: [
        { __typename: 'Page', id: '1' },
        { __typename: 'Doc', id: '2' },
      ],
    };
    const result = graphqlSync({ schema, source: '{nodes{__typename}}', rootValue, contextValue: user });
    expect(plain(result.data)).toEqual({ nodes: [{ __typename: 'Page' }, null] });
  });

  it('a value of no known type is not taken for an object of a guarded type', () => {
    const schema = guarded({});
    const unguarded = makeExecutableSchema({ typeDefs });
    const rootValue = { node: { id: 'unknown' } };
    for (const contextValue of [user, admin]) {
      const answer = graphqlSync({ schema, source: '{node{id}}', rootValue, contextValue });
      expect(plain(answer)).toEqual(plain(graphqlSync({ schema: unguarded, source: '{node{id}}', rootValue })));
    }
  });

  it('an abstract type keeps its own resolveType', () => {
    let asked = 0;
    const resolveType = (): string => {
      asked += 1;
      return 'Doc';
    };
    const schema = guarded({ Node: { __resolveType: resolveType } });
    const source = '{node{id}}';
    expect(outcome(plain(graphqlSync({ schema, source, rootValue: { node: doc }, contextValue: user })))).toEqual({
      data: { node: null },
      errors: [denied('node', 'FORBIDDEN')],
    });
    expect(asked).toBeGreaterThan(0);
  });

  it('asynchronous isTypeOf leaves no rejection unhandled', async () => {
    const schema = guarded(slowPredicates);
    for (const last of [{ __typename: 'Doc', ...doc }, null, new Error('broken')]) {
      const unhandled = await unhandledDuring(async () => {
        const rootValue = { nodesNN: [doc, last] };
        const { data } = await graphql({ schema, source: '{nodesNN{id}}', rootValue, contextValue: user });
        expect(data).toBeNull();
      });
      expect(unhandled).toEqual([]);
    }
  });
});

describe('an original predicate', () => {
  it('an isTypeOf of the application still refuses objects of other types, and none is printed', async () => {
    const schema = guarded(predicates);
    const Doc = schema.getType('Doc');
    if (!(Doc instanceof GraphQLObjectType)) throw new Error('no Doc');
    expect(() => Doc.isTypeOf?.(page, user, {} as never)).toThrow('Internal server error');
  });
});

describe('a rule on a field of an interface', () => {
  const schema = guardSchema(
    makeExecutableSchema({
      typeDefs: `
        ${authDirectives}
        type Query { named: Named person: Person @public robot: Robot @public }
        interface Named { id: ID name: String @auth(roles: "ADMIN") }
        interface Being implements Named { id: ID name: String }
        type Person implements Named & Being { id: ID name: String }
        type Robot implements Named { id: ID name: String @auth(scopes: "robots") }
      `,
    }),
  );
  const rootValue = {
    named: { __typename: 'Person', id: '1', name: 'Ann' },
    person: { id: '1', name: 'Ann' },
    robot: { id: '2', name: 'R2' },
  };

  it("the rule of an interface's field holds for every type that implements it, beside the type's own", () => {
    const source = '{named{id name ...on Person{n:name}} person{...on Being{name}} robot{name}}';
    const run = (contextValue: unknown): unknown =>
      plain(graphqlSync({ schema, source, rootValue, contextValue }).data);

    expect(run(user)).toEqual({
      named: { id: '1', name: null, n: null },
      person: { name: null },
      robot: { name: null },
    });
    expect(run(admin)).toEqual({
      named: { id: '1', name: 'Ann', n: 'Ann' },
      person: { name: 'Ann' },
      robot: { name: null },
    });
    expect(run(as({ id: 'r', roles: ['ADMIN'], scopes: ['robots'] }))).toMatchObject({ robot: { name: 'R2' } });
  });
});

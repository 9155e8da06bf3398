/** graphql-js prints values that are not of their field's type in its errors. No object of a guarded type may be read there. */
import { makeExecutableSchema } from '@graphql-tools/schema';
import type { IResolvers } from '@graphql-tools/utils';
import { type GraphQLSchema, graphql } from 'graphql';
import { describe, expect, it } from 'vitest';
import { as } from '../../../../test/kit.ts';
import { authDirectives, guardSchema } from '../../src/index.ts';

const user = as({ id: 'u1' });
const typeDefs = `
  ${authDirectives}
  enum Level { LOW }
  type Query {
    doc: Doc @public part: Part @public node: Node @public note: Note @public u: U @public
    text: String @auth level: Level @auth texts: [[String!]] @auth later: ID @auth
  }
  interface Node { id: ID }
  type Doc implements Node @auth { id: ID text: String own: [String] }
  type Part implements Node { id: ID text: String @auth(roles: "ADMIN") }
  type Note implements Node { id: ID }
  type Other { id: ID }
  union U = Note | Other
`;
const never = { __isTypeOf: () => false };
const slowly = { __isTypeOf: async () => false };
const secret = { __typename: 'Note', id: '1', text: 'classified' };

function guarded(resolvers: IResolvers): GraphQLSchema {
  return guardSchema(makeExecutableSchema({ typeDefs, resolvers }));
}

async function messages(schema: GraphQLSchema, source: string, value: unknown): Promise<string[]> {
  const field = /\w+/.exec(source)?.[0] ?? '';
  const { errors = [] } = await graphql({ schema, source, rootValue: { [field]: value }, contextValue: user });
  return errors.map((error) => `${error.message} ${String(error.originalError ?? '')}`);
}

describe('an error outside Apollo Server', () => {
  it.each([
    ['of a guarded type that is not of its type', { Doc: never }, '{doc{id}}', secret],
    ['of a type with guarded fields that is not of its type', { Part: never }, '{part{id}}', secret],
    ['of a type with guarded fields that is found later not to be', { Part: slowly }, '{part{id}}', secret],
    ['that stands where another type of the same interface was meant', { Note: never }, '{node{id}}', secret],
    ['whose type name is none', { Node: { __resolveType: () => 7 as never } }, '{node{id}}', secret],
    ['that stands where guarded text was meant', {}, '{text}', secret],
    ['that stands where text of a guarded object was meant', {}, '{doc{text}}', { text: secret }],
    ['that a resolver returns as text of a guarded object', { Doc: { own: () => [secret] } }, '{doc{own}}', {}],
    ['that stands where a guarded enum value was meant', {}, '{level}', secret],
    ['that stands in a guarded list of texts', {}, '{texts}', [[secret]]],
    ['that comes later where a guarded id was meant', {}, '{later}', Promise.resolve(secret)],
    ['list where guarded text was meant', {}, '{text}', ['classified']],
  ])('an error prints no object %s', async (_, resolvers, source, value) => {
    const found = await messages(guarded(resolvers), source, value);
    expect(found).toHaveLength(1);
    expect(found.join()).not.toContain('classified');
  });

  it("a value of its field's type is no error", async () => {
    const schema = guarded({
      Part: { __isTypeOf: (value: { kind?: string }) => value.kind === 'part' },
      Note: { __isTypeOf: (value: { kind?: string }) => value.kind === 'note' },
      Other: { __isTypeOf: (value: { kind?: string }) => value.kind === 'other' },
      Doc: { __isTypeOf: (value: { kind?: string }) => value.kind === 'doc' },
    });
    const rootValue = {
      part: { kind: 'part', id: 1 },
      node: { kind: 'note', id: 2 },
      u: { kind: 'other', id: 3 },
      text: { valueOf: () => 'text' },
      later: Promise.resolve({ toJSON: () => 'id' }),
      texts: [['a'], null, new Set(['b'])],
      level: 'LOW',
    };
    const source = '{part{id} node{id} u{...on Other{id}} text later texts level}';
    const { data, errors } = await graphql({ schema, source, rootValue, contextValue: user });
    expect(errors).toBeUndefined();
    expect(JSON.parse(JSON.stringify(data))).toEqual({
      part: { id: '1' },
      node: { id: '2' },
      u: { id: '3' },
      text: 'text',
      later: 'id',
      texts: [['a'], null, ['b']],
      level: 'LOW',
    });
  });

  it('a typeResolver of the executor still resolves the types without isTypeOf', async () => {
    const schema = guardSchema(
      makeExecutableSchema({
        typeDefs: `${authDirectives} type Query { n: N @public } interface N { id: ID } type P implements N { id: ID s: ID @auth }`,
      }),
    );
    const rootValue = { n: { id: 1 } };
    const answer = await graphql({ schema, source: '{n{id}}', rootValue, contextValue: user, typeResolver: () => 'P' });
    expect(answer).toMatchObject({ data: { n: { id: '1' } } });
  });
});

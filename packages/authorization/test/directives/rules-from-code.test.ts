/** Rules that are written in other places: in code, on interfaces, under other names, in federation's words. */

import { makeExecutableSchema } from '@graphql-tools/schema';
import SchemaBuilder from '@pothos/core';
import { buildSchema, type GraphQLSchema, graphql } from 'graphql';
import { describe, expect, it } from 'vitest';
import { as } from '../../../../test/kit.ts';
import {
  authDirectives,
  authDirectivesAs,
  authorization,
  type GuardSchemaOptions,
  guardSchema,
} from '../../src/index.ts';
import { admin, plain } from '../ways.ts';

const user = as({ id: 'me' });

const ask = async (
  schema: GraphQLSchema,
  source: string,
  contextValue: unknown,
  rootValue?: unknown,
): Promise<unknown> => plain((await graphql({ schema, source, contextValue, rootValue })).data);

const guarding =
  (types: string, options: GuardSchemaOptions = {}): (() => GraphQLSchema) =>
  () =>
    guardSchema(buildSchema(types, { assumeValidSDL: true }), options);

describe('rules from code', () => {
  const types = 'type Query { doc: Doc pay(id: ID, fee: Int): Int open: Int } type Doc { id: ID total: Int }';
  const rootValue = { doc: { id: '1', total: 5, ownerId: 'me' }, pay: () => 1, open: 2 };

  it('rules from code are compiled like those of the schema', async () => {
    const schema = guarding(types, {
      rules: {
        Doc: { owner: {} },
        'Doc.total': { auth: { roles: 'ADMIN' } },
        'Query.pay': { auth: [{}, { roles: [['ADMIN']] }] },
        'Query.pay(fee:)': { auth: { scopes: 'fees' } },
        'Query.open': { public: true },
      },
    })();
    expect(await ask(schema, '{doc{id total} pay open}', user, rootValue)).toEqual({
      doc: { id: '1', total: null },
      pay: null,
      open: 2,
    });
    expect(await ask(schema, '{pay fee:pay(fee:1)}', admin, rootValue)).toEqual({ pay: 1, fee: null });
    expect(await ask(schema, '{doc{id}}', as({ id: 'them' }), rootValue)).toEqual({ doc: null });
  });

  it('rules from code hold for a schema that Pothos built', async () => {
    const builder = new SchemaBuilder<{ Objects: { Doc: { id: string; ownerId: string } } }>({});
    builder.objectType('Doc', { fields: (t) => ({ id: t.exposeString('id') }) });
    builder.queryType({
      fields: (t) => ({
        docs: t.field({
          type: ['Doc'],
          nullable: { list: false, items: true },
          resolve: () => [
            { id: '1', ownerId: 'me' },
            { id: '2', ownerId: 'them' },
          ],
        }),
        users: t.string({
          extensions: { directives: { auth: { roles: 'ADMIN' } } },
          nullable: true,
          resolve: () => 'all',
        }),
      }),
    });
    const schema = guardSchema(builder.toSchema(), { rules: { Doc: { owner: {} } } });
    expect(await ask(schema, '{docs{id} users}', user)).toEqual({ docs: [{ id: '1' }, null], users: null });
    expect(await ask(schema, '{users}', admin)).toEqual({ users: 'all' });
  });

  it.each([
    [{ 'Query.nope': { auth: {} } }, 'the schema has no Query.nope'],
    [{ Doc: null }, 'must be an object'],
    [{ Doc: {} }, 'rules: Doc needs auth, owner or public'],
    [{ Doc: { auth: undefined } }, 'rules: auth of Doc must be its arguments'],
    [{ 'Query.pay': { auth: undefined, public: true } }, 'rules: auth of Query.pay must be its arguments'],
    [{ Doc: { auth: new Map([['roles', 'ADMIN']]) } }, 'rules: auth of Doc must be its arguments'],
    [{ Doc: { auth: [[]] } }, 'rules: auth of Doc must be its arguments'],
    [{ Doc: { auth: { roles: undefined } } }, 'Doc: roles of @auth is undefined'],
    [{ Doc: { owner: { loader: undefined } } }, 'Doc: loader of @owner is undefined'],
    [{ Doc: new Map([['auth', {}]]) }, 'the rule of Doc must be an object'],
    [new Map([['Doc', { auth: {} }]]), 'rules must be an object'],
    [[], 'rules must be an object'],
    [() => ({ Doc: { auth: {} } }), 'rules must be an object'],
    [null, 'rules must be an object'],
    [{ Doc: { auht: {} } }, "did you mean 'auth'"],
    [{ Doc: { auth: true } }, 'must be its arguments'],
    [{ Doc: { auth: [] } }, 'must be its arguments'],
    [{ Doc: { public: false } }, 'must be true'],
    [{ Doc: { auth: { roles: [] } } }, 'Doc: roles of @auth must be'],
    [{ Query: { owner: {} } }, 'a root type has no @owner'],
    [{ 'Query.pay(id:)': { public: true } }, '@public has no effect here'],
  ])('an invalid rule from code keeps the server from starting: %j', (rules, message) => {
    expect(guarding(types, { rules: rules as never })).toThrow(message);
  });
});

describe('rules on interfaces', () => {
  const types = `${authDirectives} interface N @auth(roles: "ADMIN") { a: Int } type T implements N { a: Int b: Int } type Query { n: N t: T }`;
  const rootValue = { n: { __typename: 'T', a: 1 }, t: { a: 1, b: 2 } };

  it('rules of an interface hold for every type that implements it', async () => {
    const schema = guarding(types)();
    expect(await ask(schema, '{n{a} t{b}}', user, rootValue)).toEqual({ n: null, t: null });
    expect(await ask(schema, '{n{a} t{b}}', admin, rootValue)).toEqual({ n: { a: 1 }, t: { b: 2 } });
  });

  it.each([
    ['interface N @auth { a: Int }', 'N: strictInterfaces'],
    ['interface N { a: Int @auth }', 'N.a: strictInterfaces'],
    ['interface N { a(x: Int @auth): Int }', 'N.a(x:): strictInterfaces'],
  ])('strictInterfaces refuses rules on interfaces: %s', (types_, message) => {
    expect(guarding(`${authDirectives} ${types_} type Query { n: N }`, { strictInterfaces: true })).toThrow(message);
  });

  it.each([false, true])(
    '@owner on an argument of an interface is refused, with strictInterfaces %s',
    (strictInterfaces) => {
      const owned = (owner: string, options: GuardSchemaOptions = {}): (() => GraphQLSchema) =>
        guarding(
          `${authDirectives} interface N { a(x: ID ${owner}): Int } type T implements N { a(x: ID): Int } type Query { t: T }`,
          { ...options, strictInterfaces },
        );
      const message = 'N.a(x:): @owner has no effect here; put it on the types that implement it.';
      expect(owned('@owner')).toThrow(message);
      expect(owned('@owner(loader: "none")')).toThrow(message);
      expect(owned('', { rules: { 'N.a(x:)': { owner: {} } } })).toThrow(message);
      expect(owned('', { rules: { 'T.a(x:)': { owner: {} } } })).not.toThrow();
    },
  );
});

describe('directives under other names', () => {
  const names = { auth: 'secured', owner: 'mine', public: 'open' };
  const types = `${authDirectivesAs(names)} type Query { a: Int @secured(roles: "ADMIN") d: D o: Int @open } type D @mine { id: Int }`;

  it('directives are read under the names of directiveNames', async () => {
    const schema = guarding(types, { directiveNames: names })();
    const rootValue = { a: 1, d: { id: 1, ownerId: 'them' }, o: 3 };
    expect(await ask(schema, '{a d{id} o}', user, rootValue)).toEqual({ a: null, d: null, o: 3 });
  });

  it.each([
    [
      'directive @auth(requires: String = "USER") on FIELD_DEFINITION type Query { a: Int @auth }',
      'auth',
      'Auth',
      'requires',
    ],
    [
      'directive @owner(of: String) on OBJECT type Query { a: D } type D @owner(of: "x") { id: ID }',
      'owner',
      'Owner',
      'of',
    ],
    [
      'directive @public(since: Int) on FIELD_DEFINITION type Query { a: Int @public(since: 1) }',
      'public',
      'Public',
      'since',
    ],
  ])(
    'a directive of the schema with the same name is answered with how to rename ours: %s',
    (sdl, kind, end, argument) => {
      const renamed = `bulwark${end}`;
      expect(guarding(sdl)).toThrow(
        `the schema declares an @${kind} of its own, which takes ${argument}. Give Bulwark's another name, here and in its ` +
          `definitions: directiveNames: { ${kind}: '${renamed}' }.`,
      );
      const others = { auth: 'bulwarkAuth', owner: 'bulwarkOwner', public: 'bulwarkPublic' };
      expect(guarding(`${authDirectivesAs(others)} ${sdl}`, { directiveNames: others })).not.toThrow();
    },
  );

  it('an unguarded schema with renamed directives, or one that does not declare them, does not start', () => {
    const control = authorization({ directiveNames: names });
    expect(() => control.start?.({ schema: buildSchema(types) })).toThrow('nothing enforces them');
    expect(guarding(`${authDirectives} type Query { a: Int }`, { directiveNames: names })).toThrow(
      "directiveNames.auth is 'secured'",
    );
    expect(guarding(types, { directiveNames: { auth: '@secured' } })).toThrow("a name without '@'");
    expect(guarding(types, { directiveNames: { auth: 'mine', owner: 'mine' } })).toThrow('three different names');
    expect(guarding(types, { directiveNames: { atuh: 'x' } as never })).toThrow("did you mean 'auth'");
  });
});

describe("federation's directives", () => {
  const declared = `
    directive @authenticated on FIELD_DEFINITION | OBJECT | INTERFACE | SCALAR | ENUM
    directive @requiresScopes(scopes: [[String!]!]!) on FIELD_DEFINITION | OBJECT | INTERFACE | SCALAR | ENUM
    directive @policy(policies: [[String!]!]!) on FIELD_DEFINITION | OBJECT | INTERFACE | SCALAR | ENUM
    directive @federation__authenticated on FIELD_DEFINITION
  `;
  const types = `${declared} type Query { a: Int @authenticated b: Int @requiresScopes(scopes: [["x", "y"], ["z"]]) c: Int @policy(policies: [["p"]]) d: Int @federation__authenticated }`;
  const rootValue = { a: 1, b: 2, c: 3, d: 4 };

  it('the directives of federation are read as rules of @auth', async () => {
    const schema = guarding(types, { defaultRule: 'allow', policies: { p: () => false } })();
    expect(await ask(schema, '{a b c d}', as(null), rootValue)).toEqual({ a: null, b: null, c: null, d: null });
    expect(await ask(schema, '{a b c d}', as({ id: 'me', scopes: ['x', 'y'] }), rootValue)).toEqual({
      a: 1,
      b: 2,
      c: null,
      d: 4,
    });
    expect(await ask(schema, '{b}', as({ id: 'me', scopes: ['x'] }), rootValue)).toEqual({ b: null });
    expect(() => authorization().start?.({ schema: buildSchema(types) })).toThrow('nothing enforces them');
  });

  it.each([
    [
      'directive @requiresScopes(scopes: [[String!]!]!) on FIELD_DEFINITION type Query { a: Int @requiresScopes(scopes: []) }',
      'scopes of @auth must be',
    ],
    ['directive @requiresScopes on FIELD_DEFINITION type Query { a: Int @requiresScopes }', 'scopes of @auth must be'],
    [
      'directive @fed__policy on FIELD_DEFINITION type Query { a: Int @fed__policy }',
      'import @policy under its own name',
    ],
    [
      'directive @link(url: String, import: [Import]) repeatable on SCHEMA scalar Import schema @link(url: "f", import: [{ name: "@policy", as: "@rule" }]) { query: Query } type Query { a: Int }',
      'under another name',
    ],
  ])('a directive of federation that would not be read keeps the server from starting: %s', (types_, message) => {
    expect(guarding(types_)).toThrow(message);
  });
});

it('makeExecutableSchema takes every place that a directive may stand on', () => {
  const typeDefs = [
    authDirectives,
    'scalar S @auth enum E @auth { A @auth } input I { a: S @auth @owner } interface N @auth { a: E } type Query { a(i: I @auth @owner): Int @auth @owner(arg: "i.a") n: N }',
  ];
  expect(() => guardSchema(makeExecutableSchema({ typeDefs }))).not.toThrow();
});

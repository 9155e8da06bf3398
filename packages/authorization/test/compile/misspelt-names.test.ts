// Names in rules that nothing has: roles, properties of owners, directives that the schema does not define.
import { authDirectives, type GuardSchemaOptions, guardSchema } from '@graphql-bulwark/authorization';
import { createEvents } from '@graphql-bulwark/core';
import { buildSchema, GraphQLObjectType, GraphQLSchema, GraphQLString } from 'graphql';
import { describe, expect, it } from 'vitest';

const silent = { warn() {}, error() {} };
const roles = ['ADMIN', 'ACCOUNTANT'];

function guard(sdl: string, options: GuardSchemaOptions = {}): GraphQLSchema {
  return guardSchema(buildSchema(`${authDirectives} ${sdl}`), options);
}

function warningsOf(schema: GraphQLSchema, options: GuardSchemaOptions = {}): string[] {
  const messages: string[] = [];
  const events = createEvents(
    (event) => void (event.type === 'config.warning' && messages.push(event.message)),
    () => silent,
  );
  guardSchema(schema, { ...options, events });
  return messages;
}

describe('where the option roles says which roles exist', () => {
  it.each([
    [
      'type Query { a: Int @auth(roles: "ADMN") }',
      "Query.a: @auth(roles:) names 'ADMN', which is not in the option roles; did you mean 'ADMIN'?",
    ],
    ['type Query { a: Int @auth(roles: [["ADMIN", "admin"]]) }', "Query.a: @auth(roles:) names 'admin'"],
    ['type Query { a(x: Int @auth(roles: "CLERK")): Int }', "Query.a(x:): @auth(roles:) names 'CLERK', which is not"],
    [
      'interface N @auth(roles: "CLERK") { id: ID } type T implements N { id: ID } type Query { t: T }',
      'N: @auth(roles:)',
    ],
    ['type Query { d: D } type D @owner(bypass: "ADMNI") { id: ID }', "D: @owner(bypass:) names 'ADMNI'"],
  ])('another one keeps the server from starting: %s', (sdl, message) => {
    expect(() => guard(sdl, { roles })).toThrow(message);
    expect(() => guard(sdl)).not.toThrow();
  });

  it('another one in a rule from code keeps the server from starting, and one that exists does not', () => {
    const rule = (role: string): GuardSchemaOptions => ({ roles, rules: { 'Query.a': { auth: { roles: role } } } });
    expect(() => guard('type Query { a: Int }', rule('CLERK'))).toThrow('it has ADMIN, ACCOUNTANT.');
    expect(() => guard('type Query { a: Int }', rule('ADMIN'))).not.toThrow();
    expect(() => guard('type Query { a: Int @auth(scopes: "CLERK") }', { roles })).not.toThrow();
  });

  it('an empty list, or what is no list of names, is refused', () => {
    for (const wrong of [[], 'ADMIN', [''], [1]]) {
      expect(() => guard('type Query { a: Int }', { roles: wrong as never })).toThrow(/roles must/);
    }
  });
});

describe('an owner that no type has', () => {
  const doc = (owner: string, more = ''): string =>
    `type Query { d: Doc } type Doc @owner(${owner}) { id: ID ownerId: ID org: Org ${more} } type Org { id: ID tenantId: ID }`;

  it.each([
    ['field: "ownrId"', 'Doc: @owner(field: "ownrId") - did you mean \'ownerId\'?'],
    ['field: "org.tenatId"', 'Doc: @owner(field: "org.tenatId") - did you mean \'tenantId\'?'],
  ])('is named in a warning, with the field that is most likely meant: %s', (owner, message) => {
    expect(warningsOf(buildSchema(`${authDirectives} ${doc(owner)}`))).toEqual([expect.stringContaining(message)]);
  });

  it('is named on a field as well', () => {
    const sdl = 'type Query { d: Doc } type Doc { id: ID ownerId: ID note: String @owner(field: "onwerId") }';
    expect(warningsOf(buildSchema(`${authDirectives} ${sdl}`))).toEqual([
      expect.stringContaining('Doc.note: @owner(field: "onwerId") - did you mean \'ownerId\'?'),
    ]);
  });

  it.each([
    'field: "ownerId"',
    'field: "org.tenantId"',
    'field: "hidden"',
    'field: "dataValues.ownerId"',
    'loader: "l"',
  ])('is not told of where the name is right, or is a property that the schema does not show: %s', (owner) => {
    const schema = buildSchema(`${authDirectives} ${doc(owner)}`);
    expect(warningsOf(schema, { loaders: { l: () => null } })).toEqual([]);
  });

  it('is not told of where the similar field has a resolver, which may read it from another column', () => {
    const owned = { type: GraphQLString, resolve: (row: { owner_id: string }) => row.owner_id };
    const Doc = (field: object) =>
      new GraphQLObjectType({
        name: 'Doc',
        fields: { ownerId: { type: GraphQLString, ...field } },
        extensions: { directives: { owner: { field: 'owner_id' } } },
      });
    const schema = (field: object): GraphQLSchema =>
      new GraphQLSchema({ query: new GraphQLObjectType({ name: 'Query', fields: { d: { type: Doc(field) } } }) });
    expect(warningsOf(schema(owned))).toEqual([]);
    expect(warningsOf(schema({}))).toHaveLength(1);
  });
});

describe('directives that the schema does not define', () => {
  it('have their effect, and are named with their place and the remedy', () => {
    const sdl = 'type Query { a: Int @auth(roles: "ADMIN") b: Int @public }';
    const [message, ...others] = warningsOf(buildSchema(sdl, { assumeValidSDL: true }));
    expect(message).toBe(
      '@auth on Query.a, @public on Query.b: the schema does not define these directives. Put authDirectives, or the typeDefs ' +
        'of createBulwark(), among its type definitions.',
    );
    expect(others).toEqual([]);
    expect(warningsOf(buildSchema(`${authDirectives} ${sdl}`))).toEqual([]);
  });
});

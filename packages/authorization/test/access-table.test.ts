/** The access table, and the warnings at start: what a schema's rules amount to. */
import { createEvents, type SecurityEvent } from '@graphql-bulwark/core';
import { makeExecutableSchema } from '@graphql-tools/schema';
import { buildSchema, type GraphQLSchema } from 'graphql';
import { describe, expect, it } from 'vitest';
import {
  accessTable,
  authDirectives,
  describeAccess,
  describeChecks,
  type GuardSchemaOptions,
  guardSchema,
} from '../src/index.ts';
import { silent } from './ways.ts';

const guarding =
  (types: string, options: GuardSchemaOptions = {}): (() => GraphQLSchema) =>
  () =>
    guardSchema(buildSchema(types, { assumeValidSDL: true }), options);

describe('the access table', () => {
  const types = `${authDirectives}
    type Query { me: User @auth open(userId: ID @owner): Int @public plain: Int users(role: Role): [User] @auth(roles: "ADMIN") }
    type User @owner(field: "id") { id: ID email: String @auth(scopes: "mail") }
    input In { a: Int b: Int @auth(roles: "ADMIN") }
    enum Role { USER ADMIN @auth(roles: "ADMIN") }
  `;

  it('the access table lists every coordinate with its rule', () => {
    const schema = guarding(types)();
    expect(accessTable(schema)).toMatchInlineSnapshot(`
      "In.a                 unguarded
      In.b                 rule           @auth(roles: [["ADMIN"]])
      Query.me             rule           @auth and @owner(field: "id", claim: "sub")
      Query.open           public
      Query.open(userId:)  rule           @owner(field: "ownerId", claim: "sub")
      Query.plain          authenticated  defaultRule: authenticated
      Query.users          rule           @auth(roles: [["ADMIN"]]) and @owner(field: "id", claim: "sub")
      Query.users(role:)   unguarded
      Role.ADMIN           rule           @auth(roles: [["ADMIN"]])
      Role.USER            unguarded
      User                 rule           @owner(field: "id", claim: "sub")
      User.email           rule           @auth(scopes: [["mail"]])
      User.id              unguarded
      "
    `);
    expect(describeAccess(schema).find(({ coordinate }) => coordinate === 'User.email')).toEqual({
      coordinate: 'User.email',
      access: 'rule',
      rule: '@auth(scopes: [["mail"]])',
    });
    expect(() => describeAccess(buildSchema(types))).toThrow('guardSchema()');
  });

  it("the access table shows rules of public fields' types and arguments, and of input types at each place", () => {
    const schema = guarding(`${authDirectives}
      type Query { doc: Doc @public e(e: E @auth(roles: "A"), in: In): Int @public }
      type Doc @auth(roles: "ADMIN") { id: ID }
      input In { e: E }
      enum E @auth(roles: "B") { X }
    `)();
    expect(accessTable(schema)).toMatchInlineSnapshot(`
      "Doc           rule           @auth(roles: [["ADMIN"]])
      Doc.id        unguarded
      E             rule           @auth(roles: [["B"]])
      E.X           unguarded
      In.e          rule           @auth(roles: [["B"]])
      Query.doc     rule           @auth(roles: [["ADMIN"]])
      Query.e       public
      Query.e(e:)   rule           @auth(roles: [["A"]]) and @auth(roles: [["B"]])
      Query.e(in:)  unguarded
      "
    `);
  });

  it('describeChecks lists checks in their order: a hiding owner comes before policies', () => {
    const schema = guarding(
      `${authDirectives}
      type Query {
        docs(userId: ID @owner(preset: true)): [Doc] @auth(roles: [["A", "B"], ["C"]], policies: ["p", "q"])
        open: Int @public
      }
      type Doc @auth(policies: "p") @owner(mode: NOT_FOUND) { id: ID note: String @auth(policies: "p") @owner }`,
      { policies: { p: () => true, q: () => true } },
    )();
    expect(describeChecks(schema, 'Query.docs')).toEqual([
      'roles: A and B, or C',
      'guarded arguments, by their own rules',
      "arguments that are left out are filled in with the caller's claim",
      'policies: p, or q',
    ]);
    const owner = (mode: string) => `owners: @owner(field: "ownerId", claim: "sub"${mode})`;
    expect(describeChecks(schema, 'Doc')).toEqual([
      owner(', mode: "NOT_FOUND"'),
      'an authenticated caller',
      'policies: p',
    ]);
    expect(describeChecks(schema, 'Doc.note')).toEqual(['an authenticated caller', 'policies: p', owner('')]);
    expect(describeChecks(schema, 'Query.docs(userId:)')).toHaveLength(2);
    expect(describeChecks(schema, 'Query.open')).toEqual([]);
    expect(() => describeChecks(buildSchema('type Query { a: Int }'), 'Query.a')).toThrow('guardSchema()');
  });

  it('warnings at start name rules that may not do what their author expects', () => {
    const messages: string[] = [];
    const events = createEvents(
      (event) => void (event.type === 'config.warning' && messages.push(event.message)),
      () => silent,
    );
    guarding(
      `${authDirectives} type Query { a(x: Int = 1 @auth): Int page: Page edges: Edges b: Int! @auth(roles: "A") } type Page { totalCount: Int items: [D] } type Edges { totalCount: Int edges: [Edge] } type Edge { node: D } type D @owner(mode: FILTER) { id: Int }`,
      { events },
    )();
    expect(messages).toEqual([
      expect.stringContaining('Query.a(x:) have a default'),
      expect.stringContaining('Query.b are guarded and not nullable'),
      expect.stringContaining('Page.totalCount, Edges.totalCount may count objects'),
    ]);
  });

  it.each<[field: string, rule: string, isTold: boolean]>([
    ['D!', 'loader: "l", mode: NOT_FOUND', true],
    ['D!', 'loader: "l", mode: FILTER', true],
    ['U!', 'loader: "l", mode: FILTER', true],
    ['D', 'loader: "l", mode: NOT_FOUND', false],
    ['[D!]!', 'loader: "l", mode: NOT_FOUND', false],
    ['D!', 'loader: "l"', false],
    ['D!', 'mode: NOT_FOUND', false],
  ])('a warning at start names fields whose timing may reveal hidden objects: %s with %s', (field, rule, isTold) => {
    const messages: string[] = [];
    const onEvent = (event: SecurityEvent) => void (event.type === 'config.warning' && messages.push(event.message));
    const sdl = `type Query { f: ${field} u: U } union U = D type D @owner(${rule}) { a: Int }`;
    const options = { events: createEvents(onEvent, () => silent), loaders: { l: () => null } };
    guardSchema(makeExecutableSchema({ typeDefs: [authDirectives, sdl] }), options);
    const told = 'Query.f are not nullable and return objects that a loader may hide';
    expect(messages.map((message) => message.includes(told))).toEqual(isTold ? [true] : []);
  });
});

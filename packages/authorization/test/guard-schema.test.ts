import { makeExecutableSchema } from '@graphql-tools/schema';
import { MapperKind, mapSchema } from '@graphql-tools/utils';
import {
  buildSchema,
  GraphQLInputObjectType,
  GraphQLObjectType,
  type GraphQLObjectTypeConfig,
  GraphQLSchema,
  GraphQLString,
  type GraphQLUnionType,
  graphqlSync,
  parse,
  subscribe,
} from 'graphql';
import { describe, expect, it, vi } from 'vitest';
import { as } from '../../../test/kit.ts';
import { authDirectives, authorization, guardSchema } from '../src/index.ts';
import { admin, denied, nobody, outcome, plain, serve } from './ways.ts';

const user = as({ id: 'u1' });
const schemaOf = (types: string): GraphQLSchema => buildSchema(`${authDirectives} ${types}`);
const guarding =
  (types: string, options: Parameters<typeof guardSchema>[1] = {}): (() => GraphQLSchema) =>
  () =>
    guardSchema(schemaOf(types), options);

describe('guardSchema refuses to start', () => {
  it.each([
    'roles: null',
    'roles: []',
    'roles: [[]]',
    'roles: [["A"], []]',
    'roles: ""',
    'roles: [["A", ""]]',
    'roles: [[" "]]',
    'scopes: []',
    'scopes: null',
    'roles: "A", scopes: [[]]',
  ])('an invalid @auth keeps the server from starting: @auth(%s)', (args) => {
    expect(guarding(`type Query { a: Int @auth(${args}) }`)).toThrow(/^Query\.a: (roles|scopes) of @auth must be/);
    expect(guarding(`type Query { a: T } type T @auth(${args}) { a: Int }`)).toThrow(TypeError);
    expect(
      guarding(`type Query { n: N } interface N { a: Int @auth(${args}) } type T implements N { a: Int }`),
    ).toThrow(/^N\.a: /);
  });

  it.each(['roles: 5', 'roles: { a: 1 }', 'rolls: "A"', 'field: "x"'])(
    'arguments that SDL validation would refuse keep the server from starting: @auth(%s)',
    (args) => {
      const schema = buildSchema(`${authDirectives} type Query { a: Int @auth(${args}) }`, { assumeValidSDL: true });
      expect(() => guardSchema(schema)).toThrow(/^Query\.a: /);
      const undeclared = buildSchema(`type Query { a: Int @auth(${args}) }`, { assumeValidSDL: true });
      expect(() => guardSchema(undeclared)).toThrow(/^Query\.a: /);
    },
  );

  it('a directive of another kind under the same name keeps the server from starting', () => {
    const schema = buildSchema(`
      directive @auth(requires: Role = ADMIN) on FIELD_DEFINITION
      enum Role { ADMIN }
      type Query { a: Int @auth }
    `);
    expect(() => guardSchema(schema)).toThrow("Query.a: @auth has no argument 'requires'.");
  });

  it.each([
    ['both on a field', 'type Query { a: Int @auth @public }', 'Query.a'],
    ['both on a type', 'type Query { t: T } type T @auth @public { a: Int }', 'T'],
    ['a public field of a guarded root type', 'type Query @auth { a: Int @public }', 'Query.a'],
    [
      'a public field that an interface guards',
      'type Query { t: T } interface N { a: Int @auth } type T implements N { a: Int @public }',
      'T.a',
    ],
  ])('@auth and @public at one place keep the server from starting: %s', (_, types, coordinate) => {
    expect(guarding(types)).toThrow(`${coordinate} is @public and carries @auth`);
  });

  it.each(['field: ""', 'field: "a..b"', 'claim: ""', 'claim: null', 'field: "."', 'field: " "'])(
    'an invalid @owner keeps the server from starting: @owner(%s)',
    (args) => {
      expect(guarding(`type Query { t: T } type T @owner(${args}) { a: Int }`)).toThrow(/^T: (field|claim) of @owner/);
    },
  );

  it('@owner on a root type keeps the server from starting', () => {
    expect(guarding('type Query @owner { a: Int }')).toThrow('Query: a root type has no @owner.');
  });

  it("defaultRule 'deny' keeps the server from starting with root fields without a rule, naming them", () => {
    const types = `
      type Query { a: Int b: Int @auth c: Int @public d: T }
      type T @auth { a: Int }
      type Mutation @auth { e: Int }
      type Subscription @public { f: Int }
    `;
    expect(guarding(types, { defaultRule: 'deny' })).toThrow('neither @auth nor @public: Query.a, Query.d.');
    expect(guarding(types.replace('a: Int b', 'b').replace('d: T', ''), { defaultRule: 'deny' })).not.toThrow();
  });

  it('invalid options keep the server from starting', () => {
    expect(() => guardSchema(schemaOf('type Query { a: Int }'), { defaultRul: 'deny' } as never)).toThrow(
      "guardSchema has no option 'defaultRul'; did you mean 'defaultRule'?",
    );
    expect(() => guardSchema(schemaOf('type Query { a: Int }'), { defaultRule: 'closed' as never })).toThrow(TypeError);
  });

  it('a schema that is guarded already is refused, also after another transform', () => {
    const once = guardSchema(schemaOf('type Query { a: Int }'));
    expect(() => guardSchema(once)).toThrow('guarded already');
    expect(() => guardSchema(mapSchema(once, {}))).toThrow('guarded already');
    expect(() => guardSchema(new GraphQLSchema(once.toConfig()))).toThrow('guarded already');
  });
});

describe('rules from code', () => {
  const query = (
    fields: GraphQLObjectTypeConfig<unknown, unknown>['fields'],
    extensions: Record<string, unknown> = {},
  ): GraphQLSchema => new GraphQLSchema({ query: new GraphQLObjectType({ name: 'Query', fields, extensions }) });
  const field = (directives: unknown): GraphQLSchema =>
    query({ a: { type: GraphQLString, resolve: () => 'A', extensions: { directives } } });
  const ask = (schema: GraphQLSchema, contextValue: unknown): unknown =>
    plain(graphqlSync({ schema, source: '{a}', contextValue }).data);

  it.each([
    ['a text', { auth: { roles: 'ADMIN' } }],
    ['a flat list', { auth: { roles: ['OTHER', 'ADMIN'] } }],
    ['lists of lists', { auth: { roles: [['ADMIN']] } }],
    ['several uses', { auth: [{}, { roles: 'ADMIN' }] }],
  ])('rules are read from extensions.directives as an object: %s', (_, directives) => {
    const schema = guardSchema(field(directives));
    expect(ask(schema, user)).toEqual({ a: null });
    expect(ask(schema, admin)).toEqual({ a: 'A' });
  });

  it('rules in extensions are read from types as well, and @owner has its defaults there', () => {
    const Doc = new GraphQLObjectType({
      name: 'Doc',
      fields: { t: { type: GraphQLString } },
      extensions: { directives: { owner: {} } },
    });
    const schema = guardSchema(query({ doc: { type: Doc } }));
    const run = (ownerId: string): unknown =>
      plain(
        graphqlSync({ schema, source: '{doc{t}}', rootValue: { doc: { t: 'T', ownerId } }, contextValue: user }).data,
      );
    expect(run('u1')).toEqual({ doc: { t: 'T' } });
    expect(run('u2')).toEqual({ doc: null });
  });

  it('rules in extensions are refused in forms that could be overlooked', () => {
    expect(() => guardSchema(field([{ name: 'auth', args: {} }]))).toThrow(
      'Query.a: give extensions.directives as an object',
    );
    expect(() => guardSchema(field({ auth: true }))).toThrow('Query.a: the arguments of @auth must be an object.');
    expect(() => guardSchema(field(new Map([['auth', {}]])))).toThrow(
      'Query.a: give extensions.directives as an object',
    );
    expect(() => guardSchema(field({ auth: [] }))).toThrow('Query.a: give extensions.directives as an object');
    expect(() => guardSchema(field({ auth: new Map() }))).toThrow('Query.a: the arguments of @auth must be an object.');
    expect(() => guardSchema(field({ auth: { roles: undefined } }))).toThrow('Query.a: roles of @auth is undefined');
    expect(() => guardSchema(field({ auth: { role: 'ADMIN' } }))).toThrow("Query.a: @auth has no argument 'role'.");
    expect(() => guardSchema(field({ public: { to: 'all' } }))).toThrow("Query.a: @public has no argument 'to'.");
    expect(() => guardSchema(field({ owner: {} }))).toThrow('Query.a: a root field has no object');
  });

  it('rules in extensions are refused where they would have no effect', () => {
    const In = new GraphQLInputObjectType({
      name: 'In',
      extensions: { directives: { auth: {} } },
      fields: { x: { type: GraphQLString } },
    });
    expect(() => guardSchema(query({ a: { type: GraphQLString, args: { in: { type: In } } } }))).toThrow(
      'In: @auth has no effect here.',
    );
    const args = { y: { type: GraphQLString, extensions: { directives: { public: {} } } } };
    expect(() => guardSchema(query({ a: { type: GraphQLString, args } }))).toThrow(
      'Query.a(y:): @public has no effect here.',
    );
    const assumed = (types: string) => (): GraphQLSchema =>
      guardSchema(buildSchema(`${authDirectives} ${types}`, { assumeValidSDL: true }));
    expect(assumed('interface N @owner { a: Int } type Query implements N { a: Int }')).toThrow('N: @owner');
    expect(assumed('type Query { u: U } union U @auth = Query')).toThrow('U: @auth');
    expect(assumed('type Query { e: E } enum E { A @owner }')).toThrow('E.A: @owner');
    expect(assumed('scalar S @public type Query { s: S }')).toThrow('S: @public');
    expect(assumed('interface N { a: Int @owner } type Query implements N { a: Int }')).toThrow('N.a: @owner');
    expect(assumed('directive @d(a: Int @auth) on FIELD type Query { a: Int }')).toThrow('@d(a:): @auth');
    expect(assumed('directive @d(a: Int @owner) on FIELD type Query { a: Int }')).toThrow('@d(a:): @owner');
    expect(assumed('type Query { a: Int @owner }')).toThrow('Query.a: a root field has no object');
  });

  it('rules are read from extensions of a type in SDL', () => {
    const schema = guardSchema(
      makeExecutableSchema({
        typeDefs: [
          authDirectives,
          'type Query { t: T } type T { a: Int }',
          'extend type T @auth(roles: "ADMIN")',
          'extend type Query { b: Int @auth(roles: "ADMIN") }',
        ],
      }),
    );
    const rootValue = { t: { a: 1 }, b: 2 };
    expect(outcome(plain(graphqlSync({ schema, source: '{t{a} b}', rootValue, contextValue: user })))).toEqual({
      data: { t: null, b: null },
      errors: [denied('t', 'FORBIDDEN'), denied('b', 'FORBIDDEN')],
    });
    expect(plain(graphqlSync({ schema, source: '{t{a} b}', rootValue, contextValue: admin }).data)).toEqual(rootValue);
  });
});

describe('rules together', () => {
  const allowed = (directive: string, principal: object, types = ''): boolean => {
    const schema = guardSchema(schemaOf(`type Query { a: Int ${directive} } ${types}`));
    const contextValue = as({ id: 'x', ...principal });
    return graphqlSync({ schema, source: '{a}', rootValue: { a: 1 }, contextValue }).errors === undefined;
  };

  it.each([
    ['roles: "A"', ['A'], true],
    ['roles: ["A", "B"]', ['B'], true],
    ['roles: [["A", "B"]]', ['B'], false],
    ['roles: [["A", "B"]]', ['B', 'A'], true],
    ['roles: ["A", ["B", "C"]]', ['B', 'C'], true],
    ['roles: ["A", ["B", "C"]]', ['C'], false],
    ['roles: [["A"]]', ['a', 'AA', ' A'], false],
  ])('an outer list is an OR, inner lists are ANDs: @auth(%s) for %j', (args, roles, expected) => {
    expect(allowed(`@auth(${args})`, { roles })).toBe(expected);
  });

  it('roles, scopes and every repetition of @auth must pass', () => {
    expect(allowed('@auth(roles: "A", scopes: "s")', { roles: ['A'] })).toBe(false);
    expect(allowed('@auth(roles: "A", scopes: "s")', { roles: ['A'], scopes: ['s'] })).toBe(true);
    expect(allowed('@auth(roles: "A") @auth(roles: "B")', { roles: ['A'] })).toBe(false);
    expect(allowed('@auth(roles: "A") @auth(roles: "B")', { roles: ['A', 'B'] })).toBe(true);
  });

  it('rules of the root type, the field and the type that it returns must pass', () => {
    const schema = guardSchema(
      schemaOf('type Query @auth(roles: "A") { t: [T!]! @auth(roles: "B") } type T @auth(roles: "C") { a: Int }'),
    );
    const run = (roles: string[]): boolean =>
      graphqlSync({ schema, source: '{t{a}}', rootValue: { t: [] }, contextValue: as({ id: 'x', roles }) }).errors ===
      undefined;
    expect([run(['A', 'B']), run(['A', 'C']), run(['B', 'C']), run(['A', 'B', 'C'])]).toEqual([
      false,
      false,
      false,
      true,
    ]);
  });
});

describe('what has no rule', () => {
  it('fields and types without a rule keep their resolvers', () => {
    const bare = makeExecutableSchema({
      typeDefs: `
        ${authDirectives}
        type Query { open: Plain @public any: Any @public guarded: Int @auth }
        type Plain { name: String other: Int }
        union Any = Plain
      `,
      resolvers: {
        Query: { open: () => ({}), guarded: () => 1 },
        Plain: { name: () => 'n' },
        Any: { __resolveType: () => 'Plain' },
      },
    });
    const schema = guardSchema(bare);
    const resolverOf = (of: GraphQLSchema, type: string, field: string): unknown =>
      (of.getType(type) as GraphQLObjectType).getFields()[field]?.resolve;

    expect(resolverOf(schema, 'Query', 'open')).toBe(resolverOf(bare, 'Query', 'open'));
    expect(resolverOf(schema, 'Plain', 'name')).toBe(resolverOf(bare, 'Plain', 'name'));
    expect(resolverOf(schema, 'Plain', 'other')).toBeUndefined();
    expect(resolverOf(schema, 'Query', 'guarded')).not.toBe(resolverOf(bare, 'Query', 'guarded'));
    expect((schema.getType('Plain') as GraphQLObjectType).isTypeOf).toBeUndefined();
    expect((schema.getType('Any') as GraphQLUnionType).resolveType).toBe(
      (bare.getType('Any') as GraphQLUnionType).resolveType,
    );
  });

  it('guardSchema leaves the given schema as it was', () => {
    const schema = schemaOf('type Query { a: Int @auth }');
    guardSchema(schema);
    expect(graphqlSync({ schema, source: '{a}', rootValue: { a: 1 } }).data).toEqual({ a: 1 });
    expect(() => guardSchema(schema)).not.toThrow();
  });
});

describe('defaultRule', () => {
  const rootValue = { a: 1, b: 2 };
  const run = (defaultRule: 'allow' | 'authenticated' | undefined, contextValue: unknown): unknown => {
    const schema = guardSchema(schemaOf('type Query { a: Int b: Int @public }'), { defaultRule });
    return plain(graphqlSync({ schema, source: '{a b}', rootValue, contextValue }).data);
  };

  it('root fields require a principal when defaultRule is left out', () => {
    expect(run(undefined, nobody)).toEqual({ a: null, b: 2 });
    expect(run('authenticated', undefined)).toEqual({ a: null, b: 2 });
    expect(run(undefined, user)).toEqual(rootValue);
  });

  it("defaultRule 'allow' leaves root fields open", () => {
    expect(run('allow', undefined)).toEqual(rootValue);
  });

  it('defaultRule does not reach below the root', () => {
    const schema = guardSchema(schemaOf('type Query { t: T @public } type T { a: Int }'));
    expect(plain(graphqlSync({ schema, source: '{t{a}}', rootValue: { t: { a: 1 } } }).data)).toEqual({ t: { a: 1 } });
  });

  it('@public on a root type opens all its fields', () => {
    const schema = guardSchema(schemaOf('type Query @public { a: Int b: Int @auth }'));
    expect(plain(graphqlSync({ schema, source: '{a b}', rootValue }).data)).toEqual({ a: 1, b: null });
  });
});

describe('fieldResolver', () => {
  it('fieldResolver resolves guarded fields that have no resolver, as it does for the others', async () => {
    const bare = schemaOf('type Query { a: String @auth b: String @public }');
    const fieldResolver = (_source: unknown, _args: unknown, _context: unknown, info: { fieldName: string }): string =>
      `resolved ${info.fieldName}`;
    const api = await serve(bare, { fieldResolver });
    const response = await api.server.executeOperation({ query: '{a b}' }, { contextValue: user });
    if (response.body.kind !== 'single') throw new Error('expected one answer');
    expect(plain(response.body.singleResult.data)).toEqual({ a: 'resolved a', b: 'resolved b' });
  });

  it('fieldResolver is the default one when left out, methods included', () => {
    const schema = guardSchema(schemaOf('type Query { a(x: Int): Int @auth }'));
    const rootValue = { a: ({ x }: { x: number }) => x + 1 };
    expect(graphqlSync({ schema, source: '{a(x: 1)}', rootValue, contextValue: user }).data).toEqual({ a: 2 });
  });
});

describe('subscriptions', () => {
  const opened = vi.fn();
  const schema = guardSchema(
    makeExecutableSchema({
      typeDefs: `${authDirectives} type Query { a: Int } type Subscription { doc: Doc } type Doc @owner { id: ID }`,
      resolvers: {
        Subscription: {
          doc: {
            async *subscribe() {
              opened();
              yield { doc: { id: '1', ownerId: 'u1' } };
              yield { doc: { id: '2', ownerId: 'u2' } };
              yield { doc: { id: '3', ownerId: 'u1' } };
            },
          },
        },
      },
    }),
  );
  const document = parse('subscription { doc { id } }');

  it('a subscription is denied before its source stream is opened', async () => {
    const result = await subscribe({ schema, document, contextValue: nobody });
    if (Symbol.asyncIterator in result) throw new Error('a stream was opened');
    expect(outcome(plain(result))).toEqual({ data: undefined, errors: [denied('doc', 'UNAUTHENTICATED')] });
    expect(opened).not.toHaveBeenCalled();
  });

  it('W15: rules are evaluated for each event of a subscription, which goes on', async () => {
    const stream = await subscribe({ schema, document, contextValue: user });
    if (!(Symbol.asyncIterator in stream)) throw new Error('no stream was opened');
    const events = [];
    for await (const event of stream) events.push(outcome(plain(event)));
    expect(events).toEqual([
      { data: { doc: { id: '1' } }, errors: [] },
      { data: { doc: null }, errors: [denied('doc', 'FORBIDDEN')] },
      { data: { doc: { id: '3' } }, errors: [] },
    ]);
  });

  it('a subscription that is executed like a query is denied', () => {
    const result = graphqlSync({ schema, source: 'subscription{doc{id}}', contextValue: nobody });
    expect(outcome(plain(result)).errors).toEqual([denied('doc', 'UNAUTHENTICATED')]);
  });
});

describe('the authorization control', () => {
  const control = authorization();

  it('a schema whose rules nothing enforces keeps the server from starting', () => {
    const message = 'pass it through guardSchema() or secure()';
    expect(() => control.start?.({ schema: schemaOf('type Query { a: Int }') })).toThrow(message);
    const undeclared = new GraphQLSchema({
      query: new GraphQLObjectType({
        name: 'Query',
        fields: { a: { type: GraphQLString, extensions: { directives: { auth: {} } } } },
      }),
    });
    expect(() => control.start?.({ schema: undeclared })).toThrow(message);
  });

  it('the control starts with a guarded schema, and with one that has no rules', () => {
    expect(() => control.start?.({ schema: guardSchema(schemaOf('type Query { a: Int @auth }')) })).not.toThrow();
    // A control is of one server, and what was guarded there stays so.
    expect(() => authorization().start?.({ schema: buildSchema('type Query { a: Int }') })).not.toThrow();
  });

  it('a schema that was transformed after it was guarded keeps the server from starting', () => {
    const schema = mapSchema(guardSchema(schemaOf('type Query { a: Int @auth }')), {
      [MapperKind.OBJECT_FIELD]: (config) => ({ ...config, resolve: () => 1 }),
    });
    expect(() => control.start?.({ schema })).toThrow('guard it last');
  });

  it('the control refuses an unknown option', () => {
    expect(() => authorization({ relm: 'x' } as never)).toThrow("did you mean 'realm'?");
    expect(() => authorization({ realm: 'a"b' })).toThrow('realm must be');
  });
});

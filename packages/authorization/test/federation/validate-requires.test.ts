/** A subgraph in which a field is handed what its caller may not read. */
import { buildSubgraphSchema } from '@apollo/subgraph';
import { makeExecutableSchema } from '@graphql-tools/schema';
import { type GraphQLSchema, parse } from 'graphql';
import { describe, expect, it } from 'vitest';
import { as } from '../../../../test/kit.ts';
import { authDirectives, type GuardSchemaOptions, guardSchema } from '../../src/index.ts';
import { denied, everyWay, everywhere, serve } from '../ways.ts';

const imported = [
  '@key',
  '@requires',
  '@external',
  '@authenticated',
  '@requiresScopes',
  '@policy',
  '@context',
  '@fromContext',
];
const link = (names: readonly string[], more = '') =>
  `extend schema @link(url: "https://specs.apollo.dev/federation/v2.8"${more}, import: [${names.map((name) => (name.startsWith('{') ? name : JSON.stringify(name))).join(', ')}])`;

const subgraph = (types: string, header = link(imported)): GraphQLSchema =>
  buildSubgraphSchema({
    typeDefs: parse(`${header} ${authDirectives} type Query { a: Int } ${types}`),
    resolvers: types.includes('type Doc @key') ? { Doc: { __resolveReference: () => null } } : {},
  });

const options: GuardSchemaOptions = {
  policies: { p: () => true, q: () => true, open: { check: () => true, allowAnonymous: true } },
  loaders: { l: () => null },
};
const guard = (types: string, header?: string) => () => guardSchema(subgraph(types, header), options);

/** A field `Doc.derived` with this rule that requires `Doc.secret` with that one. */
const pair = (derived: string, secret: string): string =>
  `type Doc @key(fields: "id") { id: ID secret: Int @external ${secret} derived: Int @requires(fields: "secret") ${derived} }`;

describe('a field that @requires a guarded one', () => {
  it.each([
    ['', '@auth', '@auth'],
    ['', '@authenticated', '@auth'],
    ['@authenticated', '@requiresScopes(scopes: [["s"]])', '@auth(scopes: [["s"]])'],
    ['@auth(roles: "A")', '@auth(roles: "B")', '@auth(roles: [["B"]])'],
    ['@auth(roles: ["A", "B"])', '@auth(roles: "A")', '@auth(roles: [["A"]])'],
    ['@auth(roles: "A")', '@auth(roles: [["A", "B"]])', '@auth(roles: [["A","B"]])'],
    ['@auth(roles: "A")', '@auth(roles: "A") @auth(scopes: "s")', '@auth(roles: [["A"]]) and @auth(scopes: [["s"]])'],
    ['@auth(roles: "p")', '@policy(policies: [["p"]])', '@auth(policies: [["p"]])'],
    ['@auth(policies: "open")', '@auth', '@auth'],
    ['', '@auth(policies: "open")', '@auth(policies: [["open"]])'],
    ['@auth', '@owner', '@owner(field: "ownerId", claim: "sub")'],
    ['@owner', '@owner(claim: "org")', '@owner(field: "ownerId", claim: "org")'],
    ['@owner @owner(field: "assignee")', '@owner', '@owner(field: "ownerId", claim: "sub")'],
  ])('a field with %s may not require one with %s', (derived, secret, rule) => {
    expect(guard(pair(derived, secret))).toThrow(
      new TypeError(`Doc.derived requires Doc.secret and must carry at least its rule: ${rule}.`),
    );
  });

  it.each([
    ['', ''],
    ['@auth', '@auth'],
    ['@auth', '@authenticated'],
    ['@auth(roles: "A")', '@auth'],
    ['@auth(roles: "A")', '@auth(roles: ["B", "A"])'],
    ['@auth(roles: [["B", "A", "A"], ["C"]])', '@auth(roles: [["C"], ["A", "B"]])'],
    ['@auth(roles: [["A", "B"]])', '@auth(roles: "A")'],
    ['@auth(roles: "A") @auth(roles: "B")', '@auth(roles: [["A", "B"]])'],
    ['@auth(roles: ["A", "B"]) @auth(roles: "C")', '@auth(roles: [["A", "C"], ["B", "C"]])'],
    ['@requiresScopes(scopes: [["s", "t"]])', '@auth(scopes: [["t"]])'],
    ['@policy(policies: [["q", "p"]])', '@auth(policies: [["p", "q"]])'],
    ['@auth(policies: "open")', '@auth(policies: "open")'],
    ['@owner', '@owner @owner(field: "assignee")'],
    ['@owner @auth(roles: "A")', '@owner'],
  ])('a field with %s may require one with %s', (derived, secret) => {
    expect(guard(pair(derived, secret))).not.toThrow();
  });

  it('a field may require what the rule of its own type covers', () => {
    const types = (rule: string) =>
      `type Doc @key(fields: "id") ${rule} { id: ID secret: Int @external @auth(roles: "A") derived: Int @requires(fields: "secret") }`;
    expect(guard(types('@auth(roles: "A")'))).not.toThrow();
    expect(guard(types('@auth(roles: "B")'))).toThrow('Doc.derived requires Doc.secret');
  });
});

/** The same by hand: a subgraph builder refuses some of these before we can. */
const byHand = (types: string) => () =>
  guardSchema(
    makeExecutableSchema({
      typeDefs: `
        ${authDirectives}
        directive @key(fields: String!) on OBJECT
        directive @requires(fields: String!) on FIELD_DEFINITION
        directive @external on FIELD_DEFINITION
        directive @context(name: String!) on OBJECT | INTERFACE | UNION
        directive @fromContext(field: String) on ARGUMENT_DEFINITION
        type Query { a: Int }
        ${types}
      `,
    }),
    options,
  );

describe('what a field requires', () => {
  const leavingOut = (orders: string) =>
    byHand(`
      type Doc @key(fields: "id") { id: ID ${orders} @external derived: Int @requires(fields: "orders") }
      input Where { userId: ID @owner page: Int }
      input MayBeLeftOut { userId: ID @owner(optional: true) }
    `);

  it.each([
    'orders(userId: ID @owner): Int',
    'orders(where: Where): Int',
    'orders(where: [Where!]): Int',
    'orders(where: Where = { page: 1 }): Int',
    'orders(where: MayBeLeftOut = { userId: "x" }): Int',
  ])('a required argument with an owner counts also if it is left out: %s', (orders) => {
    const message = 'Doc.derived requires Doc.orders and must carry at least its rule: @owner(';
    expect(leavingOut(orders)).toThrow(message);
  });

  it.each(['orders(userId: ID @owner(optional: true)): Int', 'orders(where: MayBeLeftOut): Int'])(
    'a required argument whose owner may be left out does not count if it is: %s',
    (orders) => {
      expect(leavingOut(orders)).not.toThrow();
    },
  );

  const holds = (rule: string, fields: string, more: string) =>
    byHand(
      `type Doc @key(fields: "id") { id: ID in: Inner @external node: Node @external any: Any @external of(level: Level): Int @external derived: Int @requires(fields: "${fields}") ${rule} } ${more}`,
    );
  const rest = `
    type Inner { x: Int @auth(roles: "X") y: Int z: Inner g: Guarded } type Guarded @auth(roles: "G") { a: Int } type Plain implements Node { id: ID n: Int }
    interface Node { id: ID @auth(roles: "N") n: Int } union Any = Plain | Guarded enum Level { LOW HIGH @auth(roles: "L") }
  `;

  it.each([
    ['in { x }', 'X', 'Inner.x'],
    ['in { y z { z { x } } }', 'X', 'Inner.x'],
    ['in { g { a } }', 'G', 'Inner.g'],
    ['node { id }', 'N', 'Plain.id'],
    ['node { ... on Plain { id } }', 'N', 'Plain.id'],
    ['any { ... on Plain { n } }', 'G', 'Doc.any'],
    ['{ in { ... { x } } }', 'X', 'Inner.x'],
    ['of(level: HIGH)', 'L', 'Doc.of'],
    ['alias: in { b: x }', 'X', 'Inner.x'],
  ])('required fields are found at every depth: %s', (fields, role, required) => {
    expect(holds('', fields, rest)).toThrow(
      `Doc.derived requires ${required} and must carry at least its rule: @auth(roles: [["${role}"]]).`,
    );
    expect(holds(`@auth(roles: "${role}")`, fields, rest)).not.toThrow();
  });

  it.each(['in { y }', 'node { n __typename }', 'id', 'of(level: LOW)', 'of'])(
    'required fields without a rule are free: %s',
    (fields) => {
      expect(holds('', fields, rest)).not.toThrow();
    },
  );

  it.each([
    ['missing', 'Doc.derived requires Doc.missing, which the schema does not have.'],
    ['in {', 'Doc.derived: what it requires is no set of fields.'],
    ['...F', 'Doc.derived: a set of fields has no fragments by name.'],
    ['... on Nothing { a }', 'Doc.derived requires fields of a type that the schema does not have.'],
  ])('what is not a set of fields is refused: %s', (fields, message) => {
    expect(holds('', fields, rest)).toThrow(new TypeError(message));
  });

  it('requirements are found along a chain, in which each link carries the rule of the one before', () => {
    const chain = (b: string, c: string) =>
      byHand(
        `type Doc @key(fields: "id") { id: ID a: Int @external @auth(roles: [["A", "B"], ["C"]]) b: Int @requires(fields: "a") ${b} c: Int @requires(fields: "b") ${c} }`,
      );
    const rule = '@auth(roles: [["C"], ["B", "A"]])';
    expect(chain('', '')).toThrow('Doc.b requires Doc.a');
    expect(chain('', rule)).toThrow('Doc.b requires Doc.a');
    expect(chain(rule, '')).toThrow('Doc.c requires Doc.b');
    expect(chain(rule, rule)).not.toThrow();
  });

  it('requirements are found in a context, of each type that sets it', () => {
    const context = (rule: string, field: string) =>
      byHand(`
        type User @key(fields: "id") @context(name: "caller") { id: ID mail: Int @auth(roles: "M") doc: Doc }
        type Team @key(fields: "id") @context(name: "caller") { id: ID mail: Int @auth(roles: "T") doc: Doc }
        type Doc @key(fields: "id") { id: ID derived(mail: Int @fromContext(field: "${field}")): Int ${rule} }
      `);
    expect(context('', '$caller { mail }')).toThrow('Doc.derived requires User.mail and must carry');
    expect(context('@auth(roles: "M")', '$caller { mail }')).toThrow('Doc.derived requires Team.mail and must carry');
    expect(context('@auth(roles: "M") @auth(roles: "T")', '$caller { mail }')).not.toThrow();
    expect(context('@auth(roles: "T")', '$caller ... on Team { mail }')).not.toThrow();
    expect(context('', '$caller ... on Team { mail }')).toThrow('Doc.derived requires Team.mail');
    expect(context('', '$caller { id }')).not.toThrow();
    expect(context('', 'mail')).toThrow('Doc.derived(mail:): @fromContext must name a context');
  });
});

describe("federation's directives under other names", () => {
  const types = (requires: string, key: string) =>
    `type Doc ${key}(fields: "id") { id: ID secret: Int @external @auth derived: Int ${requires}(fields: "secret") }`;
  it.each([
    ['@requires', link(imported)],
    ['@federation__requires', link(['@key', '@external'])],
    ['@needs', link(['@key', '@external', '{ name: "@requires", as: "@needs" }'])],
  ])('directives of federation are read under other names: %s', (requires, header) => {
    expect(guard(types(requires, '@key'), header)).toThrow('Doc.derived requires Doc.secret');
  });

  it.each([
    ['@federation__key', link(['@requires'])],
    ['@entity', link(['{ name: "@key", as: "@entity" }'])],
  ])('W16: a key under another name makes an entity as well: %s', (key, header) => {
    expect(guard(`type Doc ${key}(fields: "id") @owner { id: ID }`, header)).toThrow(
      'Doc has @key and @owner and needs a __resolveReference',
    );
  });

  it('directives of federation are read in a schema made by other tools, and in rules from code', () => {
    const schema = makeExecutableSchema({
      typeDefs: `directive @requires(fields: String!) on FIELD_DEFINITION
        type Query { doc: Doc } type Doc { secret: Int derived: Int @requires(fields: "secret") }`,
    });
    const rule = { auth: { roles: 'A' } };
    expect(() => guardSchema(schema, { rules: { 'Doc.secret': rule } })).toThrow('Doc.derived requires Doc.secret');
    expect(() => guardSchema(schema, { rules: { 'Doc.secret': rule, 'Doc.derived': rule } })).not.toThrow();
  });
});

it('fields in a representation are answered only to callers who may read them', async () => {
  const schema = buildSubgraphSchema({
    typeDefs: parse(
      `${link(imported)} ${authDirectives} type Query { a: Int } ${pair('@auth(roles: "A")', '@auth(roles: "A")')}`,
    ),
    resolvers: {
      Doc: {
        __resolveReference: (reference: object) => reference,
        derived: ({ secret }: { secret: number }) => secret * 2,
      },
    },
  });
  const api = await serve(schema);
  const query = 'query($r:[_Any!]!){_entities(representations:$r){... on Doc{id derived}}}';
  const r = [{ __typename: 'Doc', id: '1', secret: 21 }];
  const expected = {
    data: { _entities: [{ id: '1', derived: null }] },
    errors: [denied('_entities.0.derived', 'FORBIDDEN')],
  };
  expect(await everyWay(api, query, as({ id: 'me' }), { r })).toEqual(everywhere(expected));
  const allowed = { data: { _entities: [{ id: '1', derived: 42 }] }, errors: [] };
  expect(await everyWay(api, query, as({ id: 'me', roles: ['A'] }), { r })).toEqual(everywhere(allowed));
});

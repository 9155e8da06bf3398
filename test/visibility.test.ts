import { createHash } from 'node:crypto';
import { ApolloServer } from '@apollo/server';
import { buildVisibleSchema, createViews } from '@graphql-bulwark/introspection/visibility';
import { makeExecutableSchema } from '@graphql-tools/schema';
import {
  assertValidSchema,
  buildClientSchema,
  buildSchema,
  execute,
  GraphQLEnumType,
  type GraphQLSchema,
  getIntrospectionQuery,
  type IntrospectionQuery,
  parse,
  printSchema,
  validate,
} from 'graphql';
import { type BulwarkOptions, createBulwark, type SecuredContext, type SecurityEvent } from 'graphql-bulwark';
import { afterEach, describe, expect, it } from 'vitest';
import { as, codes, type Sending, send, sendBody } from './kit.ts';

const typeDefs = `
  enum Level { LOW HIGH }
  interface Node { id: ID! audit: String }
  input Filter { text: String level: Level }
  input AdminInput { secretFlag: Boolean! nested: AdminNested }
  input AdminNested { deep: String }
  type Note implements Node { id: ID! audit: String @auth(roles: ["ADMIN"]) text: String vault: Vault }
  type Vault @auth(roles: ["ADMIN"]) { code: String keeper: Keeper }
  type Keeper { name: String }
  type Ledger implements Node @auth { id: ID! audit: String total: Int }
  union Found = Note | Vault
  type Query {
    motd(filter: Filter): String @public
    note: Note @public
    node: Node @public
    found: Found @public
    ledger: Ledger
    vault: Vault
    mine: String
  }
  type Mutation { wipe(input: AdminInput!): String @auth(roles: ["ADMIN"]) say(text: String): String @public }
  type Subscription { alarms: Vault said: String @public }
`;
const resolvers = {
  Found: { __resolveType: () => 'Note' },
  Node: { __resolveType: () => 'Note' },
  Query: { motd: () => 'hello', note: () => ({ id: '1', text: 'x' }), found: () => ({ id: '1', text: 'x' }) },
};

const servers: ApolloServer<SecuredContext>[] = [];
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.stop()));
});

async function serve(
  options: Partial<BulwarkOptions>,
  settings: { allowBatchedHttpRequests?: boolean; sdl?: string } = {},
) {
  const { sdl = typeDefs, ...apollo } = settings;
  const events: SecurityEvent[] = [];
  const bulwark = createBulwark({
    authenticate: () => null,
    strictMessages: true,
    exposure: false,
    onEvent: (event) => events.push(event),
    logger: { warn() {}, error() {} },
    ...options,
  });
  const schema = bulwark.secure(
    makeExecutableSchema({ typeDefs: [bulwark.typeDefs, sdl], resolvers: sdl === typeDefs ? resolvers : {} }),
  );
  const server = new ApolloServer(bulwark.apollo({ schema, stopOnTerminationSignals: false, ...apollo }));
  await server.start();
  servers.push(server);
  return { server, events, bulwark, schema };
}

const anonymous = as(null);
const ann = as({ id: 'ann' });
const admin = as({ id: 'root', roles: ['ADMIN'] });

describe('filtered introspection', () => {
  async function schemaFor(server: ApolloServer<SecuredContext>, who: SecuredContext): Promise<GraphQLSchema> {
    const answer = await send(server, getIntrospectionQuery(), who);
    expect(codes(answer)).toEqual([]);
    const schema = buildClientSchema(answer.body.data as IntrospectionQuery);
    assertValidSchema(schema);
    return schema;
  }

  it('shows each caller a valid schema of what it may use, in any order, from one text', async () => {
    const { server } = await serve({ introspection: { allow: true, filtered: true } });
    for (const _time of [1, 2]) {
      const all = printSchema(await schemaFor(server, admin));
      const some = printSchema(await schemaFor(server, ann));
      const public_ = printSchema(await schemaFor(server, anonymous));
      for (const name of ['Vault', 'secretFlag', 'AdminNested', 'Keeper', 'wipe', 'Ledger', 'mine']) {
        expect(all).toContain(name);
        expect(public_).not.toContain(name);
      }
      expect(some).toMatch(/type Ledger/);
      expect(some).not.toMatch(/Vault|AdminInput|wipe|Keeper/);
      expect(public_).toMatch(/motd|union Found = Note\n|enum Level|input Filter|type Mutation \{\n {2}say/);
      expect(public_).not.toMatch(/audit|directive @auth|@owner|@rateLimit/);
    }
  });

  it('answers __type of what is hidden as of what does not exist', async () => {
    const { server } = await serve({ introspection: { allow: true, filtered: true } });
    const answer = await send(
      server,
      '{ a: __type(name: "Vault") { name } b: __type(name: "Nope") { name } }',
      anonymous,
    );
    expect(answer.body).toEqual({ data: { a: null, b: null } });
    const variable = 'query ($n: String!) { __type(name: $n) { name } }';
    expect((await send(server, variable, anonymous, { variables: { n: 'Note' } })).body.data.__type.name).toBe('Note');
    expect((await send(server, variable, anonymous, { variables: { n: {} } })).status).toBe(400);
  });

  it('refuses to introspect beside anything else where a part is hidden, and over other transports', async () => {
    const { server, bulwark, schema } = await serve({ introspection: { allow: true, filtered: true } });
    const query = '{ motd __schema { queryType { name } } }';
    expect(codes(await send(server, query, anonymous))).toEqual(['INTROSPECTION_DISABLED']);
    expect((await send(server, query, admin)).body.data.motd).toBe('hello');
    const input = { schema, document: parse('{ __schema { types { name } } }') };
    await expect(bulwark.check({ ...input, contextValue: anonymous })).rejects.toMatchObject({
      extensions: { code: 'INTROSPECTION_DISABLED' },
    });
    await expect(bulwark.check({ ...input, contextValue: admin })).resolves.toBeUndefined();
  });

  it('lets validation name nothing that is hidden, also after another schema was secured that hides nothing', async () => {
    const { server, bulwark } = await serve({ introspection: { allow: true, filtered: true } });
    const asked = async (): Promise<unknown> => (await send(server, '{ vault { nope } }', ann)).body;
    const before = await asked();
    bulwark.secure(buildSchema('type Query { a: String }'));
    expect(await asked()).toEqual(before);
    expect(JSON.stringify(before)).not.toMatch(/Vault|nope/);
  });

  it('lets validation name nothing that is hidden, also outside production', async () => {
    const { server } = await serve({ strictMessages: false, introspection: { allow: true, filtered: true } });
    const text = JSON.stringify((await send(server, '{ vault }', ann)).body);
    expect(text).not.toContain('Vault');
    expect(JSON.stringify((await send(server, '{ vault }', admin)).body)).toContain('Vault');
  });
});

describe('a visible schema', () => {
  const schema = makeExecutableSchema({
    typeDefs: `
      enum Level { LOW HIGH }
      input In { a: Int must: Level! }
      input Soft { a: Int level: Level }
      interface Shape { size: Int color: Level }
      type Round implements Shape { size: Int color: Level }
      type Flat implements Shape { size: Int color: Level }
      directive @client(level: Level) on FIELD
      type Query { hard(in: In): Int soft(in: Soft, level: Level = LOW): Int shape: Shape other: Int }
    `,
  });
  const without = (...hidden: string[]): GraphQLSchema => {
    const visible = buildVisibleSchema(schema, (coordinate) => !hidden.includes(coordinate));
    assertValidSchema(new Proxy(visible, {}));
    return visible;
  };

  it('is the schema itself where nothing is hidden', () => {
    expect(buildVisibleSchema(schema, () => true)).toBe(schema);
  });

  it.each([
    [['Level.LOW'], /HIGH/, /LOW\n/],
    [['Level'], /soft\(in: Soft\): Int/, /Level|input In\b|hard\(/],
    [['In.must'], /soft/, /input In\b|hard\(/],
    [['Query.soft(level:)'], /soft\(in: Soft\)/, /level: Level = LOW\)/],
    [
      ['Round.color'],
      /type Flat implements Shape \{\n {2}size: Int\n {2}color/,
      /interface Shape \{\n {2}size: Int\n {2}color/,
    ],
    [['Round', 'Flat'], /other/, /Shape/],
    [['Query.hard', 'Query.soft', 'Query.shape'], /other/, /Shape|Soft|\bIn\b/],
  ])('without %j is valid and consistent', (hidden, shown, gone) => {
    const sdl = printSchema(without(...hidden));
    expect(sdl).toMatch(shown);
    expect(sdl).not.toMatch(gone);
  });

  it('keeps defaults of scalars of any form, and drops those that name what is hidden, of arguments and directives', () => {
    const spoken = makeExecutableSchema({
      typeDefs: `
        scalar JSON
        enum Level { LOW HIGH }
        enum Tone { SOFT LOUD }
        input In { n: Int = 3 levels: [Level!]! = [HIGH, LOW] }
        input Free { json: JSON = { level: "LOW" } }
        directive @speak(tone: Tone = SOFT, level: Level = LOW, times: Int! = 2, in: In = { levels: [LOW] }) on FIELD
        directive @internal(level: Level) on FIELD_DEFINITION
        type Query {
          f(n: Int! = 1, text: String = "LOW", list: [Float] = [1.5], in: In = { n: 4, levels: [] }, none: JSON = null): Int
          g(level: Level! = LOW, in: In = { levels: [HIGH, LOW] }): Int
          free(json: JSON = { LOW: [1, null] }, free: Free): Int
        }
      `,
    });
    const view = (...hidden: string[]): GraphQLSchema => {
      const visible = buildVisibleSchema(spoken, (coordinate) => !hidden.includes(coordinate));
      assertValidSchema(new Proxy(visible, {}));
      return visible;
    };
    // An object as the default of a scalar is kept, though SDL has no way to print it.
    const [json] = view('Level.LOW').getQueryType()?.getFields()['free']?.args ?? [];
    expect(json).toMatchObject({ name: 'json', defaultValue: { LOW: [1, null] } });
    expect(view('Level.LOW').getType('Free')?.toConfig()).toMatchObject({
      fields: { json: { defaultValue: { level: 'LOW' } } },
    });
    const shown = (...hidden: string[]): string => printSchema(view('Query.free', ...hidden));
    const withoutLow = shown('Level.LOW');
    expect(withoutLow).toContain(
      'f(n: Int! = 1, text: String = "LOW", list: [Float] = [1.5], in: In = {n: 4, levels: []}, none: JSON = null): Int',
    );
    expect(withoutLow).toContain('g(level: Level, in: In): Int');
    expect(withoutLow).toContain('n: Int = 3\n  levels: [Level!]\n');
    expect(withoutLow).toContain('directive @speak(tone: Tone = SOFT, level: Level, times: Int! = 2, in: In) on FIELD');
    expect(withoutLow).not.toContain('@internal');
    const withoutLevel = shown('Level');
    expect(withoutLevel).toContain('directive @speak(tone: Tone = SOFT, times: Int! = 2, in: In) on FIELD');
    expect(withoutLevel).toContain('enum Tone {');
    expect(withoutLevel).not.toContain('Level');
  });

  it('without the last field of the query type still validates: everything is unknown', () => {
    const empty = buildVisibleSchema(schema, (coordinate) => !coordinate.startsWith('Query.'));
    expect(validate(empty, parse('{ other }'))).toHaveLength(1);
  });

  it('keeps the values behind an enum', () => {
    const values = { LOW: { value: 1 }, HIGH: { value: 2 } };
    const level = new GraphQLEnumType({ name: 'Level', values });
    expect(level.serialize(2)).toBe('HIGH');
    const visible = without('Level.LOW').getType('Level');
    expect(visible).toBeInstanceOf(GraphQLEnumType);
  });

  it('is made once per set of rights, and the oldest of many is forgotten', () => {
    let made = 0;
    const findView = createViews(({ contextValue }) => ({
      key: String(contextValue),
      sees: (coordinate) => {
        if (coordinate === 'Query') made += 1;
        return coordinate !== 'Query.other';
      },
    }));
    const first = findView({ schema, contextValue: 'a' });
    expect(findView({ schema, contextValue: 'a' })).toBe(first);
    expect(made).toBe(1);
    for (let i = 0; i < 499; i += 1) findView({ schema, contextValue: i });
    expect(findView({ schema, contextValue: 'a' })).toBe(first);
    for (let i = 0; i < 500; i += 1) findView({ schema, contextValue: i });
    expect(findView({ schema, contextValue: 'a' })).not.toBe(first);
  });

  it('is forgotten earlier where callers introspect all of it: fifty whole schemas are the most that is kept', () => {
    const findView = createViews(({ contextValue }) => ({
      key: String(contextValue),
      sees: (coordinate) => coordinate !== 'Query.other',
    }));
    const first = findView({ schema, contextValue: 'first' });
    for (let i = 0; i < 100; i += 1) {
      printSchema(findView({ schema, contextValue: i }));
      findView({ schema, contextValue: 'first' });
    }
    // It was used all the time. One that was used before the last hundred is gone.
    expect(findView({ schema, contextValue: 'first' })).toBe(first);
    const early = findView({ schema, contextValue: 'early' });
    for (let i = 0; i < 100; i += 1) printSchema(findView({ schema, contextValue: i }));
    expect(findView({ schema, contextValue: 'early' })).not.toBe(early);
  });

  it('answers the standard introspection', () => {
    const result = execute({ schema: without('Level.LOW'), document: parse(getIntrospectionQuery()) });
    expect(result).not.toHaveProperty('errors');
  });
});

it.each([
  ['hideUnauthorized', { authorization: { hideUnauthorized: true } }],
  ['introspection.filtered', { introspection: { allow: true, filtered: true } }],
] as const)('with %s, the cost that clients are told names nothing hidden', async (_name, options) => {
  const sdl = `
    interface Node { id: ID }
    type Note implements Node { id: ID @cost(weight: "1") }
    type Ledger implements Node @auth(roles: "ADMIN") { id: ID @cost(weight: "50") }
    type Query { nodes: [Node] @public }
  `;
  const { server } = await serve({ ...options, cost: { exposeCost: true, maxCost: 100 } }, { sdl });
  for (const query of ['{ nodes { id } }', '{ nodes { ... on Note { id } } }']) {
    const told = JSON.stringify((await send(server, query, anonymous)).body);
    expect(told).toContain('Query.nodes');
    expect(told).not.toContain('Ledger');
    expect(JSON.stringify((await send(server, '{ nodes { id } }', admin)).body)).toContain('Ledger.id');
  }
});

describe('hideUnauthorized', () => {
  const hiding = { authorization: { hideUnauthorized: true }, introspection: { allow: false } } as const;
  const named = { operationName: 'A' };
  const twins: readonly (readonly [string, string, string, Sending?])[] = [
    ['a root field', '{ mine }', '{ nope }'],
    ['a root field of a hidden type, with a selection', '{ vault { code } }', '{ vaulx { code } }'],
    ['a field below', '{ note { id audit } }', '{ note { id audix } }'],
    ['a field on an interface', '{ node { audit } }', '{ node { audix } }'],
    ['a hidden type in a condition', '{ found { ... on Vault { code } } }', '{ found { ... on Vaulx { code } } }'],
    [
      'a hidden type in a fragment',
      '{ found { ...F } } fragment F on Vault { code }',
      '{ found { ...F } } fragment F on Vaulx { code }',
    ],
    ['beside a field that does not exist', '{ mine nope }', '{ nine nope }'],
    ['an alias', '{ a: mine motd }', '{ a: nope motd }'],
    ['a mutation', 'mutation { wipe(input: { secretFlag: true }) }', 'mutation { wipx(input: { secretFlag: true }) }'],
    ['a mutation over GET', 'mutation { wipe }', 'mutation { wipx }', { method: 'GET' }],
    ['a subscription', 'subscription { alarms { code } }', 'subscription { alarmx { code } }'],
    ['beside introspection', '{ mine __schema { types { name } } }', '{ nope __schema { types { name } } }'],
    [
      'in an operation that is not selected',
      'query A { motd } query B { mine }',
      'query A { motd } query B { nope }',
      named,
    ],
    ['with an unknown operation name', 'query A { mine }', 'query A { nope }', { operationName: 'Z' }],
    ['a hidden input type', 'query ($i: AdminInput) { motd }', 'query ($i: AdminInpux) { motd }'],
    ['with a value that does not coerce', 'query ($i: Int!) { mine }', 'query ($i: Int!) { nope }'],
    [
      'with too many root fields',
      `{ mine ${Array.from({ length: 40 }, (_, i) => `a${i}: motd`).join(' ')} }`,
      `{ nope ${Array.from({ length: 40 }, (_, i) => `a${i}: motd`).join(' ')} }`,
    ],
  ];

  it.each(twins.map(([name, denied, unknown, sending = {}]) => [name, denied, unknown, sending] as const))(
    'answers %s that is not allowed as one that does not exist, byte for byte, twice',
    async (_name, denied, unknown, sending) => {
      const { server, events } = await serve(hiding);
      for (const _time of [1, 2]) {
        const one = await send(server, denied, anonymous, sending);
        const other = await send(server, unknown, anonymous, sending);
        expect(one).toEqual(other);
        expect(one.status).toBe(400);
        expect(one.body.data).toBeUndefined();
      }
      expect(events.filter(({ outcome }) => outcome === 'refused').length).toBeGreaterThanOrEqual(4);
    },
  );

  const rootless: typeof twins = [
    ['a mutation', 'mutation { wipe }', 'mutation { wipx }'],
    ['a mutation over GET', 'mutation { wipe }', 'mutation { wipx }', { method: 'GET' }],
    ['a subscription', 'subscription { said }', 'subscription { saix }'],
    ['one that is not selected', 'query A { motd } mutation B { wipe }', 'query A { motd } mutation B { wipx }', named],
  ];

  it.each(rootless.map(([name, denied, unknown, sending = {}]) => [name, denied, unknown, sending] as const))(
    'where nothing of a root type is allowed, answers %s as one that does not exist',
    async (_name, ...asked) => {
      const [denied, unknown, sending] = asked;
      const sdl =
        'type Query { motd: String @public } type Mutation { wipe: String } type Subscription { said: String }';
      const { server } = await serve(hiding, { sdl });
      for (const _time of [1, 2]) {
        const one = await send(server, denied, anonymous, sending);
        expect(one).toEqual(await send(server, unknown, anonymous, sending));
        expect(codes(one)).toEqual(['GRAPHQL_VALIDATION_FAILED']);
        expect(codes(await send(server, 'mutation { wipe }', ann))).toEqual([]);
      }
    },
  );

  it('answers an element of a batch as one that does not exist', async () => {
    const { server } = await serve(hiding, { allowBatchedHttpRequests: true });
    for (const [denied, unknown] of [
      ['{ mine }', '{ nope }'],
      ['mutation { wipe(input: { secretFlag: true }) }', 'mutation { wipx(input: { secretFlag: true }) }'],
    ]) {
      for (const place of [0, 1]) {
        const batch = (query: string | undefined) =>
          [{ query: '{ motd }' }, { query: '{ motd }' }].with(place, { query: query ?? '' });
        expect(await sendBody(server, batch(denied), anonymous)).toEqual(
          await sendBody(server, batch(unknown), anonymous),
        );
      }
    }
  });

  it('answers a hidden persisted query as one that does not exist', async () => {
    const { server } = await serve(hiding);
    const ask = async (query: string | undefined, text: string) =>
      send(server, query, anonymous, {
        extensions: { persistedQuery: { version: 1, sha256Hash: createHash('sha256').update(text).digest('hex') } },
      });
    for (const text of [undefined, '{ mine }', undefined]) {
      expect(await ask(text && '{ mine }', '{ mine }')).toEqual(await ask(text && '{ nope }', '{ nope }'));
    }
  });

  it('judges each caller anew over one cached text, and lets those who may', async () => {
    const { server } = await serve(hiding);
    for (const _time of [1, 2]) {
      expect((await send(server, '{ mine }', ann)).body).toEqual({ data: { mine: null } });
      expect(codes(await send(server, '{ mine }', anonymous))).toEqual(['GRAPHQL_VALIDATION_FAILED']);
      expect(codes(await send(server, '{ vault { code } }', ann))).toEqual(['GRAPHQL_VALIDATION_FAILED']);
      expect((await send(server, '{ vault { code } }', admin)).body).toEqual({ data: { vault: null } });
      expect((await send(server, '{ note { id } motd }', anonymous)).body.data).toEqual({
        note: { id: '1' },
        motd: 'hello',
      });
    }
  });

  it('holds under other transports', async () => {
    const { bulwark, schema } = await serve(hiding);
    const check = (text: string) => bulwark.check({ schema, document: parse(text), contextValue: anonymous });
    await expect(check('{ mine }')).rejects.toMatchObject({ extensions: { code: 'GRAPHQL_VALIDATION_FAILED' } });
    await expect(check('{ motd }')).resolves.toBeUndefined();
  });

  it('is off by default: a denied field says so', async () => {
    const { server } = await serve({ introspection: { allow: false } });
    expect(codes(await send(server, '{ mine }', anonymous))).toEqual(['UNAUTHENTICATED']);
  });
});

it('masks the errors of a result for a transport without an Apollo Server', async () => {
  const { bulwark, schema } = await serve({ introspection: { allow: false } });
  const thrower = makeExecutableSchema({
    typeDefs: 'type Query { a: String }',
    resolvers: {
      Query: {
        a: () => {
          throw new Error('db password x');
        },
      },
    },
  });
  const masked = bulwark.mask(await execute({ schema: thrower, document: parse('{ a }') }), anonymous);
  expect(masked).toMatchObject({ data: { a: null }, errors: [{ message: 'Internal server error', path: ['a'] }] });
  expect(JSON.stringify(masked)).not.toContain('password');
  const invalid = bulwark.mask({ errors: validate(schema, parse('{ nope }')) }, anonymous);
  expect(invalid.errors).toEqual([
    {
      message: 'Invalid operation',
      extensions: { code: 'GRAPHQL_VALIDATION_FAILED' },
    },
  ]);
  expect(bulwark.mask({ data: { a: 1 } })).toEqual({ data: { a: 1 } });
});

it('what may not be passed in is not shown either: arguments, input fields and enum values', async () => {
  const sdl = `
    enum State { OPEN LOCKED @auth(roles: "ADMIN") }
    input Filter { text: String tenant: ID @auth(roles: "ADMIN") }
    type Query { list(filter: Filter, state: State, every: Boolean @auth(roles: "ADMIN")): String @public }
  `;
  const { server } = await serve({ introspection: { allow: true, filtered: true } }, { sdl });
  const shownTo = async (caller: SecuredContext): Promise<string> => {
    const answer = await send(server, getIntrospectionQuery(), caller);
    const schema = buildClientSchema(answer.body.data as IntrospectionQuery);
    assertValidSchema(schema);
    return printSchema(schema);
  };
  for (let time = 0; time < 2; time += 1) {
    expect(await shownTo(ann)).not.toMatch(/tenant|LOCKED|every/);
    expect(await shownTo(ann)).toMatch(/text[^]*OPEN|OPEN[^]*text/);
    expect(await shownTo(admin)).toMatch(/every/);
    expect(await shownTo(admin)).toMatch(/LOCKED/);
    expect(await shownTo(admin)).toMatch(/tenant/);
  }
  const guess = await send(server, '{ list(every: true) }', ann);
  const unknown = await send(server, '{ list(evert: true) }', ann);
  expect([guess.status, codes(guess)]).not.toEqual([200, []]);
  expect(JSON.stringify(unknown.body)).not.toContain('every');
});

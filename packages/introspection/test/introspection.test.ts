import { createHash } from 'node:crypto';
import { ApolloServer } from '@apollo/server';
import {
  type Control,
  checkOperation,
  createEvents,
  guard,
  type SecuredContext,
  type SecurityContext,
  type SecurityEvent,
} from '@graphql-bulwark/core';
import { readRefusalCode } from '@graphql-bulwark/core/internal';
import { buildSchema, getOperationAST, parse } from 'graphql';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { as, codes, growthOf, send, sendBody } from '../../../test/kit.ts';
import { introspection } from '../src/index.ts';
import { compileSchemaFields } from '../src/schema-fields.ts';

const anonymous = as(null);
const admin = as({ id: 'ada', roles: ['ADMIN'] });
const isAdmin = ({ principal }: SecurityContext): boolean => principal?.roles.includes('ADMIN') === true;

const typeDefs = `
  interface Entry { _service: Service! }
  type Query implements Entry { greeting: String! _service: Service! sdl: String! named(schema: Boolean): Query }
  type Mutation { greet: String! ask: Query! }
  type Service { sdl: String! }
`;
const resolvers = {
  Query: {
    greeting: () => 'hello',
    _service: () => ({ sdl: 'type Query' }),
    sdl: () => 'type Query',
    named: () => ({}),
  },
  Mutation: { greet: () => 'hello', ask: () => ({}) },
};

const servers: ApolloServer<SecuredContext>[] = [];

async function serve(options: object = { allow: isAdmin }, events: SecurityEvent[] = []) {
  const server = new ApolloServer<SecuredContext>({
    typeDefs,
    resolvers,
    introspection: true,
    allowBatchedHttpRequests: true,
    stopOnTerminationSignals: false,
    logger: { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} },
    plugins: [guard({ controls: [introspection(options)], onEvent: (event) => events.push(event) })],
  });
  servers.push(server);
  await server.start();
  return server;
}

afterEach(async () => {
  vi.unstubAllEnvs();
  await Promise.all(servers.splice(0).map((server) => server.stop()));
});

const refused = { status: 403, codes: ['INTROSPECTION_DISABLED'], data: undefined };
const answered = { status: 200, codes: [] };

/** Asks anonymously twice, because the second time the document comes from a cache, and then as one who may. */
async function ask(query: string, options?: object, operationName?: string) {
  const server = await serve(options);
  const answers = [];
  for (const caller of [anonymous, anonymous, admin]) {
    const answer = await send(server, query, caller, { operationName });
    answers.push({ status: answer.status, codes: codes(answer), data: answer.body.data });
  }
  return answers;
}

describe('who may introspect', () => {
  it.each([
    ['I1 the schema', '{ __schema { types { name } } }'],
    ['I1 one type', '{ __type(name: "Query") { name } }'],
    ['I2 the schema under an alias', '{ x: __schema { queryType { name } } }'],
    ['I3 the schema in a named fragment', 'query { ...F } fragment F on Query { __schema { queryType { name } } }'],
    ['I3 the schema in an inline fragment', '{ ... { ... on Query { __schema { queryType { name } } } } }'],
    [
      'I3 a type in a fragment called __typename',
      '{ ...__typename } fragment __typename on Query { __type(name: "Query") { name } }',
    ],
    ['the schema beside data', '{ greeting __schema { queryType { name } } }'],
    [
      'the schema behind a variable',
      'query ($on: Boolean = false) { greeting __schema @include(if: $on) { queryType { name } } }',
    ],
    ['the schema behind @skip', '{ greeting __schema @skip(if: true) { queryType { name } } }'],
    ['I7 the SDL of a subgraph', '{ _service { sdl } }'],
    ['I7 the SDL of a subgraph under an alias', '{ greeting: _service { sdl } }'],
  ])('refuses an anonymous caller %s, twice', async (_name, query) => {
    expect(await ask(query)).toMatchObject([refused, refused, answered]);
  });

  it('I4 checks only the selected operation', async () => {
    const query = 'query A { greeting } query B { __schema { queryType { name } } }';
    const server = await serve();
    for (let time = 1; time <= 2; time += 1) {
      expect(await send(server, query, anonymous, { operationName: 'A' })).toMatchObject({
        status: 200,
        body: { data: { greeting: 'hello' } },
      });
    }
    expect(await ask(query, undefined, 'B')).toMatchObject([refused, refused, answered]);
  });

  it('I5 refuses an anonymous caller who repeats the text of one who may', async () => {
    const server = await serve();
    const query = '{ __schema { types { name } } }';
    expect((await send(server, query, admin)).status).toBe(200);
    for (let time = 1; time <= 2; time += 1) {
      const answer = await send(server, query, anonymous);
      expect(answer.status).toBe(403);
      expect(codes(answer)).toEqual(['INTROSPECTION_DISABLED']);
    }
    expect((await send(server, query, admin)).status).toBe(200);
  });

  it('I6 lets everyone ask for __typename, and for names that only look like introspection', async () => {
    const server = await serve();
    for (const query of [
      '{ __typename }',
      'query __schema { __type: greeting }',
      '{ named(schema: true) { greeting } }',
    ]) {
      for (let time = 1; time <= 2; time += 1) {
        const answer = await send(server, query, anonymous);
        expect(answer.status).toBe(200);
        expect(codes(answer)).toEqual([]);
      }
    }
  });

  it('I7 blocks further fields that give the schema away, on any root type', async () => {
    expect(await ask('{ sdl }', { allow: isAdmin, schemaFields: ['sdl'] })).toMatchObject([refused, refused, answered]);
    expect(await ask('mutation { greet }', { allow: isAdmin, schemaFields: ['greet'] })).toMatchObject([
      refused,
      refused,
      answered,
    ]);
    const server = await serve({ allow: false, schemaFields: ['sdl'] });
    expect((await send(server, '{ _service { sdl } }', anonymous)).status).toBe(200);
  });

  it.each([
    ['the schema', '{ named { __schema { queryType { name } } } }'],
    [
      'the schema, deeper and in a fragment',
      '{ named { ...F } } fragment F on Query { named { x: __schema { queryType { name } } } }',
    ],
    ['the SDL', '{ named { _service { sdl } } }'],
    ['the SDL through an interface', '{ named { ... on Entry { _service { sdl } } } }'],
    ['a type, after a mutation', 'mutation { ask { __type(name: "Query") { name } } }'],
  ])('refuses %s where a root type comes back below the root', async (_name, query) => {
    expect(await ask(query)).toMatchObject([refused, refused, answered]);
  });

  it('lets a field of another type carry the name of one that gives the schema away', async () => {
    const server = await serve({ allow: false, schemaFields: ['sdl'] });
    expect((await send(server, '{ _service { sdl } }', anonymous)).status).toBe(200);
    expect((await send(server, '{ sdl }', anonymous)).status).toBe(403);
  });

  it('reads a document in linear time whatever its fragments do', async () => {
    const schema = buildSchema('type Query { a: Query, b: Int }');
    const measure = (levels: number): number => {
      const fragments = Array.from(
        { length: levels },
        (_, i) => `fragment F${i} on Query { x: a { ...F${i + 1} } y: a { ...F${i + 1} } }`,
      );
      const document = parse(`{ ...F0 } ${fragments.join(' ')} fragment F${levels} on Query { b }`);
      const operation = getOperationAST(document);
      if (!operation) throw new Error('no operation');
      const started = performance.now();
      compileSchemaFields(new Set(['__schema']))({ schema, document, operation });
      return performance.now() - started;
    };
    measure(100);
    expect(await growthOf(measure, 1_000)).toBeLessThan(3);
  });
});

describe('every transport', () => {
  it('refuses one element of a batch and answers the other', async () => {
    const server = await serve();
    for (let time = 1; time <= 2; time += 1) {
      const answer = await sendBody(
        server,
        [{ query: '{ __schema { queryType { name } } }' }, { query: '{ greeting }' }],
        anonymous,
      );
      expect(answer.status).toBe(200);
      expect(answer.body[0].errors[0].extensions.code).toBe('INTROSPECTION_DISABLED');
      expect(answer.body[0].data).toBeUndefined();
      expect(answer.body[1]).toEqual({ data: { greeting: 'hello' } });
    }
  });

  it('refuses a persisted query of which only the hash is sent', async () => {
    const server = await serve();
    const query = '{ __schema { queryType { name } } }';
    const extensions = { persistedQuery: { version: 1, sha256Hash: createHash('sha256').update(query).digest('hex') } };
    expect((await send(server, query, admin, { extensions })).status).toBe(200);
    for (let time = 1; time <= 2; time += 1) {
      const answer = await send(server, undefined, anonymous, { extensions });
      expect(answer.status).toBe(403);
      expect(codes(answer)).toEqual(['INTROSPECTION_DISABLED']);
    }
    expect((await send(server, undefined, admin, { extensions })).status).toBe(200);
  });

  it('refuses over GET', async () => {
    const server = await serve();
    const answer = await send(server, '{ __schema { queryType { name } } }', anonymous, { method: 'GET' });
    expect(answer.status).toBe(403);
  });
});

describe('the default of introspection', () => {
  it.each([
    ['production', 403],
    ['staging', 403],
    ['', 403],
    ['development', 200],
    ['test', 200],
  ])('where NODE_ENV is "%s" answers %i', async (environment, status) => {
    vi.stubEnv('NODE_ENV', environment);
    const server = await serve({});
    expect((await send(server, '{ __schema { queryType { name } } }', anonymous)).status).toBe(status);
  });

  it('is off where NODE_ENV is unset, and is read when the control is made', async () => {
    vi.stubEnv('NODE_ENV', undefined);
    const server = await serve({});
    vi.stubEnv('NODE_ENV', 'development');
    expect((await send(server, '{ __schema { queryType { name } } }', anonymous)).status).toBe(403);
  });
});

describe('an allow that goes wrong', () => {
  it.each<[string, () => unknown]>([
    [
      'throws',
      () => {
        throw new Error('db password x');
      },
    ],
    ['returns nothing', () => undefined],
    ['returns something truthy', () => 'yes'],
    ['returns a promise of true', () => Promise.resolve(true)],
    ['returns a promise that rejects', () => Promise.reject(new Error('db password x'))],
  ])('denies and tells the operator when it %s', async (_name, allow) => {
    const events: SecurityEvent[] = [];
    const server = await serve({ allow }, events);
    const answer = await send(server, '{ __schema { queryType { name } } }', anonymous);
    expect(answer.status).toBe(403);
    expect(codes(answer)).toEqual(['INTROSPECTION_DISABLED']);
    expect(JSON.stringify([answer.body, events])).not.toContain('password');
    expect(events.map(({ type }) => type)).toEqual(['failure', 'introspection.blocked']);
  });

  it('is not asked by an operation that does not introspect', async () => {
    const allow = vi.fn<() => boolean>(() => true);
    const server = await serve({ allow });
    await send(server, '{ greeting }', anonymous);
    expect(allow).not.toHaveBeenCalled();
  });
});

describe('what introspection tells', () => {
  it('names the coordinate to the operator and not to the client', async () => {
    const events: SecurityEvent[] = [];
    const server = await serve({ allow: false }, events);
    const answer = await send(server, '{ x: _service { sdl } }', anonymous);
    expect(events).toMatchObject([
      { type: 'introspection.blocked', outcome: 'refused', control: 'introspection', coordinate: 'Query._service' },
    ]);
    expect(JSON.stringify(answer.body)).not.toContain('_service');
  });

  it('in report mode tells and refuses nothing', async () => {
    const events: SecurityEvent[] = [];
    const server = await serve({ allow: false, mode: 'report' }, events);
    const answer = await send(server, '{ __schema { queryType { name } } }', anonymous);
    expect(answer).toMatchObject({ status: 200, body: { data: { __schema: { queryType: { name: 'Query' } } } } });
    expect(events).toMatchObject([{ type: 'introspection.blocked', outcome: 'reported' }]);
  });

  it('keeps an allowed answer out of shared caches', async () => {
    const server = await serve();
    const answer = await send(server, '{ __schema { queryType { name } } }', admin);
    expect(answer.headers.get('cache-control')).toBe('no-store');
  });
});

it('checks an edited copy of a document that shares its operation by its own fragments', async () => {
  const schema = buildSchema('type Query { a: Int }');
  const events = createEvents(
    () => {},
    () => console,
  );
  const { definitions, ...rest } = parse('{ ...F } fragment F on Query { a }');
  const checkFor = async (control: Control, selected: string): Promise<unknown> => {
    const fragments = parse(`fragment F on Query { ${selected} }`).definitions;
    const document = { ...rest, definitions: [...definitions.slice(0, 1), ...fragments] };
    const refusal = checkOperation([control], { schema, document, contextValue: {} }, events);
    return refusal.then(() => undefined, readRefusalCode);
  };
  const closed = introspection({ allow: false });
  expect(await checkFor(closed, 'a')).toBeUndefined();
  expect(await checkFor(closed, '__schema { types { name } }')).toBe('INTROSPECTION_DISABLED');
  expect(await checkFor(closed, 'a')).toBeUndefined();
  const small = introspection({ allow: true, maxFields: 3 });
  expect(await checkFor(small, '__schema { types { name } }')).toBeUndefined();
  expect(await checkFor(small, '__schema { types { name kind } }')).toBe('INTROSPECTION_LIMIT_EXCEEDED');
});

describe('invalid options of introspection', () => {
  it.each<[object, RegExp]>([
    [{ alow: true }, /did you mean 'allow'/],
    [{ allow: 'yes' }, /allow must be a boolean or a function/],
    [{ allow: null }, /allow must be a boolean or a function/],
    [{ schemaFields: '_service' }, /schemaFields must be a list/],
    [{ view: true }, /view must be a function/],
    [{ schemaFields: ['Query._service'] }, /names of root fields/],
  ])('%o throws while the server is built', (options, message) => {
    expect(() => introspection(options)).toThrow(message);
  });

  it('takes what is left out, empty or undefined as the default', () => {
    expect(introspection().name).toBe('introspection');
    expect(introspection({ allow: undefined, schemaFields: undefined, mode: undefined }).mode).toBeUndefined();
  });
});

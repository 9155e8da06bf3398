import { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import { ApolloServer, type ApolloServerOptionsWithSchema } from '@apollo/server';
import { startStandaloneServer } from '@apollo/server/standalone';
import { securityContext } from '@graphql-bulwark/core';
import { makeExecutableSchema } from '@graphql-tools/schema';
import { buildSchema, execute, GraphQLError, lexicographicSortSchema, parse } from 'graphql';
import {
  type BulwarkOptions,
  createBulwark,
  type Principal,
  principal,
  refuse,
  type SecuredContext,
  type SecurityEvent,
} from 'graphql-bulwark';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { as, codes, send } from '../../../test/kit.ts';

interface Context extends SecuredContext {
  readonly db: string;
}

const typeDefs = `
  type Doc @owner(field: "ownerId") { id: ID ownerId: ID }
  type Query { open: String @public secret: String doc: Doc @public deep: Deep @public db: String @public }
  type Deep { deep: Deep }
  type Mutation { pay: String @auth(roles: ["PAYER"]) login: String @public @rateLimit(max: 2, by: [ADDRESS]) }
`;
const resolvers = {
  Query: {
    open: () => 'open',
    secret: () => 'secret',
    doc: () => ({ id: 1, ownerId: 'ann' }),
    db: (_: unknown, __: unknown, { db }: Context) => db,
  },
  Mutation: { pay: () => 'paid', login: () => 'token' },
};

const people: Record<string, Principal> = {
  ann: { id: 'ann', claims: { sub: 'ann' }, roles: ['PAYER'], scopes: [], authMethod: 'test' },
  bob: { id: 'bob', claims: { sub: 'bob' }, roles: [], scopes: [], authMethod: 'test' },
};

const stops: (() => Promise<void>)[] = [];
afterEach(async () => {
  vi.useRealTimers();
  vi.unstubAllEnvs();
  await Promise.all(stops.splice(0).map((stop) => stop()));
});

async function serve(
  options: Partial<BulwarkOptions> = {},
  settings: Partial<ApolloServerOptionsWithSchema<Context>> = {},
  build: () => Omit<Context, 'security'> = () => ({ db: 'the database' }),
) {
  const events: SecurityEvent[] = [];
  const bulwark = createBulwark<Context>({
    authenticate({ headers }) {
      if (headers['x-user'] === undefined) return null;
      const person = people[String(headers['x-user'])];
      if (!person) throw refuse('UNAUTHENTICATED', { reason: 'nobody' });
      return person;
    },
    introspection: { allow: false },
    onEvent: (event) => events.push(event),
    logger: { warn() {}, error() {} },
    ...options,
  });
  const schema = bulwark.secure(makeExecutableSchema({ typeDefs: [bulwark.typeDefs, typeDefs], resolvers }));
  const server = new ApolloServer<Context>(bulwark.apollo({ schema, stopOnTerminationSignals: false, ...settings }));
  const { url } = await startStandaloneServer(server, {
    context: bulwark.context(async () => build()),
    listen: { host: '127.0.0.1', port: 0 },
  });
  stops.push(() => server.stop());
  const post = async (body: unknown, user?: string, headers: Record<string, string> = {}) => {
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...(user !== undefined && { 'x-user': user }), ...headers },
      body: JSON.stringify(body),
    });
    // biome-ignore lint/suspicious/noExplicitAny: answers of every shape.
    const answer: any = await response.json();
    return {
      status: response.status,
      headers: response.headers,
      body: answer,
      code: answer.errors?.[0]?.extensions?.code,
    };
  };
  return { bulwark, schema, server, url, post, events };
}

describe('a server protected by createBulwark', () => {
  it('answers what is public to anyone and the rest to those who may', async () => {
    const { post } = await serve();
    expect((await post({ query: '{ open db }' })).body).toEqual({ data: { open: 'open', db: 'the database' } });
    expect((await post({ query: '{ secret }' })).code).toBe('UNAUTHENTICATED');
    expect((await post({ query: '{ secret }' }, 'bob')).body).toEqual({ data: { secret: 'secret' } });
    expect((await post({ query: '{ doc { id } }' }, 'ann')).body).toEqual({ data: { doc: { id: '1' } } });
    expect((await post({ query: '{ doc { __typename } }' }, 'bob')).body).toMatchObject({
      data: { doc: null },
      errors: [{ path: ['doc'], extensions: { code: 'FORBIDDEN' } }],
    });
    const pay = await post({ query: 'mutation { pay }' }, 'bob');
    expect([pay.status, pay.code, pay.body.data]).toEqual([403, 'FORBIDDEN', undefined]);
    expect((await post({ query: 'mutation { pay }' }, 'ann')).body).toEqual({ data: { pay: 'paid' } });
  });

  it('gives resolvers a context of a class with what the class has', async () => {
    class Own {
      readonly name = 'own';
      get db(): string {
        return this.name;
      }
    }
    const { post } = await serve({}, {}, () => new Own());
    expect((await post({ query: '{ db secret }' }, 'bob')).body).toEqual({ data: { db: 'own', secret: 'secret' } });
    const without = await serve({}, {}, () => undefined as never);
    expect((await without.post({ query: '{ secret }' }, 'bob')).body).toEqual({ data: { secret: 'secret' } });
  });

  it('says in the log what it needs, where an integration hands over something else than a request', async () => {
    const error = vi.fn<(line: string) => void>();
    const bulwark = createBulwark({ authenticate: () => null, onEvent: () => {}, logger: { warn() {}, error } });
    await expect(bulwark.context()({ event: {} })).rejects.toThrow('Internal server error');
    expect(error.mock.calls.join()).toContain('bulwark.context() found no HTTP request');
  });

  it('challenges in the realm of its credentials also where a rule denies', async () => {
    const { post } = await serve({
      authenticate: { realm: 'shop', apiKeys: { prefix: 'shop', store: { find: () => null } } },
    });
    const { status, headers } = await post({ query: 'mutation { pay }' });
    expect([status, headers.get('www-authenticate')]).toEqual([401, 'Bearer realm="shop"']);
  });

  it('refuses a bad credential, and never takes it for nobody', async () => {
    const { post, events } = await serve();
    const answer = await post({ query: '{ open }' }, 'mallory');
    expect([answer.status, answer.code]).toEqual([401, 'UNAUTHENTICATED']);
    expect(events).toMatchObject([{ type: 'auth.failure', reason: 'nobody' }]);
  });

  it('refuses introspection, depth, tokens and floods', async () => {
    const { post, events } = await serve();
    const introspection = await post({ query: '{ __schema { types { name } } }' });
    expect([introspection.status, introspection.code]).toEqual([403, 'INTROSPECTION_DISABLED']);
    const deep = await post({ query: `{ ${'deep { '.repeat(17)}__typename${' }'.repeat(17)} }` });
    expect([deep.status, deep.code]).toEqual([400, 'DEPTH_LIMIT_EXCEEDED']);
    const tokens = await post({ query: `{ ${'open '.repeat(3_000)} }` });
    expect([tokens.status, tokens.code]).toEqual([400, 'GRAPHQL_PARSE_FAILED']);
    expect(events.at(-1)).toMatchObject({ type: 'request.invalid', reason: 'more tokens than the parser takes' });
    expect((await post({ query: 'mutation { a: login b: login }' })).body).toEqual({
      data: { a: 'token', b: 'token' },
    });
    const login = await post({ query: 'mutation { login }' });
    expect([login.status, login.code]).toEqual([429, 'RATE_LIMITED']);
    expect(Number(login.headers.get('retry-after'))).toBeGreaterThan(0);
  });

  it('stops an operation whose resolvers return more items than allowed, also under a plain execute()', async () => {
    const many = {
      Query: {
        docs: (_: unknown, { n }: { n: number }) => Array.from({ length: n }, (__, id) => ({ id, ownerId: 'ann' })),
      },
    };
    const { bulwark, events } = await serve({ execution: { maxResultItems: 2 } });
    const schema = bulwark.secure(
      makeExecutableSchema({
        typeDefs: [
          bulwark.typeDefs,
          'type Doc @owner(field: "ownerId") { id: ID } type Query { docs(n: Int): [Doc] @public }',
        ],
        resolvers: many,
      }),
    );
    const ask = (n: number, person: Principal | null) =>
      execute({
        schema,
        document: parse('query ($n: Int) { docs(n: $n) { id } }'),
        variableValues: { n },
        contextValue: { db: '', security: securityContext({ principal: person }) },
      });
    const [ann = null, bob = null] = [people['ann'], people['bob']];
    expect((await ask(2, ann)).data).toEqual({ docs: [{ id: '0' }, { id: '1' }] });
    expect((await ask(2, bob)).data).toEqual({ docs: [null, null] });
    const refused = await ask(3, ann);
    expect(refused).toMatchObject({
      data: { docs: null },
      errors: [{ extensions: { code: 'RESULT_LIMIT_EXCEEDED' } }],
    });
    expect(events).toContainEqual(
      expect.objectContaining({
        type: 'limit.exceeded',
        coordinate: 'Query.docs',
        actual: 3,
        maximum: 2,
        principalId: 'ann',
      }),
    );
  });

  it('refuses a batch over the maximum as one, and answers a smaller one', async () => {
    const { post } = await serve({ limits: { maxBatchSize: 2 } }, { allowBatchedHttpRequests: true });
    const batch = await post(Array.from({ length: 3 }, () => ({ query: '{ open }' })));
    expect([batch.status, batch.code]).toEqual([400, 'BATCH_LIMIT_EXCEEDED']);
    const small = await post([{ query: '{ open }' }, { query: '{ __schema { types { name } } }' }]);
    expect(small.status).toBe(200);
    expect(small.body).toMatchObject([
      { data: { open: 'open' } },
      { errors: [{ extensions: { code: 'INTROSPECTION_DISABLED' } }] },
    ]);
    const unbatched = await serve();
    expect((await unbatched.post([{ query: '{ open }' }])).status).toBe(400);
  });

  it('refuses nothing for its size while limits only report, and tells of it', async () => {
    const limits = { mode: 'report', maxBatchSize: 2 } as const;
    const { post, events } = await serve({ limits }, { allowBatchedHttpRequests: true });
    const aliases = Array.from({ length: 1_000 }, (_, i) => `a${i}: open`).join(' ');
    expect((await post({ query: `{ ${aliases} }` })).status).toBe(200);
    expect((await post(Array.from({ length: 3 }, () => ({ query: '{ open }' })))).body).toHaveLength(3);
    expect(events.flatMap((event) => (event.type === 'limit.exceeded' ? [[event.limit, event.outcome]] : []))).toEqual([
      ['maxTokens', 'reported'],
      ['maxBatchSize', 'reported'],
    ]);
  });

  it('never shows what the context function threw, unless it says what it is', async () => {
    const thrown = (error: Error) => () => {
      throw error;
    };
    const logged: string[] = [];
    const logger = { warn() {}, error: (text: string) => logged.push(text) };
    const failing = await serve({ logger }, {}, thrown(new Error('postgres://secret')));
    const masked = await failing.post({ query: '{ open }' });
    expect([masked.status, masked.code]).toEqual([500, 'INTERNAL_SERVER_ERROR']);
    const { errorId } = masked.body.errors[0].extensions;
    expect(logged[0]).toContain(`[${errorId}]: Error: postgres://secret`);
    expect(failing.events).toMatchObject([{ type: 'failure', where: 'context', errorId }]);
    expect(JSON.stringify(masked.body)).not.toContain('secret');
    const maintenance = new GraphQLError('Back at noon', {
      extensions: { code: 'MAINTENANCE', http: { status: 503 } },
    });
    const telling = await serve({}, {}, thrown(maintenance));
    const answer = await telling.post({ query: '{ open }' });
    expect([answer.status, answer.body.errors[0].message]).toEqual([503, 'Back at noon']);
  });

  it('knows a caller by the getters of a class, too', async () => {
    class User {
      get id() {
        return 'ann';
      }
      get claims() {
        return {};
      }
      get roles() {
        return ['PAYER'];
      }
      get scopes() {
        return [];
      }
      get authMethod() {
        return 'session';
      }
    }
    const { post } = await serve({ authenticate: () => new User() });
    expect((await post({ query: 'mutation { pay }' })).body).toEqual({ data: { pay: 'paid' } });
  });

  it('denies when an authenticator of the application is unsure or fails', async () => {
    for (const authenticate of [
      () => undefined as never,
      () => ({ id: '' }) as never,
      () => ({ ...people['ann'], expiresAt: new Date(0) }) as never,
      () => ({ ...people['ann'], expiresAt: Date.now() + 1_000 }) as never,
      () => Promise.reject(new Error('secret')),
    ]) {
      const { post } = await serve({ authenticate });
      const answer = await post({ query: '{ open }' });
      expect([answer.status, answer.code]).toEqual([500, 'INTERNAL_SERVER_ERROR']);
      expect(JSON.stringify(answer.body)).not.toContain('secret');
    }
  });

  it.each<[string, () => never, string]>([
    [
      'throws an error of a library',
      () => {
        throw new Error('jwt malformed');
      },
      "throw refuse('UNAUTHENTICATED') of graphql-bulwark",
    ],
    ['returns nothing', () => undefined as never, 'It returned undefined. Return principal({ id, roles, scopes })'],
    [
      'returns a user',
      () => ({ id: 7, email: 'a@example.com' }) as never,
      'It returned an object with id, email. Return principal(',
    ],
    ['calls principal() with a number', () => principal({ id: 7 as never }) as never, 'give String(user.id)'],
  ])(
    'says in the log what is to be done where an authenticator of the application %s',
    async (_, authenticate, remedy) => {
      const logged: string[] = [];
      const { post, events } = await serve({ authenticate, logger: { warn() {}, error: (line) => logged.push(line) } });
      const { status, body } = await post({ query: '{ open }' });
      const { errorId } = body.errors[0].extensions;
      expect([status, body.errors[0].message]).toEqual([500, 'Internal server error']);
      expect(logged).toHaveLength(1);
      expect(logged[0]).toContain(`[${errorId}]`);
      expect(logged[0]).toContain(remedy);
      expect(logged[0]).not.toContain('a@example.com');
      expect(events).toContainEqual(expect.objectContaining({ type: 'failure', where: 'authenticate', errorId }));
    },
  );

  it('gives the roles and the objects of a caller to what an authenticator of the application makes with principal()', async () => {
    const { post } = await serve({
      authenticate: ({ headers }) => (headers.cookie === 'sid=1' ? principal({ id: 'ann', roles: ['PAYER'] }) : null),
    });
    const cookie = { cookie: 'sid=1' };
    expect((await post({ query: 'mutation { pay }' }, undefined, cookie)).body).toEqual({ data: { pay: 'paid' } });
    expect((await post({ query: '{ doc { id } }' }, undefined, cookie)).body).toEqual({ data: { doc: { id: '1' } } });
    expect((await post({ query: 'mutation { pay }' })).status).toBe(401);
  });

  it('waits for an authenticator of the application that hangs for half a minute, and no longer', async () => {
    vi.useFakeTimers();
    const logged: string[] = [];
    const logger = { warn() {}, error: (text: string) => void logged.push(text) };
    const bulwark = createBulwark({ authenticate: () => new Promise(() => {}), onEvent: () => {}, logger });
    const req = Object.assign(new IncomingMessage(new Socket()), { headers: {} });
    const made = bulwark
      .context()({ req })
      .catch((thrown: unknown) => thrown);
    await vi.advanceTimersByTimeAsync(30_001);
    expect(await made).toMatchObject({ message: 'Internal server error' });
    expect(logged[0]).toContain('no answer within 30000 ms');
  });

  it('refuses a caller whose credential has ended, as an authenticator of the application says it', async () => {
    const ends = (seconds: number) => ({ ...people['ann'], expiresAt: Date.now() / 1_000 + seconds }) as Principal;
    const late = await serve({ authenticate: () => ends(-1) });
    const answer = await late.post({ query: '{ open }' });
    expect([answer.status, answer.code]).toEqual([401, 'UNAUTHENTICATED']);
    expect(late.events).toMatchObject([{ type: 'auth.expired' }]);
    const { post } = await serve({ authenticate: () => ends(60) });
    expect((await post({ query: 'mutation { pay }' })).body).toEqual({ data: { pay: 'paid' } });
  });

  it('serves no landing page and does not accept simple requests of other sites', async () => {
    vi.stubEnv('NODE_ENV', undefined);
    const { url } = await serve();
    const page = await fetch(url, { headers: { accept: 'text/html' } });
    expect(await page.text()).not.toContain('<html');
    const simple = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'text/plain' },
      body: '{"query":"{open}"}',
    });
    expect(simple.status).toBe(400);
  });

  it('judges an operation for other transports as it does over HTTP', async () => {
    const { bulwark, schema } = await serve();
    const contextValue = { db: '', security: { principal: people['bob'] ?? null, clientIp: null, requestId: '1' } };
    const check = (text: string) => bulwark.check({ schema, document: parse(text), contextValue });
    await expect(check('{ open }')).resolves.toBeUndefined();
    await expect(check('mutation { pay }')).rejects.toMatchObject({ extensions: { code: 'FORBIDDEN' } });
    await expect(check('{ __schema { types { name } } }')).rejects.toMatchObject({
      extensions: { code: 'INTROSPECTION_DISABLED' },
    });
    await expect(check('query A { open } query B { open }')).rejects.toMatchObject({
      extensions: { code: 'BAD_REQUEST' },
    });
  });

  it('hides names that a misspelt one resembles', async () => {
    const { post } = await serve();
    for (const query of ['{ opem }', '{ doc { idd } }', 'query ($x: Strin) { open }']) {
      expect(JSON.stringify((await post({ query })).body)).not.toContain('Did you mean');
    }
  });
});

it('a server without bulwark.context() denies, and says once why', async () => {
  const { server, events } = await serve();
  for (const _time of [1, 2]) {
    const { body } = await server.executeOperation({ query: '{ secret }' }, { contextValue: { db: '' } as Context });
    expect(body.kind === 'single' && body.singleResult.errors?.[0]?.extensions?.['code']).toBe('UNAUTHENTICATED');
  }
  const warnings = events.filter(({ type }) => type === 'config.warning');
  expect(warnings).toMatchObject([{ message: expect.stringContaining('bulwark.context()') }]);
});

it('a client that has gone is not let in without its address', async () => {
  const bulwark = createBulwark({ authenticate: () => null, onEvent: () => {} });
  const socket = { destroyed: true, remoteAddress: undefined };
  await expect(bulwark.context()({ req: { headers: {}, socket } as never })).rejects.toMatchObject({
    extensions: { code: 'BAD_REQUEST' },
  });
});

it.each<[string, BulwarkOptions['clientAddress'], number]>([
  ['nobody spoke of', undefined, 1],
  ['is in none of the networks', { trustedProxies: ['192.0.2.0/24'] }, 1],
  ['is counted', { trustedHops: 1 }, 0],
  ['is in one of the networks', { trustedProxies: ['127.0.0.0/8'] }, 0],
  ['is said not to be there', { trustedHops: 0 }, 0],
])('a proxy that %s: its clients share one address, which is told once', async (_name, clientAddress, told) => {
  const { post, events } = await serve(clientAddress && { clientAddress });
  await post({ query: '{ open }' });
  for (let time = 0; time < 3; time += 1) await post({ query: '{ open }' }, 'ann', { 'x-forwarded-for': '127.0.0.1' });
  const messages = events.map((event) => (event.type === 'config.warning' ? event.message : ''));
  expect(messages.filter((message) => message.startsWith('clientAddress: a proxy at 127.0.0.1'))).toHaveLength(told);
});

it.each<[string, number, readonly (string | undefined)[], number]>([
  ['that came without the header', 1, [undefined, undefined, undefined], 1],
  ['that came with an empty header', 1, ['', ' , '], 1],
  ['that came past one of two proxies', 2, ['192.0.2.1', '192.0.2.2'], 1],
  ['that a health check made, between others', 1, ['192.0.2.1', undefined, '192.0.2.1', undefined], 1],
  ['that came through all proxies', 2, ['192.0.2.1, 192.0.2.2', '9.9.9.9, 192.0.2.1, 192.0.2.2'], 0],
  ['where no proxy is expected', 0, [undefined], 0],
])('trustedHops: a request %s is told at most once', async (_name, trustedHops, headers, told) => {
  const { post, events } = await serve({ clientAddress: { trustedHops } });
  for (const from of headers) {
    const answer = await post({ query: '{ open }' }, undefined, from === undefined ? {} : { 'x-forwarded-for': from });
    expect(answer.body).toEqual({ data: { open: 'open' } });
  }
  const messages = events.map((event) => (event.type === 'config.warning' ? event.message : ''));
  const found = messages.filter((message) => message.startsWith(`clientAddress: trustedHops is ${trustedHops}, but`));
  expect(found).toHaveLength(told);
  for (const message of found) expect(message).toMatch(/from 127\.0\.0\.1 .* trustedHops: 0/);
});

describe('what is configured wrongly', () => {
  const minimal: BulwarkOptions = { authenticate: () => null, onEvent: () => {} };

  it('is refused while the server is built', () => {
    expect(() => createBulwark({} as never)).toThrow(/authenticate/);
    expect(() => createBulwark({ ...minimal, limit: {} } as never)).toThrow(/did you mean 'limits'/);
    expect(() => createBulwark({ ...minimal, limits: { maxDepth: -1 } })).toThrow(/maxDepth/);
    expect(() => createBulwark({ ...minimal, clientAddress: { trustedHops: -1 } })).toThrow(/trustedHops/);
    for (const [option, value] of Object.entries({
      strictMessages: null,
      exposure: { strictExposure: 'yes' },
      onEvent: 'x',
      expose: 'x',
      logger: {},
      sockets: true,
      rateLimit: { refusals: null },
      limits: [],
      cost: new Map(),
      authorization: 'deny',
      execution: 100,
    })) {
      expect(() => createBulwark({ ...minimal, [option]: value })).toThrow(TypeError);
    }
    for (const introspection of [{ mode: 'x' }, { filtered: 'yes' }, false, () => true]) {
      expect(() => createBulwark({ ...minimal, introspection } as never)).toThrow(TypeError);
    }
    for (const authorization of [{ hideUnauthorized: 1 }, false, 'deny']) {
      expect(() => createBulwark({ ...minimal, authorization } as never)).toThrow(/authorization|hideUnauthorized/);
    }
    const badRule = createBulwark({ ...minimal, authorization: { defaultRule: 'none' } } as never);
    expect(() => badRule.secure(buildSchema('type Query { a: String }'))).toThrow(/defaultRule/);
    const bulwark = createBulwark(minimal);
    expect(() => bulwark.apollo({ typeDefs: 'type Query { a: String }' } as never)).toThrow(/bulwark.secure/);
    expect(() => bulwark.secure('type Query { a: String }' as never)).toThrow(/to be a GraphQL schema/);
    expect(() => bulwark.context({ db: 1 } as never)).toThrow(/bulwark.context takes a function/);
  });

  it('is refused when the schema was not secured, also one without a directive: its root fields would be open', () => {
    const bulwark = createBulwark(minimal);
    for (const sdl of [typeDefs, 'type Query { open: String }']) {
      const schema = makeExecutableSchema({ typeDefs: [bulwark.typeDefs, sdl] });
      expect(() => bulwark.apollo({ schema })).toThrow(/secure/);
      expect(() => bulwark.apollo({ schema: lexicographicSortSchema(bulwark.secure(schema)) })).toThrow(/secure/);
    }
  });

  it('is refused when a gateway would serve its own schema in place of the secured one', () => {
    const bulwark = createBulwark(minimal);
    const schema = bulwark.secure(makeExecutableSchema({ typeDefs: [bulwark.typeDefs, typeDefs], resolvers }));
    expect(() => bulwark.apollo({ schema, gateway: { load() {} } } as never)).toThrow(/cannot guard .* a gateway/);
  });

  it('is named in a warning when it gives away what Bulwark would protect', () => {
    const weak = {
      limits: { mode: 'report', maxDepth: false },
      cost: { mode: 'report', maxListSize: false },
      rateLimit: { mode: 'report', onStoreError: 'allow', refusals: false },
      sockets: false,
      introspection: { mode: 'report' },
      authorization: { defaultRule: 'allow' },
    } as const;
    const events: SecurityEvent[] = [];
    const bulwark = createBulwark({ ...minimal, ...weak, logger: quiet, onEvent: (event) => events.push(event) });
    bulwark.apollo({
      schema: bulwark.secure(makeExecutableSchema({ typeDefs: [bulwark.typeDefs, typeDefs], resolvers })),
      validationOptions: { hideSuggestions: false, maxErrors: 1e9 },
    });
    const text = events.map((event) => (event.type === 'config.warning' ? event.message : '')).join('\n');
    for (const option of ["limits: { mode: 'report' }", 'maxDepth', "rateLimit: { mode: 'report' }", 'onStoreError']) {
      expect(text).toContain(option);
    }
    for (const option of [
      'sockets: false',
      'refusals: false',
      "cost: { mode: 'report' }",
      'maxListSize: false',
      "introspection: { mode: 'report' }",
      'defaultRule',
      'hideSuggestions',
    ])
      expect(text).toContain(option);
  });

  it('is named in a warning when it weakens the server', () => {
    const events: SecurityEvent[] = [];
    const bulwark = createBulwark({ ...minimal, onEvent: (event) => events.push(event) });
    const schema = bulwark.secure(makeExecutableSchema({ typeDefs: [bulwark.typeDefs, typeDefs], resolvers }));
    const merged = bulwark.apollo({
      schema,
      csrfPrevention: false,
      introspection: true,
      includeStacktraceInErrorResponses: true,
      parseOptions: { maxTokens: 100_000 },
    });
    const messages = events.map((event) => (event.type === 'config.warning' ? event.message : ''));
    for (const name of ['csrfPrevention', 'introspection', 'includeStacktraceInErrorResponses', 'maxTokens']) {
      expect(messages.some((message) => message.includes(name))).toBe(true);
    }
    expect(merged).toMatchObject({ includeStacktraceInErrorResponses: false, parseOptions: { maxTokens: 3_000 } });
  });
});

it('prices a secured schema that imports @cost under another name, and warns of sizes that nothing enforces', async () => {
  const warningsOf = async (options: Partial<BulwarkOptions>): Promise<string[]> => {
    const events: SecurityEvent[] = [];
    const onEvent = (event: SecurityEvent): void => void events.push(event);
    const bulwark = createBulwark({ authenticate: () => null, ...options, cost: { maxCost: 40 }, onEvent });
    const schema = bulwark.secure(
      makeExecutableSchema({
        typeDefs: [
          bulwark.typeDefs,
          `extend schema @link(url: "https://specs.apollo.dev/cost/v0.1", import: [{ name: "@cost", as: "@price" }])
          scalar Import
          directive @link(url: String!, import: [Import]) repeatable on SCHEMA
          directive @price(weight: Int!) on FIELD_DEFINITION
          type Query { docs: [Doc] @public @listSize(assumedSize: 5) }
          type Doc { id: ID @public @price(weight: 10) }`,
        ],
      }),
    );
    const server = new ApolloServer(bulwark.apollo({ schema, stopOnTerminationSignals: false }));
    stops.push(() => server.stop());
    await server.start();
    expect(codes(await send(server, '{ docs { id } }', as(null)))).toEqual(['COST_LIMIT_EXCEEDED']);
    return events.flatMap((event) => (event.type === 'config.warning' ? [event.message] : []));
  };
  const isOfSize = expect.stringMatching(/priced by their assumedSize.*: Query\.docs\./);
  expect(await warningsOf({})).toContainEqual(isOfSize);
  expect(await warningsOf({ execution: { enforceAssumedSizes: true } })).not.toContainEqual(isOfSize);
});

it('with authenticate: false protects an API that knows no callers', async () => {
  const { post } = await serve({ authenticate: false });
  expect((await post({ query: '{ secret }' })).body).toEqual({ data: { secret: 'secret' } });
  expect((await post({ query: 'mutation { pay }' })).code).toBe('UNAUTHENTICATED');
});

const quiet = { warn() {}, error() {} };

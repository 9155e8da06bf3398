import { createHash } from 'node:crypto';
import { ApolloServer, type ApolloServerPlugin } from '@apollo/server';
import { ApolloServerPluginCacheControl } from '@apollo/server/plugin/cacheControl';
import {
  type Control,
  guard,
  REFUSALS,
  type RefusalCode,
  refuse,
  type SecuredContext,
  type SecurityEvent,
} from '@graphql-bulwark/core';
import { deny } from '@graphql-bulwark/core/internal';
import { makeExecutableSchema } from '@graphql-tools/schema';
import { type DocumentNode, GraphQLError, GraphQLScalarType, type StringValueNode } from 'graphql';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { as, codes, send, sendBody } from '../../../../test/kit.ts';

const schema = makeExecutableSchema({
  typeDefs: `
    enum Color { GREEN RED }
    scalar Email
    scalar Phone
    type Query { a: String c(n: Int!): String d(e: Email, p: Phone): String b(n: Int, color: Color): String throws: String coded: String number: Int many: [String] }
    type Mutation { m: String }
    type Subscription { s: String }
  `,
  resolvers: {
    Email: new GraphQLScalarType({
      name: 'Email',
      parseValue: (value) => value,
      parseLiteral(node) {
        throw new GraphQLError(`Value is no email address: ${(node as StringValueNode).value}`, { nodes: node });
      },
    }),
    Phone: new GraphQLScalarType({
      name: 'Phone',
      parseValue(value) {
        throw new GraphQLError(`${String(value)} is no phone number`);
      },
    }),
    Query: {
      a: () => 'A',
      b: () => 'B',
      throws: () => {
        throw new Error('password of the database');
      },
      coded: () => {
        throw new GraphQLError('Invoice is paid', { extensions: { code: 'ALREADY_PAID' } });
      },
      number: () => 'secret that is no number',
      many: () => Array.from({ length: 50 }, () => new Error('secret')),
    },
  },
});

const servers: ApolloServer<object>[] = [];
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.stop()));
});

async function start(
  controls: readonly Control<object>[],
  more: {
    onEvent?: (event: SecurityEvent) => void;
    expose?: (error: GraphQLError) => boolean;
    plugins?: ApolloServerPlugin<object>[];
  } = {},
): Promise<ApolloServer<object>> {
  const server = new ApolloServer<object>({
    schema,
    nodeEnv: 'production',
    stopOnTerminationSignals: false,
    allowBatchedHttpRequests: true,
    includeStacktraceInErrorResponses: true,
    logger: silent,
    plugins: [guard({ controls, onEvent: more.onEvent ?? (() => {}), expose: more.expose }), ...(more.plugins ?? [])],
  });
  await server.start();
  servers.push(server);
  return server;
}

const logged: string[] = [];
const silent = {
  debug() {},
  info() {},
  warn: (text: string) => logged.push(text),
  error: (text: string) => logged.push(text),
};

const checking = (check: Control<object>['check']): Control<object> => ({ name: 'test', ...(check && { check }) });
const refusing = (code: RefusalCode): Control<object> => checking(() => Promise.reject(refuse(code)));

describe('each code of the table', () => {
  it.each(Object.keys(REFUSALS) as RefusalCode[])(
    'the code %s is answered with its status and text, twice, and with 200 in a batch',
    async (code) => {
      const server = await start([refusing(code)]);
      for (const _time of [1, 2]) {
        const answer = await send(server, '{ a }', as(null));
        expect(answer.status).toBe(REFUSALS[code].status);
        expect(answer.body.errors[0]).toMatchObject({ message: REFUSALS[code].message, extensions: { code } });
        expect(answer.body.errors[0].extensions).not.toHaveProperty('http');
        expect(answer.body).not.toHaveProperty('data');
      }
      const batch = await sendBody(server, [{ query: '{ a }' }], as(null));
      expect(batch.status).toBe(200);
      expect(batch.body[0].errors[0].extensions.code).toBe(code);
    },
  );
});

it('a refusal has no stack, and the stacks of other errors stay', () => {
  const before = Error.stackTraceLimit;
  expect(refuse('FORBIDDEN').stack).not.toContain('\n    at ');
  expect(Error.stackTraceLimit).toBe(before);
  expect(new Error('other').stack).toContain('\n    at ');
});

describe('a request refused before it is parsed', () => {
  const tooLong: Control<object> = {
    name: 'length',
    admit({ source }) {
      if ((source?.length ?? 0) > 20)
        throw refuse('QUERY_TOO_LARGE', { limit: 'maxCharacters', actual: 21, maximum: 20 });
    },
  };
  const long = '{ a a a a a a a a a a a a }';

  it('a request that is refused before parsing has the status of its refusal, and its text is never parsed', async () => {
    const parsePlainUrl: (string | undefined)[] = [];
    const server = await start([tooLong], {
      plugins: [
        { requestDidStart: async () => ({ parsingDidStart: async ({ source }) => void parsePlainUrl.push(source) }) },
      ],
    });
    for (const _time of [1, 2]) {
      const answer = await send(server, long, as(null));
      expect([answer.status, codes(answer)]).toEqual([413, ['QUERY_TOO_LARGE']]);
    }
    expect(parsePlainUrl).not.toContain(long);
    expect((await send(server, '{ a }', as(null))).body).toEqual({ data: { a: 'A' } });
  });

  it('a request that is refused before parsing stays refused with any operation name, variables or extensions', async () => {
    const server = await start([tooLong]);
    const hash = createHash('sha256').update('{ a }').digest('hex');
    for (const sending of [
      { operationName: 'Nope' },
      { variables: { x: 1 } },
      { extensions: { persistedQuery: { version: 1, sha256Hash: hash } } },
    ]) {
      const answer = await send(server, long, as(null), sending);
      expect([answer.status, codes(answer)]).toEqual([413, ['QUERY_TOO_LARGE']]);
    }
  });

  it('a refused request is one element of a batch, and the others are answered', async () => {
    const answer = await sendBody(await start([tooLong]), [{ query: '{ a }' }, { query: long }], as(null));
    expect(answer.status).toBe(200);
    expect(answer.body[0]).toEqual({ data: { a: 'A' } });
    expect(answer.body[1].errors[0].extensions.code).toBe('QUERY_TOO_LARGE');
  });
});

describe('a document refused before it is validated', () => {
  const noB: Control<object> = {
    name: 'noB',
    measure({ document }) {
      if (JSON.stringify(document).includes('"value":"b"')) throw refuse('DEPTH_LIMIT_EXCEEDED');
    },
  };

  it('a document that a control refuses is never validated, and is refused again from the document cache', async () => {
    const validated: DocumentNode[] = [];
    const plugin: ApolloServerPlugin<object> = {
      requestDidStart: async () => ({ validationDidStart: async ({ document }) => void validated.push(document) }),
    };
    const server = await start([noB], { plugins: [plugin] });
    for (const sending of [{}, {}, { operationName: 'B' }, { variables: { refused: true } }]) {
      const answer = await send(server, 'query B { b unknown }', as(null), sending);
      expect([answer.status, codes(answer)]).toEqual([400, ['DEPTH_LIMIT_EXCEEDED']]);
    }
    expect(validated).toHaveLength(1);
    expect((await send(server, '{ a }', as(null))).body).toEqual({ data: { a: 'A' } });
  });

  it('a refused document stays refused in a document store that servers share, even by a server without Bulwark', async () => {
    const store = new Map<string, string>();
    const documentStore = {
      get: async (key: string) => (store.has(key) ? (JSON.parse(store.get(key) ?? '') as DocumentNode) : undefined),
      set: async (key: string, value: DocumentNode) => void store.set(key, JSON.stringify(value)),
      delete: async (key: string) => store.delete(key),
    };
    const common = { schema, documentStore, nodeEnv: 'production', stopOnTerminationSignals: false, logger: silent };
    const guarded = () =>
      new ApolloServer<object>({ ...common, plugins: [guard({ controls: [noB], onEvent: () => {} })] });
    const bare = new ApolloServer<object>(common);
    const [first, second] = [guarded(), guarded()];
    servers.push(first, second, bare);
    await Promise.all([first, second, bare].map((server) => server.start()));
    for (const server of [first, second]) {
      const answer = await send(server, '{ b }', as(null));
      expect([answer.status, codes(answer)]).toEqual([400, ['DEPTH_LIMIT_EXCEEDED']]);
    }
    const answer = await send(bare, '{ b }', as(null));
    expect([answer.status, answer.body.data]).toEqual([400, undefined]);
    expect(codes(answer)).toEqual(['BAD_USER_INPUT']);
  });

  it('a document that a client made to look like the stand-in is refused', async () => {
    const server = await start([]);
    for (const alias of ['', 'INTERNAL_SERVER_ERROR: ', 'SERVICE_UNAVAILABLE: ', 'RATE_LIMITED: ', 'toString: ']) {
      const answer = await send(server, `query BulwarkRefused { ${alias}a }`, as(null));
      expect([answer.status, codes(answer)]).toEqual([400, ['BAD_REQUEST']]);
    }
  });

  it('a document is refused when the control that measures it fails', async () => {
    const broken: Control<object> = {
      name: 'broken',
      measure() {
        throw new TypeError('secret');
      },
    };
    const answer = await send(await start([broken]), '{ a }', as(null));
    expect([answer.status, codes(answer)]).toEqual([500, ['INTERNAL_SERVER_ERROR']]);
    expect(JSON.stringify(answer.body)).not.toContain('secret');
  });
});

describe('a control', () => {
  it('a control that throws an unexpected error denies, and the message stays hidden', async () => {
    const events: SecurityEvent[] = [];
    for (const thrown of [new Error('secret'), new GraphQLError('secret'), 'secret', undefined]) {
      const server = await start([checking(() => Promise.reject(thrown))], { onEvent: (event) => events.push(event) });
      const answer = await send(server, '{ a }', as(null));
      expect([answer.status, codes(answer)]).toEqual([500, ['INTERNAL_SERVER_ERROR']]);
      expect(JSON.stringify(answer.body)).not.toContain('secret');
    }
    expect(events.filter(({ type }) => type === 'failure')).toHaveLength(4);
  });

  it('a control in report mode refuses nothing, is not asked before validation, and reports what it would refuse', async () => {
    const events: SecurityEvent[] = [];
    const measure = vi.fn();
    const control: Control<object> = { ...refusing('ALIAS_LIMIT_EXCEEDED'), measure, mode: 'report' };
    const server = await start([control], { onEvent: (event) => events.push(event) });
    expect((await send(server, 'query Q { a }', as({ id: 'me' }))).body).toEqual({ data: { a: 'A' } });
    expect(measure).not.toHaveBeenCalled();
    expect(events).toMatchObject([
      {
        type: 'limit.exceeded',
        code: 'ALIAS_LIMIT_EXCEEDED',
        outcome: 'reported',
        principalId: 'me',
        operationName: 'Q',
      },
    ]);
  });

  it('a control that fails on the way out leaves the answer as it is, and the next control is still called', async () => {
    const broken: Control<object> = {
      name: 'broken',
      respond() {
        throw new Error('secret');
      },
    };
    const server = await start([
      broken,
      { name: 'header', respond: ({ headers }) => void headers.set('x-control', '1') },
    ]);
    const answer = await send(server, '{ a }', as(null));
    expect([answer.status, answer.body, answer.headers.get('x-control')]).toEqual([200, { data: { a: 'A' } }, '1']);
  });

  it('a refusal on the way out takes the place of the answer, with its status and headers, and an event', async () => {
    const events: SecurityEvent[] = [];
    const controls: Control<object>[] = [
      { name: 'cost', respond: ({ extend }) => extend('cost', 7) },
      {
        name: 'late',
        respond({ data }) {
          if (data?.['a']) throw refuse('RATE_LIMITED', { retryAfterSeconds: 9, policy: 'p' });
        },
      },
    ];
    const server = await start(controls, { onEvent: (event) => events.push(event) });
    const answer = await send(server, '{ a b }', {});
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([429, '9']);
    expect(answer.body).toEqual({ errors: [{ message: 'Too many requests', extensions: { code: 'RATE_LIMITED' } }] });
    expect(events).toMatchObject([{ type: 'rate.limited', control: 'late', outcome: 'refused', policy: 'p' }]);
    expect((await send(server, '{ b }', {})).body).toEqual({ data: { b: 'B' }, extensions: { cost: 7 } });
    const batch = await sendBody(server, [{ query: '{ a }' }, { query: '{ b }' }], {});
    expect([batch.status, batch.headers.get('retry-after')]).toEqual([200, undefined]);
    expect(batch.body).toMatchObject([{ errors: [{ extensions: { code: 'RATE_LIMITED' } }] }, { data: { b: 'B' } }]);
    expect(batch.body[0]).not.toHaveProperty('data');
  });

  it('a refusal on the way out becomes an event alone where its control reports', async () => {
    const events: SecurityEvent[] = [];
    const late: Control<object> = {
      name: 'late',
      mode: 'report',
      respond() {
        throw refuse('RATE_LIMITED');
      },
    };
    const server = await start([late], { onEvent: (event) => events.push(event) });
    expect((await send(server, '{ a }', {})).body).toEqual({ data: { a: 'A' } });
    expect(events).toMatchObject([{ type: 'rate.limited', outcome: 'reported' }]);
  });

  it('a refusal that denies several coordinates sends an event for each', async () => {
    const events: SecurityEvent[] = [];
    const also = [deny('FORBIDDEN', { coordinate: 'Mutation.b' })];
    const server = await start([checking(() => Promise.reject(refuse('FORBIDDEN', { coordinate: 'Query.a', also })))], {
      onEvent: (event) => events.push(event),
    });
    expect(codes(await send(server, '{ a }', as(null)))).toEqual(['FORBIDDEN', 'FORBIDDEN']);
    expect(events.map((event) => event.type === 'access.denied' && event.coordinate)).toEqual([
      'Query.a',
      'Mutation.b',
    ]);
  });

  it('controls check in the order given, and the first refusal ends the request', async () => {
    const later = vi.fn();
    const server = await start([refusing('FORBIDDEN'), { name: 'later', check: later }]);
    expect(codes(await send(server, '{ a }', as(null)))).toEqual(['FORBIDDEN']);
    expect(later).not.toHaveBeenCalled();
  });

  it('a control that calls neverCache keeps the answer out of shared caches', async () => {
    const plugins = [ApolloServerPluginCacheControl({ defaultMaxAge: 60 })] as ApolloServerPlugin<object>[];
    const open = await start([], { plugins });
    expect((await send(open, '{ a }', as(null))).headers.get('cache-control')).toContain('max-age=60');
    const closed = await start([checking((operation) => operation.neverCache())], { plugins });
    expect((await send(closed, '{ a }', as(null))).headers.get('cache-control')).toBe('no-store');
  });

  it('variables that cannot be coerced are answered with 400, every reason and no suggestion', async () => {
    const server = await start([checking((operation) => void operation.variables)]);
    const answer = await send(server, 'query ($n: Int!, $c: Color) { b(n: $n, color: $c) }', as(null), {
      variables: { n: 'x', c: 'GREE' },
    });
    expect([answer.status, codes(answer)]).toEqual([400, ['BAD_USER_INPUT', 'BAD_USER_INPUT']]);
    expect(JSON.stringify(answer.body)).not.toContain('Did you mean');
  });

  it('a control may keep the server from starting, and is stopped with it', async () => {
    const server = new ApolloServer<object>({
      schema,
      logger: silent,
      stopOnTerminationSignals: false,
      plugins: [
        guard({
          controls: [
            {
              name: 'no',
              start: () => {
                throw new Error('not guarded');
              },
            },
          ],
        }),
      ],
    });
    await expect(server.start()).rejects.toThrow('not guarded');
    const stop = vi.fn();
    await start([{ name: 'yes', stop }]);
    await servers.pop()?.stop();
    expect(stop).toHaveBeenCalledOnce();
  });

  it('a guard refuses two controls of one name and a misspelt option', () => {
    expect(() => guard({ controls: [refusing('FORBIDDEN'), refusing('FORBIDDEN')] })).toThrow(TypeError);
    expect(() => guard({ controls: [], onEvents: () => {} } as never)).toThrow(/did you mean 'onEvent'/);
    expect(() => guard({} as never)).toThrow(/controls must be a list/);
    expect(() => guard({ controls: [], listener: () => {} } as never)).toThrow(
      /no option 'listener'; it has controls, onEvent, /,
    );
    for (const option of ['onEvent', 'expose', 'schemaDetails', 'noStore', 'logger']) {
      expect(() => guard({ controls: [], [option]: 'yes' })).toThrow(`${option} must be`);
    }
  });

  it('controls must be a list of what factories return: a factory that was not called would check nothing', () => {
    expect(() => guard({} as never)).toThrow(/controls must be a list, but is undefined/);
    expect(() => guard({ controls: [refusing] })).toThrow(/controls has a function; call it: refusing\(\)/);
    for (const nothing of [null, undefined, {}, Promise.resolve(refusing('FORBIDDEN'))]) {
      expect(() => guard({ controls: [nothing as never] })).toThrow(/controls must hold controls, such as limits\(\)/);
    }
  });
});

describe('subscriptions', () => {
  it('subscriptions are refused where they would be executed as a query', async () => {
    const answer = await send(await start([]), 'subscription { s }', as(null));
    expect([answer.status, codes(answer)]).toEqual([400, ['SUBSCRIPTION_NOT_SUPPORTED']]);
  });

  it.each([
    'subscription ($x: Boolean!) { s @include(if: $x) }',
    'subscription ($x: Boolean = true) { ... @skip(if: $x) { s } }',
    'subscription ($x: Boolean!) { ...F } fragment F on Subscription { s @skip(if: $x) }',
    'subscription { s @include }',
    'query Q { a } subscription S($x: Boolean!) { s @include(if: $x) }',
  ])('a subscription with a condition at its root is a bad request, twice: %s', async (query) => {
    const server = await start([]);
    logged.length = 0;
    for (let time = 0; time < 2; time += 1) {
      const operationName = query.startsWith('query') ? 'Q' : undefined;
      const answer = await send(server, query, as(null), { variables: { x: true }, operationName });
      expect([answer.status, codes(answer)]).toEqual([400, ['BAD_REQUEST']]);
    }
    expect(logged).toEqual([]);
  });

  it.each([
    'router.example.com',
    '/callback',
    'ftp://router.example.com/',
    'https://user@router.example.com/',
    'https://user:secret@router.example.com/',
    'https://router.example.com/?to=',
    'https://router.example.com/#here',
    5,
  ])('the callback URL %s of subscriptions is refused at start', (url) => {
    const start_ = (...urls: unknown[]) => guard({ controls: [], subscriptionCallbacks: urls as string[] });
    expect(() => start_(url)).toThrow('subscriptionCallbacks must hold URLs such as');
    expect(() => start_('https://router.example.com/', url)).toThrow(TypeError);
    expect(() => start_('https://router.example.com/', 'http://127.0.0.1:4000/callback')).not.toThrow();
  });

  it('a subscription cannot be requested through a callback where none is allowed', async () => {
    const seen: unknown[] = [];
    const server = await start([], {
      plugins: [{ requestDidStart: async ({ request }) => void seen.push(request.extensions) }],
    });
    await send(server, '{ a }', as(null), {
      extensions: { subscription: { callbackUrl: 'http://192.0.2.9' }, other: 1 },
    });
    expect(seen).toEqual([{ other: 1 }]);
  });
});

describe('null for a variable with a default', () => {
  it.each([
    ['an argument', 'query ($n: Int = 1) { a c(n: $n) }', { n: null }],
    ['a condition', 'query ($n: Boolean = true) { a @include(if: $n) }', { n: null }],
  ])(
    'null for a variable with a default, where %s must have a value, is bad input and is not logged',
    async (_, query, variables) => {
      const server = await start([]);
      logged.length = 0;
      const answer = await send(server, query, as(null), { variables });
      expect(codes(answer)).toEqual(['BAD_USER_INPUT']);
      expect(JSON.stringify(answer.body)).not.toContain('Argument');
      expect(logged).toEqual([]);
    },
  );
});

describe('a literal that a scalar of the application quotes', () => {
  it('a literal that a scalar of the application quotes stays out of events', async () => {
    const told: SecurityEvent[] = [];
    const server = await start([], { onEvent: (event) => void told.push(event) });
    await send(server, '{ d(e: "hunter2", p: "hunter4") b(n: "hunter3") }', as(null));
    expect(told).toMatchObject([
      {
        type: 'request.invalid',
        details: [
          'a literal does not fit its scalar',
          'a literal does not fit its scalar',
          'Int cannot represent non-integer value:',
        ],
      },
    ]);
  });
});

describe('an enum value that the client made up', () => {
  it('an enum value that does not exist stays out of events, since it can be any word', async () => {
    const told: SecurityEvent[] = [];
    const typeDefs = 'enum Kind { OPEN } type Query { a(kind: Kind): String }';
    const server = new ApolloServer<SecuredContext>({
      typeDefs,
      stopOnTerminationSignals: false,
      plugins: [guard<SecuredContext>({ controls: [], onEvent: (event) => void told.push(event) })],
    });
    await server.start();
    await send(server, '{ a(kind: hunter2) }', as(null));
    expect(told).toMatchObject([{ type: 'request.invalid', details: ['A value does not exist in "Kind" enum.'] }]);
  });
});

describe('errors of the application', () => {
  it('errors of the application are masked with an id that the log has, unless they have a code of their own', async () => {
    logged.length = 0;
    const answer = await send(await start([]), '{ a throws coded number }', as(null));
    expect(answer.status).toBe(200);
    expect(answer.body.data).toEqual({ a: 'A', throws: null, coded: null, number: null });
    const [throws, coded, number] = ['throws', 'coded', 'number'].map((key) =>
      answer.body.errors.find((error: { path: string[] }) => error.path[0] === key),
    );
    expect(throws).toMatchObject({ message: 'Internal server error', extensions: { code: 'INTERNAL_SERVER_ERROR' } });
    expect(coded).toMatchObject({ message: 'Invoice is paid', extensions: { code: 'ALREADY_PAID' } });
    expect(number.message).toBe('Internal server error');
    expect(JSON.stringify(answer.body)).not.toMatch(/password|secret|stacktrace|\.ts/);
    expect(logged.some((line) => line.includes(throws.extensions.errorId) && line.includes('password'))).toBe(true);
  });

  it('errors that the application exposes are not masked', async () => {
    const server = await start([], { expose: (error) => error.message.includes('password') });
    const { body } = await send(server, '{ throws number }', as(null));
    expect(body.errors.map((error: Error) => error.message).toSorted()).toEqual([
      'Internal server error',
      'password of the database',
    ]);
  });

  it('errors stay masked whatever code a library or `formatError` writes on them', async () => {
    const server = new ApolloServer<object>({
      schema: makeExecutableSchema({
        typeDefs: 'type Query { driver: String status: String plain: String }',
        resolvers: {
          Query: {
            driver: () =>
              Promise.reject(Object.assign(new Error('secret'), { extensions: { code: 'ECONN', dsn: 'secret' } })),
            status: () => Promise.reject(Object.assign(new Error('secret'), { extensions: { http: { status: 404 } } })),
            plain: () => Promise.reject(new Error('secret')),
          },
        },
      }),
      formatError: (error) => ({ ...error, extensions: { ...error.extensions, code: 'SERVER_ERROR' } }),
      stopOnTerminationSignals: false,
      logger: silent,
      plugins: [guard({ controls: [], onEvent: () => {} })],
    });
    await server.start();
    servers.push(server);
    const answer = await send(server, '{ driver status plain }', as(null));
    expect(JSON.stringify(answer.body)).not.toContain('secret');
    expect(codes(answer)).toEqual(['INTERNAL_SERVER_ERROR', 'INTERNAL_SERVER_ERROR', 'INTERNAL_SERVER_ERROR']);
  });

  it('errors are masked when `expose` of the application fails', async () => {
    const unsure = [() => Promise.reject(new Error('x')), () => 'yes', () => JSON.parse('{')] as never[];
    for (const expose of unsure) {
      const answer = await send(await start([], { expose }), '{ throws }', as(null));
      expect([answer.status, answer.body.errors[0].message]).toEqual([200, 'Internal server error']);
    }
  });

  it('errors cannot write lines of their own into the log', async () => {
    logged.length = 0;
    await send(
      await start([checking(() => Promise.reject(new Error('x\nBulwark: all is well \u001b[2J')))]),
      '{ a }',
      as(null),
    );
    expect(logged.join('\n')).not.toMatch(/^Bulwark: all is well/m);
    expect(logged.join('\n')).not.toContain('\u001b');
  });

  it('errors of one answer are limited in number, and their messages in length', async () => {
    const server = await start([]);
    const many = await send(server, '{ many }', as(null));
    expect(many.body.errors).toHaveLength(20);
    expect(many.body.errors[19].extensions.code).toBe('ERRORS_OMITTED');
    const long = await send(server, `{ ${'x'.repeat(5000)} }`, as(null));
    expect(long.status).toBe(400);
    expect(long.body.errors[0].message.length).toBeLessThan(1100);
  });

  it('errors name nothing that the client did not, even when Apollo Server coerces the variables', async () => {
    const server = await start([]);
    for (const [query, variables] of [
      ['query ($c: Color) { b(color: $c) }', { c: 'GREE' }],
      ['{ b(colour: RED) }', {}],
      ['{ throw }', {}],
      ['{ b(color: REED) }', {}],
      ['query ($c: Colour) { b(color: $c) }', {}],
    ] as const) {
      const answer = await send(server, query, as(null), { variables });
      expect(answer.status).toBe(400);
      expect(JSON.stringify(answer.body)).not.toMatch(/Did you mean|GREEN|throws/);
    }
  });

  it('errors of Apollo Server itself stay as they are', async () => {
    const server = await start([]);
    expect(codes(await send(server, '{', as(null)))).toEqual(['GRAPHQL_PARSE_FAILED']);
    expect(codes(await send(server, '{ nope }', as(null)))).toEqual(['GRAPHQL_VALIDATION_FAILED']);
    const unknown = await send(server, 'query A { a } query B { a }', as(null), { operationName: 'C' });
    expect([unknown.status, codes(unknown)]).toEqual([400, ['OPERATION_RESOLUTION_FAILURE']]);
    const mismatch = await send(server, '{ a }', as(null), {
      extensions: { persistedQuery: { version: 1, sha256Hash: '0' } },
    });
    expect([mismatch.status, mismatch.body.errors[0].message]).toEqual([400, 'provided sha does not match query']);
    const get = await send(server, 'mutation { m }', as(null), { method: 'GET' });
    expect(get.status).toBe(405);
    const missing = await send(server, undefined, as(null), { variables: {} });
    expect([missing.status, codes(missing)]).toEqual([400, ['BAD_REQUEST']]);
  });
});

describe('events', () => {
  it('a refusal of Apollo Server is an event, and a listener that throws changes nothing', async () => {
    const types: string[] = [];
    const server = await start([], {
      onEvent(event) {
        types.push(event.type);
        throw new Error('listener');
      },
    });
    expect((await send(server, '{ nope }', as(null))).status).toBe(400);
    expect(types).toEqual(['request.invalid']);
  });

  it.each<[string, () => unknown]>([
    ['an object without a prototype', () => Object.create(null)],
    ['what has no text', () => ({ toString: () => Object.create(null) })],
  ])('an event reaches a listener that throws %s, and nothing else happens', async (_, thrown) => {
    const server = await start([], {
      onEvent() {
        throw thrown();
      },
    });
    expect((await send(server, '{ nope }', as(null))).status).toBe(400);
  });

  it('an event reaches a listener that is asynchronous and fails, and nothing else happens', async () => {
    const server = await start([], { onEvent: () => Promise.reject(new Error('listener')) as never });
    expect((await send(server, '{ nope }', as(null))).status).toBe(400);
  });

  it('events have a printable operation name', async () => {
    const events: SecurityEvent[] = [];
    const server = await start([refusing('FORBIDDEN')], { onEvent: (event) => events.push(event) });
    await send(server, `query ${'Q'.repeat(300)} { a }`, as(null));
    expect(events[0]?.operationName).toHaveLength(100);
  });

  it('events name each caller so that it cannot look like another one or break a line', async () => {
    const events: SecurityEvent[] = [];
    const server = await start([refusing('FORBIDDEN')], { onEvent: (event) => events.push(event) });
    for (const id of ['bob', 'bob\u200b', '\u0431\u043e\u0431', 'bob\n']) await send(server, '{ a }', as({ id }));
    expect(events.map(({ principalId }) => principalId)).toEqual([
      'bob',
      'bob\\u200b',
      '\\u0431\\u043e\\u0431',
      'bob\\u000a',
    ]);
  });

  it('without a listener, a server logs events once per kind, code and minute', async () => {
    logged.length = 0;
    const server = new ApolloServer<object>({
      schema,
      logger: silent,
      stopOnTerminationSignals: false,
      plugins: [guard({ controls: [refusing('FORBIDDEN')] })],
    });
    await server.start();
    servers.push(server);
    for (const _time of [1, 2, 3]) await send(server, '{ a }', as(null));
    expect(logged.filter((line) => line.includes('access.denied'))).toHaveLength(1);
  });
});

it('the guard works without HTTP and without a security context', async () => {
  const server = await start([refusing('FORBIDDEN')]);
  const { body } = await server.executeOperation({ query: '{ a }' });
  expect(body.kind === 'single' && body.singleResult.errors?.[0]?.extensions?.['code']).toBe('FORBIDDEN');
});

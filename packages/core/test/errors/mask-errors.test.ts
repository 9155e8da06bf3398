import { ApolloServer, type ApolloServerPlugin, HeaderMap } from '@apollo/server';
import { type GuardOptions, guard, type SecurityEvent } from '@graphql-bulwark/core';
import { makeExecutableSchema } from '@graphql-tools/schema';
import { GraphQLError, type GraphQLFormattedError } from 'graphql';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { as, growthOf, send } from '../../../../test/kit.ts';

const schema = makeExecutableSchema({
  typeDefs: `
    enum Color { GREEN RED }
    input In { secretName: String! other: Int }
    type Thing { inner: String }
    type Query {
      greeting(n: Int, color: Color, input: In): String
      thing: Thing
      text: String
      numbers: [Int]
      throws: String
      refuses: String
      checks(input: In): Thing
    }
  `,
  resolvers: {
    Thing: { __isTypeOf: () => false },
    Query: {
      greeting: () => 'hello',
      thing: () => ({ inner: 'the inner secret' }),
      text: () => ({ inner: 'the inner secret' }),
      numbers: () => [['the inner secret']],
      throws: () => {
        throw new Error('db password x');
      },
      refuses: () => {
        throw new GraphQLError('The name is too short. Did you mean Anna?', { extensions: { code: 'BAD_USER_INPUT' } });
      },
    },
  },
});

const logged: string[] = [];
const log = (text: string): void => void logged.push(text);
const servers: ApolloServer<object>[] = [];
afterEach(async () => {
  vi.unstubAllEnvs();
  logged.length = 0;
  await Promise.all(servers.splice(0).map((server) => server.stop()));
});

async function serve(
  options: Partial<GuardOptions<object>> = {},
  plugins: ApolloServerPlugin<object>[] = [],
  formatError: (error: GraphQLFormattedError) => GraphQLFormattedError = (error) => error,
): Promise<{ server: ApolloServer<object>; events: SecurityEvent[] }> {
  const events: SecurityEvent[] = [];
  const server = new ApolloServer<object>({
    schema,
    introspection: true,
    nodeEnv: 'development',
    includeStacktraceInErrorResponses: true,
    formatError,
    stopOnTerminationSignals: false,
    logger: { debug: log, info: log, warn: log, error: log },
    plugins: [guard({ controls: [], onEvent: (event) => events.push(event), ...options }), ...plugins],
  });
  await server.start();
  servers.push(server);
  return { server, events };
}

const misfits: readonly (readonly [string, string])[] = [
  ['a field', '{ greting }'],
  ['an argument', '{ greeting(colour: RED) }'],
  ['a type', 'query ($x: Thin) { greeting }'],
  ['an enum value', '{ greeting(color: GREE) }'],
  ['an inline fragment', '{ ... on Thin { inner } }'],
  ['a directive', '{ greeting @skipp(if: true) }'],
  ['an input field', '{ greeting(input: { secretNam: "a" }) }'],
  ['an input field that is missing', '{ greeting(input: {}) }'],
  ['a selection that is missing', '{ thing }'],
  ['a selection too many', '{ greeting { x } }'],
  ['a variable of another type', 'query ($c: String) { greeting(color: $c) }'],
];
const uncoercible: readonly (readonly [string, string, Record<string, unknown>])[] = [
  ['I8 an enum value in a variable', 'query ($c: Color) { greeting(color: $c) }', { c: 'GREE' }],
  ['an input field in a variable', 'query ($i: In) { greeting(input: $i) }', { i: { secretNam: 'a' } }],
  ['an input field missing in a variable', 'query ($i: In) { greeting(input: $i) }', { i: {} }],
  ['a variable of another form', 'query ($n: Int!) { greeting(n: $n) }', { n: 'my-own-secret' }],
  ['a variable that is missing', 'query ($n: Int!) { greeting(n: $n) }', {}],
];

describe('callers who may not read schema details', () => {
  it.each(misfits)(
    '%s that does not fit the schema is answered with one constant error without a location, twice',
    async (_name, query) => {
      const { server, events } = await serve({ schemaDetails: false });
      for (const _time of [1, 2]) {
        const answer = await send(server, query, as(null));
        expect(answer.status).toBe(400);
        expect(answer.body).toEqual({
          errors: [{ message: 'Invalid operation', extensions: { code: 'GRAPHQL_VALIDATION_FAILED' } }],
        });
      }
      expect(events).toHaveLength(2);
      expect(events[0]).toMatchObject({ type: 'request.invalid', code: 'GRAPHQL_VALIDATION_FAILED' });
      expect(JSON.stringify(events[0])).toMatch(/Query|Thin|Color|In\b|skipp|String/);
    },
  );

  it.each(uncoercible)(
    '%s that cannot be coerced is answered with one constant error without a location',
    async (_name, query, variables) => {
      const { server, events } = await serve({ schemaDetails: false });
      const answer = await send(server, query, as(null), { variables });
      expect(answer.status).toBe(400);
      expect(answer.body).toEqual({
        errors: [{ message: 'Invalid variables', extensions: { code: 'BAD_USER_INPUT' } }],
      });
      expect(events).toMatchObject([{ type: 'request.invalid', code: 'BAD_USER_INPUT' }]);
      expect(JSON.stringify(events)).toContain('Variable \\"$');
      expect(JSON.stringify(events)).not.toContain('my-own-secret');
    },
  );

  it('errors of the schema stay one constant error where formatError writes other codes or removes the code', async () => {
    for (const change of [{ extensions: { code: 'MINE' } }, { extensions: {} }]) {
      const { server } = await serve({ schemaDetails: false }, [], (error) => ({ ...error, ...change }));
      const answer = await send(server, '{ greting greeting(colour: RED) }', as(null));
      expect(answer.body).toEqual({
        errors: [{ message: 'Invalid operation', extensions: { code: 'GRAPHQL_VALIDATION_FAILED' } }],
      });
    }
  });

  it('callers who may read schema details get every error with its location', async () => {
    const { server } = await serve({ schemaDetails: true });
    const answer = await send(server, '{ greting greeting(colour: RED) }', as(null));
    expect(answer.body.errors.map(({ locations }: { locations: unknown }) => locations)).toEqual([
      [{ line: 1, column: 3 }],
      [{ line: 1, column: 20 }],
    ]);
  });

  it('messages of the application under the same code, and syntax errors, are passed on', async () => {
    const { server } = await serve({ schemaDetails: false });
    const answer = await send(server, '{ refuses }', as(null));
    expect(answer.body.errors[0]).toMatchObject({
      message: 'The name is too short. Did you mean Anna?',
      path: ['refuses'],
    });
    const syntax = await send(server, '{ greeting', as(null));
    expect(syntax.body.errors[0].message).toMatch(/^Syntax Error/);
  });

  it('schemaDetails is asked per request, and hides the schema unless it returns true', async () => {
    const { server } = await serve({ schemaDetails: ({ principal }) => principal?.id === 'dev' });
    const query = '{ greting }';
    expect((await send(server, query, as({ id: 'dev' }))).body.errors[0].message).toContain('greting');
    expect((await send(server, query, as(null))).body.errors[0].message).toBe('Invalid operation');
    for (const schemaDetails of [
      () => 'yes' as never,
      () => Promise.resolve(true) as never,
      () => {
        throw new Error('secret');
      },
    ]) {
      const strict = await serve({ schemaDetails });
      expect((await send(strict.server, query, as(null))).body.errors[0].message).toBe('Invalid operation');
    }
  });

  it.each([
    ['production', 'Invalid operation'],
    [undefined, 'Invalid operation'],
    ['development', 'Cannot query field "greting" on type "Query".'],
  ])('the default of schemaDetails follows NODE_ENV: %s', async (environment, message) => {
    vi.stubEnv('NODE_ENV', environment);
    const { server } = await serve();
    expect((await send(server, '{ greting }', as(null))).body.errors[0].message).toBe(message);
  });
});

it('suggestions for misspelt names are hidden even from callers who may read schema details', async () => {
  const { server } = await serve({ schemaDetails: true });
  const all = [...misfits.map(([name, query]) => [name, query, undefined] as const), ...uncoercible];
  for (const [, query, variables] of all) {
    const answer = await send(server, query, as(null), { variables });
    expect(answer.status).toBe(400);
    expect(JSON.stringify(answer.body)).not.toContain('Did you mean');
  }
});

describe('unexpected errors', () => {
  it('I9: an unexpected error of a resolver is masked in every environment, without stack and with an id that the log has', async () => {
    const { server, events } = await serve();
    const answer = await send(server, '{ throws }', as(null));
    const [error] = answer.body.errors;
    expect(error).toMatchObject({ message: 'Internal server error', path: ['throws'] });
    expect(JSON.stringify(answer.body)).not.toMatch(/password|stacktrace|at /);
    expect(logged.some((line) => line.includes(error.extensions.errorId) && line.includes('db password x'))).toBe(true);
    expect(events).toMatchObject([{ type: 'error.masked', errorId: error.extensions.errorId, path: ['throws'] }]);
  });

  it.each([
    ['an object that no type recognised', '{ thing { inner } }', 'Expected value of type "Thing"'],
    ['an object in place of a text', '{ text }', 'String cannot represent'],
    ['a list in place of a number', '{ numbers }', 'Int cannot represent'],
  ])('an error never shows or logs %s, even where everything is exposed', async (_name, query, why) => {
    const { server } = await serve({ expose: () => true });
    const answer = await send(server, query, as(null));
    expect(answer.body.errors[0].message).toBe('Internal server error');
    expect(JSON.stringify(answer.body)).not.toContain('the inner secret');
    expect(logged.join('\n')).toContain(why);
    expect(logged.join('\n')).not.toContain('the inner secret');
  });

  it('an unexpected error that another plugin throws before execution is masked', async () => {
    const { server } = await serve({}, [
      {
        requestDidStart: async () => ({
          didResolveOperation: async () => {
            throw new Error('db password x');
          },
        }),
      },
    ]);
    const answer = await send(server, '{ greeting }', as(null));
    expect([answer.status, answer.body.errors[0].message]).toEqual([500, 'Internal server error']);
    expect(JSON.stringify(answer.body)).not.toContain('password');
  });

  it('an unexpected error that context() throws is masked', async () => {
    const { server, events } = await serve();
    const answer = await server.executeHTTPGraphQLRequest({
      httpGraphQLRequest: {
        method: 'POST',
        search: '',
        headers: new HeaderMap([['content-type', 'application/json']]),
        body: { query: '{ greeting }' },
      },
      context: async () => {
        throw new Error('db password x');
      },
    });
    expect(answer.status).toBe(500);
    expect(JSON.stringify(answer.body)).not.toMatch(/password|\.ts:/);
    expect(logged.join('\n')).toContain('db password x');
    expect(events).toMatchObject([{ type: 'failure', where: 'context' }]);
  });

  it('an unexpected error in a later part of an answer is masked', async () => {
    const parts = [
      { hasNext: true, incremental: [{ path: ['a'], errors: [new GraphQLError('db password x').toJSON()] }] },
      {
        hasNext: false,
        incremental: [],
        completed: [
          { id: '0', errors: [{ message: 'Paid', extensions: { code: 'ALREADY_PAID', stacktrace: ['at x'] } }] },
        ],
      },
    ];
    async function* later() {
      yield* parts;
    }
    const body = {
      kind: 'incremental' as const,
      initialResult: { data: {}, errors: [{ message: 'db password x' }], hasNext: true },
      subsequentResults: later() as never,
    };
    const { server } = await serve({}, [
      {
        requestDidStart: async () => ({
          responseForOperation: async () => ({ http: { headers: new HeaderMap() }, body }),
        }),
      },
    ]);
    const response = await server.executeHTTPGraphQLRequest({
      httpGraphQLRequest: {
        method: 'POST',
        search: '',
        headers: new HeaderMap([
          ['content-type', 'application/json'],
          ['accept', 'multipart/mixed; deferSpec=20220824'],
        ]),
        body: { query: '{ greeting }' },
      },
      context: async () => as(null),
    });
    if (response.body.kind !== 'chunked') throw new Error('expected parts');
    let text = '';
    for await (const chunk of response.body.asyncIterator) text += chunk;
    expect(text).not.toMatch(/password|stacktrace/);
    expect(text.match(/Internal server error/g)).toHaveLength(2);
    expect(text).toContain('"message":"Paid"');
  });
});

describe('messages in the words of the application', () => {
  it('messages of the application replace the constant texts, by code', async () => {
    const { server } = await serve({
      schemaDetails: false,
      messages: { GRAPHQL_VALIDATION_FAILED: 'Ungueltige Anfrage', INTERNAL_SERVER_ERROR: 'Interner Fehler' },
    });
    expect((await send(server, '{ greting }', as(null))).body.errors[0].message).toBe('Ungueltige Anfrage');
    expect((await send(server, '{ throws }', as(null))).body.errors[0].message).toBe('Interner Fehler');
    expect((await send(server, '{ refuses }', as(null))).body.errors[0].message).toBe(
      'The name is too short. Did you mean Anna?',
    );
  });

  it('messages may depend on the request, and a function that throws or returns none leaves the constant text', async () => {
    const messages = (code: string, contextValue: unknown) => {
      if (code !== 'INTERNAL_SERVER_ERROR') throw new Error('no such text');
      return (contextValue as { language?: string }).language === 'fr' ? 'Erreur interne' : undefined;
    };
    const { server } = await serve({ schemaDetails: false, messages });
    const text = async (query: string, language: string): Promise<unknown> =>
      (await send(server, query, { ...as(null), language })).body.errors[0].message;
    expect(await text('{ throws }', 'fr')).toBe('Erreur interne');
    expect(await text('{ throws }', 'en')).toBe('Internal server error');
    expect(await text('{ greting }', 'fr')).toBe('Invalid operation');
  });

  it('messages for an unknown code, and an empty text, are refused at start', () => {
    expect(() => guard({ controls: [], messages: { FORBIDEN: 'x' } as never })).toThrow(/did you mean 'FORBIDDEN'/);
    expect(() => guard({ controls: [], messages: { FORBIDDEN: '' } })).toThrow(TypeError);
  });
});

it('growth: masking takes time in proportion to the length of a message', async () => {
  const measure = async (size: number): Promise<number> => {
    const { server } = await serve({ expose: () => true }, [
      {
        requestDidStart: async () => ({
          didResolveOperation: async () => {
            throw new Error(' Did you mean'.repeat(size));
          },
        }),
      },
    ]);
    const started = performance.now();
    expect((await send(server, '{ greeting }', as(null))).body.errors[0].message.length).toBeLessThan(1_010);
    return performance.now() - started;
  };
  await measure(10);
  expect(await growthOf(measure, 50_000)).toBeLessThan(3);
});

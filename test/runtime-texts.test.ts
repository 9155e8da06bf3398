// No text of the runtime reaches a client, over real sockets: Express 5, standalone and graphql-ws.
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { ApolloServer } from '@apollo/server';
import { startStandaloneServer } from '@apollo/server/standalone';
import { expressMiddleware } from '@as-integrations/express5';
import { answerOptions, createEvents, guard } from '@graphql-bulwark/core';
import { expressSecurity, jsonErrors } from '@graphql-bulwark/http/express';
import { makeExecutableSchema } from '@graphql-tools/schema';
import express from 'express';
import { type FormattedExecutionResult, type GraphQLFormattedError, GraphQLScalarType } from 'graphql';
import {
  type BulwarkOptions,
  createBulwark,
  type SecuredContext,
  type SecurityEvent,
  webSocketHooks,
} from 'graphql-bulwark';
import { createClient } from 'graphql-ws';
import { useServer } from 'graphql-ws/use/ws';
import { afterEach, describe, expect, it } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';

const ofRuntime =
  /call stack|string length|circular|BigInt|cannot (?:read|convert)|undefined|is not|RangeError|TypeError|secret/i;

/** A real one, of 48 MB, that six aliases make longer than a string may be. */
const long = 'x'.repeat(48 * 2 ** 20);
const circular: Record<string, unknown> = {};
circular['self'] = circular;

const typeDefs = `
  scalar Any
  scalar Whole
  type Query { a(n: Int, any: Any, whole: Whole): String @public long: [String] @public any(of: String): Any @public }
  type Subscription { any: Any @public }
`;
const unwritable: Record<string, unknown> = {
  length: {
    toJSON() {
      throw new RangeError('Invalid string length');
    },
  },
  circular,
  bigint: { secret: 1n },
};
const resolvers = {
  Any: new GraphQLScalarType({ name: 'Any', serialize: (value) => value }),
  Whole: new GraphQLScalarType({ name: 'Whole', parseValue: (value) => BigInt(value as string) }),
  Query: {
    a: () => 'A',
    long: () => Array.from({ length: 12 }, () => long),
    any: (_: unknown, { of }: { of: string }) => unwritable[of] ?? of,
  },
  Subscription: {
    any: {
      async *subscribe() {
        yield { any: 1 };
        yield { any: circular };
      },
    },
  },
};

const stops: (() => unknown)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0).toReversed()) await stop();
});

interface Served {
  readonly url: string;
  readonly events: SecurityEvent[];
  readonly logged: string[];
}

interface Settings {
  readonly formatError?: (formatted: GraphQLFormattedError, error: unknown) => GraphQLFormattedError;
  readonly stringifyResult?: (result: FormattedExecutionResult) => string;
  readonly options?: Partial<BulwarkOptions>;
}

const servers = { express: serveExpress, standalone: serveStandalone };
type Protected = ReturnType<typeof protect>;

function protect({ options, ...settings }: Settings) {
  const events: SecurityEvent[] = [];
  const logged: string[] = [];
  const bulwark = createBulwark({
    authenticate: () => null,
    exposure: false,
    onEvent: (event) => events.push(event),
    logger: { warn() {}, error: (line) => logged.push(line) },
    rateLimit: { refusals: false },
    ...options,
  });
  const schema = bulwark.secure(makeExecutableSchema({ typeDefs: [bulwark.typeDefs, typeDefs], resolvers }));
  const logger = { debug() {}, info() {}, warn() {}, error() {} };
  const more = { stopOnTerminationSignals: false, allowBatchedHttpRequests: true, logger, ...settings };
  const server = new ApolloServer<SecuredContext>(bulwark.apollo({ schema, ...more }));
  stops.push(() => server.stop());
  return { bulwark, schema, server, events, logged };
}

async function listening(server: Server): Promise<string> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  stops.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function serveExpress({ bulwark, server, ...told }: Protected): Promise<Served> {
  await server.start();
  const app = express();
  app.use('/', ...expressSecurity(), expressMiddleware(server, { context: bulwark.context() }));
  app.use(jsonErrors((error) => told.logged.push(String(error))));
  return { url: `http://${await listening(createServer(app))}/`, ...told };
}

async function serveStandalone({ bulwark, server, ...told }: Protected): Promise<Served> {
  const listen = { port: 0, host: '127.0.0.1' };
  const { url } = await startStandaloneServer(server, { context: bulwark.context(), listen });
  return { url, ...told };
}

async function post(url: string, body: unknown) {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  const response = await fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body: text });
  const answer = await response.text();
  return { status: response.status, text: answer, body: JSON.parse(answer) as FormattedExecutionResult };
}

const codeOf = ({ errors: [error] = [] }: FormattedExecutionResult): unknown => error?.extensions?.['code'];

function expectTold({ events, logged }: Omit<Served, 'url'>, errorId: unknown): void {
  expect(errorId).toMatch(/^[0-9a-f-]{36}$/);
  expect(events.filter((event) => 'errorId' in event && event.errorId === errorId)).toHaveLength(1);
  expect(logged.filter((line) => line.includes(String(errorId)))).toHaveLength(1);
}

/** As deep as fits into the limit of 20,000 characters. */
const tooDeep: Record<string, string> = {
  'a list that never ends': `{ zz(a: ${'['.repeat(9_000)}`,
  'a list': `{ a(any: ${'['.repeat(9_000)}${']'.repeat(9_000)}) }`,
  'an object': `{ a(any: ${'{a:'.repeat(4_900)}1${'}'.repeat(4_900)}) }`,
  'selection sets': `${'{a'.repeat(6_000)}${'}'.repeat(6_000)}`,
  'a type of a variable': `query ($v: ${'['.repeat(9_000)}Int${']'.repeat(9_000)}) { a }`,
};

describe.each(Object.entries(servers))('over HTTP, %s', (_name, serve) => {
  it.each(Object.entries(tooDeep))(
    'a document with %s nested too deeply is refused with 400 and a code',
    async (_, query) => {
      for (const limits of [{}, { maxNesting: false, maxTokens: false }, { mode: 'report' }] as const) {
        const served = await serve(protect({ options: { limits } }));
        // Twice: the first time may leave something in a cache.
        for (const body of [{ query }, { query }]) {
          const answer = await post(served.url, body);
          expect([answer.status, codeOf(answer.body)]).toEqual([400, 'DEPTH_LIMIT_EXCEEDED']);
          expect(answer.text).not.toMatch(ofRuntime);
        }
        const batch = await post(served.url, [{ query }, { query: '{ a }' }]);
        expect(batch.text).not.toMatch(ofRuntime);
        expect((batch.body as unknown as FormattedExecutionResult[]).map(codeOf)).toEqual([
          'DEPTH_LIMIT_EXCEEDED',
          undefined,
        ]);
        const code = { code: 'DEPTH_LIMIT_EXCEEDED' };
        expect(served.events.filter((event) => 'code' in event)).toEqual(Array(3).fill(expect.objectContaining(code)));
        expect(served.logged).toEqual([]);
      }
    },
  );

  it('brackets in strings and comments, and nesting that clients use, are answered', async () => {
    const { url } = await serve(protect({}));
    const brackets = '[{('.repeat(1_000);
    const block = '"""';
    for (const query of [
      `{ a(any: "${brackets}") } # ${brackets}`,
      `{ a(any: ${block} ${brackets} \\${block} ${brackets} ${block}) }`,
      `{ a(any: ${'['.repeat(150)}${']'.repeat(150)}) }`,
    ]) {
      expect(await post(url, { query })).toMatchObject({ status: 200, body: { data: { a: 'A' } } });
    }
  });

  it('variables nested 100,000 deep are refused with 400, and without a limit denied without a word of the runtime', async () => {
    const variables = `{"any":${'['.repeat(90_000)}${']'.repeat(90_000)}}`;
    const body = `{"query":"query($any: Any, $whole: Whole){a(any:$any,whole:$whole)}","variables":${variables}}`;
    const served = await serve(protect({}));
    const answer = await post(served.url, body);
    expect([answer.status, codeOf(answer.body)]).toEqual([400, 'BAD_USER_INPUT']);
    const open = await serve(protect({ options: { limits: { maxVariableDepth: false, maxVariableNodes: false } } }));
    expect((await post(open.url, body)).text).not.toMatch(ofRuntime);
    expect((await post(open.url, body.replace('$any: Any', '$any: [Int]'))).text).not.toMatch(ofRuntime);
  });

  it.each(['length', 'circular', 'bigint'])(
    'an answer that cannot be written (%s) is 500 with an errorId',
    async (of) => {
      const served = await serve(protect({}));
      const query = `{ a any(of: "${of}") }`;
      for (const body of [{ query }, [{ query: '{ a }' }, { query }]]) {
        served.events.length = 0;
        const answer = await post(served.url, body);
        expect(answer.status).toBe(500);
        expect(answer.text).not.toMatch(ofRuntime);
        const { errors: [error] = [], ...rest } = answer.body;
        expect(rest).toEqual({});
        expect(error).toMatchObject({
          message: 'Internal server error',
          extensions: { code: 'INTERNAL_SERVER_ERROR' },
        });
        expectTold(served, error?.extensions?.['errorId']);
      }
      expect((await post(served.url, { query: '{ any(of: "fine") }' })).body).toEqual({ data: { any: 'fine' } });
    },
  );

  it('what formatError and stringifyResult of the application throw or return reaches no client', async () => {
    const leaking = await serve(
      protect({
        formatError: (formatted, error) => ({ ...formatted, message: `secret? ${(error as Error).message}` }),
        stringifyResult: JSON.stringify,
      }),
    );
    const query = '{ any(of: "circular") }';
    expect((await post(leaking.url, { query })).text).not.toMatch(/circular/i);
    const throwing = await serve(
      protect({
        formatError() {
          throw new TypeError('secret');
        },
        stringifyResult() {
          throw new RangeError('Invalid string length');
        },
      }),
    );
    for (const body of [{ query }, { query: '{ nope }' }, { query: '{' }]) {
      const answer = await post(throwing.url, body);
      expect(answer.text).not.toMatch(ofRuntime);
      expectTold(
        { ...throwing, events: throwing.events.filter(({ type }) => type === 'failure') },
        answer.body.errors?.at(0)?.extensions?.['errorId'],
      );
    }
    const empty = await serve(protect({ formatError: () => undefined as never }));
    expect(await post(empty.url, { query: '{ nope }' })).toMatchObject({
      status: 400,
      text: expect.stringContaining('VALIDATION'),
    });
  });

  it('what a scalar lets the runtime say of a value is not told, and what is wrong still is', async () => {
    const { url } = await serve(protect({ options: { strictMessages: false } }));
    const variable = { query: 'query ($whole: Whole) { a(whole: $whole) }', variables: { whole: 'x1' } };
    for (const body of [variable, { query: '{ a(whole: "x1") }' }]) {
      const answer = await post(url, body);
      expect(answer.status).toBe(400);
      expect(answer.body.errors?.[0]?.message).toMatch(/Whole.*\.$/);
      expect(answer.text).not.toMatch(/convert|BigInt/);
    }
    expect((await post(url, { ...variable, variables: { whole: '12' } })).body).toEqual({ data: { a: 'A' } });
  });

  it('a formatError that adds to messages does not bring back what a scalar let the runtime say', async () => {
    const formatError: Settings['formatError'] = (formatted) => ({ ...formatted, message: `${formatted.message} (7)` });
    const { url } = await serve(protect({ formatError, options: { strictMessages: false } }));
    const variable = { query: 'query ($whole: Whole) { a(whole: $whole) }', variables: { whole: 'x1' } };
    for (const body of [variable, { query: '{ a(whole: "x1") }' }]) {
      const answer = await post(url, body);
      expect(answer.body.errors?.[0]?.message).toMatch(/Whole.* \(7\)$/);
      expect(answer.text).not.toMatch(/convert|BigInt/);
    }
  });

  it('a hash of a persisted query that is no text is refused with 400, and is no failure of the server', async () => {
    const served = await serve(protect({}));
    for (const sha256Hash of [{ toString: 1 }, ['x'], 1, null]) {
      const answer = await post(served.url, { extensions: { persistedQuery: { version: 1, sha256Hash } } });
      expect([answer.status, codeOf(answer.body)]).toEqual([400, 'BAD_REQUEST']);
    }
    expect(served.logged).toEqual([]);
    const extensions = { persistedQuery: { version: 1, sha256Hash: 'a'.repeat(64) } };
    expect(codeOf((await post(served.url, { extensions })).body)).toBe('PERSISTED_QUERY_NOT_FOUND');
  });

  it('what context() throws keeps no words, whether they can be written over or not', async () => {
    for (const thrown of [new DOMException('secret timeout', 'TimeoutError'), Object.freeze(new TypeError('secret'))]) {
      const protectedBy = protect({});
      const refusing = {
        ...protectedBy,
        bulwark: { ...protectedBy.bulwark, context: () => () => Promise.reject(thrown) },
      };
      const answer = await post((await serve(refusing)).url, { query: '{ a }' });
      expect(answer.status).toBe(500);
      expect(answer.text).not.toMatch(ofRuntime);
    }
  });
});

it('an answer that is really longer than a string may be is 500, logged, and the server goes on', async () => {
  const served = await serveExpress(protect({ options: { execution: { maxResponseCharacters: false } } }));
  const answer = await post(served.url, { query: '{ long }' });
  expect(answer.status).toBe(500);
  expect(answer.text).not.toMatch(ofRuntime);
  expectTold(served, answer.body.errors?.[0]?.extensions?.['errorId']);
  expect(served.logged.join()).toMatch(/Invalid string length/);
  expect((await post(served.url, { query: '{ a }' })).body).toEqual({ data: { a: 'A' } });
});

it('elements of a batch that are too long only together are refused alike', async () => {
  // Apollo Server joins the texts of the elements: the same error at the same place, without a gigabyte of them.
  const element = {
    toString() {
      throw new RangeError('Invalid string length');
    },
  };
  let isLong = true;
  const stringifyResult = (result: FormattedExecutionResult) => {
    if (isLong && result.data) return element as never;
    return JSON.stringify(result);
  };
  const served = await serveExpress(protect({ stringifyResult }));
  const body = [{ query: '{ a }' }, { query: '{ a }' }];
  const answer = await post(served.url, body);
  expect(answer.status).toBe(500);
  expect(answer.text).not.toMatch(ofRuntime);
  expectTold(served, answer.body.errors?.[0]?.extensions?.['errorId']);
  isLong = false;
  expect((await post(served.url, body)).body).toEqual([{ data: { a: 'A' } }, { data: { a: 'A' } }]);
});

it('a persisted query whose text is nested too deeply is refused when it is registered and when its hash comes alone', async () => {
  const query = tooDeep['a list'] ?? '';
  const sha256Hash = createHash('sha256').update(query).digest('hex');
  const extensions = { persistedQuery: { version: 1, sha256Hash } };
  for (const limits of [{}, { maxNesting: false, maxTokens: false }] as const) {
    const { url } = await serveExpress(protect({ options: { limits } }));
    expect(codeOf((await post(url, { query, extensions })).body)).toBe('DEPTH_LIMIT_EXCEEDED');
    expect(codeOf((await post(url, { extensions })).body)).toBe('PERSISTED_QUERY_NOT_FOUND');
  }
});

it('guard() alone, with answerOptions() beside it, lets no text of the runtime out either', async () => {
  const logged: string[] = [];
  const events: SecurityEvent[] = [];
  const logger = { debug() {}, info() {}, warn() {}, error: (line: string) => logged.push(line) };
  const options = answerOptions({
    events: createEvents(
      (event) => events.push(event),
      () => logger,
    ),
  });
  const plain = typeDefs.replaceAll('@public', '');
  const server = new ApolloServer({
    schema: makeExecutableSchema({ typeDefs: plain, resolvers }),
    plugins: [guard({ controls: [], onEvent: (event) => events.push(event), logger })],
    stopOnTerminationSignals: false,
    logger,
    ...options,
  });
  stops.push(() => server.stop());
  const { url } = await startStandaloneServer(server, { listen: { port: 0, host: '127.0.0.1' } });
  const deep = await post(url, { query: tooDeep['a list that never ends'] });
  expect([deep.status, codeOf(deep.body)]).toEqual([400, 'DEPTH_LIMIT_EXCEEDED']);
  expect(deep.text).not.toMatch(ofRuntime);
  const answer = await post(url, { query: '{ any(of: "circular") }' });
  expect(answer.text).not.toMatch(ofRuntime);
  expectTold({ events, logged }, answer.body.errors?.[0]?.extensions?.['errorId']);
});

describe('over graphql-ws', () => {
  async function connect(settings: Settings = {}, maxTokens = 2_000) {
    const { bulwark, schema, ...told } = protect(settings);
    await told.server.start();
    const http = createServer();
    const server = new WebSocketServer({ server: http });
    const { dispose } = useServer(webSocketHooks(bulwark, { schema, server, maxTokens }), server);
    stops.push(() => dispose());
    const url = `ws://${await listening(http)}`;
    const closed: string[] = [];
    const client = createClient({
      url,
      webSocketImpl: WebSocket,
      lazy: false,
      retryAttempts: 0,
      onNonLazyError: () => {},
      on: { closed: (event) => closed.push((event as { reason: string }).reason) },
    });
    stops.push(() => client.dispose());
    const ask = (query: string, variables?: Record<string, unknown>) =>
      new Promise<{ results: unknown[]; failure?: unknown }>((resolve) => {
        const results: unknown[] = [];
        client.subscribe(
          { query, variables },
          {
            next: (result) => void results.push(result),
            error: (failure) => resolve({ results, failure }),
            complete: () => resolve({ results }),
          },
        );
      });
    return { ask, closed, ...told };
  }

  it('a document nested too deeply is the error of its operation, and the socket stays open', async () => {
    const { ask, closed, logged } = await connect();
    for (const query of Object.values(tooDeep)) {
      const { failure } = await ask(query);
      expect((failure as GraphQLFormattedError[])[0]?.extensions?.['code']).toBe('DEPTH_LIMIT_EXCEEDED');
      expect(JSON.stringify(failure)).not.toMatch(ofRuntime);
    }
    expect((await ask('{ a }')).results).toEqual([{ data: { a: 'A' } }]);
    expect([closed, logged]).toEqual([[], []]);
  });

  it('without the limit the parser decides, and still no text of the runtime is told', async () => {
    const { ask, closed } = await connect({ options: { limits: { maxNesting: false, maxTokens: false } } }, 100_000);
    for (const query of Object.values(tooDeep)) {
      const { failure } = await ask(query);
      expect(JSON.stringify(failure)).toMatch(/"code":"(?:DEPTH_LIMIT_EXCEEDED|INTERNAL_SERVER_ERROR)"/);
      expect(JSON.stringify(failure)).not.toMatch(ofRuntime);
    }
    const [failure] = (await ask(`{ a(any: ${'['.repeat(9_000)}${']'.repeat(9_000)}) }`))
      .failure as GraphQLFormattedError[];
    expect(failure?.extensions?.['code']).toBe('DEPTH_LIMIT_EXCEEDED');
    expect((await ask('{ a }')).results).toEqual([{ data: { a: 'A' } }]);
    expect(closed).toEqual([]);
  });

  it.each(['query { any(of: "circular") }', 'query { any(of: "length") }', 'subscription { any }'])(
    'an answer to %s that cannot be written is an error with an errorId, and the socket stays open',
    async (query) => {
      const { ask, closed, events, logged } = await connect();
      const { failure } = await ask(query);
      expect(JSON.stringify(failure)).not.toMatch(ofRuntime);
      const [error] = failure as GraphQLFormattedError[];
      expect(error).toMatchObject({ message: 'Internal server error', extensions: { code: 'INTERNAL_SERVER_ERROR' } });
      expectTold({ events, logged }, error?.extensions?.['errorId']);
      expect((await ask('{ any(of: "fine") }')).results).toEqual([{ data: { any: 'fine' } }]);
      expect(closed).toEqual([]);
    },
  );
});

import { createServer, type Server } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { gzipSync } from 'node:zlib';
import { ApolloServer } from '@apollo/server';
import { type ExpressContextFunctionArgument, expressMiddleware } from '@as-integrations/express5';
import fastifyApollo, { fastifyApolloDrainPlugin } from '@as-integrations/fastify';
import { type HttpLimits, type HttpSecurityOptions, httpLimits } from '@graphql-bulwark/http';
import { expressSecurity, jsonErrors } from '@graphql-bulwark/http/express';
import { fastifyLimits, fastifySecurity } from '@graphql-bulwark/http/fastify';
import { makeExecutableSchema } from '@graphql-tools/schema';
import express from 'express';
import fastify from 'fastify';
import { createBulwark, type SecuredContext } from 'graphql-bulwark';
import { afterEach, describe, expect, it } from 'vitest';

const stops: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  await Promise.all(stops.splice(0).map((stop) => stop()));
});

function protectedApi() {
  const bulwark = createBulwark({
    authenticate: () => null,
    strictMessages: true,
    introspection: { allow: false },
    limits: { maxBatchSize: 2 },
    onEvent: () => {},
    logger: { warn() {}, error() {} },
  });
  const schema = bulwark.secure(
    makeExecutableSchema({
      typeDefs: [bulwark.typeDefs, 'type Query { hello(text: String): String @public }'],
      resolvers: { Query: { hello: () => 'world' } },
    }),
  );
  const options = bulwark.apollo({ schema, allowBatchedHttpRequests: true, stopOnTerminationSignals: false });
  return { bulwark, options };
}

interface Options extends HttpSecurityOptions {
  readonly http?: HttpLimits;
}

async function onExpress({ http, ...security }: Options = {}): Promise<string> {
  const { bulwark, options } = protectedApi();
  const server = new ApolloServer<SecuredContext>(options);
  await server.start();
  const app = express();
  app.set('env', 'development');
  const context = bulwark.context<ExpressContextFunctionArgument>();
  app.use(
    '/graphql',
    ...expressSecurity(security),
    expressMiddleware(server, { context }),
    jsonErrors(() => {}),
  );
  const listening: Server = createServer(httpLimits(http), app);
  await new Promise<void>((resolve) => listening.listen(0, '127.0.0.1', resolve));
  stops.push(async () => {
    listening.closeAllConnections();
    await new Promise((resolve) => listening.close(resolve));
    await server.stop();
  });
  return `http://127.0.0.1:${(listening.address() as AddressInfo).port}/graphql`;
}

async function onFastify({ http, ...security }: Options = {}): Promise<string> {
  const { bulwark, options } = protectedApi();
  const app = fastify(fastifyLimits(http));
  const server = new ApolloServer<SecuredContext>({
    ...options,
    plugins: [...(options.plugins ?? []), fastifyApolloDrainPlugin(app)],
  });
  await server.start();
  fastifySecurity(app, { ...security, onError: () => {} });
  await app.register(fastifyApollo(server), {
    path: '/graphql',
    context: bulwark.context(),
  });
  const origin = await app.listen({ host: '127.0.0.1', port: 0 });
  stops.push(async () => {
    app.server.closeAllConnections();
    await app.close();
    await server.stop();
  });
  return `${origin}/graphql`;
}

const json = { 'content-type': 'application/json' };
const hello = '{"query":"{ hello }"}';
const post = (url: string, body: string | Uint8Array<ArrayBuffer>, headers: Record<string, string> = json) =>
  fetch(url, { method: 'POST', body, headers });

/** Writes bytes as they are and reads until the other side has had enough. */
function raw(url: string, bytes: string): Promise<string> {
  const { port, hostname } = new URL(url);
  return new Promise((resolve, reject) => {
    let text = '';
    const socket = connect(Number(port), hostname, () => socket.write(bytes));
    socket.on('data', (data) => {
      text += data.toString('latin1');
    });
    socket.on('close', () => resolve(text));
    socket.on('error', (error: NodeJS.ErrnoException) => (text === '' ? reject(error) : resolve(text)));
  });
}

describe.each([
  ['Express', onExpress],
  ['Fastify', onFastify],
])('behind %s', (framework, serve) => {
  it('an honest request is answered, with the headers of an API', async () => {
    const url = await serve();
    const answer = await post(url, hello);
    expect([answer.status, await answer.json()]).toEqual([200, { data: { hello: 'world' } }]);
    const { headers } = answer;
    expect(headers.get('content-security-policy')).toContain("default-src 'none'");
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(headers.get('x-frame-options')).toBe('DENY');
    expect(headers.get('strict-transport-security')).toContain('max-age=');
    expect(headers.get('cache-control')).toBe('no-store');
    expect(headers.get('x-powered-by')).toBeNull();
    const get = await fetch(`${url}?query={hello}`, { headers: { 'apollo-require-preflight': '1' } });
    expect(await get.json()).toEqual({ data: { hello: 'world' } });
    for (const parameters of ['; charset=utf-8', ';charset="UTF-8"', ' ; version=1; charset=utf-8 ;']) {
      expect((await post(url, hello, { 'content-type': `application/json${parameters}` })).status).toBe(200);
    }
  });

  it('scripts of a listed origin may read answers, and of no other', async () => {
    const url = await serve({ allowedOrigins: ['https://app.example.com'], credentials: true });
    const ask = (origin: string, method = 'POST') =>
      fetch(url, {
        method,
        headers: { ...json, origin, 'access-control-request-method': 'POST' },
        ...(method === 'POST' && { body: hello }),
      });
    for (const method of ['POST', 'OPTIONS']) {
      const listed = await ask('https://app.example.com', method);
      expect(listed.headers.get('access-control-allow-origin')).toBe('https://app.example.com');
      expect(listed.headers.get('access-control-allow-credentials')).toBe('true');
      for (const origin of ['https://evil.example.com', 'null', 'https://app.example.com.evil.example']) {
        const other = await ask(origin, method);
        expect(other.headers.get('access-control-allow-origin')).toBeNull();
      }
    }
    const answer = await ask('https://app.example.com');
    expect(answer.headers.get('access-control-expose-headers')).toContain('Retry-After,RateLimit,');
    const closed = await serve();
    const none = await fetch(closed, {
      method: 'POST',
      body: hello,
      headers: { ...json, origin: 'https://app.example.com' },
    });
    expect(none.headers.get('access-control-allow-origin')).toBeNull();
    expect(none.headers.get('access-control-expose-headers')).toBeNull();
  });

  it.each([
    ['cut off', '{"query": "{ hello }"', json, 400],
    ['text', 'secret words', json, 400],
    ['empty', '', json, 400],
    ['a form', 'query={hello}', { 'content-type': 'application/x-www-form-urlencoded' }, 415],
    ['plain text', hello, { 'content-type': 'text/plain' }, 415],
    ['another charset', hello, { 'content-type': 'application/json; charset=utf-7' }, 415],
    ['another charset with spaces', hello, { 'content-type': 'application/json; charset = utf-7' }, 415],
    ['another charset after UTF-8', hello, { 'content-type': 'application/json; charset=utf-8; charset=utf-16' }, 415],
    [
      'another charset in quotes',
      hello,
      { 'content-type': 'application/json; x="\\"; charset=utf-8; "; charset=utf-7' },
      415,
    ],
    ['a coding that is unknown', hello, { ...json, 'content-encoding': 'snappy' }, 415],
    ['not gzip though it says so', hello, { ...json, 'content-encoding': 'gzip' }, framework === 'Express' ? 400 : 415],
    ['of JSON but no request', '"secret words"', json, 400],
  ])('a body that is %s is refused in JSON that says nothing of it', async (_name, body, headers, status) => {
    const answer = await post(await serve(), body, headers);
    expect(answer.status).toBe(status);
    expect(answer.headers.get('content-type')).toContain('json');
    const text = await answer.text();
    expect(JSON.parse(text)).toMatchObject({ errors: [{ extensions: {} }] });
    expect(text).not.toMatch(/secret words|at .*\.js|Syntax|Unexpected|node_modules|FST_/);
  });

  it('a URL that cannot be read is answered in JSON that says nothing of it', async () => {
    const answer = await raw(await serve(), 'GET /graphql/% HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n');
    expect(answer).toMatch(/^HTTP\/1\.1 4\d\d/);
    expect(answer).not.toMatch(/FST_|URIError|at .*\.js|valid url/);
  });

  it('a body of 50 MB is refused before it is read', async () => {
    const url = await serve();
    const answer = await raw(
      url,
      `POST /graphql HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-type: application/json\r\ncontent-length: 52428800\r\n\r\n{"query":"`,
    );
    expect(answer).toMatch(/^HTTP\/1\.1 413/);
    expect(answer).toContain('PAYLOAD_TOO_LARGE');
  });

  it('a body without a length is refused when it is too large', async () => {
    const url = await serve({ maxBodyBytes: 50_000 });
    const chunk = 'a'.repeat(16_000);
    const chunks = `${chunk.length.toString(16)}\r\n${chunk}\r\n`.repeat(5) + '0\r\n\r\n';
    const answer = await raw(
      url,
      `POST /graphql HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n${chunks}`,
    );
    expect(answer).toMatch(/^HTTP\/1\.1 413/);
  });

  it('a gzip of 40 MB in 40 kB is refused, and inflated no further than the limit', async () => {
    const url = await serve();
    const bomb = new Uint8Array(gzipSync(Buffer.alloc(40_000_000, 0x20)));
    expect(bomb.length).toBeLessThan(60_000);
    const answer = await post(url, bomb, { ...json, 'content-encoding': 'gzip' });
    expect(answer.status).toBe(framework === 'Express' ? 413 : 415);
    expect((await post(url, hello)).status).toBe(200);
  });

  it.each([
    ['the body', (deep: string) => deep],
    ['the query', (deep: string) => `{"query":${deep}}`],
    ['the variables', (deep: string) => `{"query":"query ($t: String) { hello(text: $t) }","variables":{"t":${deep}}}`],
    ['the extensions', (deep: string) => `{"query":"{ hello }","extensions":${deep}}`],
  ])('JSON that is 100,000 deep in %s is refused with 4xx, and the server goes on', async (_name, around) => {
    const url = await serve({ maxBodyBytes: 1_000_000 });
    const answer = await post(url, around('['.repeat(100_000) + ']'.repeat(100_000)));
    expect(answer.status).toBeGreaterThanOrEqual(400);
    expect(answer.status).toBeLessThan(500);
    expect(await answer.text()).not.toMatch(/call stack|RangeError/);
    expect((await post(url, hello)).status).toBe(200);
  });

  it('a body that does not come is refused in time', async () => {
    const url = await serve({ http: { requestSeconds: 1, headersSeconds: 1 } });
    const slow = raw(
      url,
      `POST /graphql HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 21\r\n\r\n{"que`,
    );
    expect(await slow).toMatch(/^HTTP\/1\.1 408/);
    expect((await post(url, hello)).status).toBe(200);
  });

  it('headers that are too many and too large are refused', async () => {
    const url = await serve();
    const many = Array.from({ length: 5_000 }, (_, i) => `x-${i}: ${'v'.repeat(20)}`).join('\r\n');
    expect(await raw(url, `POST /graphql HTTP/1.1\r\nhost: x\r\n${many}\r\n\r\n`)).toMatch(/^HTTP\/1\.1 431/);
  });

  it('a batch over the maximum is refused as one', async () => {
    const answer = await post(await serve(), `[${hello},${hello},${hello}]`);
    expect([answer.status, await answer.json()]).toMatchObject([
      400,
      { errors: [{ extensions: { code: 'BATCH_LIMIT_EXCEEDED' } }] },
    ]);
  });
});

it('what another handler refused is no body that cannot be read', async () => {
  const app = fastify(fastifyLimits());
  fastifySecurity(app, { onError: () => {} });
  app.get('/', (request) => {
    throw Object.assign(new Error('no such user: bob'), { statusCode: Number(request.headers['x-status']) });
  });
  stops.push(() => app.close());
  const answers = [400, 401, 404, 429].map(async (status) => {
    const { statusCode, body } = await app.inject({ url: '/', headers: { 'x-status': `${status}` } });
    return [statusCode, JSON.parse(body).errors[0].message];
  });
  expect(await Promise.all(answers)).toEqual([
    [400, 'The request body cannot be read'],
    [401, 'The request was refused'],
    [404, 'The request was refused'],
    [429, 'The request was refused'],
  ]);
});

describe('options that cannot be meant', () => {
  it.each<[HttpSecurityOptions]>([
    [{ allowedOrigins: ['*'] }],
    [{ allowedOrigins: ['https://app.example.com/'] }],
    [{ allowedOrigins: '*' as never }],
    [{ credentials: 'yes' as never }],
    [{ maxBodyBytes: 0 }],
    [{ origins: [] } as never],
  ])('%j throws while the server is built', (options) => {
    expect(() => expressSecurity(options)).toThrow(TypeError);
    expect(() => fastifySecurity(fastify(), options)).toThrow(TypeError);
  });

  it('limits of the HTTP server are whole numbers, and headers take no longer than the request', () => {
    expect(httpLimits({ requestSeconds: 5 }).headersTimeout).toBe(5_000);
    expect(() => jsonErrors(console as never)).toThrow(/jsonErrors: onError must be a function/);
    expect(() => fastifySecurity(fastify(), { onError: console as never })).toThrow(/onError must be a function/);
    expect(() => httpLimits({ requestSeconds: 0 })).toThrow(/requestSeconds/);
    expect(() => httpLimits({ requestSeconds: 5, headersSeconds: 6 })).toThrow(/headersSeconds/);
    expect(() => httpLimits({ timeout: 5 } as never)).toThrow(TypeError);
  });
});

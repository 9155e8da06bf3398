// Who is asking, over real sockets: standalone, Express 5, Fastify, graphql-ws, with tokens of a real issuer.
import { once } from 'node:events';
import { createServer, request as httpRequest, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { ApolloServer } from '@apollo/server';
import { startStandaloneServer } from '@apollo/server/standalone';
import { expressMiddleware } from '@as-integrations/express5';
import { fastifyApolloDrainPlugin, fastifyApolloHandler } from '@as-integrations/fastify';
import { type DenyList, generateApiKey, memoryDenyList } from '@graphql-bulwark/authentication';
import { makeExecutableSchema } from '@graphql-tools/schema';
import express from 'express';
import Fastify from 'fastify';
import {
  type Bulwark,
  createBulwark,
  fastifyContext,
  type SecuredContext,
  type SecurityEvent,
  webSocketHooks,
} from 'graphql-bulwark';
import { createClient } from 'graphql-ws';
import { useServer } from 'graphql-ws/use/ws';
import { exportJWK, generateKeyPair, type JWTHeaderParameters, SignJWT } from 'jose';
import { afterAll, afterEach, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';

const audience = 'https://api.example.com';
const origin = 'https://app.example.com';
const { publicKey, privateKey } = await generateKeyPair('ES256');
const jwk = { ...(await exportJWK(publicKey)), kid: 'k1', alg: 'ES256' };
const apiKey = generateApiKey({ prefix: 'shop' });
let keyRoles: readonly string[] = [];
const now = (): number => Math.floor(Date.now() / 1_000);

let issuer: string;
let denyList: DenyList;
const stops: (() => unknown)[] = [];
const events: SecurityEvent[] = [];

async function listening(server: Server): Promise<string> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function listen(listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  stops.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return listening(server);
}

function sign(change: object = {}, header: Partial<JWTHeaderParameters> = {}): Promise<string> {
  return new SignJWT({ iss: issuer, aud: audience, sub: 'u1', iat: now(), exp: now() + 300, ...change })
    .setProtectedHeader({ alg: 'ES256', typ: 'at+jwt', kid: 'k1', ...header })
    .sign(privateKey);
}

beforeAll(async () => {
  issuer = await listen((_, response) => {
    response.setHeader('content-type', 'application/json').end(JSON.stringify({ keys: [jwk] }));
  });
});
afterEach(() => {
  events.length = 0;
});
afterAll(async () => {
  for (const stop of stops.toReversed()) await stop();
});

const typeDefs = `
  type Query { who: String @public method: String @public paid: String @auth(scopes: "pay") }
  type Subscription { tick: Int @auth }
`;
const ticks: (() => void)[] = [];
const resolvers = {
  Query: {
    who: (_: unknown, __: unknown, { security }: SecuredContext) => security.principal?.id ?? null,
    method: (_: unknown, __: unknown, { security }: SecuredContext) => security.principal?.authMethod ?? null,
    paid: () => 'paid',
  },
  Subscription: {
    tick: {
      async *subscribe() {
        for (let tick = 1; ; tick += 1) {
          yield { tick };
          await new Promise<void>((resolve) => {
            ticks.push(resolve);
          });
        }
      },
    },
  },
};

function protect(jwksUrl = issuer) {
  denyList = memoryDenyList();
  const bulwark = createBulwark({
    authenticate: {
      issuer,
      audience,
      algorithms: ['ES256'],
      jwksUrl,
      jwksTimeoutMilliseconds: 300,
      revocation: denyList,
      cookie: { name: '__Host-token', allowedOrigins: [origin] },
      apiKeys: {
        prefix: 'shop',
        store: {
          find: (keyId) =>
            keyId === apiKey.keyId
              ? { secretSha256: apiKey.secretSha256, subject: 'client1', roles: keyRoles }
              : undefined,
        },
      },
    },
    onEvent: (event) => events.push(event),
    logger: { warn() {}, error() {} },
  });
  const schema = bulwark.secure(makeExecutableSchema({ typeDefs: [bulwark.typeDefs, typeDefs], resolvers }));
  const server = new ApolloServer<SecuredContext>(bulwark.apollo({ schema, stopOnTerminationSignals: false }));
  return { bulwark, schema, server };
}

async function standalone(jwksUrl?: string): Promise<string> {
  const { bulwark, server } = protect(jwksUrl);
  const { url } = await startStandaloneServer(server, {
    context: bulwark.context(),
    listen: { host: '127.0.0.1', port: 0 },
  });
  stops.push(() => server.stop());
  return url;
}

async function onExpress(): Promise<string> {
  const { bulwark, server } = protect();
  await server.start();
  const app = express().use('/graphql', express.json(), expressMiddleware(server, { context: bulwark.context() }));
  stops.push(() => server.stop());
  return `${await listen(app as RequestListener)}/graphql`;
}

async function onFastify(): Promise<string> {
  const { bulwark, server } = protect();
  const app = Fastify();
  server.addPlugin(fastifyApolloDrainPlugin(app));
  await server.start();
  app.route({
    url: '/graphql',
    method: ['GET', 'POST', 'OPTIONS'],
    handler: fastifyApolloHandler(server, { context: fastifyContext(bulwark.context()) }),
  });
  stops.push(async () => {
    await app.close();
    await server.stop();
  });
  return `${await app.listen({ host: '127.0.0.1', port: 0 })}/graphql`;
}

interface Sent {
  readonly status: number;
  readonly challenge: string | undefined;
  // biome-ignore lint/suspicious/noExplicitAny: answers of every shape.
  readonly body: any;
  readonly text: string;
}

/** Plain node:http, which sends a header as often as it is told. */
function ask(
  url: string,
  headers: readonly [string, string][],
  body: unknown = { query: '{ who method }' },
): Promise<Sent> {
  return new Promise((resolve, reject) => {
    const raw = [['content-type', 'application/json'], ['host', 'api.example.com'], ...headers].flat();
    const sending = httpRequest(url, { method: 'POST', headers: raw }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () => {
        const text = Buffer.concat(chunks).toString();
        const { statusCode: status = 0, headers: received } = response;
        resolve({ status, challenge: received['www-authenticate'], body: JSON.parse(text), text });
      });
    });
    sending.on('error', reject).end(JSON.stringify(body));
  });
}

const bearer = (token: string): [string, string] => ['Authorization', `Bearer ${token}`];
const invalidToken = 'Bearer realm="graphql", error="invalid_token"';

describe.each<[string, () => Promise<string>]>([
  ['standalone', standalone],
  ['Express 5', onExpress],
  ['Fastify', onFastify],
])('on %s', (_, start) => {
  let url: string;
  beforeAll(async () => {
    url = await start();
  });

  it('J1 nobody is anonymous, and a token, a key and a cookie are somebody', async () => {
    expect((await ask(url, [])).body).toEqual({ data: { who: null, method: null } });
    expect((await ask(url, [bearer(await sign())])).body).toEqual({ data: { who: 'u1', method: 'jwt' } });
    expect((await ask(url, [['X-API-Key', apiKey.key]])).body).toEqual({ data: { who: 'client1', method: 'api-key' } });
    const cookie: [string, string] = ['Cookie', `__Host-token=${await sign()}`];
    expect((await ask(url, [cookie, ['Origin', origin]])).body).toEqual({ data: { who: 'u1', method: 'jwt' } });
    const foreign = await ask(url, [cookie, ['Origin', 'https://evil.example']]);
    expect([foreign.status, foreign.body.errors[0].extensions.code]).toEqual([403, 'FORBIDDEN']);
  });

  it.each<[string, () => Promise<[string, string][]>, number, string | undefined]>([
    ['J2 expired', async () => [bearer(await sign({ exp: now() - 10 }))], 401, invalidToken],
    ['J3 without exp', async () => [bearer(await sign({ exp: undefined }))], 401, invalidToken],
    ['J4 for another audience', async () => [bearer(await sign({ aud: 'x' }))], 401, invalidToken],
    ['J5 of type JWT', async () => [bearer(await sign({}, { typ: 'JWT' }))], 401, invalidToken],
    [
      'J6 not signed',
      async () => [bearer(`${encoded({ alg: 'none', typ: 'at+jwt' })}.${encoded({ sub: 'u1' })}.`)],
      401,
      invalidToken,
    ],
    ['J7 signed with the public key', async () => [bearer(await hmac())], 401, invalidToken],
    ['J8 tampered with', async () => [bearer(`${(await sign()).slice(0, -6)}AAAAAA`)], 401, invalidToken],
    ['J9 with an unknown critical header', async () => [bearer(await critical())], 401, invalidToken],
    [
      'J10 with an object as subject',
      async () => [bearer(await sign({ sub: { id: 'u1' } as never }))],
      401,
      invalidToken,
    ],
    ['of an unknown key', async () => [bearer(await sign({}, { kid: 'k9' }))], 401, invalidToken],
    ['bound to a key', async () => [bearer(await sign({ cnf: { jkt: 'x' } }))], 401, invalidToken],
    [
      'J12 beside another',
      async () => [['Authorization', 'Bearer a, Bearer b']],
      400,
      'Bearer realm="graphql", error="invalid_request"',
    ],
    [
      'J12 in two headers',
      async () => [bearer(await sign()), bearer(await sign())],
      400,
      'Bearer realm="graphql", error="invalid_request"',
    ],
    [
      'beside an API key',
      async () => [bearer(await sign()), ['X-API-Key', apiKey.key]],
      400,
      'Bearer realm="graphql", error="invalid_request"',
    ],
    ['J14 encrypted', async () => [bearer('a.b.c.d.e')], 401, invalidToken],
    ['of another scheme', async () => [['Authorization', 'Basic dTpw']], 401, 'Bearer realm="graphql"'],
    [
      'that is an API key with a wrong secret',
      async () => [['X-API-Key', apiKey.key.replace(/.{8}$/, '00000000')]],
      401,
      'ApiKey realm="graphql"',
    ],
  ])('a credential %s is refused with a constant text', async (_name, headers, status, challenge) => {
    const sent = await headers();
    for (const body of [{ query: '{ who method }' }, { query: '{ who method }' }]) {
      const answer = await ask(url, sent, body);
      expect([answer.status, answer.challenge]).toEqual([status, challenge]);
      expect(answer.body.data).toBeUndefined();
      expect(answer.body.errors[0].message).toBe(status === 401 ? 'Not authenticated' : 'Bad request');
      expect(answer.text).not.toMatch(/stack|jose|ERR_/);
    }
    expect(events.some(({ type }) => type.startsWith('auth.') && type !== 'auth.success')).toBe(true);
    expect((await ask(url, [bearer(await sign())])).body.data.who).toBe('u1');
  });

  it('J13 a token without the scope is told so', async () => {
    const answer = await ask(url, [bearer(await sign())], { query: '{ paid }' });
    expect(answer.body).toMatchObject({ data: { paid: null }, errors: [{ extensions: { code: 'FORBIDDEN' } }] });
    expect((await ask(url, [bearer(await sign({ scope: 'pay' }))], { query: '{ paid }' })).body.data.paid).toBe('paid');
  });

  it('a batch that is too large is refused before anyone is asked', async () => {
    const answer = await ask(
      url,
      [],
      Array.from({ length: 50 }, () => ({ query: '{ who }' })),
    );
    expect([answer.status, answer.body.errors[0].extensions.code]).toEqual([400, 'BATCH_LIMIT_EXCEEDED']);
  });

  it('a token that was taken back is refused, though it was let in before', async () => {
    const token = await sign({ jti: `j-${url}` });
    expect((await ask(url, [bearer(token)])).body.data.who).toBe('u1');
    await denyList.revoke(`j-${url}`, now() + 300);
    expect(await ask(url, [bearer(token)])).toMatchObject({ status: 401, challenge: invalidToken });
    expect(events.map(({ type }) => type)).toEqual(['auth.success', 'auth.revoked']);
  });
});

it('J11 an issuer that does not answer is 503 for tokens, and nothing for others', async () => {
  const url = await standalone(await listen(() => {}));
  const answer = await ask(url, [bearer(await sign())]);
  expect([answer.status, answer.body.errors[0].extensions.code]).toEqual([503, 'SERVICE_UNAVAILABLE']);
  expect((await ask(url, [])).status).toBe(200);
  expect((await ask(url, [['X-API-Key', apiKey.key]])).body.data.who).toBe('client1');
  expect(events.map(({ type }) => type)).toContain('issuer.down');
});

describe('over HTTP, what is not the fault of the token alone', () => {
  const keySet = (answer: RequestListener) => listen(answer).then(standalone);
  const keys =
    (...all: object[]): RequestListener =>
    (_, response) =>
      void response.setHeader('content-type', 'application/json').end(JSON.stringify({ keys: all }));
  const codeOf = async (url: string, token: string): Promise<[number, unknown]> => {
    const answer = await ask(url, [bearer(token)]);
    return [answer.status, answer.body.errors?.[0].extensions.code];
  };

  it('a token without a key id is tried with every key of the set', async () => {
    const other = { ...(await exportJWK((await generateKeyPair('ES256')).publicKey)), kid: 'k2', alg: 'ES256' };
    const url = await keySet(keys(other, jwk));
    expect(await codeOf(url, await sign({}, { kid: undefined } as never))).toEqual([200, undefined]);
    const strangers = await keySet(keys(other, { ...other, kid: 'k3' }));
    expect(await codeOf(strangers, await sign({}, { kid: undefined } as never))).toEqual([401, 'UNAUTHENTICATED']);
  });

  it.each<[string, RequestListener]>([
    ['fails', (_, response) => void response.writeHead(500).end('oops: db at 10.0.0.5')],
    ['redirects', (_, response) => void response.writeHead(302, { location: 'http://127.0.0.1:1/' }).end()],
    ['answers with a page', (_, response) => void response.setHeader('content-type', 'text/html').end('<html>')],
    ['answers with no keys', (_, response) => void response.setHeader('content-type', 'application/json').end('{}')],
    ['hangs up', (request) => void request.socket.destroy()],
  ])('an issuer that %s is 503 without its words', async (_what, answer) => {
    const url = await keySet(answer);
    const response = await ask(url, [bearer(await sign())]);
    expect([response.status, response.body.errors[0].extensions.code]).toEqual([503, 'SERVICE_UNAVAILABLE']);
    expect(JSON.stringify(response.body)).not.toMatch(/oops|10\.0\.0\.5|html/);
  });

  it('a deny-list that cannot be asked is 503, also for a token that was let in before', async () => {
    const url = await standalone(issuer);
    const token = await sign({ jti: 'j1' });
    expect(await codeOf(url, token)).toEqual([200, undefined]);
    const isRevoked = vi.spyOn(denyList, 'isRevoked').mockRejectedValue(new Error('redis at 10.0.0.6'));
    const response = await ask(url, [bearer(token)]);
    expect([response.status, response.body.errors[0].extensions.code]).toEqual([503, 'SERVICE_UNAVAILABLE']);
    expect(JSON.stringify(response.body)).not.toContain('10.0.0.6');
    isRevoked.mockRestore();
    expect(await codeOf(url, token)).toEqual([200, undefined]);
  });
});

describe('over graphql-ws', () => {
  let url: string;
  let bulwark: Bulwark;
  beforeAll(async () => {
    const protectedServer = protect();
    bulwark = protectedServer.bulwark;
    const http = createServer();
    const sockets = new WebSocketServer({ server: http });
    const cleanup = useServer(webSocketHooks(bulwark, { schema: protectedServer.schema, server: sockets }), sockets);
    stops.push(async () => {
      await cleanup.dispose();
      http.closeAllConnections();
      http.close();
    });
    url = (await listening(http)).replace('http', 'ws');
  });

  /** Runs one operation to its end: the results, and the code with which the socket was closed. */
  async function run(
    query: string,
    params?: Record<string, unknown>,
    headers: Record<string, string | string[]> = {},
    each = (): void => {},
  ) {
    class WithHeaders extends WebSocket {
      constructor(address: string, protocols: string) {
        super(address, protocols, { headers });
      }
    }
    const client = createClient({
      url,
      webSocketImpl: WithHeaders,
      retryAttempts: 0,
      lazy: true,
      ...(params && { connectionParams: params }),
    });
    const results: unknown[] = [];
    try {
      for await (const result of client.iterate({ query })) {
        results.push(result.data);
        each();
      }
      return { results, code: undefined };
    } catch (closed) {
      return { results, code: (closed as { code?: number }).code };
    } finally {
      await client.dispose();
    }
  }

  it('every operation is checked as over HTTP, and its stream goes on for others', async () => {
    const aliases = Array.from({ length: 51 }, (_, i) => `a${i}: who`).join(' ');
    const client = createClient({ url, webSocketImpl: WebSocket, retryAttempts: 0 });
    const refusal = async (query: string): Promise<unknown> => {
      try {
        for await (const result of client.iterate({ query })) return result.errors?.[0]?.extensions?.['code'];
      } catch (errors) {
        return (errors as readonly { extensions?: { code?: unknown } }[])[0]?.extensions?.code;
      }
      return undefined;
    };
    for (let time = 0; time < 2; time += 1) {
      expect(await refusal(`{ ${aliases} }`)).toBe('ALIAS_LIMIT_EXCEEDED');
      expect(await refusal('{ paid }')).toBe('UNAUTHENTICATED');
      expect(await refusal('{ whom }')).toBe('GRAPHQL_VALIDATION_FAILED');
      expect(await refusal('{ who }')).toBeUndefined();
    }
    await client.dispose();
  });

  it('nobody is anonymous, and connectionParams say who one is, whatever their case', async () => {
    expect((await run('{ who }')).results).toEqual([{ who: null }]);
    for (const name of ['Authorization', 'authorization', 'AUTHORIZATION']) {
      expect((await run('{ who }', { [name]: `Bearer ${await sign()}` })).results).toEqual([{ who: 'u1' }]);
    }
    expect((await run('{ who }', { 'x-api-key': apiKey.key })).results).toEqual([{ who: 'client1' }]);
    expect((await run('{ who }', undefined, { authorization: `Bearer ${await sign()}` })).results).toEqual([
      { who: 'u1' },
    ]);
  });

  it.each<[string, () => Promise<Record<string, unknown>>]>([
    ['expired', async () => ({ authorization: `Bearer ${await sign({ exp: now() - 60 })}` })],
    ['not signed', async () => ({ authorization: `Bearer ${encoded({ alg: 'none' })}.${encoded({ sub: 'u1' })}.` })],
    ['empty', async () => ({ authorization: '' })],
    ['a number', async () => ({ authorization: 5 })],
    ['null', async () => ({ authorization: null })],
    ['a list', async () => ({ authorization: [`Bearer ${await sign()}`] })],
    [
      'in two spellings',
      async () => ({ authorization: `Bearer ${await sign()}`, Authorization: `Bearer ${await sign()}` }),
    ],
    ['two of a kind', async () => ({ authorization: `Bearer ${await sign()}`, 'X-API-Key': apiKey.key })],
  ])('a credential that is %s closes the socket with 4403', async (_, params) => {
    expect(await run('{ who }', await params())).toEqual({ results: [], code: 4403 });
    expect((await run('{ who }', { authorization: `Bearer ${await sign()}` })).results).toEqual([{ who: 'u1' }]);
  });

  it('a credential in the upgrade and another one in connectionParams closes the socket', async () => {
    const authorization = `Bearer ${await sign()}`;
    expect((await run('{ who }', { authorization }, { authorization })).code).toBe(4403);
  });

  it('two credentials in the upgrade close the socket, as they refuse a request', async () => {
    const authorization = [await sign(), await sign({ sub: 'u2' })].map((token) => `Bearer ${token}`);
    expect((await run('{ who }', undefined, { authorization })).code).toBe(4403);
    expect((await run('{ who }', undefined, { authorization: authorization.slice(1) })).results).toEqual([
      { who: 'u2' },
    ]);
  });

  it('a cookie that another site had sent closes the socket', async () => {
    const cookie = `__Host-token=${await sign()}`;
    expect((await run('{ who }', undefined, { cookie, origin: 'https://evil.example' })).code).toBe(4403);
    expect((await run('{ who }', undefined, { cookie, origin })).results).toEqual([{ who: 'u1' }]);
  });

  /** Lets the stream go on, once it waits. */
  function goOn(): void {
    const waiting = ticks.splice(0);
    if (waiting.length === 0) setImmediate(goOn);
    for (const next of waiting) next();
  }

  it('J15 a stream ends with its token', async () => {
    const authorization = `Bearer ${await sign({ exp: now() + 60 })}`;
    onTestFinished(() => {
      vi.useRealTimers();
    });
    let seen = 0;
    const { results, code } = await run('subscription { tick }', { authorization }, {}, () => {
      seen += 1;
      if (seen === 2) vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 70_000 });
      goOn();
    });
    expect(results).toEqual([{ tick: 1 }, { tick: 2 }]);
    expect(code).toBe(4403);
  });

  it('a stream ends when its token is taken back', async () => {
    const authorization = `Bearer ${await sign({ jti: 'stream' })}`;
    const printed = vi.spyOn(console, 'error');
    let seen = 0;
    const { results, code } = await run('subscription { tick }', { authorization }, {}, () => {
      seen += 1;
      if (seen === 2) void denyList.revoke('stream', now() + 300).then(goOn);
      else goOn();
    });
    expect(results).toEqual([{ tick: 1 }, { tick: 2 }]);
    expect(code).toBe(4403);
    // Whoever can have a stream end could fill the log with what a hook throws.
    expect(printed).not.toHaveBeenCalled();
  });

  it('a stream ends when its caller has other roles than it began with', async () => {
    keyRoles = ['READER', 'WRITER'];
    onTestFinished(() => {
      keyRoles = [];
    });
    let seen = 0;
    const { results, code } = await run('subscription { tick }', { 'X-API-Key': apiKey.key }, {}, () => {
      seen += 1;
      if (seen === 2) keyRoles = ['WRITER', 'READER'];
      if (seen === 3) keyRoles = ['READER'];
      goOn();
    });
    expect(results).toEqual([{ tick: 1 }, { tick: 2 }, { tick: 3 }]);
    expect(code).toBe(4403);
  });
});

function encoded(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}

function hmac(): Promise<string> {
  return new SignJWT({ iss: issuer, aud: audience, sub: 'u1', iat: now(), exp: now() + 300 })
    .setProtectedHeader({ alg: 'HS256', typ: 'at+jwt', kid: 'k1' })
    .sign(Buffer.from(JSON.stringify(jwk)));
}

async function critical(): Promise<string> {
  const [, payload, signature] = (await sign()).split('.');
  return `${encoded({ alg: 'ES256', typ: 'at+jwt', kid: 'k1', crit: ['x'], x: 1 })}.${payload}.${signature}`;
}

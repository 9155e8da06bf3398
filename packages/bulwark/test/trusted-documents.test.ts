// Trusted documents behind createBulwark, over real sockets: what their ids do not skip.
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { ApolloServer } from '@apollo/server';
import { expressMiddleware } from '@as-integrations/express5';
import { makeExecutableSchema } from '@graphql-tools/schema';
import express from 'express';
import { type BulwarkOptions, createBulwark, type SecurityEvent, webSocketHooks } from 'graphql-bulwark';
import { type TrustedDocumentsOptions, trustedDocuments } from 'graphql-bulwark/trusted-documents';
import { createClient } from 'graphql-ws';
import { useServer } from 'graphql-ws/use/ws';
import { describe, expect, it, onTestFinished } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';

const typeDefs = `
  type Query {
    hello: String @public
    secret: String @auth(roles: ["ADMIN"])
    items(first: Int): [Item] @public @listSize(slicingArguments: ["first"])
    limited: Int @public @rateLimit(max: 2, windowSeconds: 60)
  }
  type Item { id: ID next: Item }
  type Subscription { ticks: Int @public }
`;

async function* count(): AsyncGenerator<{ ticks: number }> {
  yield { ticks: 1 };
  yield { ticks: 2 };
}

const texts = {
  hello: 'query Hello { hello }',
  secret: 'query Secret { secret }',
  items: 'query Items($first: Int) { items(first: $first) { id } }',
  deep: 'query Deep { items(first: 1) { next { next { next { id } } } } }',
  long: `query Long { ${Array.from({ length: 40 }, (_, n) => `a${n}: hello`).join(' ')} }`,
  limited: 'query Limited { limited }',
  ticks: 'subscription Ticks { ticks }',
};

async function serve(trust: Partial<TrustedDocumentsOptions> = {}, options: Partial<BulwarkOptions> = {}) {
  const events: SecurityEvent[] = [];
  const trusted = trustedDocuments({ manifests: [() => texts], mode: 'require', ...trust });
  const bulwark = createBulwark({
    authenticate: ({ headers: { authorization } }) =>
      authorization === undefined
        ? null
        : { id: 'ada', claims: {}, roles: [authorization], scopes: [], authMethod: 'test' },
    trustedDocuments: trusted,
    onEvent: (event) => events.push(event),
    logger: { warn() {}, error() {} },
    ...options,
  });
  const schema = bulwark.secure(
    makeExecutableSchema({
      typeDefs: [bulwark.typeDefs, typeDefs],
      resolvers: {
        Query: { hello: () => 'hello', secret: () => 'secret', items: () => [{ id: '1' }], limited: () => 1 },
        Subscription: { ticks: { subscribe: count } },
      },
    }),
  );
  const apollo = new ApolloServer(
    bulwark.apollo({ schema, allowBatchedHttpRequests: true, stopOnTerminationSignals: false }),
  );
  await apollo.start();
  const app = express();
  app.use('/graphql', express.json(), expressMiddleware(apollo, { context: bulwark.context() }));
  const server = createServer(app).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const sockets = new WebSocketServer({ server, path: '/graphql' });
  const hooks = useServer(webSocketHooks(bulwark, { schema, server: sockets }), sockets);
  onTestFinished(async () => {
    await hooks.dispose();
    server.closeAllConnections();
    server.close();
    await apollo.stop();
  });
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}/graphql`, events, trusted };
}

type Served = Awaited<ReturnType<typeof serve>>;

async function post({ url }: Served, body: unknown, headers: Record<string, string> = {}) {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  });
  // biome-ignore lint/suspicious/noExplicitAny: tests look into answers of every shape.
  const answer = (await response.json()) as any;
  return { status: response.status, data: answer.data, codes: codesOf(answer), answer };
}

function codesOf({ errors = [] }: { errors?: readonly { extensions?: { code?: unknown } }[] }): unknown[] {
  return errors.map(({ extensions }) => extensions?.code);
}

/** Sends one operation over graphql-ws. @returns all results, or the codes of the error. */
async function overSocket({ url }: Served, payload: object): Promise<unknown[]> {
  const client = createClient({ url: url.replace('http', 'ws'), webSocketImpl: WebSocket, retryAttempts: 0 });
  const results: unknown[] = [];
  try {
    await new Promise<void>((resolve, reject) => {
      client.subscribe(payload as { query: string }, {
        next: (result) => void results.push(result.data ?? codesOf(result as never)),
        error: (error) =>
          Array.isArray(error) ? resolve(void results.push(codesOf({ errors: error }))) : reject(error),
        complete: resolve,
      });
    });
  } finally {
    await client.dispose();
  }
  return results;
}

describe('a trusted document behind createBulwark', () => {
  it('runs by its id over POST, GET and in a batch, and nothing else does', async () => {
    const served = await serve();
    expect(await post(served, { documentId: 'hello' })).toMatchObject({ status: 200, data: { hello: 'hello' } });
    const get = await fetch(`${served.url}?documentId=hello`, { headers: { 'apollo-require-preflight': '1' } });
    await expect(get.json()).resolves.toEqual({ data: { hello: 'hello' } });
    expect((await fetch(`${served.url}?documentId=hello`)).status).toBe(400); // another site could make a browser send it
    const refused = { status: 403, codes: ['DOCUMENT_NOT_TRUSTED'] };
    expect(await post(served, { query: '{ hello }' })).toMatchObject(refused);
    expect(await post(served, { query: '{ hello }', documentId: 'hello' })).toMatchObject(refused);
    const { answer } = await post(served, [{ id: 'hello' }, { query: '{ hello }' }]);
    expect(answer).toMatchObject([
      { data: { hello: 'hello' } },
      { errors: [{ extensions: { code: 'DOCUMENT_NOT_TRUSTED' } }] },
    ]);
  });

  it('runs by its id over graphql-ws, and nothing else does', async () => {
    const served = await serve();
    const persistedQuery = { version: 1, sha256Hash: 'hello' };
    expect(await overSocket(served, { query: '', documentId: 'ticks' })).toEqual([{ ticks: 1 }, { ticks: 2 }]);
    expect(await overSocket(served, { query: texts.ticks })).toEqual([{ ticks: 1 }, { ticks: 2 }]);
    expect(await overSocket(served, { query: '', extensions: { persistedQuery } })).toEqual([{ hello: 'hello' }]);
    for (const payload of [
      { query: '{ hello }' },
      { query: '{ hello }', documentId: 'hello' },
      { query: '{ hello }', extensions: { persistedQuery } },
      { query: '', documentId: 'unknown' },
      { query: 'subscription Other { ticks }', id: 'ticks' },
    ]) {
      expect(await overSocket(served, payload)).toEqual([['DOCUMENT_NOT_TRUSTED']]);
    }
    expect(await overSocket(served, { query: '', documentId: 7 })).toEqual([['BAD_REQUEST']]);
    expect(served.events).toContainEqual(expect.objectContaining({ type: 'document.untrusted', outcome: 'refused' }));
  });

  it('is checked by every other control', async () => {
    const served = await serve({}, { limits: { maxDepth: 3 }, cost: { maxTypeCost: 20 } });
    expect(await post(served, { documentId: 'secret' })).toMatchObject({
      data: { secret: null },
      codes: ['UNAUTHENTICATED'],
    });
    expect(await post(served, { documentId: 'secret' }, { authorization: 'MEMBER' })).toMatchObject({
      codes: ['FORBIDDEN'],
    });
    expect(await post(served, { documentId: 'secret' }, { authorization: 'ADMIN' })).toMatchObject({ codes: [] });
    expect(await post(served, { documentId: 'deep' })).toMatchObject({ codes: ['DEPTH_LIMIT_EXCEEDED'] });
    expect(await post(served, { documentId: 'items', variables: { first: 500 } })).toMatchObject({
      codes: ['COST_LIMIT_EXCEEDED'],
    });
    expect(await post(served, { documentId: 'items', variables: { first: 5 } })).toMatchObject({ codes: [] });
    for (const expected of [[], [], ['RATE_LIMITED']]) {
      expect((await post(served, { documentId: 'limited' })).codes).toEqual(expected);
    }
  });

  it('is exempt from limits and cost where both are named, and its caller from nothing', async () => {
    const tight: Partial<BulwarkOptions> = {
      limits: { maxDepth: 3, maxTokens: 60, maxCharacters: 100 },
      cost: { maxTypeCost: 20 },
    };
    const served = await serve({ mode: 'prefer', exempt: ['limits', 'cost'] }, tight);
    for (const documentId of ['deep', 'long'])
      expect(await post(served, { documentId })).toMatchObject({ status: 200, codes: [] });
    expect(await post(served, { documentId: 'items', variables: { first: 500 } })).toMatchObject({ codes: [] });
    expect(await post(served, { documentId: 'secret' })).toMatchObject({ codes: ['UNAUTHENTICATED'] });
    expect(await overSocket(served, { query: '', documentId: 'deep' })).toEqual([{ items: [{ next: null }] }]);
    for (const query of [`${texts.deep} `.replace('Deep', 'Other'), texts.long.replace('Long', 'Other')]) {
      expect((await post(served, { query })).status).toBeGreaterThanOrEqual(400);
    }
    expect(await post(served, { query: '{ items(first: 500) { id } }' })).toMatchObject({
      codes: ['COST_LIMIT_EXCEEDED'],
    });
  });

  it('is exempt from no list length that is wrong', async () => {
    const served = await serve({ exempt: ['limits', 'cost'] });
    const answer = await post(served, { documentId: 'items', variables: { first: -1 } });
    expect(answer.codes).toEqual(['COST_INVALID_SLICING_ARGUMENT']);
  });

  it('is refused with the words of the application, but for the text that clients know', async () => {
    const served = await serve({}, { messages: () => 'No.' });
    const { answer } = await post(served, { query: '{ hello }' });
    expect(answer.errors[0].message).toBe('No.');
    const extensions = { persistedQuery: { version: 1, sha256Hash: 'f'.repeat(64) } };
    expect((await post(served, { extensions })).answer.errors[0].message).toBe('PersistedQueryNotFound');
  });

  it('charges the budget of refusals with what is not trusted, and not with hashes that are not known', async () => {
    const served = await serve({}, { rateLimit: { refusals: { max: 3, windowSeconds: 60 } } });
    const extensions = { persistedQuery: { version: 1, sha256Hash: 'f'.repeat(64) } };
    for (let n = 0; n < 5; n += 1)
      expect((await post(served, { extensions })).codes).toEqual(['PERSISTED_QUERY_NOT_FOUND']);
    for (let n = 0; n < 3; n += 1)
      expect((await post(served, { query: '{ hello }' })).codes).toEqual(['DOCUMENT_NOT_TRUSTED']);
    expect((await post(served, { documentId: 'hello' })).codes).toEqual(['RATE_LIMITED']);
  });

  it('keeps what is no list of trusted documents from being an option', () => {
    expect(() => createBulwark({ authenticate: false, trustedDocuments: { manifests: [] } as never })).toThrow(
      'trustedDocuments must be what trustedDocuments() returns',
    );
  });
});

// The budget of refusals in a whole server, with the defaults: honest people behind one address pass, and those among them who
// try out ids, or send what is not valid, are stopped.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { ApolloServer } from '@apollo/server';
import { startStandaloneServer } from '@apollo/server/standalone';
import { memoryStore } from '@graphql-bulwark/rate-limit';
import { makeExecutableSchema } from '@graphql-tools/schema';
import { type BulwarkOptions, createBulwark, type SecurityEvent, webSocketHooks } from 'graphql-bulwark';
import { createClient } from 'graphql-ws';
import { useServer } from 'graphql-ws/use/ws';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { describe, expect, it, onTestFinished } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';

const typeDefs = /* GraphQL */ `
  type Query { open: String @public me: String note(id: ID!): Note }
  type Mutation { signIn(name: String!): String @public }
  type Note @owner(field: "author", claim: "sub") { text: String author: ID }
`;
const resolvers = {
  Query: { open: () => 'open', me: () => 'me', note: () => ({ text: 'theirs', author: 'somebody-else' }) },
  Mutation: { signIn: (_: unknown, { name }: { name: string }) => name },
};

const { publicKey, privateKey } = await generateKeyPair('ES256');
const stranger = await generateKeyPair('ES256');
const jwks = { keys: [{ ...(await exportJWK(publicKey)), kid: 'k', alg: 'ES256' }] };
const issuer = { issuer: 'https://id.example.com', audience: 'api', algorithms: ['ES256'], jwks };

const sign = (id: string, expires = '5m', key = privateKey): Promise<string> =>
  new SignJWT({})
    .setProtectedHeader({ alg: 'ES256', kid: 'k', typ: 'at+jwt' })
    .setIssuer(issuer.issuer)
    .setAudience(issuer.audience)
    .setSubject(id)
    .setIssuedAt(Math.floor(Date.now() / 1_000) - 120)
    .setExpirationTime(expires)
    .sign(key);

interface Answer {
  readonly status: number;
  readonly data?: unknown;
  readonly errors?: readonly { readonly extensions: { readonly code: string } }[];
}

async function serve(options: Partial<BulwarkOptions> = {}) {
  const events: SecurityEvent[] = [];
  const bulwark = createBulwark({
    authenticate: issuer,
    clientAddress: { trustedHops: 1 },
    onEvent: (event) => events.push(event),
    logger: { warn() {}, error() {} },
    ...options,
  });
  const schema = bulwark.secure(makeExecutableSchema({ typeDefs: [bulwark.typeDefs, typeDefs], resolvers }));
  const server = new ApolloServer(
    bulwark.apollo({ schema, allowBatchedHttpRequests: true, stopOnTerminationSignals: false }),
  );
  const listen = { port: 0, host: '127.0.0.1' };
  const { url } = await startStandaloneServer(server, { listen, context: bulwark.context() });
  const http = createServer();
  const ws = new WebSocketServer({ server: http });
  const { dispose } = useServer(webSocketHooks(bulwark, { schema, server: ws }), ws);
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  onTestFinished(async () => {
    await Promise.all([server.stop(), dispose()]);
    await new Promise((resolve) => http.close(resolve));
  });

  async function post(body: unknown, token?: string, from = '192.0.2.1'): Promise<Answer & { readonly body: unknown }> {
    const headers = {
      'content-type': 'application/json',
      'x-forwarded-for': from,
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
    };
    const response = await fetch(url, { method: 'POST', headers, body: JSON.stringify(body) });
    const answered = await response.json();
    return { ...(answered as object), status: response.status, body: answered };
  }

  function connect(token?: string, from = '192.0.2.1') {
    class From extends WebSocket {
      constructor(address: string, protocols: string) {
        super(address, protocols, { headers: { 'x-forwarded-for': from } });
      }
    }
    const connectionParams = token === undefined ? {} : { authorization: `Bearer ${token}` };
    const { port } = http.address() as AddressInfo;
    const client = createClient({
      url: `ws://127.0.0.1:${port}`,
      connectionParams,
      webSocketImpl: From,
      retryAttempts: 0,
    });
    onTestFinished(() => void client.dispose());
    return async (query: string): Promise<unknown> => {
      try {
        for await (const result of client.iterate({ query })) {
          return result.errors?.[0]?.extensions?.['code'] ?? 'data';
        }
        return 'ended';
      } catch (error) {
        return Array.isArray(error) ? error[0]?.extensions?.code : (error as { code?: number }).code;
      }
    };
  }

  return {
    bulwark,
    events,
    post: (query: string, token?: string, from?: string) => post({ query }, token, from),
    postBody: post,
    connect,
  };
}

const note = (id: number): string => `{ note(id: ${id}) { text } }`;
const notes = (count: number): string =>
  `{ ${Array.from({ length: count }, (_, id) => `a${id}: note(id: ${id}) { text }`).join(' ')} }`;
const statusesOf = (answers: readonly Answer[]): Record<number, number> => {
  const counts: Record<number, number> = {};
  for (const { status } of answers) counts[status] = (counts[status] ?? 0) + 1;
  return counts;
};

/** One after the other. */
async function repeat<T>(times: number, ask: (time: number) => Promise<T>): Promise<T[]> {
  const answers: T[] = [];
  for (let time = 0; time < times; time += 1) answers.push(await ask(time));
  return answers;
}

describe('people behind one address', () => {
  it('work through the peak of an office over HTTP, with expired tokens and a stale release, without one 429', async () => {
    const { post } = await serve();
    const tokens = await Promise.all(Array.from({ length: 70 }, (_, i) => sign(`person-${i}`)));
    const expired = await Promise.all(Array.from({ length: 70 }, (_, i) => sign(`person-${i}`, '-1m')));
    // Two views of five operations for each, all within the minute.
    const asked = tokens.flatMap((token, i) =>
      Array.from({ length: 10 }, (_, k) => {
        const isExpired = (i * 10 + k) % 50 === 7;
        return () => post(k === 3 ? '{ gone }' : '{ me }', isExpired ? expired[i] : token);
      }),
    );
    const answers: Answer[] = [];
    while (asked.length > 0) answers.push(...(await Promise.all(asked.splice(0, 25).map((ask) => ask()))));
    expect(statusesOf(answers)).toEqual({ 200: 616, 400: 70, 401: 14 });
  });

  it('see each page of a shop without a sign-in, also where five of its queries need one', async () => {
    const { post } = await serve();
    const answers = await repeat(30, () => Promise.all(Array.from({ length: 5 }, () => post('{ me open }'))));
    expect(statusesOf(answers.flat())).toEqual({ 200: 150 });
    expect(answers.flat().every(({ data }) => (data as { open: unknown }).open === 'open')).toBe(true);
    expect(await repeat(70, async () => (await post('mutation { nothing }', undefined, '192.0.2.2')).status)).toContain(
      429,
    );
  });

  it('who have an old release and have not signed in are refused what is not valid any more, and nothing else', async () => {
    const { post } = await serve();
    await post('{ open }');
    const answers = await repeat(240, (time) => post(time % 3 === 0 ? '{ gone }' : '{ open }'));
    const valid = answers.filter((_, time) => time % 3 !== 0);
    expect(statusesOf(valid)).toEqual({ 200: 160 });
    expect(statusesOf(answers)).toEqual({ 200: 160, 400: 60, 429: 20 });
  });

  it('are not locked by one of them who sends what is not valid without a credential, and can still sign in', async () => {
    const { post, connect, events } = await serve();
    const ann = await sign('ann');
    const signIn = 'mutation { signIn(name: "ann") }';
    // Of the client, as it is sent from everywhere.
    expect((await post(signIn, undefined, '198.51.100.7')).data).toEqual({ signIn: 'ann' });
    expect(statusesOf(await repeat(70, () => post('{ nothing }')))).toEqual({ 400: 60, 429: 10 });
    expect(events.at(-1)).toMatchObject({
      type: 'rate.limited',
      policy: 'refusals:address:documents',
      clientIp: '192.0.2.1',
    });
    expect((await post('{ open }')).status).toBe(429);
    expect((await post(signIn)).data).toEqual({ signIn: 'ann' });
    expect(await connect()(signIn)).toBe('data');
    expect((await post('{ me }', ann)).data).toEqual({ me: 'me' });
    expect(await connect(ann)('{ me }')).toBe('data');
  });

  it('are not locked by forged and expired tokens that name them', async () => {
    const { post } = await serve();
    const [ann, expired, forged] = [
      await sign('ann'),
      await sign('ann', '-1m'),
      await sign('ann', '5m', stranger.privateKey),
    ];
    const answers = await repeat(70, (time) => post(note(time), time % 2 === 0 ? expired : forged));
    expect(statusesOf(answers)).toEqual({ 401: 70 });
    expect((await post('{ me }', ann)).data).toEqual({ me: 'me' });
    expect((await post('{ open }')).status).toBe(200);
  });
});

describe('attack: somebody who tries out ids is stopped at 60 a minute', () => {
  it('with a token, from whatever address, and others at these addresses are not', async () => {
    const { post } = await serve();
    const [thief, ann] = [await sign('thief'), await sign('ann')];
    const answers = await repeat(100, (time) => post(note(time), thief, `192.0.2.${time % 20}`));
    expect(statusesOf(answers)).toEqual({ 200: 60, 429: 40 });
    expect((await post('{ me }', thief, '198.51.100.7')).status).toBe(429);
    expect((await post('{ me }', ann)).status).toBe(200);
    expect((await post('{ open }')).status).toBe(200);
  });

  it('with several accounts behind one address, each of which has a budget of its own', async () => {
    const { post } = await serve();
    const thieves = await Promise.all(['a', 'b', 'c'].map((id) => sign(id)));
    const answers = await repeat(300, (time) => post(note(time), thieves[time % 3]));
    expect(statusesOf(answers)).toEqual({ 200: 180, 429: 120 });
    expect((await post('{ me }', await sign('ann'))).status).toBe(200);
  });

  it('under aliases, in batches and in all of these at the same time', async () => {
    const { post, postBody } = await serve();
    const [one, many] = [await sign('one'), await sign('many')];
    // Ten ids each: the sixth request spends the budget.
    const answers = await repeat(8, () => post(notes(10), one));
    expect(statusesOf(answers)).toEqual({ 200: 6, 429: 2 });
    const batch = Array.from({ length: 10 }, () => ({ query: notes(10) }));
    const batches = await Promise.all(Array.from({ length: 10 }, () => postBody(batch, many)));
    const elements = batches.flatMap(({ body }) => (Array.isArray(body) ? (body as Answer[]) : []));
    const withheld = elements.filter(({ errors }) => errors?.[0]?.extensions.code === 'RATE_LIMITED');
    expect(elements.length - withheld.length).toBe(6);
    expect(withheld.every(({ data }) => data === undefined)).toBe(true);
    expect(withheld.length).toBeGreaterThanOrEqual(4);
  });

  it('over sockets, however many it opens, and over HTTP then as well', async () => {
    const { post, connect } = await serve();
    const [thief, ann] = [await sign('thief'), await sign('ann')];
    const answers: unknown[] = [];
    for (const ask of [connect(thief), connect(thief), connect(thief)])
      answers.push(...(await repeat(3, () => ask(notes(10)))));
    expect(answers.filter((code) => code === 'FORBIDDEN')).toHaveLength(6);
    expect((await post('{ me }', thief)).status).toBe(429);
    expect(await connect(ann)('{ me }')).toBe('data');
    // At the same time: what is in the air when the budget is spent is not answered.
    const other = await sign('other');
    const together = [connect(other), connect(other), connect(other)];
    const codes = await Promise.all(together.flatMap((ask) => Array.from({ length: 5 }, async () => ask(notes(10)))));
    expect(codes.filter((code) => code === 'FORBIDDEN')).toHaveLength(6);
  });
});

describe('attack: documents that are not valid are not free', () => {
  it.each([
    ['without a token', undefined],
    ['with a token', 'bob'],
  ])('%s, over HTTP and over sockets', async (_how, id) => {
    const { post, connect } = await serve();
    const token = id === undefined ? undefined : await sign(id);
    const answers = await repeat(50, (time) => post(`{ nothing${time} }`, token));
    expect(statusesOf(answers)).toEqual({ 400: 50 });
    const socket = connect(token);
    const codes = await repeat(15, (time) => socket(`{ nothing${time} }`));
    expect(codes.filter((code) => code === 'GRAPHQL_VALIDATION_FAILED')).toHaveLength(10);
    expect((await post('{ open }', token)).status).toBe(429);
  });

  it('from a locked address the verification of forged tokens is bounded by brute-force protection', async () => {
    const { post, events } = await serve({ authenticate: { ...issuer, bruteForce: { store: memoryStore() } } });
    const [ann, forged] = [await sign('ann'), await sign('ann', '5m', stranger.privateKey)];
    await repeat(60, () => post('{ nothing }'));
    expect((await post('{ me }', ann)).data).toEqual({ me: 'me' });
    const answers = await repeat(20, () => post('{ me }', forged));
    expect(answers.map(({ status }) => status)).toContain(429);
    expect(events.filter(({ type }) => type === 'auth.locked').length).toBeGreaterThan(0);
    // A token that was verified a moment ago needs no verification.
    expect((await post('{ me }', ann)).data).toEqual({ me: 'me' });
  });
});

it('a request without an address is told of once, and locks no other that has none', async () => {
  const warnings: string[] = [];
  const bulwark = createBulwark({
    authenticate: false,
    onEvent(event) {
      if (event.type === 'config.warning') warnings.push(event.message);
    },
    logger: { warn() {}, error() {} },
  });
  const req = { headers: {}, socket: {} } as never;
  const first = await bulwark.context()({ req });
  await bulwark.context()({ req });
  expect(warnings.filter((warning) => /came without an address/.test(warning))).toHaveLength(1);
  const errors = [{ extensions: { code: 'GRAPHQL_VALIDATION_FAILED' } }];
  for (let time = 0; time < 100; time += 1) bulwark.sockets?.refused({ ...first, data: undefined, errors });
  await expect(bulwark.context()({ req })).resolves.toMatchObject({ security: { clientIp: null } });
});

// The rate limit within the umbrella: room 1 refuses who was refused too often, and a denied field is never charged as called.
import { ApolloServer } from '@apollo/server';
import { startStandaloneServer } from '@apollo/server/standalone';
import { securityContext } from '@graphql-bulwark/core';
import { makeExecutableSchema } from '@graphql-tools/schema';
import {
  type BulwarkOptions,
  createBulwark,
  type Principal,
  type RequestHead,
  type SecurityEvent,
} from 'graphql-bulwark';
import { expect, it, onTestFinished } from 'vitest';

const typeDefs = `
  type Query {
    open: String @public
    secret: String @auth(roles: "ADMIN")
    few: String @public @rateLimit(max: 2, perResolve: true)
    both: String @auth(roles: "ADMIN") @rateLimit(max: 1, perResolve: true)
  }
  type Mutation { pay: String }
`;

function principalOf({ headers }: RequestHead): Principal | null {
  const id = headers.authorization;
  return id ? { id, claims: {}, roles: id === 'admin' ? ['ADMIN'] : [], scopes: [], authMethod: 'test' } : null;
}

async function serve(rateLimit: NonNullable<BulwarkOptions['rateLimit']>) {
  const events: SecurityEvent[] = [];
  const bulwark = createBulwark({
    authenticate: principalOf,
    rateLimit,
    clientAddress: { trustedHops: 1 },
    onEvent: (event) => events.push(event),
  });
  const resolvers = {
    Query: { open: () => 'open', secret: () => 'secret', few: () => 'few', both: () => 'both' },
    Mutation: { pay: () => 'paid' },
  };
  const schema = bulwark.secure(makeExecutableSchema({ typeDefs: [bulwark.typeDefs, typeDefs], resolvers }));
  const server = new ApolloServer(bulwark.apollo({ schema, stopOnTerminationSignals: false }));
  const { url } = await startStandaloneServer(server, {
    listen: { port: 0, host: '127.0.0.1' },
    context: bulwark.context(),
  });
  onTestFinished(() => server.stop());
  const post = async (query: string, from: string, who?: string) => {
    const headers = { 'content-type': 'application/json', 'x-forwarded-for': from, ...(who && { authorization: who }) };
    const response = await fetch(url, { method: 'POST', headers, body: JSON.stringify({ query }) });
    return {
      status: response.status,
      headers: response.headers,
      body: (await response.json()) as { data?: unknown; errors?: unknown },
    };
  };
  return { bulwark, events, post };
}

it('refuses an address that sent too much that is not valid what comes without a credential, before it is parsed', async () => {
  const { events, post } = await serve({ refusals: { max: 3 } });
  for (let time = 0; time < 3; time += 1) expect((await post('{ nothing }', '192.0.2.1')).status).toBe(400);
  for (let time = 0; time < 2; time += 1) {
    const answer = await post('{', '192.0.2.1');
    expect(answer.status).toBe(429);
    expect(answer.body.errors).toMatchObject([{ extensions: { code: 'RATE_LIMITED' } }]);
    expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
  }
  const limited = {
    type: 'rate.limited',
    policy: 'refusals:address:documents',
    outcome: 'refused',
    clientIp: '192.0.2.1',
  };
  expect(events.at(-1)).toMatchObject(limited);
  expect((await post('{ open }', '192.0.2.1', 'bob')).status).toBe(200);
  expect((await post('{ open }', '198.51.100.7')).status).toBe(200);
});

it('refuses a caller that was denied too often, from whatever address it comes then', async () => {
  const { bulwark, post } = await serve({ refusals: { max: 3 } });
  for (let time = 0; time < 3; time += 1) await post('{ secret }', `192.0.2.${time}`, 'bob');
  expect((await post('{ open }', '192.0.2.9', 'bob')).status).toBe(429);
  expect((await post('{ secret }', '192.0.2.9', 'admin')).body).toEqual({ data: { secret: 'secret' } });
  const principal = { id: 'bob', claims: {}, roles: [], scopes: [], authMethod: 'test' };
  await bulwark.rateLimit.reset({ policy: 'refusals', principal });
  expect((await post('{ open }', '192.0.2.9', 'bob')).status).toBe(200);
});

it('spends a budget of points by the prices of the cost control, unless it has its own', async () => {
  const { post } = await serve({ points: { max: 25 } });
  const query = 'mutation { pay }'; // 10, as every mutation
  const answers = [];
  for (let time = 0; time < 3; time += 1) answers.push(await post(query, '192.0.2.1', 'bob'));
  expect(answers.map(({ status }) => status)).toEqual([200, 200, 429]);
  expect(answers[1]?.headers.get('ratelimit')).toMatch(/^"cost";r=5;/);
  const own = await serve({ points: { max: 25 }, cost: () => 20 });
  expect((await own.post(query, '192.0.2.1', 'bob')).status).toBe(200);
  expect((await own.post(query, '192.0.2.1', 'bob')).status).toBe(429);
  expect(() => createBulwark({ authenticate: false, cost: false, rateLimit: { points: { max: 25 } } })).toThrow(
    /points and cost need each other/,
  );
});

it('counts calls of resolvers below the guards: what is denied is not charged', async () => {
  const { post } = await serve({});
  for (let time = 0; time < 3; time += 1) await post('{ both }', '192.0.2.1', 'bob');
  expect((await post('{ both }', '192.0.2.1', 'admin')).body).toEqual({ data: { both: 'both' } });
  const answer = await post('{ a: few b: few c: few open }', '192.0.2.1', 'bob');
  expect(answer.status).toBe(200);
  expect(answer.body).toMatchObject({ data: { a: 'few', b: 'few', c: null, open: 'open' } });
});

it('tells of sockets that are refused because the store is down as a failure, and not as a limit', async () => {
  const down = async (): Promise<never> => Promise.reject(new Error('down'));
  const { bulwark, events } = await serve({
    store: { consume: down, giveBack: down, peek: down, reset: down },
    onStoreError: 'deny',
  });
  const refusal = await bulwark.sockets?.subscribe(securityContext());
  expect(refusal?.extensions['code']).toBe('SERVICE_UNAVAILABLE');
  const reason = 'the store of the rate limit failed';
  expect(events.at(-1)).toMatchObject({ type: 'failure', where: 'rate-limit', reason, outcome: 'refused' });
});

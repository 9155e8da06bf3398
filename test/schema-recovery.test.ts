import { makeExecutableSchema } from '@graphql-tools/schema';
import { type GraphQLSchema, isSpecifiedScalarType } from 'graphql';
import { createBulwark } from 'graphql-bulwark';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startBareServer } from '../examples/invoices/src/bare-server.ts';
import type { RunningServer } from '../examples/invoices/src/http.ts';
import { startIdentity } from '../examples/invoices/src/identity.ts';
import { startProtectedServer } from '../examples/invoices/src/protected-server.ts';
import { typeDefs } from '../examples/invoices/src/schema.ts';
import { someCases } from './property-cases.ts';
import { addressOf, type Recovered, recoverSchema, wordlist } from './schema-recovery.ts';

function namesOf(schema: GraphQLSchema): Set<string> {
  const found = new Set<string>();
  for (const type of Object.values(schema.getTypeMap())) {
    if (type.name.startsWith('__') || isSpecifiedScalarType(type)) continue;
    found.add(type.name);
    if ('getValues' in type) for (const { name } of type.getValues()) found.add(name);
    if (!('getFields' in type)) continue;
    for (const field of Object.values(type.getFields())) {
      found.add(field.name);
      if ('args' in field) for (const { name } of field.args) found.add(name);
    }
  }
  return found;
}

type Identity = Awaited<ReturnType<typeof startIdentity>>;
type Server = 'bare' | 'protected' | 'hiding';

/** Roots of both kinds, open and closed, with arguments and without, and words that name none. */
const few = [
  'me',
  'users',
  'invoice',
  'search',
  'login',
  'refresh',
  'requestPasswordReset',
  'createApiKey',
  'settings',
];
const words = someCases(wordlist, (word) => few.includes(word));

const running: RunningServer[] = [];
const urls = new Map<Server, string>();
const results = new Map<Server, Recovered>();
let identity: Identity | undefined;
const names = namesOf(makeExecutableSchema({ typeDefs: [createBulwark({ authenticate: false }).typeDefs, typeDefs] }));

beforeAll(async () => {
  identity = await startIdentity();
  const bare = await startBareServer({ identity });
  const protectedServer = await startProtectedServer({ identity, trustedHops: 1 });
  const hiding = await startProtectedServer({ identity, trustedHops: 1, hideUnauthorized: true });
  running.push(bare, protectedServer, hiding);
  urls.set('bare', bare.url).set('protected', protectedServer.url).set('hiding', hiding.url);
  for (const [server, url] of urls) results.set(server, await recoverSchema({ url, names, words }));
  const line = [...results].map(([server, { leaked, found, requests }]) => {
    return `${server.padEnd(9)} ${leaked.size} names leaked, ${found.size} root fields told apart, ${requests} requests`;
  });
  console.log(line.join('\n'));
}, 120_000);

afterAll(async () => {
  await Promise.all(running.map((server) => server.stop()));
  await identity?.stop();
});

const of = (server: Server): Recovered => {
  const result = results.get(server);
  if (!result) throw new Error(`${server} was not attacked`);
  return result;
};

describe('somebody with a list of words and no token', () => {
  it('rebuilds much of the bare server: the attack works', () => {
    const { leaked, found } = of('bare');
    expect(leaked.size).toBeGreaterThan(20);
    expect(found).toContain('Query.me');
    expect(found).toContain('Mutation.createApiKey');
  });

  it('learns no name from any message of the protected server', () => {
    expect([...of('protected').leaked]).toEqual([]);
  });

  it('finds only what anyone may use where the rest is hidden', () => {
    const { leaked, found } = of('hiding');
    expect([...leaked]).toEqual([]);
    expect([...found].toSorted()).toEqual(['Mutation.login', 'Mutation.refresh', 'Mutation.requestPasswordReset']);
  });
});

describe('an answer of the protected server to nobody', () => {
  let asked = 10_000;
  const ask = async (server: Server, body: unknown, headers: Record<string, string> = {}) => {
    asked += 1;
    const response = await fetch(urls.get(server) ?? '', {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-forwarded-for': addressOf(asked), ...headers },
      body: typeof body === 'string' ? body : JSON.stringify(body),
    });
    return { status: response.status, text: await response.text(), headers: [...response.headers] };
  };

  it.each([
    ['a missing field', { query: '{ nope }' }],
    ['a resolver that fails', { query: 'mutation { login(email: "x", password: "y") { accessToken } }' }],
    ['a body that is not JSON', '{"query":'],
    ['a hash that is unknown', { extensions: { persistedQuery: { version: 1, sha256Hash: 'a'.repeat(64) } } }],
    ['introspection', { query: '{ __schema { types { name } } }' }],
    [
      'variables that do not fit',
      { query: 'query ($f: Int!) { invoices(first: $f) { pageInfo { endCursor } } }', variables: { f: {} } },
    ],
  ])('to %s holds no stack, version, path or name of software', async (_name, body) => {
    for (const _time of [1, 2]) {
      const { text, headers } = await ask('protected', body);
      expect(`${text} ${headers.flat().join(' ')}`).not.toMatch(
        /stack|node_modules|\.(js|ts):|apollo|express|graphql-js|\d+\.\d+\.\d+|Did you mean|SQLite/i,
      );
    }
  });

  it('is the same for an object that does not exist and for one of somebody else', async () => {
    const read = (id: string) =>
      ask('protected', { query: 'query ($id: ID!) { invoice(id: $id) { id } }', variables: { id } });
    const [own, missing] = [await read('1'), await read('no-such-invoice')];
    const stable = ({ headers, ...rest }: typeof own) => ({
      ...rest,
      headers: headers.filter(([name]) => name !== 'date'),
    });
    expect(stable(own)).toEqual(stable(missing));
  });

  it('still lets anyone use what is public where the rest is hidden', async () => {
    const query = 'mutation { requestPasswordReset(email: "nobody@example.com") }';
    const answer = await ask('hiding', { query });
    expect([answer.status, JSON.parse(answer.text)]).toEqual([200, { data: { requestPasswordReset: true } }]);
  });
});

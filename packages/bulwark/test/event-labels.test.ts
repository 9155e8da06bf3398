/** What events say of a request, so that an operator finds the same one elsewhere: ids and names of headers, and the operation's hash. */
import { createHash } from 'node:crypto';
import { ApolloServer, type ApolloServerOptions, type BaseContext } from '@apollo/server';
import { startStandaloneServer } from '@apollo/server/standalone';
import { guard, type SecurityEvent } from '@graphql-bulwark/core';
import { limits } from '@graphql-bulwark/limits';
import { makeExecutableSchema } from '@graphql-tools/schema';
import { createBulwark, refuse } from 'graphql-bulwark';
import { afterEach, expect, it } from 'vitest';

const stops: (() => Promise<void>)[] = [];
afterEach(async () => {
  await Promise.all(stops.splice(0).map((stop) => stop()));
});

const typeDefs = 'type Query { open: Query secret: String note: Note } type Note { id: ID }';
const rules = `
  type Query { open: Query @public secret: String @auth(roles: "ADMIN") note: Note @public }
  type Note @owner { id: ID }
`;
const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';

async function serve() {
  const events: SecurityEvent[] = [];
  const bulwark = createBulwark({
    authenticate({ headers }) {
      if (headers.authorization !== undefined) throw refuse('UNAUTHENTICATED', { reason: 'malformed token' });
      return { id: 'ann', claims: { sub: 'ann' }, roles: [], scopes: [], authMethod: 'test' };
    },
    limits: { maxDepth: 3 },
    onEvent: (event) => {
      if (event.type !== 'config.warning' && event.type !== 'auth.success') events.push(event);
    },
    logger: { warn() {}, error() {} },
    exposure: false,
  });
  const resolvers = { Query: { open: () => ({}), note: () => ({ id: '1', ownerId: 'eve' }) } };
  const schema = bulwark.secure(makeExecutableSchema({ typeDefs: [bulwark.typeDefs, rules], resolvers }));
  return listen(bulwark.apollo({ schema, stopOnTerminationSignals: false }), bulwark.context(), events);
}

async function listen(options: object, context: unknown, events: SecurityEvent[]) {
  const server = new ApolloServer(options as ApolloServerOptions<BaseContext>);
  const { url } = await startStandaloneServer(server, {
    context: context as never,
    listen: { host: '127.0.0.1', port: 0 },
  });
  stops.push(() => server.stop());
  return async (query: string, headers: Record<string, string> = {}): Promise<SecurityEvent[]> => {
    events.length = 0;
    const all = { 'content-type': 'application/json', ...headers };
    await (await fetch(url, { method: 'POST', headers: all, body: JSON.stringify({ query }) })).text();
    return events;
  };
}

const sent = {
  'x-request-id': 'req-1',
  traceparent,
  'apollographql-client-name': 'web',
  'apollographql-client-version': '1.2.3',
};
const labels = { sentRequestId: 'req-1', traceparent, clientName: 'web', clientVersion: '1.2.3' };
const hash = (text: string): string => createHash('sha256').update(text).digest('hex');

it.each([
  ['a limit', 'query Deep { open { open { open { open { secret } } } } }', 'limit.exceeded'],
  ['a denied field', '{ secret }', 'access.denied'],
  ['a denied object', '{ note { id } }', 'access.denied'],
  ['a document that does not fit the schema', '{ nope }', 'request.invalid'],
  ['a document that does not parse', '{', 'request.invalid'],
])(
  'events of a refusal carry the ids and names that were sent, and the hash of the operation: %s',
  async (_, query, type) => {
    const ask = await serve();
    // Twice: the second time the document comes out of a cache.
    for (const _time of [1, 2]) {
      expect(await ask(query, sent)).toMatchObject([{ type, ...labels, operationHash: hash(query) }]);
    }
    const [without] = await ask(query);
    expect(Object.keys(without ?? {})).not.toEqual(expect.arrayContaining(['sentRequestId']));
    expect(without).toMatchObject({ type, operationHash: hash(query) });
  },
);

it('events of a refused credential carry them as well, although no operation is known', async () => {
  const ask = await serve();
  const events = await ask('{ open { secret } }', { ...sent, authorization: 'Bearer x' });
  expect(events).toMatchObject([{ type: 'auth.failure', ...labels }]);
  expect(events[0]).not.toHaveProperty('operationHash');
  expect(await ask('{ secret }', { 'graphql-client-name': 'ios', 'graphql-client-version': '7' })).toMatchObject([
    { clientName: 'ios', clientVersion: '7' },
  ]);
});

it('what is sent in these headers is cut, printable, and of the right form', async () => {
  const ask = await serve();
  const [event] = await ask('{ secret }', {
    'x-request-id': `a\u00ffb${'x'.repeat(500)}`,
    traceparent: '00-zz-01',
    'apollographql-client-name': '',
  });
  expect(event?.sentRequestId).toMatch(/^a\\u00ffbx+$/);
  expect(event?.sentRequestId).toHaveLength(100);
  expect(event).not.toHaveProperty('traceparent');
  expect(event).not.toHaveProperty('clientName');
});

it('a guard of its own reads them from the request, without the context of Bulwark', async () => {
  const events: SecurityEvent[] = [];
  const plugins = [guard({ controls: [limits({ maxDepth: 1 })], onEvent: (event) => events.push(event) })];
  const ask = await listen({ typeDefs, plugins, stopOnTerminationSignals: false }, async () => ({}), events);
  const query = '{ open { secret } }';
  expect(await ask(query, sent)).toMatchObject([{ type: 'limit.exceeded', ...labels, operationHash: hash(query) }]);
});

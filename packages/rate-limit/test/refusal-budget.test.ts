// What requests cost that are refused before the limits: so that nobody sends them for free.

import { ApolloServer } from '@apollo/server';
import { guard, type SecuredContext } from '@graphql-bulwark/core';
import { deny } from '@graphql-bulwark/core/internal';
import { GraphQLError } from 'graphql';
import { expect, it, onTestFinished, vi } from 'vitest';
import { as, codes, send, sendBody } from '../../../test/kit.ts';
import { memoryStore, rateLimit } from '../src/index.ts';
import { serve, watched } from './server.ts';

const schema = 'type Query { f: String @rateLimit(max: 3) free(id: Int!): String }';
const bob = as({ id: 'bob' });
const elsewhere = as({ id: 'ann' }, { clientIp: '198.51.100.7' });

it.each<[string, string, Record<string, unknown>]>([
  ['that cannot be parsed', '{ f', {}],
  ['that are not valid', '{ nothing }', {}],
  ['whose variables do not coerce', 'query ($id: Int!) { f free(id: $id) }', { id: 'x' }],
])(
  'documents %s are charged, and over the budget refused from memory without a store call',
  async (_name, query, variables) => {
    const store = watched();
    const { server, events } = await serve(schema, { store, refusals: { max: 5 } });
    for (let time = 1; time <= 5; time += 1) expect((await send(server, query, bob, { variables })).status).toBe(400);
    store.asked.length = 0;
    for (let time = 1; time <= 2; time += 1) {
      const answer = await send(server, query, bob, { variables });
      expect([answer.status, codes(answer)]).toEqual([429, ['RATE_LIMITED']]);
      expect(answer.headers.get('retry-after')).toBe('60');
    }
    expect((await send(server, '{ f }', bob)).status).toBe(429);
    expect((await send(server, '{ f }', as({ id: 'eve' }))).status).toBe(429);
    expect((await send(server, '{ f }', as({ id: 'bob' }, { clientIp: '198.51.100.7' }))).status).toBe(429);
    expect(store.asked).toEqual([]);
    const limited = { type: 'rate.limited', control: 'rate-limit', policy: 'refusals', outcome: 'refused' };
    expect(events.at(-1)).toMatchObject(limited);
    expect((await send(server, '{ f }', elsewhere)).status).toBe(200);
  },
);

it('denials of fields are charged one by one, so that ids cannot be tried out under aliases', async () => {
  const limiter = rateLimit({ refusals: { max: 60 } });
  const server = new ApolloServer<SecuredContext>({
    typeDefs: 'type Query { doc(id: Int!): String }',
    resolvers: {
      Query: {
        doc(_: unknown, { id }: { id: number }) {
          if (id > 0) throw deny('FORBIDDEN');
          return 'yours';
        },
      },
    },
    plugins: [guard({ controls: [limiter], onEvent: () => {} })],
    stopOnTerminationSignals: false,
  });
  await server.start();
  onTestFinished(() => server.stop());
  const tries = Array.from({ length: 30 }, (_, i) => `a${i}: doc(id: ${i + 1})`).join(' ');
  const statuses = [];
  for (let time = 0; time < 3; time += 1) statuses.push((await send(server, `{ ${tries} }`, bob)).status);
  expect(statuses).toEqual([200, 200, 429]);
  expect((await send(server, '{ doc(id: 0) }', elsewhere)).body).toEqual({ data: { doc: 'yours' } });
  await limiter.reset({ policy: 'refusals', principal: bob.security.principal });
  await limiter.reset({ policy: 'refusals:address', clientIp: bob.security.clientIp });
  expect((await send(server, '{ doc(id: 0) }', bob)).status).toBe(200);
});

it('attack: what strangers put into a list locks nobody out, and nobody else at the address', async () => {
  const server = new ApolloServer<SecuredContext>({
    typeDefs: 'type Query { feed: [String] free: String }',
    resolvers: { Query: { feed: () => Array.from({ length: 20 }, () => deny('FORBIDDEN')), free: () => 'free' } },
    plugins: [guard({ controls: [rateLimit({ refusals: { max: 5 } })], onEvent: () => {} })],
    stopOnTerminationSignals: false,
  });
  await server.start();
  onTestFinished(() => server.stop());
  for (let time = 0; time < 5; time += 1) expect((await send(server, '{ feed }', bob)).status).toBe(200);
  expect((await send(server, '{ feed }', bob)).status).toBe(429);
  expect((await send(server, '{ free }', as({ id: 'eve' }))).status).toBe(200);
  expect((await send(server, '{ free }', as(null))).status).toBe(200);
});

it('attack: a denial that nulls the whole answer does not make all others one', async () => {
  const fields = 'type Query { doc(id: Int!): String all(id: Int!): String! save: String! }';
  const taken = new GraphQLError('taken', { extensions: { code: 'BAD_USER_INPUT' } });
  const answer = (name: string): Error => (name === 'save' ? taken : deny('FORBIDDEN'));
  const { server, limiter } = await serve(fields, { refusals: { max: 60 } }, answer);
  // What an application says of its own is no refusal, whatever it nulls.
  for (let time = 0; time < 3; time += 1) expect((await send(server, '{ save }', bob)).body.data).toBeNull();
  const left = async () => (await limiter.peek({ policy: 'refusals', principal: bob.security.principal })).remaining;
  expect(await left()).toBe(60);
  const tries = Array.from({ length: 30 }, (_, i) => `a${i}: doc(id: ${i})`).join(' ');
  expect((await send(server, `{ ${tries} all(id: 1) }`, bob)).body.data).toBeNull();
  expect(await left()).toBe(29);
});

it('neither answers, nor failures of the server, nor a spent limit are charged', async () => {
  const { server, limiter } = await serve(schema, { refusals: { max: 2 } }, () => {
    throw new Error('bug');
  });
  for (let time = 0; time < 8; time += 1) await send(server, '{ f }', bob);
  const hash = { persistedQuery: { version: 1, sha256Hash: 'a'.repeat(64) } };
  for (let time = 0; time < 8; time += 1) await send(server, undefined, bob, { extensions: hash });
  expect((await limiter.peek({ policy: 'refusals', principal: bob.security.principal })).remaining).toBe(2);
});

it('attack: an application that writes codes of its own on errors lets nobody guess for free', async () => {
  const limiter = rateLimit({ refusals: { max: 2 } });
  const server = new ApolloServer<SecuredContext>({
    typeDefs: 'type Query { f: Int mine: Int }',
    resolvers: { Query: { f: () => 1, mine: () => deny('FORBIDDEN') } },
    plugins: [guard({ controls: [limiter], onEvent: () => {} })],
    formatError: ({ message }) => ({ message }),
    stopOnTerminationSignals: false,
    logger: { debug() {}, info() {}, warn() {}, error() {} },
  });
  onTestFinished(() => server.stop());
  await server.start();
  for (const [query, who] of [
    ['{ nothing }', bob],
    ['{ mine }', elsewhere],
  ] as const) {
    for (let time = 1; time <= 2; time += 1) await send(server, query, who);
    expect((await send(server, '{ f }', who)).status).toBe(429);
  }
  expect((await send(server, '{ f }', as(null, { clientIp: '198.51.100.8' }))).status).toBe(200);
});

it('elements of a batch are charged one by one', async () => {
  const { server } = await serve(schema, { refusals: { max: 5 } });
  await sendBody(
    server,
    Array.from({ length: 5 }, () => ({ query: '{ nothing }' })),
    bob,
  );
  expect((await send(server, '{ f }', bob)).status).toBe(429);
});

/** On one store, at a time of their own. */
async function twoProcesses() {
  vi.useFakeTimers({ toFake: ['Date', 'performance', 'setTimeout', 'clearTimeout'] });
  onTestFinished(() => void vi.useRealTimers());
  const options = { store: memoryStore(), refusals: { max: 5 } };
  return [await serve(schema, options), await serve(schema, options)] as const;
}

it('processes share the budget through their store, and a new window forgives', async () => {
  const [one, two] = await twoProcesses();
  for (let time = 0; time < 4; time += 1) await send(one.server, '{ nothing }', bob);
  await send(two.server, '{ nothing }', bob);
  expect((await send(two.server, '{ f }', bob)).status).toBe(429);
  vi.advanceTimersByTime(60_000);
  expect((await send(two.server, '{ f }', bob)).status).toBe(200);
});

it('a lockout that another process began ends with the window of the store', async () => {
  const [one, two] = await twoProcesses();
  for (let time = 0; time < 4; time += 1) await send(one.server, '{ nothing }', bob);
  vi.advanceTimersByTime(40_000);
  await send(two.server, '{ nothing }', bob);
  const answer = await send(two.server, '{ f }', bob);
  expect([answer.status, answer.headers.get('retry-after')]).toEqual([429, '20']);
  vi.advanceTimersByTime(20_000);
  expect((await send(two.server, '{ f }', bob)).status).toBe(200);
});

it('can be switched off, and reports where the control only reports', async () => {
  const off = await serve(schema, { refusals: false });
  for (let time = 0; time < 70; time += 1) expect((await send(off.server, '{ nothing }', bob)).status).toBe(400);
  const { server, events } = await serve(schema, { refusals: { max: 1 }, mode: 'report' });
  for (let time = 0; time < 3; time += 1) expect((await send(server, '{ nothing }', bob)).status).toBe(400);
  expect(events).toContainEqual(expect.objectContaining({ type: 'rate.limited', outcome: 'reported' }));
});

// What requests cost that are refused before the limits, so that they are not free.
import { createHash } from 'node:crypto';
import { ApolloServer } from '@apollo/server';
import { guard, type SecuredContext } from '@graphql-bulwark/core';
import { deny } from '@graphql-bulwark/core/internal';
import { GraphQLError, parse } from 'graphql';
import { describe, expect, inject, it, onTestFinished, vi } from 'vitest';
import { as, codes, send, sendBody } from '../../../test/kit.ts';
import { Redis } from '../../../test/redis-client.ts';
import { memoryStore, rateLimit, redisStore } from '../src/index.ts';
import { createValidDocuments } from '../src/valid-documents.ts';
import { serve, watched } from './server.ts';

const schema = 'type Query { f: String @rateLimit(max: 3) free(id: Int!): String }';
const bob = as({ id: 'bob' });
const elsewhere = as({ id: 'ann' }, { clientIp: '198.51.100.7' });
const stranger = as(null);

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
    expect((await send(server, '{ f }', as({ id: 'bob' }, { clientIp: '198.51.100.7' }))).status).toBe(429);
    expect(store.asked).toEqual([]);
    const limited = { type: 'rate.limited', control: 'rate-limit', policy: 'refusals:documents', outcome: 'refused' };
    expect(events.at(-1)).toMatchObject(limited);
    for (const other of [elsewhere, as({ id: 'eve' }), stranger])
      expect((await send(server, '{ f }', other)).status).toBe(200);
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
  expect((await send(server, '{ doc(id: 0) }', bob)).status).toBe(200);
});

it('an address that sent too much that is not valid is refused documents that were not valid before, and no principal is', async () => {
  const { server, limiter, events } = await serve(schema, { refusals: { max: 5 } });
  const there = as(null, { clientIp: '198.51.100.7' });
  const sha256Hash = createHash('sha256').update('{ __typename }').digest('hex');
  const persisted = { extensions: { persistedQuery: { version: 1, sha256Hash } } };
  expect((await send(server, '{ __typename }', there, persisted)).status).toBe(200);
  expect((await send(server, '{ b: __typename }', bob)).status).toBe(200);
  for (let time = 1; time <= 5; time += 1) expect((await send(server, '{ nothing }', stranger)).status).toBe(400);
  // Valid for a principal is not valid for all, and a hash of nothing is no document.
  for (const query of ['{ nothing }', '{ f }', '{ b: __typename }'])
    expect((await send(server, query, stranger)).status).toBe(429);
  expect(events.at(-1)).toMatchObject({
    type: 'rate.limited',
    policy: 'refusals:address:documents',
    outcome: 'refused',
  });
  const unknown = { extensions: { persistedQuery: { version: 1, sha256Hash: 'a'.repeat(64) } } };
  expect((await send(server, undefined, stranger, unknown)).status).toBe(429);
  expect((await send(server, '{ __typename }', stranger)).status).toBe(200);
  expect((await send(server, undefined, stranger, persisted)).status).toBe(200);
  expect((await send(server, '{ f }', bob)).status).toBe(200);
  // What bob does there is his own.
  for (let time = 1; time <= 4; time += 1) expect((await send(server, '{ nothing }', bob)).status).toBe(400);
  expect((await send(server, '{ f }', bob)).status).toBe(200);
  // Once it has run from elsewhere, it is known.
  expect((await send(server, '{ f }', there)).status).toBe(200);
  expect((await send(server, '{ f }', stranger)).status).toBe(200);
  await limiter.reset({ policy: 'refusals:address:documents', clientIp: stranger.security.clientIp });
  expect((await send(server, '{ nothing }', stranger)).status).toBe(400);
});

it('a principal that sent too much that is not valid is refused what it has not run before, and nothing else', async () => {
  const { server, limiter } = await serve(schema, { refusals: { max: 5 } });
  const longId = as({ id: 'service '.repeat(20) });
  for (const caller of [bob, longId]) {
    expect((await send(server, '{ __typename }', caller)).status).toBe(200);
    for (let time = 1; time <= 5; time += 1) expect((await send(server, '{ nothing }', caller)).status).toBe(400);
    expect((await send(server, '{ __typename }', caller)).status).toBe(200);
    expect((await send(server, '{ a: __typename }', caller)).status).toBe(429);
    expect((await send(server, '{ nothing }', caller)).status).toBe(429);
  }
  // What others have run is not what bob may run.
  expect((await send(server, '{ a: __typename }', as({ id: 'eve' }))).status).toBe(200);
  expect((await send(server, '{ a: __typename }', bob)).status).toBe(429);
  await limiter.reset({ policy: 'refusals:documents', principal: bob.security.principal });
  expect((await send(server, '{ a: __typename }', bob)).status).toBe(200);
});

it('remembers so many valid documents, and forgets what was not run for long', () => {
  const documents = createValidDocuments(2);
  const [security, principals] = [stranger.security, bob.security];
  const run = (source: string): void => documents.remember({ document: parse(source), source, security });
  const isKnown = (source: string): boolean => documents.include({ source, extensions: undefined, security });
  for (const source of ['{ a }', '{ b }', '{ c }', '{ a }', '{ a }', '{ d }']) run(source);
  expect(['{ a }', '{ b }', '{ c }', '{ d }'].map(isKnown)).toEqual([true, false, true, true]);
  expect(documents.include({ source: '{ a }', extensions: undefined, security: principals })).toBe(false);
  for (const persistedQuery of [undefined, null, {}, { sha256Hash: 7 }, 'text']) {
    expect(documents.include({ source: undefined, extensions: { persistedQuery }, security })).toBe(false);
  }
});

it('an address that was denied too often is refused all that comes without a principal, what is valid as well', async () => {
  const fields = 'type Query { code: String free: String }';
  const { server, events } = await serve(fields, { refusals: { max: 5 } }, (name) =>
    name === 'free' ? 'free' : deny('NOT_FOUND'),
  );
  expect((await send(server, '{ free }', stranger)).status).toBe(200);
  for (let time = 1; time <= 5; time += 1) expect((await send(server, '{ code }', stranger)).status).toBe(200);
  for (const query of ['{ code }', '{ free }']) expect((await send(server, query, stranger)).status).toBe(429);
  expect(events.at(-1)).toMatchObject({ type: 'rate.limited', policy: 'refusals:address', outcome: 'refused' });
  expect((await send(server, '{ free }', bob)).status).toBe(200);
  expect((await send(server, '{ free }', as(null, { clientIp: '198.51.100.7' }))).status).toBe(200);
});

it('a request without a principal that is told to sign in counts nothing, and a denial of another kind beside it counts', async () => {
  const fields = 'type Query { f: String mine: String theirs: String } type Mutation { pay: String }';
  const answers: Record<string, unknown> = { mine: deny('UNAUTHENTICATED'), theirs: deny('FORBIDDEN'), f: 'f' };
  const { server, limiter } = await serve(fields, { refusals: { max: 5 } }, (name) => answers[name]);
  const left = async () => (await limiter.peek({ policy: 'refusals:address', clientIp: '192.0.2.1' })).remaining;
  for (let time = 0; time < 20; time += 1) {
    expect((await send(server, '{ a: mine b: mine c: mine f }', stranger)).body.data).toMatchObject({ f: 'f' });
  }
  expect(await left()).toBe(5);
  await send(server, '{ mine theirs }', stranger);
  expect(await left()).toBe(4);
  // To a principal it is a denial like any other.
  for (let time = 0; time < 5; time += 1) expect((await send(server, '{ mine }', bob)).status).toBe(200);
  expect((await send(server, '{ f }', bob)).status).toBe(429);
});

it('callers without an address share no budget: those with a principal have their own, and the others none', async () => {
  const { server, limiter } = await serve(schema, { refusals: { max: 3 } });
  const nowhere = { clientIp: null };
  for (let time = 0; time < 10; time += 1) {
    expect((await send(server, '{ nothing }', as(null, nowhere))).status).toBe(400);
  }
  expect((await limiter.peek({ policy: 'refusals:address:documents' })).remaining).toBe(3);
  for (let time = 0; time < 3; time += 1) await send(server, '{ nothing }', as({ id: 'bob' }, nowhere));
  expect((await send(server, '{ f }', as({ id: 'bob' }, nowhere))).status).toBe(429);
  for (const other of [as({ id: 'eve' }, nowhere), as(null, nowhere)])
    expect((await send(server, '{ f }', other)).status).toBe(200);
});

describe('requests that run at the same time', () => {
  const fields =
    'type Query { theirs: String mine: String } type Mutation { save: Saved } type Saved { theirs: String }';

  /** No `theirs` is answered before so many are asked for, and no `mine` before `release` is called. */
  async function serveTogether(count: number) {
    let [asked, open, release] = [0, (): void => {}, (): void => {}];
    const all = new Promise<void>((resolve) => {
      open = resolve;
    });
    const later = new Promise<void>((resolve) => {
      release = resolve;
    });
    const served = await serve(fields, { refusals: { max: 60 } }, async (name) => {
      if (name === 'save') return {};
      if (name === 'theirs') asked += 1;
      if (asked >= count) open();
      await (name === 'mine' ? later : all);
      return name === 'mine' ? 'mine' : deny('FORBIDDEN');
    });
    return { ...served, release };
  }

  it('attack: bring no more answers than one after the other, over HTTP and in a batch', async () => {
    const { server, events } = await serveTogether(200);
    const single = Promise.all(Array.from({ length: 100 }, () => send(server, '{ theirs }', bob)));
    const batch = await sendBody(
      server,
      Array.from({ length: 100 }, () => ({ query: '{ theirs }' })),
      bob,
    );
    const answers = await single;
    const locked = answers.filter(({ status }) => status === 429);
    for (const { headers, body } of locked) {
      expect(headers.get('retry-after')).toBe('60');
      expect(body).toEqual({ errors: [{ message: 'Too many requests', extensions: { code: 'RATE_LIMITED' } }] });
    }
    const elements = batch.body as { data?: unknown }[];
    const withheld = elements.filter(({ data }) => data === undefined);
    expect(batch.status).toBe(200);
    expect(locked.length + withheld.length).toBe(140);
    expect(events.filter(({ type }) => type === 'rate.limited')).toHaveLength(140);
  });

  it('attack: do not tell by their 429 which of them were denied', async () => {
    const { server, release } = await serveTogether(60);
    const mine = send(server, '{ mine }', bob);
    const eves = send(server, '{ mine }', as({ id: 'eve' }));
    await Promise.all(Array.from({ length: 60 }, () => send(server, '{ theirs }', bob)));
    release();
    expect((await mine).status).toBe(429);
    expect((await eves).body.data).toEqual({ mine: 'mine' });
  });

  it('have the answer of a mutation that wrote, whatever was spent in the meantime', async () => {
    const { server, limiter } = await serveTogether(71);
    const spending = Array.from({ length: 70 }, () => send(server, '{ theirs }', bob));
    const [saved] = await Promise.all([send(server, 'mutation { save { theirs } }', bob), ...spending]);
    expect([saved?.status, saved?.body.data]).toEqual([200, { save: { theirs: null } }]);
    expect((await limiter.peek({ policy: 'refusals', principal: bob.security.principal })).remaining).toBe(0);
  });

  it('are all answered in report mode, and those that follow are told of once each', async () => {
    const { server, events } = await serve(fields, { refusals: { max: 2 }, mode: 'report' }, () => deny('FORBIDDEN'));
    const ask = async (): Promise<number> => (await send(server, '{ theirs }', bob)).status;
    expect(await Promise.all(Array.from({ length: 9 }, ask))).toEqual(Array(9).fill(200));
    const before = events.filter(({ type }) => type === 'rate.limited').length;
    expect([await ask(), await ask()]).toEqual([200, 200]);
    const reported = events.filter(({ type }) => type === 'rate.limited').slice(before);
    expect(reported).toMatchObject([{ outcome: 'reported' }, { outcome: 'reported' }]);
  });
});

it('attack: the ids of a list that the client sent are counted one by one, as literals and in variables', async () => {
  const limiter = rateLimit({ refusals: { max: 60 } });
  const server = new ApolloServer<SecuredContext>({
    typeDefs: 'type Query { docs(ids: [Int!]!): [String] feed(kinds: [Int!]): [String] }',
    resolvers: {
      Query: {
        docs: (_: unknown, { ids }: { ids: number[] }) => ids.map(() => deny('FORBIDDEN')),
        feed: () => Array.from({ length: 20 }, () => deny('FORBIDDEN')),
      },
    },
    plugins: [guard({ controls: [limiter], onEvent: () => {} })],
    stopOnTerminationSignals: false,
  });
  await server.start();
  onTestFinished(() => server.stop());
  const left = async () => (await limiter.peek({ policy: 'refusals', principal: bob.security.principal })).remaining;
  await send(server, `{ docs(ids: [${[...Array(25).keys()].join()}]) }`, bob);
  expect(await left()).toBe(35);
  await send(server, 'query ($ids: [Int!]!) { docs(ids: $ids) }', bob, { variables: { ids: [...Array(25).keys()] } });
  expect(await left()).toBe(10);
  // Twenty items that others have put there, of two kinds that the client asked for.
  await send(server, '{ feed(kinds: [1, 2]) }', bob);
  expect(await left()).toBe(8);
  await send(server, '{ feed }', bob);
  expect(await left()).toBe(7);
  // More at once than there are in a minute.
  const many = { variables: { ids: [...Array(61).keys()] } };
  const answer = await send(server, 'query ($ids: [Int!]!) { docs(ids: $ids) }', as({ id: 'eve' }), many);
  expect([answer.status, codes(answer)]).toEqual([429, ['RATE_LIMITED']]);
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

const redisUrl = inject('redisUrl');

it.skipIf(redisUrl === undefined)(
  'processes that share a Redis share the budget of a principal, and of an address',
  async () => {
    const client = new Redis(redisUrl ?? '');
    onTestFinished(() => client.disconnect());
    await client.ping();
    const options = { store: redisStore({ client }), refusals: { max: 20 }, storeTimeoutMilliseconds: 10_000 };
    const servers = [await serve(schema, options), await serve(schema, options), await serve(schema, options)];
    const id = `refused-${process.pid}-${performance.now()}`;
    for (const caller of [as({ id }), as(null, { clientIp: id })]) {
      let answered = 0;
      for (let time = 0; time < 30; time += 1) {
        for (const { server } of servers) {
          if ((await send(server, '{ nothing }', caller)).status === 400) answered += 1;
          // What Redis counts is learned after the answer.
          await client.ping();
        }
      }
      // Each process learns from a refusal of its own that the others have spent the rest.
      expect(answered).toBeGreaterThanOrEqual(20);
      expect(answered).toBeLessThanOrEqual(20 + servers.length - 1);
      for (const { server } of servers) expect((await send(server, '{ f }', caller)).status).toBe(429);
    }
    for (const { server } of servers) expect((await send(server, '{ f }', as({ id: `${id}-other` }))).status).toBe(200);
  },
);

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

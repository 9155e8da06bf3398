// A server that is wired by half: its operations are refused, or warned of, and servers that are wired otherwise are left alone.

import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { ApolloServer } from '@apollo/server';
import { startStandaloneServer } from '@apollo/server/standalone';
import { securityContext } from '@graphql-bulwark/core';
import { makeExecutableSchema } from '@graphql-tools/schema';
import { execute, type GraphQLSchema, parse, subscribe } from 'graphql';
import { type BulwarkOptions, createBulwark, type SecuredContext, type SecurityEvent } from 'graphql-bulwark';
import { createHandler } from 'graphql-http/lib/use/http';
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { integrations } from './integrations.ts';

interface Context extends SecuredContext {
  readonly schema?: GraphQLSchema;
}

const typeDefs = `
  type Query { open: String @public nested: String @public fails: String @public }
  type Mutation { pay: String @public }
  type Subscription { tick: Int @public }
`;
const paid = vi.fn<() => string>(() => 'paid');
const resolvers = {
  Query: {
    open: () => 'open',
    async nested(_: unknown, __: unknown, contextValue: Context) {
      const { data } = await execute({
        schema: contextValue.schema as GraphQLSchema,
        document: parse('{ open }'),
        contextValue,
      });
      return String(data?.['open']);
    },
    fails() {
      throw new Error('postgres://user:password@db');
    },
  },
  Mutation: { pay: paid },
  Subscription: {
    tick: {
      async *subscribe() {
        yield { tick: 1 };
        yield { tick: 2 };
      },
    },
  },
};

beforeEach(() => {
  vi.stubEnv('NODE_ENV', 'production');
});
afterEach(() => {
  vi.unstubAllEnvs();
  paid.mockClear();
});

function build(options: Partial<BulwarkOptions<Context>> = {}) {
  const events: SecurityEvent[] = [];
  const logged: string[] = [];
  const bulwark = createBulwark<Context>({
    authenticate: () => null,
    onEvent: (event) => events.push(event),
    logger: { warn() {}, error: (line) => logged.push(line) },
    ...options,
  });
  const schema = bulwark.secure(makeExecutableSchema({ typeDefs: [bulwark.typeDefs, typeDefs], resolvers }));
  const warnings = () => events.flatMap((event) => (event.type === 'config.warning' ? event.message : []));
  const alarms = () => [
    ...warnings().filter((message) => message.startsWith('wiring')),
    ...events.filter((event) => event.type === 'failure' && event.where === 'unchecked operation'),
  ];
  return { bulwark, schema, events, logged, warnings, alarms };
}
type Built = ReturnType<typeof build>;

async function listen(server: ApolloServer<Context>, { bulwark, schema }: Built): Promise<string> {
  onTestFinished(() => server.stop());
  const { url } = await startStandaloneServer(server, {
    context: bulwark.context(async () => ({ schema })),
    listen: { host: '127.0.0.1', port: 0 },
  });
  return url;
}

async function post(url: string, body: unknown) {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  // biome-ignore lint/suspicious/noExplicitAny: answers of every shape.
  const answer: any = await response.json();
  return { status: response.status, answer };
}

/** A context as a request makes it. */
const request = { req: { headers: {}, socket: { remoteAddress: '192.0.2.1' } } } as never;

describe('bulwark.apollo() was forgotten', () => {
  const forgotten = ({ schema }: Built) => new ApolloServer<Context>({ schema, stopOnTerminationSignals: false });

  it('in production every root field is refused with a constant text, and the log says what is missing', async () => {
    const built = build();
    const url = await listen(forgotten(built), built);
    const aliases = Array.from({ length: 500 }, (_, i) => `a${i}: open`).join(' ');
    for (const query of ['{ open }', '{ fails }', `{ ${aliases} }`, 'mutation { pay }']) {
      const { status, answer } = await post(url, { query });
      expect(status).toBe(500);
      expect(new Set(Object.values(answer.data))).toEqual(new Set([null]));
      expect(answer.errors[0]).toMatchObject({
        message: 'Internal server error',
        extensions: { code: 'INTERNAL_SERVER_ERROR', errorId: expect.any(String) },
      });
      expect(JSON.stringify(answer)).not.toMatch(/postgres|bulwark/i);
    }
    expect(paid).not.toHaveBeenCalled();
    // One event for each request, and one line in a minute.
    expect(built.alarms()).toHaveLength(4);
    expect(built.logged).toHaveLength(1);
    expect(built.logged[0]).toContain('new ApolloServer(bulwark.apollo({ schema }))');
    expect(built.logged[0]).toContain((built.alarms()[0] as { errorId: string }).errorId);
  });

  it('with it the same operations are answered, and nothing is said', async () => {
    const built = build();
    const { schema, bulwark } = built;
    const url = await listen(new ApolloServer(bulwark.apollo({ schema, stopOnTerminationSignals: false })), built);
    expect(await post(url, { query: '{ open nested }' })).toEqual({
      status: 200,
      answer: { data: { open: 'open', nested: 'open' } },
    });
    expect((await post(url, { query: 'mutation { pay }' })).answer).toEqual({ data: { pay: 'paid' } });
    expect(built.alarms()).toEqual([]);
  });

  it('in a batch no operation of a guarded server is taken for an unchecked one', async () => {
    const built = build();
    const { schema, bulwark } = built;
    const settings = bulwark.apollo({ schema, allowBatchedHttpRequests: true, stopOnTerminationSignals: false });
    const url = await listen(new ApolloServer(settings), built);
    const { answer } = await post(url, [{ query: '{ open }' }, { query: '{ __typename }' }, { query: '{ nested }' }]);
    expect(answer).toEqual([
      { data: { open: 'open' } },
      { data: { __typename: 'Query' } },
      { data: { nested: 'open' } },
    ]);
    expect(built.alarms()).toEqual([]);
  });

  it('in development and in tests it is a warning, told once, and the operation runs', async () => {
    for (const environment of ['development', 'test']) {
      vi.stubEnv('NODE_ENV', environment);
      const built = build();
      const url = await listen(forgotten(built), built);
      for (const query of ['{ open }', '{ a: open b: open }']) expect((await post(url, { query })).status).toBe(200);
      expect(built.alarms()).toEqual([expect.stringContaining('bulwark.apollo({ schema })')]);
    }
  });

  it('uncheckedOperations says for every environment whether such an operation is refused, warned of or allowed', async () => {
    const allowed = build({ uncheckedOperations: 'allow' });
    expect((await post(await listen(forgotten(allowed), allowed), { query: '{ open }' })).status).toBe(200);
    expect(allowed.alarms()).toEqual([]);
    const warned = build({ uncheckedOperations: 'warn' });
    expect((await post(await listen(forgotten(warned), warned), { query: '{ open }' })).status).toBe(200);
    expect(warned.alarms()).toHaveLength(1);
    vi.stubEnv('NODE_ENV', 'test');
    const refused = build({ uncheckedOperations: 'refuse' });
    expect((await post(await listen(forgotten(refused), refused), { query: '{ open }' })).status).toBe(500);
    expect(() => build({ uncheckedOperations: 'never' as never })).toThrow(
      "uncheckedOperations must be 'refuse', 'warn' or 'allow'",
    );
  });

  it('a context of one Bulwark that is checked by another was not checked by its own', async () => {
    const [built, other] = [build(), build()];
    const settings = other.bulwark.apollo({ schema: built.schema, stopOnTerminationSignals: false });
    const { status } = await post(await listen(new ApolloServer(settings), built), { query: '{ open }' });
    expect(status).toBe(500);
    expect(built.alarms()).toHaveLength(1);
  });

  it.each(integrations)('the missing plugin is noticed on $name', async ({ serve }) => {
    const built = build();
    const server = forgotten(built);
    const url = await serve({
      bulwark: built.bulwark,
      server,
      onStop: (stop) => onTestFinished(async () => void (await stop())),
    });
    const { answer } = await post(url, { query: '{ open }' });
    expect(answer).toMatchObject({ data: { open: null }, errors: [{ extensions: { code: 'INTERNAL_SERVER_ERROR' } }] });
  });
});

describe('what is wired otherwise raises no alarm', () => {
  it('another server that awaits bulwark.check() before it executes, and is refused without it', async () => {
    for (const isChecked of [true, false]) {
      const { bulwark, schema, alarms } = build();
      const context = bulwark.context();
      const handler = createHandler({
        schema,
        async onSubscribe({ raw }, { query, operationName, variables }) {
          const document = parse(query);
          const contextValue = await context({ req: raw });
          const operation = { schema, document, operationName };
          if (isChecked) await bulwark.check({ ...operation, contextValue, variables });
          return { ...operation, variableValues: variables, contextValue: { ...contextValue } };
        },
        execute,
      });
      const http = createServer((incoming, response) => void handler(incoming, response)).listen(0, '127.0.0.1');
      await once(http, 'listening');
      onTestFinished(() => {
        http.closeAllConnections();
        http.close();
      });
      const { answer } = await post(`http://127.0.0.1:${(http.address() as AddressInfo).port}`, { query: '{ open }' });
      expect(answer.data).toEqual({ open: isChecked ? 'open' : null });
      expect(alarms()).toHaveLength(isChecked ? 0 : 1);
    }
  });

  it('tests and scripts with a context of their own, with and without a caller', async () => {
    const { schema, alarms } = build();
    for (const contextValue of [undefined, {}, { security: securityContext() }]) {
      const { data } = await execute({ schema, document: parse('{ open }'), contextValue });
      expect(data).toEqual({ open: 'open' });
    }
    expect(alarms()).toEqual([]);
  });

  it('the events of a subscription that was checked, which is refused where it was not', async () => {
    const { bulwark, schema, alarms } = build();
    const document = parse('subscription { tick }');
    const checked = await bulwark.context()(request);
    await bulwark.check({ schema, document, contextValue: checked });
    const stream = (await subscribe({ schema, document, contextValue: checked })) as AsyncIterable<{ data: unknown }>;
    const data: unknown[] = [];
    for await (const event of stream) data.push({ ...(event.data as object) });
    expect(data).toEqual([{ tick: 1 }, { tick: 2 }]);
    expect(alarms()).toEqual([]);
    const unchecked = await bulwark.context()(request);
    expect(await subscribe({ schema, document, contextValue: unchecked })).toMatchObject({
      errors: [{ message: 'Internal server error' }],
    });
  });

  it('two servers of one Bulwark, each with its schema', async () => {
    const built = build();
    const { bulwark, schema } = built;
    const other = bulwark.secure(makeExecutableSchema({ typeDefs: [bulwark.typeDefs, typeDefs], resolvers }));
    for (const served of [schema, other]) {
      const server = new ApolloServer(bulwark.apollo({ schema: served, stopOnTerminationSignals: false }));
      expect((await post(await listen(server, built), { query: '{ open }' })).status).toBe(200);
    }
    expect(built.alarms()).toEqual([]);
  });
});

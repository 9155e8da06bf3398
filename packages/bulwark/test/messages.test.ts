import { ApolloServer } from '@apollo/server';
import { startStandaloneServer } from '@apollo/server/standalone';
import { makeExecutableSchema } from '@graphql-tools/schema';
import { type BulwarkOptions, createBulwark, refuse } from 'graphql-bulwark';
import { afterEach, expect, it } from 'vitest';

const stops: (() => Promise<void>)[] = [];
afterEach(async () => {
  await Promise.all(stops.splice(0).map((stop) => stop()));
});

const typeDefs = 'type Query { open: String @public @rateLimit(max: 2) mine: String fails: String @public }';
const resolvers = {
  Query: {
    open: () => 'open',
    fails: () => {
      throw new Error('db password x');
    },
  },
};

async function serve(messages: BulwarkOptions['messages']) {
  const bulwark = createBulwark({
    authenticate({ headers }) {
      if (headers.authorization === undefined) return null;
      throw headers.authorization === 'broken' ? new Error('db password x') : refuse('UNAUTHENTICATED');
    },
    introspection: { allow: false },
    strictMessages: true,
    messages,
    onEvent: () => {},
    logger: { warn() {}, error() {} },
  });
  const schema = bulwark.secure(makeExecutableSchema({ typeDefs: [bulwark.typeDefs, typeDefs], resolvers }));
  const quiet = { debug() {}, info() {}, warn() {}, error() {} };
  const server = new ApolloServer(bulwark.apollo({ schema, stopOnTerminationSignals: false, logger: quiet }));
  const listen = { host: '127.0.0.1', port: 0 };
  const { url } = await startStandaloneServer(server, { context: bulwark.context(), listen });
  stops.push(() => server.stop());
  return async (query: string, authorization?: string): Promise<unknown> => {
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...(authorization !== undefined && { authorization }) },
      body: JSON.stringify({ query }),
    });
    const { errors } = (await response.json()) as { errors?: { message: string; extensions: { code: string } }[] };
    return errors?.map(({ message, extensions }) => `${response.status} ${extensions.code} ${message}`);
  };
}

it('texts of the application stand on every way out: context, room 4, fields, masked errors', async () => {
  const ask = await serve({
    UNAUTHENTICATED: 'Bitte anmelden',
    INTROSPECTION_DISABLED: 'Kein Schema',
    RATE_LIMITED: 'Zu oft',
    INTERNAL_SERVER_ERROR: 'Interner Fehler',
    GRAPHQL_VALIDATION_FAILED: 'Passt nicht',
  });
  for (const _time of [1, 2]) {
    expect(await ask('{ open }', 'bad')).toEqual(['401 UNAUTHENTICATED Bitte anmelden']);
    expect(await ask('{ open }', 'broken')).toEqual(['500 INTERNAL_SERVER_ERROR Interner Fehler']);
    expect(await ask('{ mine }')).toEqual(['200 UNAUTHENTICATED Bitte anmelden']);
    expect(await ask('{ __schema { queryType { name } } }')).toEqual(['403 INTROSPECTION_DISABLED Kein Schema']);
    expect(await ask('{ fails }')).toEqual(['200 INTERNAL_SERVER_ERROR Interner Fehler']);
    expect(await ask('{ nope }')).toEqual(['400 GRAPHQL_VALIDATION_FAILED Passt nicht']);
    expect(await ask('{ open }')).toBeUndefined();
  }
  expect(await ask('{ open }')).toEqual(['429 RATE_LIMITED Zu oft']);
});

it('a text that is none, or for a code that does not exist, keeps the server from starting', () => {
  expect(() => createBulwark({ authenticate: false, messages: { RATE_LIMITED: 1 as never } })).toThrow(TypeError);
  expect(() => createBulwark({ authenticate: false, messages: { RATE_LIMTED: 'x' } as never })).toThrow(/RATE_LIMITED/);
});

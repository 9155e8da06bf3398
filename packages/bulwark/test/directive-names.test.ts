import { ApolloServer } from '@apollo/server';
import { startStandaloneServer } from '@apollo/server/standalone';
import { makeExecutableSchema } from '@graphql-tools/schema';
import { type BulwarkOptions, createBulwark } from 'graphql-bulwark';
import { afterEach, expect, it } from 'vitest';

const stops: (() => Promise<void>)[] = [];
afterEach(async () => {
  await Promise.all(stops.splice(0).map((stop) => stop()));
});

/** Directives of an application that has every one of our names for something else. */
const taken = `
  directive @auth(requires: String) on FIELD_DEFINITION
  directive @owner(team: String) on OBJECT | FIELD_DEFINITION
  directive @public(since: String) on FIELD_DEFINITION
  directive @cost(complexity: Int) on FIELD_DEFINITION
  directive @listSize(page: Int) on FIELD_DEFINITION
  directive @rateLimit(limit: Int, duration: Int) on FIELD_DEFINITION
`;
const types = `
  type Query {
    open: String @public(since: "1") @bwPublic
    secret: String @auth(requires: "x") @bwAuth(roles: "ADMIN")
    mine: Note @bwPublic
    dear: String @cost(complexity: 1) @bwCost(weight: "90") @bwPublic
    list: [Note] @listSize(page: 1) @bwListSize(assumedSize: 90) @bwPublic
    rare: String @rateLimit(limit: 9, duration: 9) @bwRateLimit(max: 1) @bwPublic
  }
  type Note @owner(team: "a") @bwOwner(mode: NULL) { id: ID }
`;
const directiveNames = { auth: 'bwAuth', owner: 'bwOwner', public: 'bwPublic' };
const renamed: Partial<BulwarkOptions> = {
  authorization: { directiveNames },
  cost: { directiveNames: { cost: 'bwCost', listSize: 'bwListSize' }, maxCost: 50, maxTypeCost: 60 },
  rateLimit: { directiveNames: { rateLimit: 'bwRateLimit' } },
};
const make = (options: Partial<BulwarkOptions>) =>
  createBulwark({
    authenticate: () => ({ id: 'ann', claims: { sub: 'ann' }, roles: [], scopes: [], authMethod: 'test' }),
    exposure: false,
    onEvent: () => {},
    logger: { warn() {}, error() {} },
    ...options,
  });

it('every directive has its effect under another name, beside directives that have its own', async () => {
  const bulwark = make(renamed);
  const resolvers = {
    Query: {
      open: () => 'open',
      secret: () => 'secret',
      mine: () => ({ id: '1', ownerId: 'eve' }),
      dear: () => 'dear',
      rare: () => 'rare',
    },
  };
  const schema = bulwark.secure(makeExecutableSchema({ typeDefs: [bulwark.typeDefs, taken, types], resolvers }));
  const server = new ApolloServer(bulwark.apollo({ schema, stopOnTerminationSignals: false }));
  const { url } = await startStandaloneServer(server, {
    context: bulwark.context(),
    listen: { host: '127.0.0.1', port: 0 },
  });
  stops.push(() => server.stop());
  const ask = async (query: string): Promise<unknown> => {
    const headers = { 'content-type': 'application/json' };
    const response = await fetch(url, { method: 'POST', headers, body: JSON.stringify({ query }) });
    const { data, errors } = (await response.json()) as { data?: unknown; errors?: { extensions: { code: string } }[] };
    return errors?.map(({ extensions }) => extensions.code) ?? data;
  };
  expect(await ask('{ open }')).toEqual({ open: 'open' });
  expect(await ask('{ secret }')).toEqual(['FORBIDDEN']);
  expect(await ask('{ mine { id } }')).toEqual({ mine: null });
  expect(await ask('{ dear }')).toEqual(['COST_LIMIT_EXCEEDED']);
  expect(await ask('{ list { id } }')).toEqual(['COST_LIMIT_EXCEEDED']);
  expect(await ask('{ rare }')).toEqual({ rare: 'rare' });
  expect(await ask('{ rare }')).toEqual(['RATE_LIMITED']);
});

it.each([
  ['authorization', "directiveNames: { owner: 'bulwarkOwner' }"],
  ['cost', "directiveNames: { cost: 'bulwark_cost' }"],
  ['rateLimit', "directiveNames: { rateLimit: 'bulwarkRateLimit' }"],
] as const)('where only the names of %s are left out, the message says how to rename it', async (part, remedy) => {
  const names = make(renamed);
  const schema = makeExecutableSchema({ typeDefs: [names.typeDefs, taken, types] });
  const start = async (options: Partial<BulwarkOptions>): Promise<void> => {
    const bulwark = make(options);
    const server = new ApolloServer(
      bulwark.apollo({ schema: bulwark.secure(schema), stopOnTerminationSignals: false, logger: quiet }),
    );
    await server.start();
    await server.stop();
  };
  await expect(start({ ...renamed, [part]: {} })).rejects.toThrow(remedy);
  await start(renamed);
});

const quiet = { debug() {}, info() {}, warn() {}, error() {} };

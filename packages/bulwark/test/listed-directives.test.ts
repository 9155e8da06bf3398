/** Schemas made in code whose `extensions.directives` are lists, as builders of federation subgraphs write them on every element. */
import { ApolloServer } from '@apollo/server';
import { GraphQLID, GraphQLList, GraphQLObjectType, GraphQLSchema, GraphQLString } from 'graphql';
import { createBulwark, type SecuredContext } from 'graphql-bulwark';
import { afterEach, expect, it } from 'vitest';
import { as, send } from '../../../test/kit.ts';

const servers: ApolloServer<SecuredContext>[] = [];
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.stop()));
});

const listed = (...directives: readonly (readonly [name: string, args?: object])[]) => ({
  extensions: { directives: directives.map(([name, args]) => ({ name, ...(args && { args }) })) },
});

/** @param withResolver whether the entity can be loaded, so that no client names its owner. */
function makeSubgraph(withResolver: boolean): GraphQLSchema {
  const load = (id: string) => ({ id, ownerId: id === '1' ? 'ann' : 'eve' });
  const resolveReference = (reference: object) => load(String(Reflect.get(reference, 'id')));
  const Note = new GraphQLObjectType({
    name: 'Note',
    extensions: {
      ...listed(['key', { fields: 'id' }], ['owner', { mode: 'NULL' }]).extensions,
      ...(withResolver && { apollo: { subgraph: { resolveReference } } }),
    },
    fields: { id: { type: GraphQLID } },
  });
  const query = new GraphQLObjectType({
    name: 'Query',
    fields: {
      notes: {
        type: new GraphQLList(Note),
        ...listed(['listSize', { assumedSize: 2 }], ['public']),
        resolve: () => ['1', '2'].map(load),
      },
      secret: { type: GraphQLString, ...listed(['shareable'], ['auth', { roles: ['ADMIN'] }]), resolve: () => 's' },
      dear: { type: GraphQLString, ...listed(['cost', { weight: '9000' }], ['public']), resolve: () => 'd' },
      rare: { type: GraphQLString, ...listed(['public'], ['rateLimit', { max: 1 }]), resolve: () => 'r' },
    },
  });
  const link = { url: 'https://specs.apollo.dev/federation/v2.6', import: ['@key', '@shareable'] };
  return new GraphQLSchema({ query, ...listed(['link', link]) });
}

const make = () =>
  createBulwark({ authenticate: () => null, exposure: false, onEvent() {}, logger: { warn() {}, error() {} } });

it('every directive has its effect', async () => {
  const bulwark = make();
  const server = new ApolloServer<SecuredContext>(
    bulwark.apollo({ schema: bulwark.secure(makeSubgraph(true)), stopOnTerminationSignals: false }),
  );
  await server.start();
  servers.push(server);
  const ask = async (query: string) => {
    const { body } = await send(server, query, as({ id: 'ann' }));
    const { errors, data } = body as { errors?: { extensions: { code: string } }[]; data?: unknown };
    return errors?.map(({ extensions }) => extensions.code) ?? data;
  };
  expect(await ask('{ notes { id } }')).toEqual({ notes: [{ id: '1' }, null] });
  expect(await ask('{ secret }')).toEqual(['FORBIDDEN']);
  expect(await ask('{ dear }')).toEqual(['COST_LIMIT_EXCEEDED']);
  expect(await ask('{ rare }')).toEqual({ rare: 'r' });
  expect(await ask('{ rare }')).toEqual(['RATE_LIMITED']);
});

it('@key is read there as well: an entity with an owner that nothing loads does not start', () => {
  expect(() => make().secure(makeSubgraph(false))).toThrow(/Note.*__resolveReference/);
  expect(() => make().secure(makeSubgraph(true))).not.toThrow();
});

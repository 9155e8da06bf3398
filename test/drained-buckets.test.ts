import { ApolloServer } from '@apollo/server';
import { makeExecutableSchema } from '@graphql-tools/schema';
import { createBulwark, type SecuredContext } from 'graphql-bulwark';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { as, codes, send } from './kit.ts';

const bulwark = createBulwark({ authenticate: () => null, rateLimit: { refusals: false }, onEvent: () => {} });
const schema = makeExecutableSchema({
  typeDefs: [
    bulwark.typeDefs,
    `type Query {
      shared: String @auth @rateLimit(max: 2, by: [GLOBAL])
      admin: String @auth(roles: "ADMIN") @rateLimit(max: 2, by: [GLOBAL])
      me: Me @auth
      one: Named
    }
    interface Named { secret: String @rateLimit(max: 2, by: [GLOBAL]) }
    type Hidden implements Named { secret: String @auth(roles: "ADMIN") }
    type Me { report: String @auth(roles: "ADMIN") @rateLimit(max: 2, by: [GLOBAL]) }`,
  ],
  resolvers: {
    Query: {
      shared: () => 's',
      admin: () => 'a',
      me: () => ({ report: 'r' }),
      one: () => ({ __typename: 'Hidden', secret: 'h' }),
    },
  },
});
let server: ApolloServer<SecuredContext>;
beforeAll(async () => {
  server = new ApolloServer<SecuredContext>(
    bulwark.apollo({ schema: bulwark.secure(schema), stopOnTerminationSignals: false }),
  );
  await server.start();
});
afterAll(() => server.stop());

it.each([
  ['{ shared }', as(null), as({ id: 'me' })],
  ['{ admin }', as({ id: 'me' }), as({ id: 'boss', roles: ['ADMIN'] })],
  ['{ one { secret } }', as({ id: 'me' }), as({ id: 'boss', roles: ['ADMIN'] })],
  ['{ me { report } }', as({ id: 'me' }), as({ id: 'boss', roles: ['ADMIN'] })],
])(
  '%s: a caller who may not use a field does not use up what others have left of it',
  async (query, without, entitled) => {
    for (let time = 0; time < 5; time += 1) {
      expect(codes(await send(server, query, without))).toEqual([
        without.security.principal ? 'FORBIDDEN' : 'UNAUTHENTICATED',
      ]);
    }
    for (let time = 0; time < 2; time += 1) expect(codes(await send(server, query, entitled))).toEqual([]);
    expect(codes(await send(server, query, entitled))).toEqual(['RATE_LIMITED']);
  },
);

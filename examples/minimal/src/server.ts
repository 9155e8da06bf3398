import { ApolloServer } from '@apollo/server';
import { startStandaloneServer } from '@apollo/server/standalone';
import { makeExecutableSchema } from '@graphql-tools/schema';
import { createBulwark, type SecuredContext } from 'graphql-bulwark';

const issuer = process.env['ISSUER'] ?? 'https://id.example.com';
const bulwark = createBulwark({
  authenticate: { issuer, audience: 'notes', algorithms: ['ES256'], jwksUrl: `${issuer}/.well-known/jwks.json` },
});

const typeDefs = `#graphql
  type Note @owner(field: "authorId", claim: "sub", mode: NULL) { id: ID!, text: String, authorId: ID! }
  type Query {
    motd: String @public
    note(id: ID!): Note
    everyone: [String] @auth(roles: ["ADMIN"])
  }
  type Mutation {
    addNote(text: String!): Note @rateLimit(max: 5, windowSeconds: 60)
  }
`;
const notes = new Map([['1', { id: '1', text: 'Only for user-1', authorId: 'user-1' }]]);
const resolvers = {
  Query: {
    motd: () => 'hello',
    note: (_: unknown, { id }: { id: string }) => notes.get(id),
    everyone: () => ['user-1'],
  },
  Mutation: {
    addNote: (_: unknown, { text }: { text: string }, { security }: SecuredContext) => ({
      id: '2',
      text,
      authorId: security.principal?.id,
    }),
  },
};

const schema = bulwark.secure(makeExecutableSchema({ typeDefs: [bulwark.typeDefs, typeDefs], resolvers }));
const server = new ApolloServer(bulwark.apollo({ schema }));
const listen = { host: '127.0.0.1', port: Number(process.env['PORT'] ?? 4000) };
const { url } = await startStandaloneServer(server, { context: bulwark.context(), listen });
console.log(`Ready at ${url}`);

/**
 * A list of 200 objects: Apollo Server bare, with Bulwark, and with Bulwark but Apollo's cache-control plugin left on.
 * CPU time per request, the three in turn, the best of several rounds; the ratio is what can be compared.
 */
import { ApolloServer } from '@apollo/server';
import { ApolloServerPluginCacheControl } from '@apollo/server/plugin/cacheControl';
import { makeExecutableSchema } from '@graphql-tools/schema';
import { createBulwark } from 'graphql-bulwark';
import { as, send } from '../kit.ts';

const rounds = 8;
const requests = 60;
const typeDefs = `
  type Item { id: ID! name: String! price: Int! inStock: Boolean! note: String }
  type Query { items: [Item!]! }
`;
const items = Array.from({ length: 200 }, (_, i) => ({
  id: i,
  name: `item ${i}`,
  price: i,
  inStock: true,
  note: null,
}));
const resolvers = { Query: { items: () => items } };
const query = '{ items { id name price inStock note } }';

function protect(cacheControl: boolean): ApolloServer {
  const bulwark = createBulwark({ authenticate: false, onEvent: () => {}, logger: { warn() {}, error() {} } });
  const schema = bulwark.secure(makeExecutableSchema({ typeDefs: [bulwark.typeDefs, typeDefs], resolvers }));
  const plugins = cacheControl ? [ApolloServerPluginCacheControl()] : [];
  const options = bulwark.apollo({ schema, plugins, stopOnTerminationSignals: false });
  return new ApolloServer(options) as unknown as ApolloServer;
}

const bare = new ApolloServer({
  schema: makeExecutableSchema({ typeDefs, resolvers }),
  stopOnTerminationSignals: false,
});
const servers: readonly (readonly [string, ApolloServer])[] = [
  ['bare Apollo Server', bare],
  ['with Bulwark', protect(false)],
  ['with Bulwark, cache-control plugin on', protect(true)],
];

async function cpuPerRequest(server: ApolloServer): Promise<number> {
  const before = process.cpuUsage();
  for (let i = 0; i < requests; i += 1) await send(server, query, as(null));
  const { user, system } = process.cpuUsage(before);
  return (user + system) / requests;
}

for (const [, server] of servers) await server.start();
const best = new Map<string, number>();
for (let round = 0; round <= rounds; round += 1) {
  for (const [name, server] of servers) {
    const microseconds = await cpuPerRequest(server);
    if (round > 0) best.set(name, Math.min(best.get(name) ?? Infinity, microseconds)); // the first one warms up
  }
}
const reference = best.get('bare Apollo Server') ?? Number.NaN;
console.table(
  [...best].map(([name, microseconds]) => ({
    server: name,
    'CPU us per request': Math.round(microseconds),
    'requests per CPU second': Math.round(1_000_000 / microseconds),
    'throughput against bare': Number((reference / microseconds).toFixed(2)),
  })),
);
await Promise.all(servers.map(([, server]) => server.stop()));

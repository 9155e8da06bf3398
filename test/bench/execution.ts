/**
 * What it costs to bound executions: the same server without bounds, with those of items and time, and with that of the size of
 * the answer as well. CPU time in this process. In each round all three answer in turn, and the median of the rounds' ratios
 * counts, because a busy machine disturbs rounds and not pairs.
 */
import { ApolloServer } from '@apollo/server';
import { makeExecutableSchema } from '@graphql-tools/schema';
import { createBulwark } from 'graphql-bulwark';
import { as, send } from '../kit.ts';

const rounds = Number(process.env['ROUNDS'] ?? 200);
const typeDefs = `
  type Item { id: ID! name: String! price: Int! inStock: Boolean! note: String later: String parts: [Part!] }
  type Part { id: ID! }
  type Query { items: [Item!]! itemsLater: [Item!]! one: Item oneLater: Item }
`;
const items = Array.from({ length: 200 }, (_, i) => ({
  id: i,
  name: `item ${i}`,
  price: i,
  inStock: true,
  note: null,
  parts: [{ id: 1 }, { id: 2 }],
}));
const resolvers = {
  Query: {
    items: () => items,
    itemsLater: async () => items,
    one: () => items[0],
    oneLater: async () => items[0],
  },
  Item: { later: async () => 'later' },
};
const leaves = 'id name price inStock note';
const works: Readonly<Record<string, { readonly query: string; readonly requests: number }>> = {
  'small query': { query: `{ one { ${leaves} } }`, requests: 60 },
  'small query, from a promise': { query: `{ oneLater { ${leaves} } }`, requests: 60 },
  'list of 200': { query: `{ items { ${leaves} } }`, requests: 10 },
  'list of 200, from a promise': { query: `{ itemsLater { ${leaves} } }`, requests: 10 },
  '200 lists in a list': { query: `{ items { ${leaves} parts { id } } }`, requests: 8 },
  'list of 200, each with a promise': { query: `{ items { ${leaves} later } }`, requests: 8 },
};

async function start(execution: NonNullable<Parameters<typeof createBulwark>[0]['execution']>): Promise<ApolloServer> {
  const logger = { warn() {}, error() {} };
  const bulwark = createBulwark({ authenticate: false, onEvent: () => {}, logger, execution });
  const schema = bulwark.secure(makeExecutableSchema({ typeDefs: [bulwark.typeDefs, typeDefs], resolvers }));
  const server = new ApolloServer(bulwark.apollo({ schema, stopOnTerminationSignals: false }));
  await server.start();
  return server as unknown as ApolloServer;
}

async function cpuPerRequest(server: ApolloServer, query: string, requests: number): Promise<number> {
  const before = process.cpuUsage();
  for (let i = 0; i < requests; i += 1) await send(server, query, as(null));
  const { user, system } = process.cpuUsage(before);
  return (user + system) / requests;
}

const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
const percent = (ratios: readonly number[]): string => `${((median(ratios) - 1) * 100).toFixed(1)} %`;

const servers = [await start(false), await start({ maxResponseCharacters: false }), await start({})] as const;
const rows: Record<string, object> = {};
const only = process.env['ONLY'];
for (const [name, { query, requests }] of Object.entries(works)) {
  if (only !== undefined && !name.includes(only)) continue;
  const without: number[] = [];
  const ratios: [number[], number[]] = [[], []];
  for (let round = -5; round < rounds; round += 1) {
    // Turns alternate, so that none always follows the same one.
    const order = round % 2 === 0 ? [0, 1, 2] : [2, 1, 0];
    const times: number[] = [];
    for (const i of order) times[i] = await cpuPerRequest(servers[i as 0], query, requests);
    if (round < 0) continue;
    const [bare = 0, bounded = 0, all = 0] = times;
    without.push(bare);
    ratios[0].push(bounded / bare);
    ratios[1].push(all / bare);
  }
  rows[name] = {
    'CPU us without': Number(median(without).toFixed(1)),
    'items and time': percent(ratios[0]),
    'and size': percent(ratios[1]),
  };
}
console.table(rows);
await Promise.all(servers.map((server) => server.stop()));

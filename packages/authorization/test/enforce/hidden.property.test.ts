/** Random operations on two worlds that differ in what is hidden from the caller: no byte of an answer tells them apart. */
import { ApolloServer } from '@apollo/server';
import { guard, type SecuredContext } from '@graphql-bulwark/core';
import { makeExecutableSchema } from '@graphql-tools/schema';
import * as fc from 'fast-check';
import { afterAll, expect, it } from 'vitest';
import { as, send } from '../../../../test/kit.ts';
import { propertyCases } from '../../../../test/property-cases.ts';
import { authDirectives, authorization, guardSchema, notFound } from '../../src/index.ts';

interface Row {
  readonly id: number;
  readonly __typename: 'Doc' | 'Note' | 'Secret';
  readonly ownerId: string;
}

const kinds = ['Doc', 'Note', 'Secret'] as const;
const everything: readonly Row[] = Array.from({ length: 12 }, (_, id) => ({
  id,
  __typename: kinds[id % kinds.length] ?? 'Note',
  ownerId: id < 6 ? 'me' : 'them',
}));
const visible = everything.filter(({ __typename, ownerId }) => __typename !== 'Doc' || ownerId === 'me');
let world = everything;

const silent = { debug() {}, info() {}, warn() {}, error() {} };
const servers: ApolloServer<SecuredContext>[] = [];
afterAll(() => Promise.all(servers.map((server) => server.stop())));

type Timing = 'now' | 'soon' | 'later';

async function serve(rule: string, timing: Timing): Promise<ApolloServer<SecuredContext>> {
  const fields =
    'doc(id: Int): Doc sure(id: Int): Doc! node(id: Int): Node docs(ids: [Int]): [Doc!] nodes(ids: [Int]): [Node]';
  const typeDefs = `
    ${authDirectives}
    interface Node { id: ID }
    type Doc implements Node ${rule} { id: ID ${fields} }
    type Note implements Node { id: ID }
    type Secret implements Node @auth(roles: "ADMIN") { id: ID }
    type Query { ${fields} }
  `;
  const timed = <T>(value: () => T): T | Promise<T> => {
    if (timing === 'now') return value();
    if (timing === 'soon') return Promise.resolve().then(value);
    return new Promise((resolve) => setImmediate(resolve)).then(value);
  };
  const one = (_: unknown, { id }: { id: number }) =>
    timed(() => {
      const found = world.find((row) => row.id === id);
      // What FILTER hides looks like what a resolver answers with null.
      if (!found && !rule.includes('FILTER')) throw notFound();
      return found ?? null;
    });
  const many = (_: unknown, { ids }: { ids: number[] }) =>
    timed(() => world.filter(({ id }) => ids.includes(id)).map((row) => (row.id % 2 ? row : Promise.resolve(row))));
  const oneDoc = (_: unknown, { id }: { id: number }) => one(_, { id: id - (id % kinds.length) });
  const docs = (_: unknown, { ids }: { ids: number[] }) => many(_, { ids: ids.map((id) => id - (id % kinds.length)) });
  const resolvers = { doc: oneDoc, sure: oneDoc, node: one, docs, nodes: many };
  const bare = makeExecutableSchema({ typeDefs, resolvers: { Query: resolvers, Doc: resolvers } });
  const server = new ApolloServer<SecuredContext>({
    schema: guardSchema(bare, {
      policies: { no: async () => false },
      loaders: { later: ({ source }) => later(source) },
    }),
    stopOnTerminationSignals: false,
    logger: silent,
    plugins: [guard({ controls: [authorization<SecuredContext>()], onEvent: () => {} })],
  });
  await server.start();
  servers.push(server);
  return server;
}

async function later(source: unknown): Promise<string> {
  await new Promise((resolve) => setImmediate(resolve));
  return (source as Row).ownerId;
}

interface Pick {
  readonly field: string;
  readonly ids: readonly number[];
  readonly below: readonly Pick[];
}

const ids = fc.array(fc.nat(14), { minLength: 1, maxLength: 5 });

const picksOf = (fields: readonly string[]): fc.Arbitrary<Pick[]> => {
  const { pick } = fc.letrec<{ pick: Pick }>((tie) => ({
    pick: fc.record({
      field: fc.constantFrom(...fields),
      ids,
      below: fc.oneof({ maxDepth: 2 }, fc.constant([]), fc.array(tie('pick'), { minLength: 1, maxLength: 3 })),
    }),
  }));
  return fc.array(pick, { minLength: 1, maxLength: 3 });
};

function textOf(picks: readonly Pick[]): string {
  const one = ({ field, ids: of, below }: Pick, i: number): string => {
    const args = field.endsWith('s') ? `ids: [${of.join()}]` : `id: ${of[0]}`;
    const inner = `id ${textOf(below)}`;
    return `k${i}: ${field}(${args}) { __typename ${field.startsWith('node') ? `id ... on Doc { ${inner} }` : inner} }`;
  };
  return picks.map(one).join(' ');
}

/** Every error that is not a refusal has an id of its own, which is random. */
function textWithoutErrorIds(answer: unknown): string {
  return JSON.stringify(answer, (key, value: unknown) => (key === 'errorId' ? typeof value : value));
}

it.each<[rule: string, Timing]>([
  ['@owner(mode: NOT_FOUND)', 'now'],
  ['@owner(mode: NOT_FOUND)', 'soon'],
  ['@owner(mode: NOT_FOUND)', 'later'],
  ['@auth(roles: "ADMIN") @owner(mode: NOT_FOUND)', 'soon'],
  ['@auth(policies: "no") @owner(mode: NOT_FOUND)', 'soon'],
  ['@owner(loader: "later", mode: NOT_FOUND)', 'soon'],
  ['@owner(mode: FILTER)', 'now'],
  ['@owner(mode: FILTER)', 'soon'],
  ['@owner(mode: FILTER)', 'later'],
  ['@auth(roles: "ADMIN") @owner(mode: FILTER)', 'soon'],
  ['@auth(policies: "no") @owner(mode: FILTER)', 'soon'],
  ['@owner(loader: "later", mode: FILTER)', 'soon'],
])('no answer reveals what is hidden by %s, answered %s', async (rule, timing) => {
  const server = await serve(rule, timing);
  const me = as({ id: 'me' });
  // Of two errors in fields that are not nullable the earlier one is the answer; a loader and a promise in a list take their time.
  const strict = picksOf(['doc', 'sure', 'node']);
  const nullable = picksOf(['doc', 'node', 'docs', 'nodes']);
  await fc.assert(
    fc.asyncProperty(rule.includes('loader') ? nullable : fc.oneof(nullable, strict), async (picks) => {
      const query = `{ ${textOf(picks)} }`;
      world = everything;
      const whole = await send(server, query, me);
      world = visible;
      expect(textWithoutErrorIds(whole)).toBe(textWithoutErrorIds(await send(server, query, me)));
      expect(whole.body.data).toBeDefined();
    }),
    { numRuns: propertyCases(300) },
  );
});

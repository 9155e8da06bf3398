/** Random lists of objects that are own, foreign, missing and broken, at once or later: no denial ends the process. */
import { authDirectives, guardSchema } from '@graphql-bulwark/auth';
import { makeExecutableSchema } from '@graphql-tools/schema';
import * as fc from 'fast-check';
import { type GraphQLSchema, graphql } from 'graphql';
import { expect, it } from 'vitest';
import { as } from './kit.ts';
import { propertyCases } from './property-cases.ts';

/** What one object is, and what its fields lead to. */
interface Seed {
  readonly how: 'now' | 'later' | 'null' | 'broken' | 'rejects';
  readonly own: boolean;
  readonly id: number;
  readonly of: readonly Seed[];
}

const slowly = async <T>(value: T): Promise<T> => {
  await Promise.resolve();
  return value;
};

const bare = makeExecutableSchema({
  typeDefs: `
    ${authDirectives}
    interface Node { id: ID }
    type Doc implements Node @owner {
      id: ID doc: Doc! maybe: Doc docs: [Doc!] edges: [Edge!]! node: Node! n: Int! secret: Int! @auth(policies: "no")
    }
    type Edge implements Node { id: ID node: Doc! maybe: Doc n: Int! }
    type Query { docs: [Doc!]! edges: [Edge!] nodes: [Node!]! nested: [[Doc!]!]! lists: [[Doc!]!]! }
  `,
  resolvers: {
    Node: {
      __resolveType(value: { id: number; ownerId?: string }) {
        const name = 'ownerId' in value ? 'Doc' : 'Edge';
        return value.id % 2 === 0 ? name : slowly(name);
      },
    },
  },
});
const guarded = guardSchema(bare, { policies: { no: () => slowly(false) } });
const caller = as({ id: 'me' });

const { seed } = fc.letrec<{ seed: Seed }>((tie) => ({
  seed: fc.record({
    how: fc.oneof(
      { arbitrary: fc.constantFrom('now' as const, 'later' as const), weight: 8 },
      { arbitrary: fc.constantFrom('null' as const, 'broken' as const, 'rejects' as const), weight: 2 },
    ),
    own: fc.boolean(),
    id: fc.nat(9),
    of: fc.oneof({ maxDepth: 3 }, fc.constant([]), fc.array(tie('seed'), { minLength: 1, maxLength: 3 })),
  }),
}));

/** Fields are functions: nothing rejects that nobody asks for. */
function valueOf({ how, own, id, of }: Seed, isEdge = false): unknown {
  const [first] = of;
  const inner = () => (first ? valueOf(first) : { id, ownerId: own ? 'me' : 'them', n: 1 });
  const value = {
    id,
    ...(!isEdge && { ownerId: own ? 'me' : 'them' }),
    n: () => (first?.how === 'null' ? null : first?.how === 'rejects' ? rejecting('n') : 1),
    secret: 1,
    doc: inner,
    node: inner,
    maybe: inner,
    docs: () => of.map((one) => valueOf(one)),
    edges: () => of.map((one) => valueOf(one, true)),
  };
  switch (how) {
    case 'now':
      return value;
    case 'later':
      return slowly(value);
    case 'null':
      return null;
    case 'broken':
      return new Error('broken');
    case 'rejects':
      return rejecting('item');
  }
}

function rejecting(message: string): Promise<never> {
  return slowly(1).then(() => Promise.reject(new Error(message)));
}

async function run(schema: GraphQLSchema, source: string, seeds: readonly Seed[]) {
  const lost: unknown[] = [];
  const keep = (reason: unknown): void => void lost.push(reason);
  process.on('unhandledRejection', keep);
  const docs = () => seeds.map((one) => valueOf(one));
  const rootValue = {
    docs,
    nodes: docs,
    nested: () => [docs(), docs()],
    lists: () => [docs(), slowly(docs()), docs()],
    edges: () => seeds.map((one) => valueOf(one, true)),
  };
  try {
    const { errors = [] } = await graphql({ schema, source, rootValue, contextValue: caller });
    for (let turn = 0; turn < 3; turn += 1) await new Promise((resolve) => setImmediate(resolve));
    return { lost: lost.length, denied: errors.filter(({ extensions }) => extensions['code'] === 'FORBIDDEN').length };
  } finally {
    process.off('unhandledRejection', keep);
  }
}

it('an item that fails at once after others were awaited leaves no rejection behind', async () => {
  const doc = (of: readonly Seed[]): Seed => ({ how: 'now', own: true, id: 0, of });
  const leaf = (how: Seed['how']): Seed => ({ how, own: false, id: 0, of: [] });
  const seeds: Seed[] = [doc([doc([leaf('rejects')])]), { ...doc([doc([leaf('null')])]), how: 'later' }];
  expect((await run(guarded, '{ docs { doc { n } } }', seeds)).lost).toBe(0);
});

it('a guarded schema forgets no rejection that the unguarded one would not forget', async () => {
  const selection = fc.constantFrom(
    'id n',
    'doc { n }',
    'doc { doc { id } }',
    'docs { id doc { n } }',
    'edges { n node { id } }',
    'maybe { doc { id } } n',
    'node { id } n',
    'n secret',
    'edges { node { docs { n } } } doc { id }',
  );
  const root = fc.constantFrom('docs', 'nested', 'lists', 'edges', 'nodes');
  const cases = propertyCases(1_000);
  let compared = 0;
  let denied = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(seed, { minLength: 1, maxLength: 4 }), selection, root, async (seeds, inner, field) => {
      const below = field === 'edges' ? `n node { ${inner} }` : field === 'nodes' ? `... on Doc { ${inner} }` : inner;
      const source = `{ ${field} { ${below} } }`;
      if ((await run(bare, source, seeds)).lost > 0) return;
      const answer = await run(guarded, source, seeds);
      expect(answer.lost).toBe(0);
      compared += 1;
      denied += answer.denied;
    }),
    { numRuns: cases },
  );
  expect(compared).toBeGreaterThan(0.3 * cases);
  expect(denied).toBeGreaterThan(0.1 * cases);
});

/**
 * Random lists of objects that are own, foreign, missing and broken, at once or later, of types that are told at once or later: no
 * denial ends the process, whichever executor completes the lists.
 */

import { execute as executeOfTools } from '@graphql-tools/executor';
import { makeExecutableSchema } from '@graphql-tools/schema';
import * as fc from 'fast-check';
import { type DocumentNode, type ExecutionResult, execute, type GraphQLSchema, parse } from 'graphql';
import { compileQuery } from 'graphql-jit';
import { describe, expect, it } from 'vitest';
import { as } from '../../../../test/kit.ts';
import { propertyCases } from '../../../../test/property-cases.ts';
import { authDirectives, guardSchema } from '../../src/index.ts';

/** What one object is, and what its fields lead to. */
interface Seed {
  readonly how: 'now' | 'later' | 'null' | 'broken' | 'rejects';
  readonly own: boolean;
  /** Whether it is of a type that is not guarded itself, with fields that are. */
  readonly open: boolean;
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
    interface Thing { n: Int! }
    type Open implements Node & Thing {
      id: ID node: Node! n: Int! role: Int! @auth(roles: "ADMIN") policy: Int! @auth(policies: "no") maybe: Int @auth(policies: "no")
    }
    type Query { docs: [Doc!]! edges: [Edge!] nodes: [Node!]! things: [Thing!] nested: [[Doc!]!]! lists: [[Doc!]!]! }
  `,
  resolvers: {
    Node: {
      __resolveType(value: { id: number; ownerId?: string; role?: number }) {
        const name = 'role' in value ? 'Open' : 'ownerId' in value ? 'Doc' : 'Edge';
        return value.id % 2 === 0 ? name : slowly(name);
      },
    },
    Thing: { __resolveType: ({ id }: { id: number }) => (id % 2 === 0 ? 'Open' : slowly('Open')) },
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
    open: fc.boolean(),
    id: fc.nat(9),
    of: fc.oneof({ maxDepth: 3 }, fc.constant([]), fc.array(tie('seed'), { minLength: 1, maxLength: 3 })),
  }),
}));

/** Fields are functions, so that nothing rejects that is not selected. */
function valueOf({ how, own, open, id, of }: Seed, kind: 'doc' | 'edge' | 'node' = 'doc'): unknown {
  const [first] = of;
  const inner = () => (first ? valueOf(first) : { id, ownerId: own ? 'me' : 'them', n: 1 });
  const node = () => (first ? valueOf(first, 'node') : inner());
  const value = {
    id,
    ...(kind !== 'edge' && { ownerId: own ? 'me' : 'them' }),
    ...(kind === 'node' && open && { role: 1, policy: 1 }),
    n: () => (first?.how === 'null' ? null : first?.how === 'rejects' ? rejecting('n') : 1),
    secret: 1,
    doc: inner,
    node: kind === 'edge' ? inner : node,
    maybe: inner,
    docs: () => of.map((one) => valueOf(one)),
    edges: () => of.map((one) => valueOf(one, 'edge')),
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

interface Run {
  readonly schema: GraphQLSchema;
  readonly document: DocumentNode;
  readonly rootValue: object;
  readonly contextValue: unknown;
}

const executors = {
  'graphql-js': (args: Run) => execute(args) as ExecutionResult | Promise<ExecutionResult>,
  '@graphql-tools/executor': (args: Run) => executeOfTools(args) as ExecutionResult | Promise<ExecutionResult>,
  'graphql-jit': ({ schema, document, rootValue, contextValue }: Run) => {
    const compiled = compileQuery(schema, document);
    if (!('query' in compiled)) throw new Error('the document does not compile');
    return compiled.query(rootValue, contextValue, {});
  },
};

async function run(name: keyof typeof executors, schema: GraphQLSchema, source: string, seeds: readonly Seed[]) {
  const lost: unknown[] = [];
  const keep = (reason: unknown): void => void lost.push(reason);
  process.on('unhandledRejection', keep);
  const docs = () => seeds.map((one) => valueOf(one));
  const rootValue = {
    docs,
    nodes: () => seeds.map((one) => valueOf(one, 'node')),
    things: () => seeds.map((one) => valueOf({ ...one, open: true }, 'node')),
    nested: () => [docs(), docs()],
    lists: () => [docs(), slowly(docs()), docs()],
    edges: () => seeds.map((one) => valueOf(one, 'edge')),
  };
  try {
    const { data, errors = [] } = await executors[name]({
      schema,
      document: parse(source),
      rootValue,
      contextValue: caller,
    });
    for (let turn = 0; turn < 3; turn += 1) await new Promise((resolve) => setImmediate(resolve));
    const denied = errors.filter(isDenial).length;
    return { data: JSON.stringify(data), lost: lost.length, lostDenials: lost.filter(isDenial).length, denied };
  } finally {
    process.off('unhandledRejection', keep);
  }
}

function isDenial(error: unknown): boolean {
  const { extensions } = error as { readonly extensions?: { readonly code?: unknown } };
  return extensions?.code === 'FORBIDDEN' || extensions?.code === 'UNAUTHENTICATED';
}

const leaf = (how: Seed['how'], open = false): Seed => ({ how, own: true, open, id: 1, of: [] });

describe.each(['graphql-js', '@graphql-tools/executor'] as const)('lists completed by %s', (executor) => {
  it('attack: an item that fails at once gives up a list in which another one is denied later', async () => {
    for (const how of ['null', 'broken'] as const) {
      for (const field of ['id', 'role', 'policy', 'node { id }']) {
        const seeds = [leaf('now', true), leaf(how)];
        const answer = await run(executor, guarded, `{ things { ... on Open { ${field} } } }`, seeds);
        expect(answer.lost).toBe(0);
      }
    }
  });

  it('an item that fails at once after others were awaited leaves no rejection behind', async () => {
    const doc = (of: readonly Seed[]): Seed => ({ ...leaf('now'), id: 0, of });
    const seeds: Seed[] = [doc([doc([leaf('rejects')])]), { ...doc([doc([leaf('null')])]), how: 'later' }];
    expect((await run(executor, guarded, '{ docs { doc { n } } }', seeds)).lost).toBe(0);
  });

  it('an item that fails at once after a denied one leaves no rejection of the items between them behind', async () => {
    // Without the guard the first one would fail at once, and the second would never be read.
    const second: Seed = { ...leaf('now'), of: [leaf('rejects')] };
    const seeds = [{ ...leaf('now'), own: false }, second, leaf('null')];
    const answer = await run(executor, guarded, '{ edges { n node { node { id } } } }', seeds);
    expect(answer.lost).toBe(0);
  });

  it('a guarded schema forgets no denial, and no rejection that the unguarded one would not forget', async () => {
    const cases = propertyCases(1_000);
    let compared = 0;
    let denied = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(seed, { minLength: 1, maxLength: 4 }), selection, root, async (seeds, inner, field) => {
        const source = sourceOf(field, inner);
        const answer = await run(executor, guarded, source, seeds);
        expect(answer.lostDenials).toBe(0);
        if ((await run(executor, bare, source, seeds)).lost > 0) return;
        expect(answer.lost).toBe(0);
        compared += 1;
        denied += answer.denied;
      }),
      { numRuns: cases },
    );
    expect(compared).toBeGreaterThan(0.3 * cases);
    expect(denied).toBeGreaterThan(0.1 * cases);
  });
});

it('graphql-jit, for which the type of an object is told at once, can read the lists that it is handed', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(seed, { minLength: 1, maxLength: 4 }), async (any) => {
      const seeds = any.map((one) => ({ ...one, id: 0 }));
      const source = '{ things { ... on Open { id maybe } } }';
      const answer = await run('graphql-jit', guarded, source, seeds);
      expect(answer.lost).toBe(0);
      expect(answer.data).toBe((await run('graphql-js', guarded, source, seeds)).data);
    }),
    { numRuns: propertyCases(100) },
  );
});

it('every executor gives the same data', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(seed, { minLength: 1, maxLength: 4 }), selection, root, async (seeds, inner, field) => {
      const source = sourceOf(field, inner);
      const [first, second] = await Promise.all([
        run('graphql-js', guarded, source, seeds),
        run('@graphql-tools/executor', guarded, source, seeds),
      ]);
      // Parsed: one of them writes fields in the order in which their values arrive, guarded or not.
      expect(JSON.parse(second.data)).toEqual(JSON.parse(first.data));
    }),
    { numRuns: propertyCases(300) },
  );
});

const selection = fc.constantFrom(
  'id n',
  'doc { n }',
  'doc { doc { id } }',
  'docs { id doc { n } }',
  'edges { n node { id } }',
  'maybe { doc { id } } n',
  'node { id } n',
  'node { ... on Open { id role } } n',
  'node { ... on Open { node { ... on Open { policy } } } }',
  'n secret',
  'edges { node { docs { n } } } doc { id }',
);
const root = fc.constantFrom('docs', 'nested', 'lists', 'edges', 'nodes', 'things');

function sourceOf(field: string, inner: string): string {
  const onOpen = '... on Open { n maybe policy node { id ... on Open { role } } }';
  if (field === 'things') return `{ things { n ${onOpen} } }`;
  const below =
    field === 'edges' ? `n node { ${inner} }` : field === 'nodes' ? `... on Doc { ${inner} } ${onOpen}` : inner;
  return `{ ${field} { ${below} } }`;
}

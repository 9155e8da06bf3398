// Interfaces and unions with hundreds of members: what counting costs, and what passes.
import type { ResolvedOperation } from '@graphql-bulwark/core';
import { countOperationFacts } from '@graphql-bulwark/core/internal';
import { buildSchema, getOperationAST, type OperationDefinitionNode } from 'graphql';
import { describe, expect, it } from 'vitest';
import { counting } from '../../../../test/counting.ts';
import { as, codes, send } from '../../../../test/kit.ts';
import { countFields } from '../../src/charges/count-fields.ts';
import { rateLimitDirectives } from '../../src/index.ts';
import { compileRules } from '../../src/rules/directive.ts';
import { serve, watched } from '../server.ts';

const bob = as({ id: 'bob' });

const times = (count: number, write: (i: number) => string, between = ' ') =>
  Array.from({ length: count }, (_, i) => write(i)).join(between);

/** Each member has a limited field of its own, and one that its interface limits. */
const typeDefs = (width: number) => `
  interface Node { a: Node t: Int x(q: Int): Int @rateLimit(max: 100000, args: ["q"]) }
  interface Even { a: Node t: Int }
  union Any = ${times(width, (i) => `T${i}`, ' | ')}
  ${times(width, (i) => `type T${i} implements Node ${i % 2 ? '' : '& Even'} { ${fieldsOf(i)} }`)}
  type Query { a: Node any: Any }
`;
const fieldsOf = (i: number) => `
  a: Node t: Int x(q: Int): Int lim: Int @rateLimit(max: 100000) own${i}: Node @rateLimit(max: 1000)
`;

function counted(width: number, text: string) {
  const schema = buildSchema(`${rateLimitDirectives} ${typeDefs(width)}`);
  const { document, looks } = counting(text);
  const operation = getOperationAST(document) as OperationDefinitionNode;
  const facts = countOperationFacts(document, operation);
  const resolved = { schema, document, operation, variables: {}, facts } as unknown as ResolvedOperation;
  const limited = compileRules(schema);
  let before = looks();
  /** Looks at selections since it was called before. */
  const count = () => {
    try {
      return {
        times: countFields(resolved, limited).reduce((sum, one) => sum + one.times, 0),
        looks: looks() - before,
      };
    } catch (error) {
      return { times: codes({ body: { errors: [error] } } as never), looks: looks() - before };
    } finally {
      before = looks();
    }
  };
  return count;
}

const own = (members: number) => `{ a { ${times(members, (i) => `... on T${i} { own${i} { a { t } } }`)} } }`;

describe('growth: the width of the schema', () => {
  it.each([
    ['limited fields of many members, with an interface below each', own(40)],
    ['many paths over an interface', `{ ${times(40, (i) => `a${i}: a { a { x a { t } } }`)} }`],
    [
      'a fragment that many members share',
      `{ a { ${times(40, (i) => `... on T${i} { own${i} { t ...F } }`)} } } ${shared()}`,
    ],
    ['a condition for half of the members', `{ ${times(40, (i) => `a${i}: a { ... on Even { a { x } } x }`)} }`],
    ['a union', `{ any { ${times(40, (i) => `... on T${i} { own${i} { x } lim }`)} ... on Node { x } } }`],
  ])('growth: the width of the schema adds nothing to the work and to the charge: %s', (_, text) => {
    const [narrow, wide] = [counted(40, text)(), counted(320, text)()];
    expect(wide).toEqual(narrow);
    expect(narrow.times).toBeGreaterThan(0);
  });

  it('growth: the width of the schema does not multiply the time that sums take', () => {
    const text = `{ ${'a { '.repeat(30)} ${times(150, (i) => `x${i}: x(q: ${i})`)} ${'} '.repeat(30)} }`;
    const timeOf = (width: number): number => {
      const count = counted(width, text);
      const start = performance.now();
      count();
      return performance.now() - start;
    };
    let growth = Infinity;
    for (let i = 0; i < 6 && !(growth < 3); i += 1) growth = Math.min(growth, timeOf(160) / timeOf(20));
    expect(growth).toBeLessThan(3);
  });
});

function shared(): string {
  return `fragment F on Node { ${times(20, (i) => `... on T${i} { lim }`)} }`;
}

describe('what is too large to be counted', () => {
  /** Other selections for each of the members, below each of the members. */
  const hostile = (members: number) =>
    `{ a { ${times(members, (i) => `... on T${i} { own${i} { x${i}: x ...F } }`)} } }
     fragment F on Node { ${times(members, (i) => `... on T${i} { y${i}: x(q: ${i}) lim }`)} }`;

  it('an operation that is too large to be counted takes no longer, however large it is', () => {
    const [large, larger] = [counted(150, hostile(75))(), counted(300, hostile(150))()];
    expect([large.times, larger.times]).toEqual([['OCCURRENCE_LIMIT_EXCEEDED'], ['OCCURRENCE_LIMIT_EXCEEDED']]);
    expect(larger.looks).toBeLessThan(2 * large.looks);
  });

  it('an operation that is too large to be counted is refused again without more work', () => {
    const count = counted(150, hostile(150));
    expect(count().looks).toBeGreaterThan(0);
    expect(count()).toEqual({ times: ['OCCURRENCE_LIMIT_EXCEEDED'], looks: 0 });
  });

  it('an operation that is too large to be counted is refused twice with the same text, and its allowed twin is charged', async () => {
    const store = watched();
    const { server } = await serve(typeDefs(150), { store }, () => null);
    for (let time = 0; time < 2; time += 1) {
      const got = await send(server, hostile(150), bob);
      expect([got.status, codes(got)]).toEqual([400, ['OCCURRENCE_LIMIT_EXCEEDED']]);
    }
    const charged = () => store.asked.flat().filter(({ policy }) => !policy.startsWith('refusals'));
    expect(charged()).toEqual([]);
    expect((await send(server, hostile(5), bob)).status).toBe(200);
    expect(charged()).not.toEqual([]);
  });

  it('an operation is refused by the values of its conditions: without its large part the same text passes', async () => {
    const { server } = await serve(typeDefs(150), {}, () => null);
    const text = hostile(150).replace('{ a {', 'query ($all: Boolean!) { a @include(if: $all) {');
    for (const [all, status] of [true, false, true, false].map((value) => [value, value ? 400 : 200] as const)) {
      expect((await send(server, text, bob, { variables: { all } })).status).toBe(status);
    }
  });
});

it.each([
  [
    'twelve fields of 24 members',
    `{ a { ${times(24, (i) => `... on T${i} { ${times(11, (j) => (j % 2 ? `t${j}: t` : `l${j}: lim`))} a${i}: a { t } }`)} } }`,
    24 * 6,
  ],
  [
    'twelve fields of 24 members below each of 24 members, with what clients add to each selection set',
    `{ a { __typename ...L0 } } ${times(
      3,
      (level) =>
        `fragment L${level} on Node { ${times(
          24,
          (i) =>
            `... on T${i} { ${times(11, (j) => (j % 2 ? `t${j}: t` : `l${j}: lim`))}
             a${i}: a { __typename t ${level < 2 ? `...L${level + 1}` : ''} } }`,
        )} }`,
    )}`,
    3 * 24 * 6,
  ],
])('an honest wide selection is charged, and not refused: %s', async (_, text, points) => {
  const store = watched();
  const { server } = await serve(typeDefs(400), { store }, () => null);
  expect((await send(server, text, bob)).status).toBe(200);
  expect(store.asked.flat().reduce((sum, charge) => sum + charge.points, 0)).toBe(points);
});

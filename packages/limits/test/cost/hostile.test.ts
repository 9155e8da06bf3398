import { type DocumentNode, Kind, type OperationDefinitionNode, OperationTypeNode } from 'graphql';
import { describe, expect, it } from 'vitest';
import { counting } from '../../../../test/counting.ts';
import { as, codes, send } from '../../../../test/kit.ts';
import { type Estimator, estimators } from '../../src/cost/models/index.ts';
import { type CostOptions, explain } from '../../src/index.ts';
import { schemaOf, serveCost } from './pricing.ts';

const schema = schemaOf(`
  input In { in: In ins: [In] n: Int }
  type Query {
    q(first: Int): [Query] @listSize(slicingArguments: ["first"], requireOneSlicingArgument: false)
    one: Query
    s: Int
    f(in: In): Int
  }`);
const open: CostOptions = { maxCost: false, maxListSize: false };
const times = (n: number, make: (i: number) => string) => Array.from({ length: n }, (_, i) => make(i)).join(' ');

/** Looks at the document that pricing takes. */
function workOf(text: string): number {
  const { document, looks } = counting(text);
  explain({ schema, document, operationName: 'Q', options: { cost: open, limits: off } });
  return looks();
}
const off = { maxOccurrences: false, maxRepeatedFields: false } as const;
const costOf = (text: string, options: CostOptions = open, variables = {}) =>
  explain({ schema, document: text, operationName: 'Q', variables, options: { cost: options, limits: off } });

/** Name, a document of size n, sizes: twice the document is about twice the work. */
const growing: readonly (readonly [string, (n: number) => string, number])[] = [
  [
    'fragments that double at each level',
    (n) =>
      `query Q { ...F0 } ${times(n, (i) => `fragment F${i} on Query { a: one { ...F${i + 1} } b: one { ...F${i + 1} } }`)} fragment F${n} on Query { s }`,
    150,
  ],
  [
    'fragments that double with two list sizes at each level',
    (n) =>
      `query Q { ...F0 } ${times(n, (i) => `fragment F${i} on Query { a: q(first: 1) { ...F${i + 1} } b: q(first: 2) { ...F${i + 1} } }`)} fragment F${n} on Query { s }`,
    150,
  ],
  [
    'fragments that double with two variables at each level',
    (n) =>
      `query Q($x: Int = 1, $y: Int = 2) { ...F0 } ${times(n, (i) => `fragment F${i} on Query { a: q(first: $x) { ...F${i + 1} } b: q(first: $y) { ...F${i + 1} } }`)} fragment F${n} on Query { s }`,
    150,
  ],
  [
    'ten-fold fan-out',
    (n) =>
      `query Q { ...F0 } ${times(n, (i) => `fragment F${i} on Query { ${times(10, (k) => `k${k}: one { ...F${i + 1} }`)} }`)} fragment F${n} on Query { s }`,
    100,
  ],
  [
    'many fragments, each used many times',
    (n) =>
      `query Q { ${times(n, (i) => times(5, (k) => `a${i}_${k}: one { ...F${i} }`))} } ${times(n, (i) => `fragment F${i} on Query { s one { s } }`)}`,
    500,
  ],
  ['aliases', (n) => `query Q { ${times(n, (i) => `a${i}: s`)} }`, 2_500],
  ['repeated fields', (n) => `query Q { ${times(n, () => 's')} }`, 2_500],
  ['repeated objects', (n) => `query Q { ${times(n, () => 'one { s }')} }`, 2_500],
  ['lists of input objects', (n) => `query Q { f(in: { ins: [${times(n, () => '{ n: 1 }')}] }) }`, 2_500],
  ['operations', (n) => `query Q { s } ${times(n, (i) => `query Q${i} { s }`)}`, 500],
];

describe('growth', () => {
  it.each(growing)('pricing %s grows no faster than the document', (_, make, n) => {
    expect(workOf(make(2 * n))).toBeLessThan(2.5 * workOf(make(n)));
    expect(workOf(make(4 * n))).toBeLessThan(2.5 * workOf(make(2 * n)));
  });
});

it('fragments that double are multiplied and not expanded', () => {
  const level = (i: number, a: string, b: string) =>
    `fragment F${i} on Query { a: q(first: ${a}) { ...F${i + 1} } b: q(first: ${b}) { ...F${i + 1} } }`;
  const text = (a: string, b: string) =>
    `query Q($x: Int = 1, $y: Int = 2) { ...F0 } ${times(30, (i) => level(i, a, b))} fragment F30 on Query { s }`;
  // Each level: two fields, and three times what is below.
  let expected = 0;
  for (let i = 0; i < 30; i += 1) expected = 2 + 3 * expected;
  expect(costOf(text('1', '2')).cost?.fieldCost).toBe(expected);
  expect(costOf(text('$x', '$y')).cost?.fieldCost).toBe(expected);
});

it('an operation that takes more than the budget to price is refused, and its refusal is remembered', async () => {
  // At each level one of two conditions: every combination of them is another way to the last fragment.
  const level = (i: number) =>
    `fragment F${i} on Query { ...F${i + 1} @include(if: $a${i}) ...F${i + 1} @include(if: $b${i}) }`;
  const variables = times(20, (i) => `$a${i}: Boolean = true $b${i}: Boolean = true`);
  const text = `query Q(${variables}) { ...F0 } ${times(20, level)} fragment F20 on Query { s }`;
  const { refusals } = costOf(text);
  expect(refusals.at(-1)).toMatchObject({ code: 'COST_LIMIT_EXCEEDED', limit: 'maxCostNodes', maximum: 50_000 });
  const server = await serveCost(schema, { ...open, maxCostNodes: 20 });
  for (let i = 0; i < 2; i += 1) {
    const answer = await send(server, `{ ${times(30, (k) => `a${k}: s`)} }`, as(null));
    expect([answer.status, codes(answer)]).toEqual([400, ['COST_LIMIT_EXCEEDED']]);
  }
  expect((await send(server, '{ s }', as(null))).status).toBe(200);
});

it('fields, lists and input objects nested 10,000 deep in a document without a text are refused', () => {
  const name = (value: string) => ({ kind: Kind.NAME, value });
  let set: unknown = { kind: Kind.SELECTION_SET, selections: [{ kind: Kind.FIELD, name: name('s') }] };
  let object: unknown = { kind: Kind.INT, value: '1' };
  let list: unknown = { kind: Kind.INT, value: '1' };
  for (let i = 0; i < 10_000; i += 1) {
    set = { kind: Kind.SELECTION_SET, selections: [{ kind: Kind.FIELD, name: name('one'), selectionSet: set }] };
    object = { kind: Kind.OBJECT, fields: [{ kind: Kind.OBJECT_FIELD, name: name('in'), value: object }] };
    list = { kind: Kind.LIST, values: [list] };
  }
  const withArgument = (value: unknown) => ({
    kind: Kind.SELECTION_SET,
    selections: [{ kind: Kind.FIELD, name: name('f'), arguments: [{ kind: Kind.ARGUMENT, name: name('in'), value }] }],
  });
  for (const selectionSet of [set, withArgument(object), withArgument(list)]) {
    const operation = {
      kind: Kind.OPERATION_DEFINITION,
      operation: OperationTypeNode.QUERY,
      selectionSet,
    } as OperationDefinitionNode;
    const document: DocumentNode = { kind: Kind.DOCUMENT, definitions: [operation] };
    const { refusals } = explain({
      schema,
      document,
      options: { cost: open, limits: { maxDepth: false, maxFields: false } },
    });
    expect(refusals).toMatchObject([{ code: 'COST_LIMIT_EXCEEDED', limit: 'maxCostNodes' }]);
  }
});

it('only the selected operation is priced, also an unnamed one and one called like a keyword', () => {
  const text = 'query Q { s } query __typename { q(first: 500) { one { s } } }';
  expect(costOf(text).cost?.fieldCost).toBe(0);
  expect(
    explain({ schema, document: text, operationName: '__typename', options: { cost: open } }).cost?.fieldCost,
  ).toBe(501);
});

it.each([
  ['a negative size', -1],
  ['a size above maxListSize', 1_001],
])('a list size of %s in a variable is refused also after a small one', async (_, first) => {
  const server = await serveCost(schema, {});
  const ask = (size: number) =>
    send(server, 'query ($n: Int) { q(first: $n) { s } }', as(null), { variables: { n: size } });
  expect((await ask(1)).status).toBe(200);
  const refused = await ask(first);
  expect([refused.status, codes(refused)]).toEqual([400, ['COST_INVALID_SLICING_ARGUMENT']]);
  expect((await ask(1)).status).toBe(200);
});

it('a cost that overflows is refused, whatever the limits are', () => {
  const size = 2 ** 31 - 1;
  const text = `query Q { ${times(40, () => `q(first: ${size}) {`)} one { s } ${'}'.repeat(40)} }`;
  expect(costOf(text).refusals.map(({ code }) => code)).toContain('COST_LIMIT_EXCEEDED');
});

it('an absent variable and an explicit null cost as much as an argument that is left out', () => {
  const text = 'query Q($n: Int) { q(first: $n) { one { s } } }';
  expect(costOf(text).cost?.fieldCost).toBe(1 + 5);
  expect(costOf(text, open, { n: null }).cost?.fieldCost).toBe(1 + 5);
  expect(costOf(text, open, { n: 3 }).cost?.fieldCost).toBe(1 + 3);
});

it('a condition on one of two equal fields leaves the other', () => {
  const text = 'query Q($c: Boolean = false) { one @include(if: $c) { a: one { s } } one { b: one { s } } }';
  expect(costOf(text).cost?.fieldCost).toBe(2);
  expect(costOf(text, open, { c: true }).cost?.fieldCost).toBe(3);
});

it('a fragment that is spread under two conditions counts once', () => {
  const text = `query Q($c: Boolean = true) { ...A @include(if: $c) ...F }
    fragment A on Query { ...F } fragment F on Query { q(first: 5) { one { s } } }`;
  expect(costOf(text).cost?.fieldCost).toBe(1 + 5);
  expect(costOf(text, open, { c: false }).cost?.fieldCost).toBe(1 + 5);
});

it('with estimators the most expensive member of an interface counts, whatever its neighbours cost', () => {
  const members = ['A', 'B', 'C'].map((name) => `type ${name} implements N { v: Int }`).join(' ');
  const wide = schemaOf(`interface N { v: Int } ${members} type Query { n: N }`);
  const byType = [({ type }: { type: { name: string } }) => (type.name === 'B' ? 100 : 1)];
  const { cost } = explain({
    schema: wide,
    document: '{ n { v } }',
    options: { cost: { ...open, model: estimators(byType) } },
  });
  expect(cost?.fieldCost).toBe(1);
  const sums = [
    ({ type, childComplexity }: { type: { name: string }; childComplexity: number }) =>
      (type.name === 'B' ? 100 : 1) + childComplexity,
  ];
  expect(
    explain({ schema: wide, document: '{ n { v } }', options: { cost: { ...open, model: estimators(sums) } } }).cost
      ?.fieldCost,
  ).toBe(101);
});

it('with estimators the annotation of an interface field counts for each type, where it is more expensive', () => {
  const priced = schemaOf(`
    interface N { "100" v(n: Int): Int "1" w: Int }
    type A implements N { v(n: Int): Int "50" w: Int "7" own: Int }
    type Query { n: N a: A }`);
  // Prices stand where annotations of the application would: here in descriptions.
  const declared: Estimator = ({ type, field, args, childComplexity }) => {
    if (!('getFields' in type) || type.getFields()[field.name] !== field) throw new Error('a field of another type');
    return Number(args['n'] ?? 1) * Number(field.description ?? 0) + childComplexity;
  };
  const price = (document: string, variables: Record<string, unknown> = {}): number | undefined =>
    explain({ schema: priced, document, variables, options: { cost: { ...open, model: estimators([declared]) } } }).cost
      ?.fieldCost;
  for (const parent of ['a', 'n']) {
    expect(price(`{ ${parent} { v } }`)).toBe(100);
    expect(price(`{ ${parent} { w } }`)).toBe(50);
    expect(price(`query ($n: Int) { ${parent} { v(n: $n) } }`, { n: 3 })).toBe(300);
  }
  expect(price('{ a { own } }')).toBe(7);
});

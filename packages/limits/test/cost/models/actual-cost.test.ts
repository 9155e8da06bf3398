/** What counting an answer takes, without a clock: times that its objects are looked at. */
import { getOperationAST, parse } from 'graphql';
import { expect, it } from 'vitest';
import { computeActualCost } from '../../../src/cost/models/actual-cost.ts';
import { apolloRouter } from '../../../src/cost/models/index.ts';
import { resolveCostOptions } from '../../../src/cost/options.ts';
import { createCostMeter } from '../../../src/cost/price.ts';
import type { CostOptions } from '../../../src/index.ts';
import { schemaOf } from '../pricing.ts';

const times = (n: number, make: (i: number) => string) => Array.from({ length: n }, (_, i) => make(i)).join(' ');

const schema = schemaOf(`
  interface Node { parent: Node children: [Node] }
  ${times(6, (i) => `type T${i} implements Node { parent: Node children: [Node] only${i}: Int @cost(weight: "1") }`)}
  type Query { node: Node }`);

/** An answer of objects in objects, and how often one of them was looked at. */
function nested(depth: number) {
  let looks = 0;
  const look: ProxyHandler<Record<string, unknown>> = {
    get: (of, key) => ((looks += 1), Reflect.get(of, key)),
    has: (of, key) => ((looks += 1), Reflect.has(of, key)),
  };
  let data: Record<string, unknown> | null = null;
  for (let i = 0; i < depth; i += 1) data = new Proxy({ parent: data }, look);
  return { data: { node: data }, looks: () => looks };
}

function counted(text: string, data: Record<string, unknown>, options: CostOptions = {}, of = schema): number {
  const document = parse(text);
  const operation = getOperationAST(document);
  if (!operation) throw new Error('no operation');
  const meter = createCostMeter(resolveCostOptions({ maxCost: false, ...options }));
  return computeActualCost(meter.price(of, document, operation, { no: false }), data);
}

const off = `... @include(if: $no) { ${times(6, (i) => `... on T${i} { only${i} }`)} }`;

it.each<[string, (depth: number) => string, CostOptions?]>([
  [
    'types that the answer does not tell apart',
    (depth) =>
      `query ($no: Boolean!) { node ${`{ ${off} parent `.repeat(depth - 1)} { ${off} parent { parent { __typename } } } ${'}'.repeat(depth - 1)} }`,
  ],
  [
    'fragments that double, of the model apollo',
    (depth) =>
      `{ node { ...F0 } } ${times(depth, (i) => `fragment F${i} on Node { parent { ...F${i + 1} } parent { ...F${i + 1} } }`)} fragment F${depth} on Node { parent { __typename } }`,
    { model: apolloRouter() },
  ],
])('counting %s grows no faster than the answer', (_, text, options) => {
  const [shallow, deep] = [4, 8].map((depth) => {
    const { data, looks } = nested(depth);
    return { cost: counted(text(depth), data, options), looks: looks() };
  });
  expect(deep?.looks).toBeLessThan(2.5 * (shallow?.looks ?? 0));
  expect(deep?.cost).toBeGreaterThan(shallow?.cost ?? Infinity);
});

it('actualCost gives no number where too many types could be those of many objects', () => {
  const below = (i: number, end: string) => `... on T${i} { only${i} @include(if: $no) ${end} }`;
  const text = `query ($no: Boolean!) { node { ${times(6, (i) => below(i, '... Parent'))} } }
    fragment Parent on Node { ${times(6, (i) => below(i, 'parent { ... Children parent { __typename } }'))} }
    fragment Children on Node { ${times(6, (i) => below(i, 'children { __typename ... Last }'))} }
    fragment Last on Node { ${times(6, (i) => below(i, ''))} }`;
  const answer = (length: number) => ({
    node: { parent: { parent: null, children: Array.from({ length }, () => ({})) } },
  });
  expect(counted(text, answer(100))).toBeGreaterThan(0);
  expect(counted(text, answer(100_000))).toBeNaN();
});

it('actualCost counts the type that a key of its own shows, and the most expensive where none does', () => {
  const text =
    '{ node { children { ... on T0 { only0 } ... on T1 { only1 b: only1 c: only1 } ... on Node { parent { __typename } } } } }';
  const told = (...children: object[]) => counted(text, { node: { children } });
  // node, children, and of each child its own fields and its parent.
  expect(told({ only0: 1, parent: null })).toBe(2 + 2);
  expect(told({ only1: 1, b: 1, c: null, parent: {} }, { only0: 1, parent: {} }, { parent: {} })).toBe(2 + 4 + 2 + 1);
  expect(told()).toBe(2);
});

it('actualCost takes no key for the sign of a type that another type has as well, in a fragment inside another', () => {
  const priced = schemaOf(`
    interface Node { id: ID }
    type Dear implements Node { id: ID v: Int @cost(weight: "9") }
    type Cheap implements Node { id: ID v: Int @cost(weight: "1") w: Int @cost(weight: "1") }
    type Query { nodes: [Node] @cost(weight: "0") }`);
  const text = '{ nodes { ... on Dear { shared: v } ... on Node { ... on Cheap { shared: v b: w } } } }';
  const told = (...nodes: object[]) => counted(text, { nodes }, {}, priced);
  expect(told({ shared: 1 })).toBe(9);
  expect(told({ shared: 1, b: 1 })).toBe(2);
  expect(told({ shared: 1, b: null }, { shared: null }, {})).toBe(2 + 9);
});

it('actualCost does not read lists that cost nothing', () => {
  const untouched = new Proxy([], {
    get() {
      throw new Error('looked at');
    },
  });
  const free = schemaOf(
    'type Query { names: [Name] @cost(weight: "3") } type Name @cost(weight: "0") { text: String }',
  );
  const document = parse('{ names { text other: text } }');
  const operation = getOperationAST(document);
  const meter = createCostMeter(resolveCostOptions({ maxCost: false }));
  if (!operation) throw new Error('no operation');
  expect(computeActualCost(meter.price(free, document, operation, {}), { names: untouched })).toBe(3);
});

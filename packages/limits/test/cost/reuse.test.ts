/** What one pricing must not leave to the next, and what a request may buy by naming one variable at many places. */
import { type DocumentNode, getOperationAST, getVariableValues, parse } from 'graphql';
import { describe, expect, it } from 'vitest';
import { as, codes, send } from '../../../../test/kit.ts';
import { type Estimator, estimators } from '../../src/cost/models/index.ts';
import { resolveCostOptions } from '../../src/cost/options.ts';
import { createCostMeter } from '../../src/cost/price.ts';
import { type CostOptions, explain } from '../../src/index.ts';
import { priceOf, schemaOf, serveCost } from './pricing.ts';

const times = (n: number, make: (i: number) => string) => Array.from({ length: n }, (_, i) => make(i)).join(' ');

function metered(typeDefs: string, options: CostOptions) {
  const schema = schemaOf(typeDefs);
  const meter = createCostMeter(resolveCostOptions(options));
  return (document: DocumentNode, variables: Record<string, unknown> = {}): number => {
    const operation = getOperationAST(document);
    if (!operation) throw new Error('no operation');
    const { coerced = {} } = getVariableValues(schema, operation.variableDefinitions ?? [], variables);
    return meter.price(schema, document, operation, coerced).fieldCost;
  };
}

describe('one variable at many places', () => {
  const typeDefs = `
    input In { ids: [Int] in: [In] tag: String @cost(weight: "0.001") tags: [String] @cost(weight: "0.001") }
    type Query { q(in: [In]): Int ${times(300, (i) => `f${i}(in: In): Int`)} }`;
  const everywhere = `query ($v: In) { ${times(300, (i) => `f${i}(in: $v)`)} }`;
  const listed = `query ($v: In) { q(in: [${times(900, () => '$v')}]) }`;

  it.each([
    ['in as many fields', everywhere],
    ['in one list', listed],
  ])('one variable at many places is read no more often than the budget allows: %s', async (_, text) => {
    const server = await serveCost(typeDefs);
    const tags = Array.from({ length: 9_000 }, () => 'x');
    for (let i = 0; i < 2; i += 1) {
      const refused = await send(server, text, as(null), { variables: { v: { tags } } });
      expect([refused.status, codes(refused)]).toEqual([400, ['COST_LIMIT_EXCEEDED']]);
    }
    expect((await send(server, text, as(null), { variables: { v: { tags: ['x'] } } })).status).toBe(200);
    const { refusals } = explain({ schema: schemaOf(typeDefs), document: text, variables: { v: { tags } } });
    expect(refusals.at(-1)).toMatchObject({ limit: 'maxCostNodes', actual: 50_001, maximum: 50_000 });
  });

  it('a variable in which nothing can cost anything is not read', async () => {
    const ids = Array.from({ length: 9_000 }, (_, i) => i);
    expect(await priceOf(typeDefs, everywhere, { v: { ids } })).toEqual([300, 1]);
  });
});

describe('one fragment at many places', () => {
  const typeDefs = `
    ${times(60, (i) => `type T${i} { own${i}: String @cost(weight: "${i}") }`)}
    union Block = ${Array.from({ length: 60 }, (_, i) => `T${i}`).join(' | ')}
    type Page { ${times(14, (i) => `s${i}: [Block]`)} }
    type Query { page: Page }`;
  const blocks = `fragment Blocks on Block { ${times(60, (i) => `... on T${i} { own${i} }`)} }`;

  it('a fragment at many places is priced once', async () => {
    const text = `{ page { ${times(14, (i) => `s${i} { ...Blocks }`)} } } ${blocks}`;
    expect(await priceOf(typeDefs, text)).toEqual([15 + 14 * 5 * 59, 1 + 1 + 14 * 5]);
  });

  it('a fragment at many places is priced by what stands beside it and by its own conditions', async () => {
    const text = `query ($no: Boolean!) { page {
      s0 { ...Blocks @include(if: $no) } s1 { ...Blocks } s2 { ...Blocks @skip(if: true) } s3 { ...Blocks ... on T59 { b: own59 } }
    } } ${blocks}`;
    const fields = (no: boolean) => 5 + 5 * 59 * (no ? 4 : 3);
    for (const no of [true, false]) expect((await priceOf(typeDefs, text, { no }))[0]).toBe(fields(no));
  });
});

it('a leaf with a negative weight does not hide what its field costs', async () => {
  const typeDefs = 'scalar S @cost(weight: "-5") type Query { dear: S @cost(weight: "5") }';
  expect(await priceOf(typeDefs, '{ dear }')).toEqual([5, 1]);
});

it('an estimator that prices the same operation in its turn changes nothing of the price around it', () => {
  const document = parse('query ($n: Int) { a: f(n: $n) { v(n: $n) } b: f(n: $n) { v(n: $n) w(n: $n) } }');
  let within = false;
  const sum: Estimator = ({ args, childComplexity }) => {
    if (!within) {
      within = true;
      price(document, { n: 1_000 });
      within = false;
    }
    return (args['n'] as number) + childComplexity;
  };
  const price = metered('type T { v(n: Int): Int w(n: Int): Int } type Query { f(n: Int): T }', {
    model: estimators([sum]),
  });
  expect(price(document, { n: 1 })).toBe(5);
  expect(price(document, { n: 1 })).toBe(5);
});

it('an estimator that throws in the middle leaves nothing to the next request', () => {
  const document = parse('query ($n: Int, $m: Int) { a: f(n: $n) b: f(n: $m) }');
  const both: Estimator[] = [
    ({ args }) => {
      if (args['n'] === -1) throw new Error('no');
      return args['n'] as number;
    },
  ];
  const price = metered('type Query { f(n: Int): Int }', { model: estimators(both) });
  expect(price(document, { n: 1, m: 2 })).toBe(3);
  expect(() => price(document, { n: 500, m: -1 })).toThrow('no');
  expect(price(document, { n: 3, m: 4 })).toBe(7);
});

it('an edited copy of a document that shares its operation is priced by its own fragments', () => {
  const price = metered('type Query { s: Int dear: Int @cost(weight: "9") }', {});
  const cheap = parse('{ ...F } fragment F on Query { s }');
  const [operation] = cheap.definitions;
  const [, fragment] = parse('{ s } fragment F on Query { dear }').definitions;
  if (!operation || !fragment) throw new Error('no definitions');
  expect(price(cheap)).toBe(0);
  expect(price({ ...cheap, definitions: [operation, fragment] })).toBe(9);
});

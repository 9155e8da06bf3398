import { checkOperation, createEvents, type ResolvedOperation, type SecurityEvent } from '@graphql-bulwark/core';
import { MapperKind, mapSchema } from '@graphql-tools/utils';
import { buildSchema, GraphQLInt, GraphQLObjectType, GraphQLSchema, parse } from 'graphql';
import { expect, it } from 'vitest';
import { as, codes, send } from '../../../../test/kit.ts';
import { actualCost, apolloRouter, estimators } from '../../src/cost/models/index.ts';
import { type CostOptions, cost, costDirectives, executionLimits, explain } from '../../src/index.ts';
import { priceOf, schemaOf, serveCost } from './pricing.ts';

const start = (typeDefs: string, options?: CostOptions) =>
  cost(options).start?.({ schema: buildSchema(typeDefs, { assumeValidSDL: true }) });
const query = (field: string, more = '') => `${costDirectives} type Query { ${field} } ${more}`;

it.each([
  [
    'a weight that is no number',
    query('a: Int @cost(weight: "much")'),
    /@cost on Query\.a: weight must be a finite number/,
  ],
  ['an infinite weight', query('a: Int @cost(weight: "1e999")'), /finite/],
  ['a weight that is a number', query('a: Int @cost(weight: 1e999)'), /@cost on Query\.a: weight must be a String!/],
  [
    'an infinite Float weight',
    'directive @cost(weight: Float!) on FIELD_DEFINITION type Query { a: Int @cost(weight: 1e999) }',
    /finite/,
  ],
  ['an empty weight', query('a: Int @cost(weight: "")'), /finite/],
  ['@cost on the field of an interface', query('a: Int', 'interface I { b: Int @cost(weight: "1") }'), /@cost on I\.b/],
  ['@cost on an interface', query('a: Int', 'interface I @cost(weight: "1") { b: Int }'), /@cost on I:/],
  ['@cost on a union', query('a: Int', 'union U @cost(weight: "1") = Query'), /@cost on U:/],
  ['@cost on an input type', query('a: Int', 'input F @cost(weight: "1") { b: Int }'), /@cost on F:/],
  ['a misspelt argument', query('a: Int @cost(wieght: "1")'), /did you mean 'weight'/],
  ['@listSize on what is no list', query('a: Int @listSize(assumedSize: 1)'), /no list/],
  [
    'an unknown sized field',
    query('a: C @listSize(assumedSize: 1, sizedFields: ["x"])', 'type C { y: [Int] }'),
    /no field 'x'/,
  ],
  [
    'a sized field that is no list',
    query('a: C @listSize(assumedSize: 1, sizedFields: ["x"])', 'type C { x: Int }'),
    /no list/,
  ],
  ['an unknown slicing argument', query('a: [Int] @listSize(slicingArguments: ["n"])'), /no argument 'n'/],
  [
    'an unknown slicing path',
    query('a(p: P): [Int] @listSize(slicingArguments: ["p.n"])', 'input P { m: Int }'),
    /no argument 'p\.n'/,
  ],
  [
    'a slicing argument of another type',
    query('a(n: String): [Int] @listSize(slicingArguments: ["n"])'),
    /must be an Int or a list/,
  ],
  [
    'a Float as a slicing argument',
    query('a(n: Float): [Int] @listSize(slicingArguments: ["n"])'),
    /must be an Int or a list/,
  ],
  ['a negative assumed size', query('a: [Int] @listSize(assumedSize: -1)'), /at least 0/],
  [
    'an assumed size that has no effect',
    query('a(n: Int): [Int] @listSize(assumedSize: 1, slicingArguments: ["n"])'),
    /assumedSize has no effect/,
  ],
  [
    'an assumed size beside a slicing default',
    query('a(n: Int = 2): [Int] @listSize(assumedSize: 1, slicingArguments: ["n"], requireOneSlicingArgument: false)'),
    /assumedSize has no effect/,
  ],
  [
    'two slicing arguments with defaults of which one may be given',
    query('a(n: Int = 2, m: Int = 3): [Int] @listSize(slicingArguments: ["n", "m"])'),
    /can never give exactly one/,
  ],
])('cost() keeps the server from starting with %s', (_, typeDefs, message) => {
  expect(() => start(typeDefs)).toThrow(TypeError);
  expect(() => start(typeDefs)).toThrow(message);
});

it.each<[string, object, RegExp]>([
  ['an unknown option', { maxcost: 5 }, /did you mean 'maxCost'/],
  ['a negative ceiling', { maxCost: -1 }, /maxCost must be a whole number of at least 0/],
  ['a ceiling that is no number', { maxCost: Number.NaN }, /maxCost/],
  ['an unknown model', { model: 'router' }, /model must be apolloRouter\(\) or estimators\(\)/],
  ['an unknown mode', { mode: 'measure' }, /mode/],
  ['a list size of 0', { maxListSize: 0 }, /maxListSize/],
  ['an infinite weight', { weights: { 'Query.a': Infinity } }, /weights\['Query.a'\] must be a finite number/],
  ['an actual cost that no client sees', { actualCost: actualCost() }, /exposeCost/],
  ['a policy that is no function', { perPrincipal: {} }, /perPrincipal/],
])('cost() refuses %s', (_, options, message) => {
  expect(() => cost(options)).toThrow(TypeError);
  expect(() => cost(options)).toThrow(message);
});

it.each<[string, CostOptions, RegExp]>([
  ['a weight of an unknown field', { weights: { 'Query.b': 1 } }, /weights names 'Query\.b'/],
  ['a weight of an interface field', { weights: { 'I.a': 1 } }, /weights names 'I\.a'/],
  ['a list size of an unknown field', { listSizes: { 'Query.b': { assumedSize: 1 } } }, /listSizes names 'Query\.b'/],
  ['a list size of no list', { listSizes: { 'Query.a': { assumedSize: 1 } } }, /no list/],
  ['a misspelt list size', { listSizes: { 'Query.l': { assumed: 1 } as object } }, /no option 'assumed'/],
  [
    'a list size that is a number',
    { listSizes: { 'Query.l': 5 as unknown as object } },
    /listSizes\['Query\.l'\] must be a plain/,
  ],
  ['a list size that says nothing', { listSizes: { 'Query.l': {} } }, /is empty: give assumedSize/],
  ['list sizes in a Map', { listSizes: new Map() as never }, /listSizes must be a plain object/],
  ['weights in a Map', { weights: new Map([['Query.a', 5]]) as never }, /weights must be a plain object/],
  ['a list of options', [] as object, /must be a plain object/],
  ['a list size that is no number', { listSizes: { 'Query.l': { maxListSize: 0 } } }, /maxListSize/],
])('cost() keeps the server from starting with %s', (_, options, message) => {
  expect(() => start(query('a: Int l: [Int]', 'interface I { a: Int }'), options)).toThrow(message);
});

it('a weight may be an Int, a Float or a String as its schema declares it, and may stand in the extensions of a schema made in code', async () => {
  for (const [type, weight] of [
    ['Int', '3'],
    ['Float', '3.0'],
    ['String', '"3"'],
    ['String', '"0.3e1"'],
  ]) {
    const declared = `directive @cost(weight: ${type}!) on FIELD_DEFINITION`;
    const schema = buildSchema(`${declared} type Query { a: Int @cost(weight: ${weight}) }`);
    expect(await priceOf(schema, '{ a }')).toEqual([3, 1]);
  }
  for (const directives of [
    { cost: { weight: 3 } },
    { cost: [{ weight: '3' }] },
    [{ name: 'cost', args: { weight: 3 } }],
  ]) {
    const fields = { a: { type: GraphQLInt, extensions: { directives } } };
    const schema = new GraphQLSchema({ query: new GraphQLObjectType({ name: 'Query', fields }) });
    expect(await priceOf(schema, '{ a }')).toEqual([3, 1]);
  }
});

it('weights and list sizes in the options win over those of the schema', async () => {
  const schema = schemaOf(`
    type T { x(n: Int, in: In): Int } input In { k: Int }
    type Query { reports: Int @cost(weight: "7") ts(first: Int): [T] @listSize(assumedSize: 3) }`);
  const options: CostOptions = {
    weights: { 'Query.reports': 50, T: 2, 'T.x(n:)': 4, 'In.k': 5 },
    listSizes: { 'Query.ts': { slicingArguments: ['first'], requireOneSlicingArgument: false, maxListSize: 20 } },
  };
  expect(await priceOf(schema, '{ reports }', {}, options)).toEqual([50, 1]);
  // The field is a list of T (2), and each x costs its n (4) and its input object (1) with k (5).
  expect(
    await priceOf(schema, '{ ts(first: 10) { x(n: 1, in: { k: 1 }) } }', {}, { ...options, listSizes: {} }),
  ).toEqual([2 + 3 * 10, 1 + 3 * 2]);
  const sized = { ...options, listSizes: { 'Query.ts': { ...options.listSizes?.['Query.ts'], assumedSize: 4 } } };
  expect(await priceOf(schema, '{ ts(first: 10) { x(n: 1) } }', {}, sized)).toEqual([2 + 10 * 4, 1 + 10 * 2]);
  expect(await priceOf(schema, '{ ts { x(n: 1) } }', {}, sized)).toEqual([2 + 4 * 4, 1 + 4 * 2]);
  expect(await priceOf(schema, '{ ts(first: 21) { x } }', {}, sized)).toBe('COST_INVALID_SLICING_ARGUMENT');
});

it.each(['v', 'toString', 'constructor', '__proto__', 'valueOf', 'hasOwnProperty'])(
  'an argument whose variable is not sent has its default, also where the variable is called %s',
  async (name) => {
    const types = `
      input Page { first: Int }
      type Query {
        users(page: Page = { first: 900 }): [U] @listSize(slicingArguments: ["page.first"], requireOneSlicingArgument: false)
        flat(first: Int = 900): [U] @listSize(slicingArguments: ["first"])
        dear(approx: Int @cost(weight: "-90")): Int @cost(weight: "100")
        big(f: Int = 1 @cost(weight: "700")): Int
      }
      type U { a: Int @cost(weight: "2") }`;
    const schema = schemaOf(types);
    const prices: unknown[] = [];
    for (const [field, type] of [
      ['users(page: $NAME) { a }', 'Page'],
      ['flat(first: $NAME) { a }', 'Int'],
      ['dear(approx: $NAME)', 'Int'],
      ['big(f: $NAME)', 'Int'],
    ]) {
      const text = `query ($NAME: ${type}) { ${field} }`.replaceAll('NAME', name);
      prices.push((await priceOf(schema, text))[0]);
    }
    expect(prices).toEqual([1_802, 1_801, 100, 700]);
  },
);

it('the list size of an interface field holds for every type that sets none', async () => {
  const schema = schemaOf(`
    interface I { l(n: Int): [T] @listSize(slicingArguments: ["n"]) } type T { x: Int @cost(weight: "1") }
    type A implements I { l(n: Int): [T] } type Query { i: I a: A }`);
  expect(await priceOf(schema, '{ i { l(n: 50) { x } } }')).toEqual([1 + 1 + 50, 1 + 1 + 50]);
  expect(await priceOf(schema, '{ a { l(n: 50) { x } } }')).toEqual([1 + 1 + 50, 1 + 1 + 50]);
});

it('the entities of a federated graph are priced by their representations', async () => {
  const schema = schemaOf(`
    scalar _Any type T { x: Int @cost(weight: "1") } union _Entity = T
    type Query { _entities(representations: [_Any!]!): [_Entity]! }`);
  const text = 'query ($r: [_Any!]!) { _entities(representations: $r) { ... on T { x } } }';
  expect(await priceOf(schema, text, { r: [1, 2, 3] })).toEqual([1 + 3, 1 + 3]);
  expect(await priceOf(schema, text, { r: Array(1_001).fill(1) })).toBe('COST_INVALID_SLICING_ARGUMENT');
});

it('the arguments of directives are priced', async () => {
  const schema = schemaOf('directive @fancy(n: Int @cost(weight: "9")) on FIELD type Query { a: Int }');
  expect(await priceOf(schema, '{ a @fancy(n: 1) }')).toEqual([9, 1]);
  expect(await priceOf(schema, 'query ($n: Int) { a @fancy(n: $n) }', { n: null })).toEqual([0, 1]);
});

it('the directives of every field that merges are priced', async () => {
  const schema = schemaOf(
    'directive @fancy(n: Int @cost(weight: "9")) on FIELD type Query { a: Int b: Int @cost(weight: "2") }',
  );
  expect(await priceOf(schema, '{ a a @fancy(n: 1) }')).toEqual([9, 1]);
  expect(await priceOf(schema, '{ b b @fancy(n: 1) b @fancy(n: 2) }')).toEqual([2 + 9 + 9, 1]);
  expect(await priceOf(schema, '{ b ... on Query { b @fancy(n: 1) } }')).toEqual([2 + 9, 1]);
});

it.each([
  ['counts where its condition holds', 'b b @fancy(n: 1) @include(if: $x)', [5, 14, 5, 14]],
  ['counts without the field that merges first', 'b @fancy(n: 1) @include(if: $x) b', [5, 14, 5, 14]],
  ['counts once, though its fragment is spread twice', '...F @include(if: $x) ...F @include(if: $y)', [0, 9, 9, 9]],
  ['makes its field cheaper', 'b @cheap(n: 1)', [2, 2, 2, 2]],
  ['makes no field cheaper that is left out', 'b @cheap(n: 1) @include(if: $x) b', [5, 2, 5, 2]],
  [
    'makes the field cheaper that is first because another is left out',
    'b @include(if: $x) b @cheap(n: 1)',
    [2, 5, 2, 5],
  ],
  ['makes the field cheaper under the condition of all', '... @include(if: $x) { b @cheap(n: 1) b }', [0, 2, 0, 2]],
  ['takes nothing off what a repetition adds', 'a @cheap(n: 1) a @fancy(n: 1)', [9, 9, 9, 9]],
  ['makes no field cheaper by being repeated', 'b b @cheap(n: 1) b @cheap(n: 1)', [5, 5, 5, 5]],
])('the arguments of a directive are priced: %s', async (_, selections, expected) => {
  const schema = schemaOf(`
    directive @fancy(n: Int @cost(weight: "9")) on FIELD
    directive @cheap(n: Int @cost(weight: "-3")) on FIELD
    type Query { a: Int b: Int @cost(weight: "5") }`);
  const text = `query ($x: Boolean!, $y: Boolean!) { ${selections} ...F @skip(if: true) } fragment F on Query { a @fancy(n: 1) }`;
  const found = [false, true].flatMap((y) =>
    [false, true].map((x) => explain({ schema, document: text, variables: { x, y } }).cost?.fieldCost),
  );
  expect(found).toEqual(expected);
});

it('a field passes its size on to lists two levels below', async () => {
  const schema = schemaOf(`
    type Query { s(first: Int): R @listSize(slicingArguments: ["first"], sizedFields: ["results { page }", "more"]) }
    type R { results: P more: [I] } type P { page: [I] other: [I] } type I { x: Int @cost(weight: "1") }`);
  const price = async (text: string) => (await priceOf(schema, text))[0];
  expect(await price('{ s(first: 40) { results { page { x } } } }')).toBe(3 + 40);
  expect(await price('{ s(first: 40) { results { other { x } } } }')).toBe(3 + 5);
  expect(await price('{ s(first: 40) { more { x } } }')).toBe(2 + 40);
});

it('the cost of a query or a mutation by itself is added', async () => {
  const schema = schemaOf('type Query { a: Int } type Mutation { a: Int }');
  expect(await priceOf(schema, 'mutation { a }')).toEqual([10, 1]);
  expect(await priceOf(schema, 'mutation { a }', {}, { mutationCost: 2 })).toEqual([2, 1]);
  expect(await priceOf(schema, '{ a }', {}, { queryCost: 3 })).toEqual([3, 1]);
});

it('an operation above maxCost is refused with 400 and one at it is answered, for an anonymous caller and for the next one', async () => {
  const server = await serveCost('type Query { a: Int @cost(weight: "5") }', { maxCost: 10 });
  for (let i = 0; i < 2; i += 1) {
    expect(await send(server, '{ x: a y: a }', as(null))).toMatchObject({ status: 200 });
    const refused = await send(server, '{ x: a y: a z: a }', as(null));
    expect([refused.status, codes(refused), refused.body.errors[0].extensions.cost]).toEqual([
      400,
      ['COST_LIMIT_EXCEEDED'],
      undefined,
    ]);
  }
});

it('a warning at start names the lists without any size', async () => {
  const typeDefs = `
    type Query {
      sized: [Item] @listSize(assumedSize: 5)
      cut(first: Int): [Item] @listSize(slicingArguments: ["first"])
      page(first: Int): Page @listSize(slicingArguments: ["first"], sizedFields: ["edges", "rows { items }"])
      byInterface: Paged open: [Item!]! numbers: [Int] byOption: [Item]
    }
    interface Paged { list(first: Int): [Item] @listSize(slicingArguments: ["first"]) }
    type Item implements Paged { id: ID list(first: Int): [Item] grid: [[Item]] }
    type Page { edges: [Item] rows: Rows loose: [Item] }
    type Rows { items: [Item] }`;
  const events: SecurityEvent[] = [];
  await serveCost(typeDefs, { listSizes: { 'Query.byOption': { assumedSize: 2 } }, defaultListSize: 7 }, events);
  expect(events[0]).toMatchObject({
    type: 'config.warning',
    message:
      'cost: nothing says how long these lists can be, and each counts as 7 items: Query.open, Item.grid, Page.loose. ' +
      'Say it with @listSize or listSizes.',
  });
  events.length = 0;
  await serveCost(
    'type Query { numbers: [Int] cut(first: Int): [Item] @listSize(slicingArguments: ["first"]) } type Item { id: ID }',
    {},
    events,
  );
  await serveCost(typeDefs, { model: estimators([() => 1]) }, events);
  expect(events).toEqual([]);
});

it('a warning at start names the lists that are priced by an assumed size which nothing enforces', async () => {
  const schema = schemaOf(`
    type Query {
      assumed: [Item] @listSize(assumedSize: 5) grid: [[Item]] @listSize(assumedSize: 2)
      byOption: [Item] numbers: [Int] @listSize(assumedSize: 5)
      optional(first: Int): [Item]
        @listSize(assumedSize: 5, slicingArguments: ["first"], requireOneSlicingArgument: false)
      page: Page @listSize(assumedSize: 3, sizedFields: ["edges", "rows { items }"])
      sliced(first: Int): Sliced @listSize(slicingArguments: ["first"], sizedFields: ["edges"])
    }
    type Item { id: ID }
    type Page { edges: [Item] rows: Rows }
    type Rows { items: [Item] }
    type Sliced { edges: [Item] }`);
  const options: CostOptions = { listSizes: { 'Query.byOption': { assumedSize: 2 } } };
  const warnings = async (of: GraphQLSchema, given: CostOptions = options): Promise<string[]> => {
    const events: SecurityEvent[] = [];
    await serveCost(of, given, events);
    return events.map((event) => ('message' in event ? event.message : event.type));
  };
  const told = (lists: string): string[] => [
    `cost: these lists are priced by their assumedSize, and nothing keeps them from being longer: ${lists}. ` +
      'Name the arguments that give their length (slicingArguments), or refuse longer ones with enforceAssumedSizes ' +
      'of executionLimits() (option execution of createBulwark).',
  ];
  const all = told('Query.assumed, Query.grid, Query.byOption, Page.edges, Rows.items');
  expect(await warnings(schema)).toEqual(all);
  expect(await warnings(executionLimits().secure(schema))).toEqual(all);
  // A transform that comes later makes new fields, as guarding the schema does.
  const enforced = mapSchema(executionLimits({ enforceAssumedSizes: true }).secure(schema), {
    [MapperKind.OBJECT_FIELD]: (config) => ({ ...config }),
  });
  expect(await warnings(enforced)).toEqual([]);
  const many = Array.from({ length: 30 }, (_, i) => `l${i}: [Query] @listSize(assumedSize: 1)`).join(' ');
  expect(await warnings(schemaOf(`type Query { ${many} }`), {})).toEqual([
    expect.stringMatching(/Query\.l19 and 10 more\. Name/),
  ]);
});

it('the defaults refuse lists in lists whose field cost is small and whose response is not', async () => {
  const typeDefs = `type Query { a(first: Int!): [Query] @listSize(slicingArguments: ["first"]) id: ID }`;
  const text = 'query ($n: Int!) { a(first: $n) { a(first: 100) { id } } }';
  const server = await serveCost(typeDefs);
  const ask = (n: number) => send(server, text, as(null), { variables: { n } });
  expect(codes(await ask(90))).toEqual([]);
  expect(codes(await ask(500))).toEqual(['COST_LIMIT_EXCEEDED']);
  for (const options of [{ model: apolloRouter(), maxCost: 1e9 }, { model: estimators([() => 1]) }] as const) {
    expect(codes(await send(await serveCost(typeDefs, options), text, as(null), { variables: { n: 500 } }))).toEqual(
      [],
    );
  }
});

it('estimateCost throws a refusal for an operation that cannot be priced, also in report mode', async () => {
  const prices = cost({ mode: 'report' });
  const schema = buildSchema(query('l(first: Int): [Int] @listSize(slicingArguments: ["first"])'));
  const limiter = { name: 'spends', check: (operation: ResolvedOperation) => void prices.estimateCost(operation) };
  const events = createEvents(undefined, () => ({ warn() {}, error() {} }));
  for (const field of ['l', 'l(first: -1)']) {
    const asked = checkOperation(
      [limiter],
      { schema, document: parse(`{ ${field} }`), contextValue: as(null) },
      events,
    );
    await expect(asked).rejects.toMatchObject({ extensions: { code: 'COST_INVALID_SLICING_ARGUMENT' } });
  }
});

it.each([[[]], [[1]], [undefined]])('estimators(%j) is refused, as no function of a field is in it', (list) => {
  expect(() => estimators(list as never)).toThrow(/at least one/);
});

it('actualCost: true is refused with the name of the entry that has it', () => {
  expect(() => cost({ exposeCost: true, actualCost: true as never })).toThrow(/cost-models/);
});

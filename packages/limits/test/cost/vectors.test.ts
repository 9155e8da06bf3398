import { expect, it } from 'vitest';
import { apolloRouter } from '../../src/cost/models/index.ts';
import type { CostOptions } from '../../src/index.ts';
import { priceOf } from './pricing.ts';

const X1 = `
  type User { name: String age: Int @cost(weight: "2.0") }
  type Query { users(max: Int): [User] @listSize(slicingArguments: ["max"]) all: [User] }`;
const X2 = `
  scalar A
  input Filter { approx: A @cost(weight: "-12.0") }
  type Product { x: Int }
  type Query {
    topProducts(filter: Filter @cost(weight: "15")): [String] @cost(weight: "5.0") @listSize(assumedSize: 10)
    m(approx: A @cost(weight: "-3.0")): Product @cost(weight: "5.0")
    n(approx: A @cost(weight: "-9")): Product @cost(weight: "5.0")
  }`;
const X3 = `
  type Query { films(first: Int, last: Int): FilmConnection
    @listSize(slicingArguments: ["first", "last"], sizedFields: ["edges"]) }
  type FilmConnection { edges: [FilmEdge] pageInfo: PageInfo other: [Film] }
  type FilmEdge { cursor: String node: Film }
  type Film { title: String }
  type PageInfo { x: Int }`;
const X4 = `
  interface N { v: Int }
  type A implements N @cost(weight: "3") { v: Int @cost(weight: "1") big: Int @cost(weight: "7") }
  type B implements N @cost(weight: "8") { v: Int }
  union U = A | B
  type Query { n: N u: U ns: [N] @listSize(assumedSize: 4) }`;
const X5 = `
  type O { s: Int @cost(weight: "1") }
  input F { a: Int }
  type Query {
    mm: [[O]]
    q: Query @cost(weight: "0")
    s: Int @cost(weight: "1")
    f(f: [F!]): Int
    ids(ids: [ID!] @cost(weight: "2")): Int
  }`;
// Negative weights: each makes its own field cheaper, down to 0, and pays for nothing else.
const X6 = `
  type Query @cost(weight: "-50") {
    t: T
    list: [N] @listSize(assumedSize: 3)
    dear(approx: [Int] @cost(weight: "-9")): T @cost(weight: "5")
    q: Query
  }
  type N @cost(weight: "-4") { t: T d: Int @cost(weight: "2") }
  type T { x: Int @cost(weight: "7") }`;

const invalid = 'COST_INVALID_SLICING_ARGUMENT';
type Vector = readonly [
  id: string,
  schema: string,
  text: string,
  expected: readonly [number | undefined, number | undefined] | string,
  variables?: Record<string, unknown>,
];

/** As the tests take them. */
const whole = (vectors: readonly Vector[]) =>
  vectors.map(([id, schema, text, expected, variables = {}]) => ({
    id,
    schema,
    text,
    expected: typeof expected === 'string' ? expected : expected.map((number): unknown => number ?? expect.any(Number)),
    variables,
  }));

const ibm: readonly Vector[] = [
  ['C1', X1, '{ users(max: 5) { age } }', [11, 6]],
  ['C2', X1, '{ users(max: 0) { age } }', [1, 1]],
  ['C3', X1, '{ users(max: -5) { age } }', invalid],
  ['C4', X1, '{ users { age } }', invalid],
  ['C5', X1, '{ users(max: null) { age } }', invalid],
  ['C6', X1, 'query ($m: Int) { users(max: $m) { age } }', [101, 51], { m: 50 }],
  ['C7', X1, 'query ($m: Int = 7) { users(max: $m) { age } }', [15, 8]],
  ['C8', X1, '{ a: users(max: 5) { age } b: users(max: 5) { age } }', [22, 11]],
  ['C9', X1, '{ users(max: 5) { age } users(max: 5) { age name } }', [11, 6]],
  ['C10', X1, 'query ($s: Boolean!) { users(max: 5) { age @skip(if: $s) } }', [1, 6], { s: true }],
  ['C10 not skipped', X1, 'query ($s: Boolean!) { users(max: 5) { age @skip(if: $s) } }', [11, 6], { s: false }],
  ['C11', X1, '{ all { age } }', [21, 11]],
  ['C12', X2, '{ topProducts }', [5, 1]],
  ['C13', X2, '{ topProducts(filter: {}) }', [20, 1]],
  ['C14', X2, '{ topProducts(filter: null) }', [5, 1]],
  ['C15', X2, '{ m { x } }', [5, 2]],
  ['C16', X2, '{ m(approx: 1) { x } }', [2, 2]],
  ['C17', X2, '{ n(approx: 1) { x } }', [0, 2]],
  ['C17b', X2, '{ m(approx: null) { x } }', [5, 2]],
  ['C18', X2, '{ topProducts(filter: { approx: 1 }) }', [8, 1]],
  ['C19', X2, '{ topProducts(filter: {}) }', [20, 1]],
  ['C20', X2, 'query ($f: Filter) { topProducts(filter: $f) }', [8, 1], { f: { approx: 1 } }],
  ['C21', X3, '{ films(first: 20) { edges { node { title } } } }', [22, 42]],
  ['C22', X3, '{ films(first: 20) { edges { node { title } } pageInfo { x } } }', [23, 43]],
  ['C23', X3, '{ films(first: 1, last: 1) { edges { cursor } } }', invalid],
  ['C24', X3, '{ films(first: 20) { ...E } } fragment E on FilmConnection { edges { node { title } } }', [22, 42]],
  ['C25', X3, '{ films(first: 20) { e: edges { node { title } } } }', [22, 42]],
  ['C26', X3, '{ films(first: 20) { other { title } } }', [2, 12]],
  ['C27', X4, '{ n { v } }', [9, 9]],
  ['C28', X4, '{ n { ... on A { big } } }', [15, 9]],
  ['C29', X4, '{ n { v ... on A { big } ... on B { v } } }', [16, 9]],
  ['C30', X4, '{ u { __typename } }', [8, 9]],
  ['C31', X4, '{ ns { v } }', [12, 33]],
  ['C32', X5, '{ mm { s } }', [101, undefined]],
  [
    'C33',
    X5,
    '{ ...A } fragment A on Query { a: q { ...B } b: q { ...B } } fragment B on Query { a: q { ...C } b: q { ...C } } fragment C on Query { s }',
    [4, undefined],
  ],
  ['C34', X5, 'query ($f: [F!]) { f(f: $f) }', [1_000, 1], { f: Array.from({ length: 1_000 }, () => ({ a: 1 })) }],
  ['C35', X5, '{ ids(ids: ["a", "b", "c"]) }', [6, 1]],
  ['C36 a negative weight of the root type', X6, '{ t { x } }', [8, 1]],
  ['C37 a negative weight of objects', X6, '{ list { t { x } } }', [3 * 8, 3]],
  ['C38 a negative weight beside others', X6, '{ list { d } t { x } q { t { x } } }', [3 * 2 + 8 + 8, 2]],
  ['C39 a negative weight of each item of an argument', X6, '{ dear(approx: [1, 2, 3]) { x } }', [7, 1]],
];

it.each(whole(ibm))('$id costs what the IBM directives say', async ({ schema, text, expected, variables }) => {
  const found = await priceOf(schema, text, variables, { defaultListSize: 10 });
  expect(found).toEqual(expected);
});

// C33 again with `q` at its default weight, where the 6 objects cost 1 each.
it('C33 with objects at their default weight costs 10', async () => {
  const text =
    '{ ...A } fragment A on Query { a: q { ...B } b: q { ...B } } fragment B on Query { a: q { ...C } b: q { ...C } } fragment C on Query { s }';
  expect((await priceOf(X5.replace('q: Query @cost(weight: "0")', 'q: Query'), text))[0]).toBe(10);
});

const router = `
  type Query {
    getScalar(id: ID): String
    getScalarByObject(args: OuterInput): String
    getObjectsByObject(args: OuterInput): [SecondObject]
    object1: FirstObject
    interfaceInstance1: MyInterface
    someUnion: UnionOfObjects
    someObjects: [FirstObject]
    intList: [Int]
    fieldWithCost: Int @cost(weight: "5")
    argWithCost(arg: Int @cost(weight: "10")): Int
    enumWithCost: AorB
    inputWithCost(someInput: CostlyInput): Int
    scalarWithCost: CostlyInt
    objectWithCost: CostlyObject
    withListSize: [String!] @listSize(assumedSize: 2000, requireOneSlicingArgument: false)
    withDynamicListSize(first: Int = 10): Sized @listSize(slicingArguments: ["first"], sizedFields: ["items"])
    itemsByIds(ids: [ID!]!): [Item] @listSize(slicingArguments: ["ids"])
    search(input: SearchInput!): [Item] @listSize(slicingArguments: ["input.pagination.first"])
    book(id: ID): Book
    bestsellers: [Book] @listSize(assumedSize: 5)
    newest(after: ID, limit: Int!): [Book] @listSize(slicingArguments: ["limit"])
  }
  type Mutation { doSomething: Int }
  type FirstObject { field1: Int innerList: [SecondObject] }
  interface MyInterface { field2: String }
  type SecondObject implements MyInterface { field1: Int field2: String }
  union UnionOfObjects = FirstObject | SecondObject
  input InnerInput { id: ID }
  input OuterInput { inner: InnerInput inner2: InnerInput listOfInner: [InnerInput!] }
  enum AorB @cost(weight: "15") { A B }
  scalar CostlyInt @cost(weight: "30")
  type CostlyObject @cost(weight: "40") { id: ID }
  input CostlyInput { something: Int @cost(weight: "20") }
  type Sized { items: [Item] }
  type Item { id: ID }
  input Pagination { first: Int after: String }
  input SearchInput { pagination: Pagination query: String }
  type Book { title: String author: Author publisher: Publisher }
  type Author { name: String }
  type Publisher { name: String address: Address }
  type Address @cost(weight: "5") { zipCode: Int! }`;
const inputs = '(args: { inner: { id: 1 }, listOfInner: [{ id: 2 }, { id: 3 }] })';
const book = '{ title author { name } publisher { name address { zipCode } } }';
const priced = (first: string) => `fragment Items on Sized { items { id } }
  { fieldWithCost argWithCost(arg: 3) enumWithCost inputWithCost(someInput: { something: 10 }) scalarWithCost
    objectWithCost { id } withListSize withDynamicListSize${first} { ...Items } }`;

const apollo: readonly Vector[] = [
  ['C1', X1, '{ users(max: 5) { age } }', [15, 6]],
  ['C2', X1, '{ users(max: 0) { age } }', [0, 1]],
  ['C4', X1, '{ users { age } }', invalid],
  ['C6', X1, 'query ($m: Int) { users(max: $m) { age } }', [150, 51], { m: 50 }],
  ['C7', X1, 'query ($m: Int = 7) { users(max: $m) { age } }', [21, 8]],
  ['C8', X1, '{ a: users(max: 5) { age } b: users(max: 5) { age } }', [30, 11]],
  ['C9', X1, '{ users(max: 5) { age } users(max: 5) { age name } }', [30, undefined]],
  ['C10', X1, 'query ($s: Boolean!) { users(max: 5) { age @skip(if: $s) } }', [15, 6], { s: true }],
  ['C21', X3, '{ films(first: 20) { edges { node { title } } } }', [41, 42]],
  ['C22', X3, '{ films(first: 20) { edges { node { title } } pageInfo { x } } }', [42, 43]],
  ['C24', X3, '{ films(first: 20) { ...E } } fragment E on FilmConnection { edges { node { title } } }', [41, 42]],
  ['C25', X3, '{ films(first: 20) { e: edges { node { title } } } }', [41, 42]],
  ['C36 a negative weight of the root type', X6, '{ t { x } }', [8, 1]],
  ['C37 a negative weight of objects', X6, '{ list { t { x } } }', [3 * 8, 3]],
  ['C39 a negative weight of each item of an argument', X6, '{ dear(approx: [1, 2, 3]) { x } }', [7, 1]],
  ['A1', router, 'mutation { doSomething }', [10, 1]],
  ['A2', router, '{ object1 { field1 } }', [1, 2]],
  ['A3', router, '{ interfaceInstance1 { field2 } }', [1, 2]],
  ['A4', router, '{ someUnion { ... on FirstObject { field1 } ... on SecondObject { field2 } } }', [1, 2]],
  ['A5', router, '{ someObjects { field1 } }', [100, 101]],
  ['A6', router, '{ intList }', [0, 1]],
  ['A7', router, '{ someObjects { innerList { field2 } } }', [10_100, 10_101]],
  ['A8', router, `{ getScalarByObject${inputs} }`, [4, 1]],
  ['A9', router, `{ getObjectsByObject${inputs} { field1 } }`, [104, 101]],
  [
    'A10',
    router,
    `fragment Narrow on SecondObject { field1 } fragment Wide on MyInterface { field2 }
     { interfaceInstance1 { field2 ...Narrow } someUnion { ...Narrow ... on FirstObject { innerList { ...Wide } } } }`,
    [102, undefined],
  ],
  ['A11', router, priced('(first: 5)'), [127, undefined]],
  ['A12', router, priced(''), [132, undefined]],
  ['A13', router, `{ book(id: 1) ${book} }`, [8, undefined]],
  ['A14', router, `{ bestsellers ${book} }`, [40, undefined]],
  ['A15', router, `{ newest(limit: 3) ${book} }`, [24, undefined]],
  ['A16', router, `query ($n: Int!) { newest(limit: $n) ${book} }`, [56, undefined], { n: 7 }],
  ['A17', router, '{ search(input: { pagination: { first: 10 } }) { id } }', [12, undefined]],
  ['A18', router, '{ itemsByIds(ids: ["a", "b", "c"]) { id } }', [3, undefined]],
];
const asApollo: CostOptions = { model: apolloRouter(), defaultListSize: 100 };

it.each(whole(apollo))('$id costs what budgets of Apollo Router say', async ({ schema, text, expected, variables }) => {
  const found = await priceOf(schema, text, variables, asApollo);
  expect(found).toEqual(expected);
});

it.each([
  ['A8', `{ getScalarByObject${inputs} }`, 4],
  ['A9', `{ getObjectsByObject${inputs} { field1 } }`, 5],
  ['A13', `{ book(id: 1) ${book} }`, 8],
  ['A14', `{ bestsellers ${book} }`, 36],
  ['A15', `{ newest(limit: 3) ${book} }`, 22],
  ['A16', `{ newest(limit: 7) ${book} }`, 50],
])('%s has its own cost by the IBM directives', async (_, text, expected) => {
  expect((await priceOf(router, text))[0]).toBe(expected);
});

import type { SecurityEvent } from '@graphql-bulwark/core';
import { describe, expect, it } from 'vitest';
import { as, codes, send } from '../../../../test/kit.ts';
import { apolloRouter } from '../../src/cost/models/index.ts';
import { type CostOptions, explain } from '../../src/index.ts';
import { priceOf, schemaOf, serveCost } from './pricing.ts';

const schema = schemaOf(`
  type Query {
    users(first: Int, last: Int, offset: Int): [User]
    people(pageSize: Int!): [User]
    found(limit: Int = 30): UserConnection
    said(first: Int): [User] @listSize(assumedSize: 3)
    texts(first: Int): [String]
    one(take: Int): User
    byText(limit: String): [User]
    any(first: Int): Any
  }
  type UserConnection { edges: [UserEdge] nodes: [User] pageInfo: PageInfo loud: [User] @listSize(assumedSize: 2) more(first: Int): [User] }
  type UserEdge { node: User }
  type PageInfo { next: Boolean }
  union Any = User | PageInfo
  type User { name: String friends(perPage: Int): [User] }`);

const typeCostOf = async (text: string, options?: CostOptions, variables?: Record<string, unknown>) =>
  (await priceOf(schema, text, variables, options))[1];

describe('an integer argument with the name of a page size', () => {
  it.each([
    ['says the length of a list', '{ users(first: 40) { name } }', 1 + 40],
    ['says it where there are two, by the larger one', '{ users(first: 7, last: 40) { name } }', 1 + 40],
    ['says it where it is required', '{ people(pageSize: 40) { name } }', 1 + 40],
    ['says it of lists in lists', '{ users(first: 10) { friends(perPage: 20) { name } } }', 1 + 10 * (1 + 20)],
    [
      'says the length of the lists in a connection',
      '{ found(limit: 40) { edges { node { name } } nodes { name } } }',
      1 + 1 + 40 * 3,
    ],
    ['says it by its default', '{ found { nodes { name } } }', 1 + 1 + 30],
    ['says nothing where it is absent', '{ users { name } }', 1 + 5],
    ['lowers no price', '{ users(first: 1) { name } }', 1 + 5],
    ['that means all by 0 or less lowers no price', '{ users(first: 0, last: -1) { name } }', 1 + 5],
    ['gives way to what is said of the field', '{ said(first: 40) { name } }', 1 + 3],
    ['gives way to what is said of a list in a connection', '{ found(limit: 40) { loud { name } } }', 1 + 1 + 2],
    [
      'gives way to an argument of a list in a connection',
      '{ found(limit: 40) { more(first: 10) { name } } }',
      1 + 1 + 10,
    ],
    ['says nothing of lists further down', '{ found(limit: 40) { nodes { friends { name } } } }', 1 + 1 + 40 * (1 + 5)],
    ['says nothing of one object', '{ one(take: 40) { name friends { name } } }', 1 + 1 + 5],
    ['says nothing of texts', '{ texts(first: 40) }', 1],
    ['says nothing of a union', '{ any(first: 40) { ... on User { friends { name } } } }', 1 + 1 + 5],
    ['of another type says nothing', '{ byText(limit: "40") { name } }', 1 + 5],
    ['that is called otherwise says nothing', '{ users(offset: 40) { name } }', 1 + 5],
  ])('a page size that is inferred from a name: %s', async (_, text, expected) => {
    expect(await typeCostOf(text)).toBe(expected);
  });

  it('an inferred page size may come from a variable', async () => {
    const text = 'query ($n: Int) { users(first: $n) { name } found(limit: $n) { nodes { name } } }';
    expect(await typeCostOf(text, {}, { n: 40 })).toBe(1 + 40 + 1 + 40);
    expect(await typeCostOf(text, {}, { n: 2 })).toBe(1 + 5 + 1 + 5);
    expect(await typeCostOf(text, {}, { n: -1 })).toBe(1 + 5 + 1 + 5);
  });

  it('page sizes are inferred from the names in the option, and from none with another model', async () => {
    const text = '{ users(first: 40, offset: 60) { name } }';
    expect(await typeCostOf(text, { inferredSlicingArguments: [] })).toBe(1 + 5);
    expect(await typeCostOf(text, { inferredSlicingArguments: ['offset'] })).toBe(1 + 60);
    expect(await typeCostOf(text, { model: apolloRouter() })).toBe(1 + 5);
    expect(await typeCostOf(text, { model: apolloRouter(), inferredSlicingArguments: ['first'] })).toBe(1 + 40);
  });

  it('a warning at start names each argument that is taken for a page size, beside the lists without any size', async () => {
    const events: SecurityEvent[] = [];
    await serveCost(
      'type Query { users(first: Int, take: Int): [User] page(limit: Int): Page all: [User] } type Page { rows: [User] } type User { id: ID }',
      {},
      events,
    );
    expect(events.map((event) => ('message' in event ? event.message : event.type))).toEqual([
      'cost: nothing says how long these lists can be, and each counts as 5 items: Query.all. Say it with @listSize or listSizes.',
      'cost: these arguments are taken for lengths of lists because of their names: Query.users(first:), Query.users(take:), ' +
        'Query.page(limit:). Say with @listSize or listSizes what they mean, or list in inferredSlicingArguments the names that do give lengths.',
    ]);
  });
});

describe('the ceilings of an operation with inferred sizes', () => {
  const ask = async (text: string, options: CostOptions = {}) =>
    codes(await send(await serveCost(schema, options), text, as(null)));
  const pages = (outer: number, inner: number) =>
    `{ users(first: ${outer}) { friends(perPage: ${inner}) { friends { name } } } }`;

  it('the limits of an operation with inferred sizes are wider, because pages in pages are rarely full at once', async () => {
    expect(await ask(pages(100, 250))).toEqual([]);
    expect(await ask(pages(100, 1_000))).toEqual(['COST_LIMIT_EXCEEDED']);
    expect(await ask('{ users(first: 250000) { name } }')).toEqual(['COST_LIMIT_EXCEEDED']);
  });

  it('an operation with inferred sizes must be within the usual limits when it is priced without them', async () => {
    const unsized = (levels: number) => `${'friends { '.repeat(levels)}name${' }'.repeat(levels)}`;
    expect(await ask(`{ users { ${unsized(4)} } }`)).toEqual([]);
    expect(await ask(`{ users(first: 1) { ${unsized(4)} } }`)).toEqual([]);
    expect(await ask(`{ users { ${unsized(6)} } }`)).toEqual(['COST_LIMIT_EXCEEDED']);
    expect(await ask(`{ users(first: 1) { ${unsized(6)} } }`)).toEqual(['COST_LIMIT_EXCEEDED']);
  });

  it('limits in the options hold for an operation with inferred sizes as well', async () => {
    expect(await ask(pages(100, 50), { maxTypeCost: 20_000 })).toEqual(['COST_LIMIT_EXCEEDED']);
    expect(await ask(pages(100, 20), { maxTypeCost: 20_000 })).toEqual([]);
    expect(await ask(pages(10, 10), { maxCost: 100 })).toEqual(['COST_LIMIT_EXCEEDED']);
    const perPrincipal = () => ({ maxCost: 100 });
    expect(await ask(pages(10, 10), { perPrincipal })).toEqual(['COST_LIMIT_EXCEEDED']);
  });
});

it('explain names the fields to annotate, those first on which most of the price hangs', () => {
  const document = '{ found(limit: 40) { nodes { friends { name } } } said(first: 1) { name } users { name } }';
  const { cost } = explain({ schema, document });
  expect(cost?.guesses).toEqual([
    { coordinate: 'Query.found', fieldCost: 40, typeCost: 40 * (1 + 5) },
    { coordinate: 'User.friends', fieldCost: 0, typeCost: 40 * 5 },
    { coordinate: 'Query.users', fieldCost: 0, typeCost: 5 },
  ]);
});

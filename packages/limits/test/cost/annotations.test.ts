// Directives of other libraries under our names, and ours under other names.
import { buildSchema, GraphQLInt, GraphQLObjectType, GraphQLSchema } from 'graphql';
import { describe, expect, it } from 'vitest';
import { type Estimator, estimators } from '../../src/cost/models/index.ts';
import { type CostOptions, cost, explain } from '../../src/index.ts';

const build = (typeDefs: string): GraphQLSchema => buildSchema(typeDefs, { assumeValidSDL: true });
const start = (schema: GraphQLSchema, options?: CostOptions): unknown => cost(options).start?.({ schema });

/** `[fieldCost, typeCost]` */
function priceOf(schema: GraphQLSchema, document: string, options: CostOptions = {}): unknown[] {
  const found = explain({ schema, document, options: { cost: options } }).cost;
  return [found?.fieldCost, found?.typeCost];
}

const flat: Estimator = ({ childComplexity }) => 3 + childComplexity;

describe('a directive of another library', () => {
  const foreign: readonly (readonly [string, string, string])[] = [
    [
      '@cost with other arguments',
      'directive @cost(complexity: Int, multipliers: [String!]) on FIELD_DEFINITION | INTERFACE',
      'type Query { l: [Item] @cost(complexity: 5) } interface I @cost(complexity: 1) { id: ID } type Item { id: ID }',
    ],
    [
      '@cost with an argument of another type',
      'enum Weight { HIGH LOW } directive @cost(weight: Weight!) on FIELD_DEFINITION',
      'type Query { l: [Item] @cost(weight: HIGH) } type Item { id: ID }',
    ],
    [
      '@listSize with more arguments',
      'directive @listSize(assumedSize: Int, slicingArgumentDefaultValue: Int) on FIELD_DEFINITION',
      'type Query { l: [Item] @listSize(assumedSize: 4, slicingArgumentDefaultValue: 2) } type Item { id: ID }',
    ],
    [
      '@listSize with other arguments',
      'directive @listSize(max: Int!) on FIELD_DEFINITION | OBJECT',
      'type Query { one: Item @listSize(max: 1) l: [Item] } type Item { id: ID }',
    ],
  ];

  it.each(foreign)(
    'a directive of another library does not stop the start where estimators are used: %s',
    (_, definition, types) => {
      const schema = build(`${definition} ${types}`);
      expect(() => start(schema, { model: estimators([flat]) })).not.toThrow();
      expect(priceOf(schema, '{ l { id } }', { model: estimators([flat]) })).toEqual([6, 1 + 5]);
    },
  );

  it.each(foreign)(
    'a directive of another library stops the start where it would be read: %s',
    (_, definition, types) => {
      expect(() => start(build(`${definition} ${types}`))).toThrow(TypeError);
    },
  );

  it('the message about a directive of another library has its arguments and the remedy', () => {
    const schema = build(
      'directive @cost(complexity: Int) on FIELD_DEFINITION type Query { a: Int @cost(complexity: 5) }',
    );
    expect(() => start(schema)).toThrow(
      '@cost on Query.a: the schema declares a directive of another library (it takes complexity). Give the estimators of ' +
        'that library, or take ours under another name: @link(url: "https://specs.apollo.dev/cost/v0.1", ' +
        'import: [{ name: "@cost", as: "@bulwark_cost" }]).',
    );
  });

  it('a directive of another library may stand beside ours if ours is imported under another name, as the message says', () => {
    const schema = build(`
      extend schema @link(url: "https://specs.apollo.dev/cost/v0.1", import: [{ name: "@cost", as: "@bulwark_cost" }])
      directive @cost(complexity: Int) on FIELD_DEFINITION
      type Query { a: Int @cost(complexity: 5) @bulwark_cost(weight: 2) b: Int @cost(complexity: 7) }`);
    expect(() => start(schema)).not.toThrow();
    expect(priceOf(schema, '{ a b }')).toEqual([2, 1]);
  });

  it('a directive of another library does not stop the start of a schema made in code, where estimators are used', () => {
    const fields = { a: { type: GraphQLInt, extensions: { directives: { cost: { complexity: 5 } } } } };
    const schema = new GraphQLSchema({ query: new GraphQLObjectType({ name: 'Query', fields }) });
    expect(priceOf(schema, '{ a }', { model: estimators([flat]) })).toEqual([3, 1]);
    expect(() => start(schema)).toThrow(/no option 'complexity'/);
  });

  it('a misspelt argument of our directive stops the start, also beside estimators', () => {
    const schema = build(`
      directive @listSize(assumedSize: Int, slicingArguments: [String!]) on FIELD_DEFINITION
      type Query { a: [Int] @listSize(asumedSize: 5) }`);
    for (const options of [{}, { model: estimators([flat]) }]) {
      expect(() => start(schema, options)).toThrow(/did you mean 'assumedSize'/);
    }
  });
});

describe('@cost and @listSize under other names', () => {
  const definitions = (costName: string, sizeName: string): string => `
    scalar Import
    directive @link(url: String!, as: String, import: [Import]) repeatable on SCHEMA
    directive @${costName}(weight: Int!) on FIELD_DEFINITION
    directive @${sizeName}(assumedSize: Int, slicingArguments: [String!]) on FIELD_DEFINITION`;
  const link = (url: string, more: string): string =>
    `extend schema @link(url: "https://specs.apollo.dev/link/v1.0") @link(url: "https://specs.apollo.dev/${url}"${more})`;

  it.each([
    [
      'imported with as',
      link('cost/v0.1', ', import: [{ name: "@cost", as: "@price" }, { name: "@listSize", as: "@size" }]'),
      'price',
      'size',
    ],
    [
      'imported with as from federation',
      link(
        'federation/v2.9',
        ', import: ["@key", { name: "@cost", as: "@price" }, { name: "@listSize", as: "@size" }]',
      ),
      'price',
      'size',
    ],
    ['imported as they are', link('cost/v0.1', ', import: ["@cost", "@listSize"]'), 'cost', 'listSize'],
    ['not imported, of the cost specification', link('cost/v0.1', ''), 'cost', 'cost__listSize'],
    ['not imported, of federation', link('federation/v2.9', ''), 'federation__cost', 'federation__listSize'],
    ['in a namespace of another name', link('cost/v0.1', ', as: "pricing"'), 'pricing', 'pricing__listSize'],
    [
      'of federation in a namespace of another name',
      link('federation/v2.9', ', as: "fed"'),
      'fed__cost',
      'fed__listSize',
    ],
    ['where transforms lost the links', '', 'fed__cost', 'fed__listSize'],
  ])('directives under other names are priced: %s', (_, header, costName, sizeName) => {
    const types = `
      type Query { l: [Item] @${costName}(weight: 5) @${sizeName}(assumedSize: 4) } type Item { a: Int @${costName}(weight: 2) }`;
    const declared = build(`${header} ${definitions(costName, sizeName)} ${types}`);
    expect(priceOf(declared, '{ l { a } }')).toEqual([5 + 4 * 2, 1 + 4]);
    if (header === '') return;
    expect(priceOf(build(`${header} ${types}`), '{ l { a } }')).toEqual([5 + 4 * 2, 1 + 4]);
  });

  it('directives under other names are checked, and messages have the name of the schema', () => {
    const header = link('cost/v0.1', ', import: [{ name: "@cost", as: "@price" }]');
    expect(() => start(build(`${header} type Query { a: Int @price(weight: "much") }`))).toThrow(
      /@price on Query\.a: weight must be a finite number/,
    );
    expect(() => start(build(`${header} type Query { a: Int @price(weight: 1) @cost(weight: 2) }`))).toThrow(
      'Query.a has both @cost and @price, which mean the same. Remove one of them.',
    );
  });

  it('a directive that only ends like ours, or belongs to another specification, is not read', () => {
    const schema = build(`
      extend schema @link(url: "https://specs.example.com/billing/v1.0", import: [{ name: "@cost", as: "@price" }])
      directive @other__cost(amount: Int) on FIELD_DEFINITION
      directive @price(weight: Int) on FIELD_DEFINITION
      type Query { a: Int @other__cost(amount: 5) @price(weight: 7) }`);
    expect(() => start(schema)).not.toThrow();
    expect(priceOf(schema, '{ a }')).toEqual([0, 1]);
  });
});

import { countOperationFacts } from '@graphql-bulwark/core/internal';
import { type CostOptions, costDirectives, explain } from '@graphql-bulwark/limits';
import { apolloRouter, estimators } from '@graphql-bulwark/limits/cost-models';
import * as fc from 'fast-check';
import { buildSchema, type GraphQLSchema, getOperationAST, getVariableValues, parse, validate } from 'graphql';
import depthLimit from 'graphql-depth-limit';
import { getComplexity, simpleEstimator } from 'graphql-query-complexity';
import { expect, it } from 'vitest';
import { propertyCases } from '../../../../test/property-cases.ts';
import { randomCase } from '../../../../test/random-operations.ts';
import { naiveApolloCost } from './naive-apollo.ts';
import { naiveCost } from './naive-cost.ts';

const open: CostOptions = { maxCost: false, maxListSize: false, maxCostNodes: 1_000_000 };
const build = (typeDefs: string): GraphQLSchema => buildSchema(`${costDirectives}\n${typeDefs}`, { assumeValid: true });
const seeds = fc.integer({ min: 0, max: 2 ** 31 });

it('compiled IBM cost equals the naive one on random schemas, operations and variables', { timeout: 300_000 }, () => {
  const cases = propertyCases(2_000);
  let dear = 0;
  fc.assert(
    fc.property(seeds, (seed) => {
      const { typeDefs, document: text, variables } = randomCase(seed, { distinct: false, variables: true });
      const schema = build(typeDefs);
      const document = parse(text);
      fc.pre(validate(schema, document).length === 0);
      const operation = getOperationAST(document);
      const { coerced = {} } = getVariableValues(schema, operation?.variableDefinitions ?? [], variables);
      const found = explain({ schema, document, variables, options: { cost: open } }).cost;
      expect([found?.fieldCost, found?.typeCost]).toEqual(naiveCost(schema, document, coerced));
      if ((found?.fieldCost ?? 0) > 10) dear += 1;
    }),
    { numRuns: cases },
  );
  // Operations that cost next to nothing would agree by themselves.
  expect(dear).toBeGreaterThan(cases / 5);
});

it('compiled cost of the model apollo equals the naive one', { timeout: 300_000 }, () => {
  fc.assert(
    fc.property(seeds, (seed) => {
      const { typeDefs, document: text, variables } = randomCase(seed, { distinct: false, variables: true });
      const schema = build(typeDefs);
      const document = parse(text);
      const operation = getOperationAST(document);
      const { coerced = {} } = getVariableValues(schema, operation?.variableDefinitions ?? [], variables);
      const found = explain({
        schema,
        document,
        variables,
        options: { cost: { ...open, model: apolloRouter() } },
      }).cost;
      expect(found?.fieldCost).toBe(naiveApolloCost(schema, document, coerced));
    }),
    { numRuns: propertyCases(1_000) },
  );
});

it('cost with simpleEstimator equals that of graphql-query-complexity where nothing merges', {
  timeout: 300_000,
}, () => {
  const theirEstimators = [simpleEstimator({ defaultComplexity: 1 })];
  fc.assert(
    fc.property(seeds, (seed) => {
      const { typeDefs, document: text, variables } = randomCase(seed, { distinct: true, variables: true });
      fc.pre(!text.includes('__typename'));
      const schema = build(typeDefs);
      const document = parse(text);
      fc.pre(validate(schema, document).length === 0);
      const theirs = getComplexity({ schema, query: document, variables, estimators: theirEstimators });
      expect(
        explain({ schema, document, variables, options: { cost: { ...open, model: estimators(theirEstimators) } } })
          .cost?.fieldCost,
      ).toBe(theirs);
    }),
    { numRuns: propertyCases(1_000) },
  );
});

it('depth equals that of graphql-depth-limit, which counts a root field as 0', { timeout: 300_000 }, () => {
  fc.assert(
    fc.property(seeds, (seed) => {
      const { typeDefs, document: text } = randomCase(seed, { distinct: false, variables: false });
      fc.pre(!text.includes('__typename'));
      const schema = build(typeDefs);
      const document = parse(text);
      const operation = getOperationAST(document);
      let theirs: Record<string, number> = {};
      validate(schema, document, [depthLimit(1_000, {}, (depths) => (theirs = depths))]);
      expect(operation && countOperationFacts(document, operation).depth).toBe((theirs[''] ?? Number.NaN) + 1);
    }),
    { numRuns: propertyCases(1_000) },
  );
});

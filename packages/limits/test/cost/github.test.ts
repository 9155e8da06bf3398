import { type CostOptions, explain } from '@graphql-bulwark/limits';
import * as github from '@octokit/graphql-schema';
import { buildSchema, isObjectType, parse, validate } from 'graphql';
import { expect, it } from 'vitest';
import {
  deepNode,
  githubListSizes,
  githubOperations,
  publishedNodes,
  publishedPoints,
  githubVariables as variables,
} from './github-operations.ts';

const schema = buildSchema(github.schema.idl, { assumeValidSDL: true });

const listSizes = githubListSizes(schema);
const open: CostOptions = { maxCost: false, listSizes, defaultListSize: 10 };
it.each(Object.entries(githubOperations))(
  'the operation %s is priced within the budget and the structural limits',
  (_, text) => {
    const document = parse(text);
    expect(validate(schema, document)).toEqual([]);
    const { cost, refusals } = explain({ schema, document: text, variables, options: { cost: open } });
    expect(refusals).toEqual([]);
    expect(cost?.fieldCost).toBeGreaterThan(0);
    expect(cost?.fieldCost).toBeLessThan(2_000);
  },
);

it('twelve levels through an interface of hundreds of types are priced within the default budget', () => {
  expect(validate(schema, parse(deepNode))).toEqual([]);
  const { facts, cost, refusals } = explain({ schema, document: deepNode, variables, options: { cost: open } });
  expect(refusals).toEqual([]);
  expect(facts?.depth).toBe(12);
  expect(cost?.fieldCost).toBeGreaterThan(0);
});

it("GitHub's own example costs the 51 points of its documentation", () => {
  // A point is a hundred requests, and each connection is one request for each of the objects that it hangs on.
  const weights: Record<string, number> = {};
  for (const type of Object.values(schema.getTypeMap())) {
    if (!isObjectType(type) || type.name.startsWith('__')) continue;
    weights[type.name] = 0;
  }
  for (const coordinate of Object.keys(listSizes)) weights[coordinate] = 1;
  // An order that is there by default is an input object, and these cost 1.
  weights['Issue.labels(orderBy:)'] = 0;
  const { cost } = explain({ schema, document: publishedPoints, options: { cost: { ...open, weights } } });
  expect(cost?.fieldCost).toBe(1 + 100 + 100 * 50);
  expect(Math.round((cost?.fieldCost ?? 0) / 100)).toBe(51);
});

it("GitHub's own example has the 22,060 nodes of its documentation", () => {
  // Nodes are the objects behind the edges: what is behind a connection, without the connections themselves.
  const weights: Record<string, number> = { Query: 0 };
  for (const type of Object.values(schema.getTypeMap())) {
    if (isObjectType(type) && !type.name.startsWith('__'))
      weights[type.name] = /Edge$|Connection$/.test(type.name) ? 0 : 1;
  }
  const { cost } = explain({
    schema,
    document: publishedNodes,
    options: { cost: { ...open, weights: { ...weights, Query: 0 } } },
  });
  // The viewer is an object too.
  expect(cost?.typeCost).toBe(22_060 + 1);
});

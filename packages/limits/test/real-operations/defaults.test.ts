// What operations of real clients come to, held against the defaults: docs/defaults.md says whence they are and how they were read.
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { resolveCostOptions } from '../../src/cost/options.ts';
import { type LimitName, resolveLimits } from '../../src/index.ts';

type Metrics = Readonly<Record<string, number | undefined>>;

const [header = '', ...lines] = readFileSync(new URL('metrics.csv', import.meta.url), 'utf8')
  .trim()
  .split('\n');
const columns = header.split(',').slice(1);
const operations = lines.map((line) => {
  const [client = '', ...numbers] = line.split(',');
  const metrics: Metrics = Object.fromEntries(
    columns.map((column, i) => [column, numbers[i] ? Number(numbers[i]) : undefined]),
  );
  return { client, metrics };
});
const clients = [...new Set(operations.map(({ client }) => client))];

/** Column -> the limit on it. */
const limitOf: Readonly<Record<string, LimitName>> = {
  characters: 'maxCharacters',
  nesting: 'maxNesting',
  tokens: 'maxTokens',
  operations: 'maxOperations',
  fragments: 'maxFragments',
  depth: 'maxDepth',
  aliases: 'maxAliases',
  fields: 'maxFields',
  directives: 'maxDirectives',
  directivesPerNode: 'maxDirectivesPerNode',
  fragmentDepth: 'maxFragmentDepth',
  variables: 'maxVariables',
  rootFields: 'maxRootFields',
  occurrences: 'maxOccurrences',
  repeatedFields: 'maxRepeatedFields',
};

const above = (value: number | undefined, maximum: number | false) => maximum !== false && !((value ?? 0) <= maximum);

function isRefusedByShape(metrics: Metrics): boolean {
  const limits = resolveLimits();
  const isWideMutation = metrics['mutation'] === 1 && above(metrics['rootFields'], limits.maxMutationRootFields);
  return isWideMutation || Object.entries(limitOf).some(([column, limit]) => above(metrics[column], limits[limit]));
}

function isRefusedByCost(metrics: Metrics): boolean {
  const { ceilings, inferredCeilings } = resolveCostOptions();
  const { plainFieldCost, plainTypeCost, fieldCost, typeCost, infers } = metrics;
  const isPlain = !above(plainFieldCost, ceilings.maxCost) && !above(plainTypeCost, ceilings.maxTypeCost);
  const isInferred = !above(fieldCost, inferredCeilings.maxCost) && !above(typeCost, inferredCeilings.maxTypeCost);
  return !isPlain || (infers === 1 && !isInferred);
}

const share = (of: readonly unknown[], all: readonly unknown[]) => (100 * of.length) / all.length;

it('the numbers are of thousands of operations of many clients', () => {
  expect(operations.length).toBeGreaterThan(4_000);
  expect(clients.length).toBeGreaterThan(20);
  for (const column of Object.keys(limitOf)) {
    expect(operations.every(({ metrics }) => metrics[column] !== undefined)).toBe(true);
  }
});

it('the default limits refuse one of five hundred operations of real clients', () => {
  const refused = operations.filter(({ metrics }) => isRefusedByShape(metrics));
  expect(share(refused, operations)).toBeLessThanOrEqual(0.2);
});

it('the default cost refuses one of five hundred operations of real clients, in schemas that say no sizes', () => {
  const priced = operations.filter(({ metrics }) => metrics['fieldCost'] !== undefined);
  expect(priced.length).toBeGreaterThan(4_000);
  const refused = priced.filter(({ metrics }) => isRefusedByCost(metrics));
  expect(share(refused, priced)).toBeLessThanOrEqual(0.2);
});

it.each(clients)('the defaults refuse no more than a few of the operations of any client: %s', (name) => {
  const own = operations.filter(({ client }) => client === name);
  const refused = own.filter(({ metrics }) => isRefusedByShape(metrics) || isRefusedByCost(metrics));
  expect(share(refused, own)).toBeLessThanOrEqual(3);
});

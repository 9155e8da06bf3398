/**
 * CPU time of limits and cost beside what graphql-js needs to parse and validate the same document, and beside other packages.
 *
 * Compare the columns of one run, never two machines. Peers are measured on honest documents only.
 */

import { costLimitRule } from '@escape.tech/graphql-armor-cost-limit';
import { maxAliasesRule } from '@escape.tech/graphql-armor-max-aliases';
import { maxDepthRule } from '@escape.tech/graphql-armor-max-depth';
import { maxDirectivesRule } from '@escape.tech/graphql-armor-max-directives';
import { createEvents } from '@graphql-bulwark/core';
import {
  countDocumentFacts,
  countOperationFacts,
  countRepeatedFields,
  readRefusalCode,
} from '@graphql-bulwark/core/internal';
import { type CostOptions, cost, costDirectives, limits } from '@graphql-bulwark/limits';
import * as github from '@octokit/graphql-schema';
import {
  buildSchema,
  type DocumentNode,
  executeSync,
  type GraphQLSchema,
  getOperationAST,
  type OperationDefinitionNode,
  parse,
  type ValidationRule,
  validate,
} from 'graphql';
import depthLimit from 'graphql-depth-limit';
import { getComplexity, simpleEstimator } from 'graphql-query-complexity';
import { createComplexityLimitRule } from 'graphql-validation-complexity';
import type * as coreOperation from '../../packages/core/src/plugin/resolved-operation.ts';
import type * as limitsActual from '../../packages/limits/src/cost/models/actual-cost.ts';
import type * as limitsOptions from '../../packages/limits/src/cost/options.ts';
import type * as limitsMeter from '../../packages/limits/src/cost/price.ts';
import {
  githubListSizes,
  githubOperations,
  githubVariables,
} from '../../packages/limits/test/cost/github-operations.ts';
import { built } from './built.ts';
import { compare, type Effort, percent, timeOnce } from './clock.ts';
import { type Hostile, hostile } from './hostile-documents.ts';

const { resolveOperation } = await built<typeof coreOperation>('core', 'plugin/resolved-operation');
const { actualCost, computeActualCost } = await built<typeof limitsActual>('limits', 'cost/models/actual-cost');
const { createCostMeter } = await built<typeof limitsMeter>('limits', 'cost/price');
const { resolveCostOptions } = await built<typeof limitsOptions>('limits', 'cost/options');

const times = (n: number, make: (i: number) => string) => Array.from({ length: n }, (_, i) => make(i)).join(' ');
const parsed = (text: string) => parse(text, { noLocation: true });

/** Documents that a client means, on one schema. */
interface Honest {
  readonly name: string;
  readonly schema: GraphQLSchema;
  readonly texts: readonly string[];
  readonly variables: Readonly<Record<string, unknown>>;
  readonly options: CostOptions;
}

const small: GraphQLSchema = buildSchema(`${costDirectives}
  type User { id: ID ${times(12, (i) => `f${i}: String`)} friends(first: Int): [User] @listSize(slicingArguments: ["first"]) }
  type Query { users(first: Int): [User] @listSize(slicingArguments: ["first"]) one: Query s: Int q(first: Int): [Query] f(in: In): Int }
  input In { in: In ins: [In] n: Int }`);
const scalars = times(12, (i) => `f${i}`);
const level = (below: string): string => `id ${scalars} friends(first: $n) { ${below} }`;
/** 82 fields for each alias: two are 168. */
const users = (aliases: number): string =>
  `query Q($n: Int) { ${times(aliases, (i) => `u${i}: users(first: $n) { ${level(level(level(level(level(`id ${scalars}`)))))} }`)} }`;
const large = buildSchema(github.schema.idl, { assumeValidSDL: true });
const open: CostOptions = { maxCost: false, maxListSize: false };
const honest: readonly Honest[] = [
  { name: '168 fields, 6 levels of lists', schema: small, texts: [users(2)], variables: { n: 3 }, options: open },
  {
    name: "13 operations on GitHub's schema, mean",
    schema: large,
    texts: Object.values(githubOperations),
    variables: githubVariables,
    options: { ...open, listSizes: githubListSizes(large) },
  },
];

const operationOf = (document: DocumentNode): OperationDefinitionNode =>
  getOperationAST(document) as OperationDefinitionNode;

function countEverything(document: DocumentNode): void {
  countOperationFacts(document, operationOf(document));
  countDocumentFacts(document);
  countRepeatedFields(document, 400);
}

/**
 * What runs once is slow at first; all of it is measured when it is as fast as it gets, and in rounds so short that some meet
 * neither a garbage collection nor memory that the system has yet to hand out: on a virtual machine one such page takes longer
 * than a document. `npm run bench:limits` sets aside what new objects need, or in some processes every round meets such pages.
 */
const thoroughly: Effort = { rounds: 1_500, calls: 4, warmUp: 1_000 };

function firstSight({ name, schema, texts, variables, options }: Honest): void {
  const meter = createCostMeter(resolveCostOptions(options));
  meter.compileSchema(schema);
  const documents = () => texts.map(parsed);
  const each = (work: (document: DocumentNode) => void, effort?: Effort) =>
    timeOnce(documents, (made) => made.forEach(work), effort) / texts.length;
  const price = (document: DocumentNode) => meter.price(schema, document, operationOf(document), variables);
  const only = (...rules: ValidationRule[]) =>
    each((document) => void validate(schema, document, rules)) -
    each((document) => void validate(schema, document, []));
  const complexity = { schema, variables, estimators: [simpleEstimator({ defaultComplexity: 1 })] };

  const base = each((document) => void validate(schema, document), thoroughly) + parseTime(texts);
  const facts = each(countEverything, thoroughly);
  const both = each((document) => {
    countEverything(document);
    price(document);
  }, thoroughly);
  const rows: Record<string, number> = {
    'graphql-js parse + validate': base,
    'Bulwark: all facts': facts,
    'Bulwark: all facts, and cost compiled and evaluated': both,
    'graphql-depth-limit: depth': only(depthLimit(100)),
    'graphql-armor: depth, aliases, directives, cost': only(
      maxDepthRule({ n: 100 }),
      maxAliasesRule({ n: 100 }),
      maxDirectivesRule({ n: 100 }),
      costLimitRule({ maxCost: 1e9 }),
    ),
    'graphql-query-complexity: cost': each((query) => void getComplexity({ ...complexity, query })),
    'graphql-validation-complexity: cost': only(createComplexityLimitRule(1e9)),
  };
  console.log(`\nA document seen for the first time: ${name}`);
  console.table(
    Object.fromEntries(
      Object.entries(rows).map(([what, time]) => [
        what,
        { microseconds: time.toFixed(1), 'of parse + validate': percent(time, base) },
      ]),
    ),
  );
}

function parseTime(texts: readonly string[]): number {
  return (
    timeOnce(
      () => texts,
      (all) => all.forEach((text) => void parsed(text)),
      thoroughly,
    ) / texts.length
  );
}

/** The controls as a request meets them in rooms 2 and 4; variables are coerced once for all of them. */
function seenBefore(): void {
  const [{ schema, texts, options }] = honest as [Honest];
  const [source] = texts as [string];
  const document = parsed(source);
  const operation = operationOf(document);
  const events = createEvents(
    () => {},
    () => console,
  );
  const judges = [limits(), cost({ ...options, maxCost: 1e12, maxTypeCost: 1e12 })];
  for (const judge of judges) judge.measure?.({ document, schema });
  const request = (n: number) => {
    const variables = { n };
    const resolved = resolveOperation(
      { schema, document, source, variables, view: undefined, contextValue: {} },
      operation,
      events,
    );
    Object.defineProperty(resolved, 'variables', { value: variables });
    const { rawVariables, security } = resolved;
    const incoming = {
      source,
      variables: rawVariables,
      extensions: undefined,
      security,
      contextValue: {},
      batchIndex: 0,
    };
    return { resolved, incoming };
  };
  const requests = [1, 2, 3, 4, 5].map(request);
  const estimators = [simpleEstimator({ defaultComplexity: 1 })];
  let turn = 0;
  const time = compare({
    ours: () => {
      for (let i = 0; i < 500; i += 1) {
        const { resolved, incoming } = requests[(turn += 1) % requests.length] as (typeof requests)[number];
        for (const judge of judges) {
          judge.admit?.(incoming);
          void judge.check?.(resolved);
        }
      }
    },
    theirs: () => void getComplexity({ schema, query: document, variables: { n: 3 }, estimators }),
  });
  const ours = time.ours / 500;
  console.log('\nA document seen before, 168 fields, variables that change, without their coercion');
  console.table({
    'Bulwark: every limit, and cost': { microseconds: ours.toFixed(3), 'times as long': 1 },
    'graphql-query-complexity: getComplexity': {
      microseconds: time.theirs.toFixed(1),
      'times as long': Math.round(time.theirs / ours),
    },
  });
}

/** As in a server, where a document is judged right after it was parsed: few at a time, so that they are still in the cache. */
const freshly: Effort = { rounds: 200, calls: 4, warmUp: 300 };

function hostileDocuments(): void {
  const control = limits();
  const aliasTokens = countDocumentFacts(parsed(users(2))).tokens - countDocumentFacts(parsed(users(1))).tokens;
  const honestTime = (aliases: number): number => {
    const text = users(aliases);
    return timeOnce(
      () => text,
      (one) => void validate(small, parsed(one)),
    );
  };
  const honestAt = new Map<number, number>();
  const rows: Record<string, object> = {};
  for (const [name, make] of Object.entries(hostile)) rows[name] = row(make);

  function row(text: Hostile): object {
    const document = typeof text === 'string' ? parsed(text) : text;
    const { tokens } = countDocumentFacts(document);
    const parsing =
      typeof text === 'string'
        ? timeOnce(
            () => text,
            (one) => void parsed(one),
            freshly,
          )
        : Number.NaN;
    let code = 'passes';
    // A deep copy: the facts of a document are remembered.
    const judging = timeOnce(
      () => (typeof text === 'string' ? parsed(text) : { ...text }),
      (one) => {
        try {
          control.measure?.({ document: one, schema: small });
        } catch (thrown) {
          code = readRefusalCode(thrown) ?? String(thrown);
        }
      },
      freshly,
    );
    const validating =
      code === 'passes'
        ? timeOnce(
            () => document,
            (one) => void validate(small, one, undefined, { hideSuggestions: true, maxErrors: 5 }),
            { rounds: 9, calls: 10 },
          )
        : 0;
    // The parser of a server with these limits stops at 3,000.
    const aliases = Math.max(1, Math.round(Math.min(3_000, tokens) / aliasTokens));
    const same = honestAt.get(aliases) ?? honestTime(aliases);
    honestAt.set(aliases, same);
    return {
      code,
      tokens,
      'parse us': parsing.toFixed(0),
      'limits us': judging.toFixed(0),
      'limits / parse': (judging / parsing).toFixed(2),
      'validate us': validating.toFixed(0),
      'all / honest of as many tokens': ((parsing + judging + validating) / same).toFixed(2),
    };
  }
  console.log(
    '\nHostile documents, with default limits. `all`: parse, limits, and validation where the document passes',
  );
  console.table(rows);
}

/** Where every field has a weight of its own, and so has to be counted. */
const weighed = buildSchema(`${costDirectives}
  interface Node { id: ID }
  ${['A', 'B', 'C'].map((type) => `type ${type} implements Node { id: ID @cost(weight: "1") others: [Node] @cost(weight: "1") ${times(4, (i) => `${type}${i}: String @cost(weight: "1")`)} }`).join(' ')}
  type Query { as(first: Int): [A] @listSize(slicingArguments: ["first"]) nodes(first: Int): [Node] @listSize(slicingArguments: ["first"]) }`);

function actualCosts(): void {
  const meter = createCostMeter(resolveCostOptions({ ...open, exposeCost: true, actualCost: actualCost() }));
  const fieldsOf = (type: string) => times(4, (i) => `${type}${i}`);
  const answers: Readonly<Record<string, string>> = {
    'objects of one type': `query ($n: Int) { as(first: $n) { id ${fieldsOf('A')} } }`,
    'objects of three types': `query ($n: Int) { nodes(first: $n) { id ${['A', 'B', 'C'].map((type) => `... on ${type} { ${fieldsOf(type)} }`).join(' ')} } }`,
    'objects with lists of objects of three types':
      'query ($n: Int) { as(first: $n) { id others { id ... on B { B0 } ... on C { C0 } } } }',
  };
  const others = ['A', 'B', 'C'].map((type) => ({ __typename: type, id: 1, B0: 'text', C0: 'text' }));
  const list = (...types: string[]) =>
    Array.from({ length: 1_000 }, (_, id) => {
      const type = types[id % types.length];
      const texts = [0, 1, 2, 3].map((i) => [`${type}${i}`, 'text'] as const);
      return { __typename: type, id, others, ...Object.fromEntries(texts) };
    });
  const rootValue = { as: list('A'), nodes: list('A', 'B', 'C') };
  const rows: Record<string, object> = {};
  for (const [name, text] of Object.entries(answers)) {
    const document = parsed(text);
    const variables = { n: 1_000 };
    const priced = meter.price(weighed, document, operationOf(document), variables);
    const run = () => executeSync({ schema: weighed, document, variableValues: variables, rootValue });
    const data = run().data as Record<string, unknown>;
    const time = compare({ execution: run, actual: () => void computeActualCost(priced, data) });
    rows[name] = {
      'execution us': time.execution.toFixed(0),
      'actual cost us': time.actual.toFixed(0),
      'of execution': percent(time.actual, time.execution),
    };
  }
  console.log('\nActual cost of an answer of 1,000 objects, resolved synchronously; every field has a weight');
  console.table(rows);
}

honest.forEach(firstSight);
seenBefore();
hostileDocuments();
actualCosts();

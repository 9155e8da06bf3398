/**
 * CPU time of limits and cost beside what graphql-js needs to parse and validate the same document, and beside other packages.
 *
 * Compare the columns of one run, never two machines. Peers are measured on an honest document only.
 */
import { documentFacts, operationFacts, refusalCode } from '@graphql-bulwark/core';
import { costDirectives, limits } from '@graphql-bulwark/limits';
import { buildSchema, type DocumentNode, type GraphQLSchema, getOperationAST, parse, validate } from 'graphql';
import depthLimit from 'graphql-depth-limit';
import { getComplexity, simpleEstimator } from 'graphql-query-complexity';
import { costMeter } from '../../packages/limits/src/cost-meter.ts';
import { resolveCostOptions } from '../../packages/limits/src/cost-options.ts';

const times = (n: number, make: (i: number) => string) => Array.from({ length: n }, (_, i) => make(i)).join(' ');

const schema: GraphQLSchema = buildSchema(`${costDirectives}
  type User { id: ID ${times(12, (i) => `f${i}: String`)} friends(first: Int): [User] @listSize(slicingArguments: ["first"]) }
  type Query { users(first: Int): [User] @listSize(slicingArguments: ["first"]) one: Query s: Int }`);

/** Microseconds of CPU time of one call: the median of the rounds. */
function cpu(rounds: number, calls: number, work: (call: number) => void): number {
  const found: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const before = process.cpuUsage();
    for (let call = 0; call < calls; call += 1) work(call);
    const { user, system } = process.cpuUsage(before);
    found.push((user + system) / calls);
  }
  return found.toSorted((a, b) => a - b)[Math.floor(rounds / 2)] as number;
}

const parsed = (text: string) => parse(text, { noLocation: true });
const settings = resolveCostOptions({ maxCost: false });
const scalars = times(12, (i) => `f${i}`);
// 10 aliases, 5 levels: 180 fields.
const level = (below: string) => `id ${scalars} friends(first: $n) { ${below} }`;
const honest = `query Q($n: Int) { ${times(2, (i) => `u${i}: users(first: $n) { ${level(level(level(level(level(`id ${scalars}`)))))} }`)} }`;

function firstSight(): void {
  const rounds = 15;
  const calls = 40;
  const meter = costMeter(settings);
  meter.schemaOf(schema);
  const documents = () => Array.from({ length: calls }, () => parsed(honest));
  const base = cpu(rounds, calls, () => void validate(schema, parsed(honest)));
  const facts = fresh(rounds, documents, (document) => {
    const operation = getOperationAST(document);
    if (operation) void operationFacts(document, operation).occurrences;
    void documentFacts(document).repeatedFields;
  });
  const compiled = fresh(rounds, documents, (document) => {
    const operation = getOperationAST(document);
    if (operation) meter.price(schema, document, operation, { n: 3 });
  });
  const peer = cpu(rounds, calls, () => void validate(schema, parsed(honest), [depthLimit(100)]));
  const alone = cpu(rounds, calls, () => void validate(schema, parsed(honest), []));
  const share = (value: number) => `${((100 * value) / base).toFixed(2)} %`;
  const first = parsed(honest);
  const operation = getOperationAST(first);
  const fields = operation ? operationFacts(first, operation).fields : 0;
  console.log(`\nA document seen for the first time (${fields} fields)`);
  console.table({
    'graphql-js parse + validate': { microseconds: base.toFixed(1), share: share(base) },
    'all facts': { microseconds: facts.toFixed(1), share: share(facts) },
    'IBM cost compiled': { microseconds: compiled.toFixed(1), share: share(compiled) },
    'facts and cost': { microseconds: (facts + compiled).toFixed(1), share: share(facts + compiled) },
    'graphql-depth-limit, depth alone': {
      microseconds: Math.max(0, peer - alone).toFixed(1),
      share: share(Math.max(0, peer - alone)),
    },
  });
}

/** As {@link cpu}, over documents that are made outside the clock. */
function fresh(rounds: number, make: () => DocumentNode[], work: (document: DocumentNode) => void): number {
  const found: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const documents = make();
    const before = process.cpuUsage();
    for (const document of documents) work(document);
    const { user, system } = process.cpuUsage(before);
    found.push((user + system) / documents.length);
  }
  return found.toSorted((a, b) => a - b)[Math.floor(rounds / 2)] as number;
}

function seenBefore(): void {
  const document = parsed(honest);
  const operation = getOperationAST(document);
  if (!operation) return;
  const meter = costMeter(settings);
  const variables = { n: 3 };
  const ours = cpu(9, 50_000, (call) => void meter.price(schema, document, operation, { n: call % 5 }));
  const estimators = [simpleEstimator({ defaultComplexity: 1 })];
  const theirs = cpu(9, 40, () => void getComplexity({ schema, query: document, variables, estimators }));
  console.log('\nA document seen before, with variables');
  console.table({
    'cost by compiled terms': { microseconds: ours.toFixed(3), ratio: 1 },
    'graphql-query-complexity getComplexity': { microseconds: theirs.toFixed(1), ratio: Math.round(theirs / ours) },
  });
}

const hostile: Readonly<Record<string, string>> = {
  'doubling fragments, 45 levels': `{ ...F0 } ${times(45, (i) => `fragment F${i} on Query { a: one { ...F${i + 1} } b: one { ...F${i + 1} } }`)} fragment F45 on Query { s }`,
  'ten-fold fan-out, 20 levels': `{ ...F0 } ${times(20, (i) => `fragment F${i} on Query { ${times(10, (k) => `k${k}: one { ...F${i + 1} }`)} }`)} fragment F20 on Query { s }`,
  '10,000 aliases': `{ ${times(10_000, (i) => `a${i}: s`)} }`,
  '10,000 repeated fields': `{ ${'s '.repeat(10_000)} }`,
  '499 repeated objects': `{ ${'one { s } '.repeat(499)} }`,
  '499 repeated objects in an unused fragment': `{ s } fragment F on Query { ${'one { s } '.repeat(499)} }`,
  '1,000 levels of fields': `{ ${'one { '.repeat(1_000)} s ${'} '.repeat(1_000)} }`,
  '500 operations': times(500, (i) => `query Q${i} { s }`),
};

function hostileDocuments(): void {
  const rows: Record<string, object> = {};
  for (const [name, text] of Object.entries(hostile)) {
    const parsing = cpu(7, 5, () => void parsed(text));
    let code: string | undefined;
    const judging = fresh(
      7,
      () => Array.from({ length: 5 }, () => parsed(text)),
      (document) => {
        try {
          limits().measure?.({ document, schema });
          code = 'NOT REFUSED';
        } catch (thrown) {
          code = refusalCode(thrown);
        }
      },
    );
    rows[name] = {
      code,
      'parse us': parsing.toFixed(0),
      'limits us': judging.toFixed(0),
      'limits / parse': (judging / parsing).toFixed(2),
    };
  }
  console.log('\nRefused before validation, with default limits');
  console.table(rows);
}

firstSight();
seenBefore();
hostileDocuments();

/** What is kept of operations that were priced, and what it costs to tell the types of an interface apart. */
import { type DocumentNode, getOperationAST, parse } from 'graphql';
import { describe, expect, it } from 'vitest';
import { estimators } from '../../src/cost/models/index.ts';
import { resolveCostOptions } from '../../src/cost/options.ts';
import { createCostMeter } from '../../src/cost/price.ts';
import { type CostOptions, explain } from '../../src/index.ts';
import { schemaOf } from './pricing.ts';

const times = (n: number, make: (i: number) => string) => Array.from({ length: n }, (_, i) => make(i)).join(' ');

describe('compiled operations', () => {
  /** Prices documents, and says how often one was compiled: an estimator is asked about a field without variables once. */
  function metered() {
    const schema = schemaOf('type Query { q(ids: [Int]): Int }');
    let compiled = 0;
    const estimator = () => {
      compiled += 1;
      return 1;
    };
    const meter = createCostMeter(resolveCostOptions({ model: estimators([estimator]) }));
    return {
      compiled: () => compiled,
      price: (document: DocumentNode) => {
        const operation = getOperationAST(document);
        if (!operation) throw new Error('no operation');
        return meter.price(schema, document, operation, {});
      },
    };
  }
  /** Takes so many looks to price. */
  const ofSize = (looks: number) => parse(`{ q(ids: [${'1 '.repeat(looks)}]) }`, { noLocation: true });

  it('attack: documents that all live in a cache do not keep all of their compiled forms in memory', () => {
    const { price, compiled } = metered();
    const documents = Array.from({ length: 15 }, () => ofSize(40_000));
    for (const document of documents) price(document);
    expect(compiled()).toBe(15);
    price(documents[0] as DocumentNode);
    expect(compiled()).toBe(16);
  });

  it('the compiled form of an operation that is used all the time is kept, whatever others come between', () => {
    const { price, compiled } = metered();
    const [usual, others] = [ofSize(10), Array.from({ length: 30 }, () => ofSize(40_000))];
    for (const other of others) {
      price(usual);
      price(other);
    }
    expect(compiled()).toBe(1 + others.length);
  });

  it('the compiled forms of thousands of small operations are kept', () => {
    const { price, compiled } = metered();
    const documents = Array.from({ length: 5_000 }, () => ofSize(3));
    for (const document of [...documents, ...documents]) price(document);
    expect(compiled()).toBe(documents.length);
  });
});

describe('an interface of many types, under many type conditions', () => {
  const [types, interfaces] = [400, 25];
  const schema = schemaOf(`
    type Query { node: Node }
    interface Node { ${times(20, (i) => `f${i}: Node`)} id: ID }
    ${times(interfaces, (i) => `interface I${i} { id: ID }`)}
    ${times(types, (i) => `type T${i} implements Node ${times(interfaces, (j) => `& I${j}`)} { ${times(20, (j) => `f${j}: Node`)} id: ID }`)}
  `);
  const nested = `${times(interfaces, (i) => `... on I${i} {`)} id ${'}'.repeat(interfaces)}`;
  const refusalsOf = (document: string, cost: CostOptions) => {
    const limits = { maxRepeatedFields: false, maxOccurrences: false } as const;
    return explain({ schema, document, options: { cost, limits } }).refusals.map(({ code }) => code);
  };

  it('attack: distinguishing the types of an interface under many type conditions is paid for from the budget', () => {
    const document = `{ node { ${nested} } }`;
    expect(refusalsOf(document, { maxCostNodes: 500 })).toEqual(['COST_LIMIT_EXCEEDED']);
    expect(refusalsOf(document, { maxCostNodes: 2_000 })).toEqual([]);
  });

  it('the types of an interface are distinguished once for the same conditions, in however many selection sets these stand', () => {
    const document = `{ node { ${times(20, (i) => `f${i} { ...F }`)} } } fragment F on Node { f0 { ${nested} } f1 { ${nested} } }`;
    expect(refusalsOf(document, { maxCostNodes: 2_000 })).toEqual([]);
  });
});

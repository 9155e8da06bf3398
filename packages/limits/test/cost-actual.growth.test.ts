import { buildSchema, getOperationAST, type OperationDefinitionNode, parse } from 'graphql';
import { expect, it } from 'vitest';
import { actualCost } from '../src/cost-actual.ts';
import { costMeter } from '../src/cost-meter.ts';
import { resolveCostOptions } from '../src/cost-options.ts';

const kinds = Array.from({ length: 12 }, (_, i) => i);
const schema = buildSchema(`
  interface Node { id: ID parent: Node }
  ${kinds.map((i) => `type T${i} implements Node { id: ID parent: Node only${i}: Int }`).join('\n')}
  type Query { node: Node }`);

/** Levels of an object that any of twelve types may stand for: how often one of them was looked into. */
function looks(levels: number): number {
  const conditions = `... @include(if: $no) { ${kinds.map((i) => `... on T${i} { only${i} }`).join(' ')} }`;
  let set = '{ id }';
  let count = 0;
  let data: object = { id: 1 };
  for (let level = 1; level < levels; level += 1) {
    set = `{ ${conditions} parent ${set} }`;
    data = new Proxy(
      { parent: data },
      {
        get(target, key) {
          count += 1;
          return Reflect.get(target, key) as unknown;
        },
      },
    );
  }
  const document = parse(`query ($no: Boolean!) { node ${set} }`);
  const operation = getOperationAST(document) as OperationDefinitionNode;
  const meter = costMeter(resolveCostOptions({ maxCost: false, exposeCost: true, actualCost: true }));
  expect(actualCost(meter.price(schema, document, operation, { no: false }), { node: data })).toBe(levels);
  return count;
}

it('growth: the actual cost of objects of many possible types is linear in their depth', () => {
  expect(looks(5)).toBeLessThan(3 * looks(3));
  expect(looks(9)).toBeLessThan(3 * looks(5));
});

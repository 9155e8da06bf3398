/** What values of variables cost, and what looking at them takes. */
import { buildSchema, type GraphQLInputObjectType, getOperationAST, parse } from 'graphql';
import { expect, it } from 'vitest';
import { resolveCostOptions } from '../../src/cost/options.ts';
import { createCostMeter } from '../../src/cost/price.ts';

const names = Array.from({ length: 100 }, (_, i) => `f${i}`);
const schema = buildSchema(`
  input In { ${names.map((name) => `${name}: In`).join(' ')} n: Int }
  type Query { q(in: [In]): Int }
`);

it('attack: objects that leave most fields of a large input type out are priced by what they hold', () => {
  const meter = createCostMeter(resolveCostOptions({ maxCost: false }));
  const document = parse('query ($v: [In]) { q(in: $v) }');
  const operation = getOperationAST(document);
  if (!operation) throw new Error('no operation');
  const fields = (schema.getType('In') as GraphQLInputObjectType).getFields();
  let looks = 0;
  const watched = (value: object) =>
    new Proxy(value, {
      get(target, name) {
        looks += typeof name === 'string' && Object.hasOwn(fields, name) ? 1 : 0;
        return Reflect.get(target, name) as unknown;
      },
    });
  const v = Array.from({ length: 50 }, () => watched({ f1: {} }));
  expect(meter.price(schema, document, operation, { v }).fieldCost).toBe(100);
  expect(looks).toBe(50);
});

import { describe, expect, it } from 'vitest';
import { measureVariables } from '../src/variables.ts';

const unbounded = { depth: Infinity, nodes: Infinity };
const facts = (variables: unknown, bounds = unbounded) =>
  measureVariables(variables as Record<string, unknown>, bounds);

describe('measureVariables', () => {
  it.each([
    [undefined, 0, 0, 0],
    [null, 0, 0, 0],
    [{}, 0, 0, 0],
    [{ a: null }, 1, 1, 1],
    [{ a: 1, bcd: 'xy' }, 1, 2, 3],
    [{ a: [] }, 1, 1, 1],
    [{ a: [1, ['xyz'], {}] }, 3, 5, 3],
    [{ a: { b: { longKey: 1 } } }, 3, 3, 7],
    [JSON.parse('{"__proto__": {"constructor": [1]}, "toString": 1}'), 3, 4, 11],
    [Object.assign(Object.create(null), { a: [1] }), 2, 2, 1],
  ])(
    'the variables %o have depth %i, %i values and a longest string of %i',
    (variables, depth, nodes, stringLength) => {
      expect(facts(variables)).toEqual({ depth, nodes, stringLength });
    },
  );

  it('a value that JSON cannot hold counts as one, whatever is in it', () => {
    class Upload {
      readonly stream = { buffers: [[[1]]] };
    }
    const ring: unknown[] = [];
    expect(facts({ file: new Upload(), at: new Date(), soon: Promise.resolve(ring) })).toMatchObject({
      depth: 1,
      nodes: 3,
    });
  });

  it('objects of another realm are measured like any others', async () => {
    const { runInNewContext } = await import('node:vm');
    expect(facts(runInNewContext('({ a: { b: [1] } })'))).toMatchObject({ depth: 3, nodes: 3 });
  });

  it('variables 20,000 deep and a million wide are measured without overflowing the stack', () => {
    let deep: unknown = 1;
    for (let i = 1; i < 20_000; i += 1) deep = i % 2 ? [deep] : { a: deep };
    expect(facts({ deep }).depth).toBe(20_000);
    expect(facts({ wide: Array.from({ length: 1_000_000 }, () => 1) }).nodes).toBe(1_000_001);
  });

  it('variables are measured no further than the bounds', () => {
    let looked = 0;
    const item = new Proxy([1], {
      get(target, key) {
        looked += 1;
        return Reflect.get(target, key);
      },
    });
    const list = Array.from({ length: 5_000 }, () => item);
    expect(facts({ list, more: list }, { depth: 10, nodes: 100 }).nodes).toBeGreaterThan(100);
    expect(looked).toBe(0);
    const ring: unknown[] = [1];
    ring.push(ring);
    expect(facts({ ring }, { depth: 10, nodes: Infinity }).depth).toBe(11);
  });
});

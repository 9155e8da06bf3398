import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { propertyCases } from '../../../../test/property-cases.ts';
import { isLongerThan } from '../../src/execution/response-size.ts';

describe('the length of data as JSON', () => {
  it('is that of its text, whatever characters stand in it', () => {
    const unit = fc.constantFrom('a', '"', '\\', '\n', '\u0001', '\ud800', '\udc00', '\u2028', '\u{1f600}', 'e');
    const leaf = fc.oneof(fc.string({ unit, maxLength: 30 }), fc.double(), fc.boolean(), fc.constant(null));
    const { tree } = fc.letrec((tie) => ({
      tree: fc.oneof(
        { depthSize: 'medium' },
        leaf,
        fc.array(tie('tree')),
        fc.dictionary(fc.string({ unit }), tie('tree')),
      ),
    }));
    fc.assert(
      fc.property(tree, (data) => {
        const { length } = JSON.stringify(data);
        expect(isLongerThan(data, length)).toBe(false);
        expect(isLongerThan(data, length - 1)).toBe(true);
      }),
      { numRuns: propertyCases(1_000) },
    );
  });

  it('counts what stands in several places once for each', () => {
    const shared = { text: 'x'.repeat(10_000) };
    expect(isLongerThan({ lists: Array.from({ length: 1_000 }, () => shared) }, 9_000_000)).toBe(true);
    expect(isLongerThan({ lists: [shared] }, 20_000)).toBe(false);
  });

  it('comes to an end for what contains itself, and for what is nested deeper than the stack', () => {
    const circle: Record<string, unknown> = {};
    circle['self'] = circle;
    expect(isLongerThan(circle, 1_000_000)).toBe(true);
    let deep: unknown = 1;
    for (let i = 0; i < 200_000; i += 1) deep = [deep];
    expect(isLongerThan(deep, 100_000)).toBe(true);
    expect(isLongerThan(deep, 400_001)).toBe(false);
  });

  it('takes scalars as they are written: dates, buffers, and what is left out', () => {
    const data = { date: new Date(0), left: undefined, bytes: Buffer.from('abc'), call: () => 1 };
    const { length } = JSON.stringify(data);
    expect(isLongerThan(data, length + 10)).toBe(false);
    expect(isLongerThan(data, length - 1)).toBe(true);
  });
});

import { countOperationFacts, countRepeatedFields } from '@graphql-bulwark/core/internal';
import { type DocumentNode, Kind, type OperationDefinitionNode, parse } from 'graphql';
import { describe, expect, it } from 'vitest';
import { counting } from '../../../../test/counting.ts';

function operationsOf(document: DocumentNode): OperationDefinitionNode[] {
  return document.definitions.filter((definition) => definition.kind === Kind.OPERATION_DEFINITION);
}

/** Looks that all facts of all operations cost. */
function work(text: string, merged = true): number {
  const { document, looks } = counting(text);
  for (const operation of operationsOf(document)) {
    const facts = countOperationFacts(document, operation);
    if (merged) void [facts.rootFields, facts.occurrences];
  }
  if (merged) countRepeatedFields(document, Infinity);
  return looks();
}

const times = (n: number, make: (i: number) => string) => Array.from({ length: n }, (_, i) => make(i)).join(' ');

/** Fragments F0 to Fn, each made from the name of the next; the last is a leaf. */
const levels = (n: number, make: (next: string) => string) =>
  `{ ...F0 } ${times(n, (i) => `fragment F${i} on Q { ${make(`F${i + 1}`)} }`)} fragment F${n} on Q { leaf }`;

const doubling = (next: string) => `...${next} ...${next}`;
const nested = (open: string, n: number, leaf: string) => `${open.repeat(n)} ${leaf} ${'}'.repeat(n)}`;

describe('growth: twice the document is about twice the work', () => {
  it.each<[string, number, (n: number) => string]>([
    ['D4: doubling fragments', 20, (n) => levels(n, doubling)],
    ['D4: doubling fragments below two fields', 20, (n) => levels(n, (next) => `q { ...${next} } q { ...${next} }`)],
    [
      'D4: doubling fragments below two aliases',
      20,
      (n) => levels(n, (next) => `a: q { ...${next} } b: q { ...${next} }`),
    ],
    ['D4: doubling fragments with two fields beside', 20, (n) => levels(n, (next) => `x: a b ${doubling(next)}`)],
    ['ten-fold fan-out', 10, (n) => levels(n, (next) => times(10, (i) => `a${i}: q { ...${next} }`))],
    [
      'many fragments, each spread by ten others',
      125,
      (n) => `{ ...F0 } ${times(n, (i) => `fragment F${i} on Q { x: a ${times(10, (j) => `...F${i + j + 1}`)} }`)}`,
    ],
    [
      'many fragments, each spread twenty times by the operation',
      125,
      (n) => `{ ${times(n * 20, (i) => `...F${i % n}`)} } ${times(n, (i) => `fragment F${i} on Q { x${i}: a }`)}`,
    ],
    ['aliases of one field', 2_500, (n) => `{ ${times(n, (i) => `a${i}: a`)} }`],
    ['aliases of one composite field', 1_000, (n) => `{ ${times(n, (i) => `a${i}: a { b }`)} }`],
    ['one field repeated', 2_500, (n) => `{ x: b ${times(n, () => 'a')} }`],
    ['one composite field repeated', 1_000, (n) => `{ x: b ${times(n, () => 'a { b }')} }`],
    ['one spread repeated', 2_500, (n) => `{ ...F ${times(n, () => '...F')} } fragment F on Q { x: a }`],
    ['nested fields', 500, (n) => `{ ${nested('x: a {', n, 'b')} }`],
    ['nested inline fragments', 250, (n) => `{ x: a ${nested('... {', n, 'b')} }`],
    ['nested fields that merge', 500, (n) => `{ ${nested('x: a {', n, 'b')} ${nested('x: a {', n, 'c')} }`],
    [
      'fragments in a ring',
      250,
      (n) => `{ ...F0 } ${times(n, (i) => `fragment F${i} on Q { x: a ...F${(i + 1) % n} }`)}`,
    ],
    [
      'fragments that all spread each other',
      1,
      (n) => `{ ...F0 } ${times(20, (i) => `fragment F${i} on Q { x: a ${times(20 * n, (j) => `...F${j % 20}`)} }`)}`,
    ],
    ['operations', 250, (n) => times(n, (i) => `query Q${i} { x: a b { c } }`)],
  ])('growth: counting takes linear time for %s', (_, n, text) => {
    expect(work(text(2 * n))).toBeLessThan(2.5 * work(text(n)));
    expect(work(text(4 * n))).toBeLessThan(2.5 * work(text(2 * n)));
  });

  it('growth: operations that share a growing fragment take linear time', () => {
    const text = (n: number) =>
      `${times(n, (i) => `query Q${i} { ...F }`)} fragment F on Q { ${times(n, (i) => `a${i}: a`)} }`;
    expect(work(text(500), false)).toBeLessThan(2.5 * work(text(250), false));
  });
});

describe('growth: the walk by response path ends at its budget', () => {
  it.each([8, 9, 10, 11, 12, 13, 14, 20, 30])('D4: counting %i levels of doubling aliases ends at its budget', (n) => {
    const text = levels(n, (next) => `a: q { ...${next} } b: q { ...${next} }`);
    expect(work(text)).toBeLessThan(50_000);
  });

  it('counting ends at its budget where a fragment of unknown spreads is entered again and again', () => {
    const text = `{ ${times(500, (i) => `a${i}: q { ...F }`)} } fragment F on Q { ${'...Nowhere '.repeat(500)} x: a }`;
    expect(work(text)).toBeLessThan(100_000);
  });

  const spreads = times(40, (i) => `...E${i} `.repeat(3));
  const empty = times(40, (i) => `fragment E${i} on Q { ...Nowhere }`);

  it('counting by response path does not begin where ten operations share an expensive fragment', () => {
    const shared = `fragment H on Q { ${times(29, (i) => `a${i} { y ...G }`)} } fragment G on Q { x: s ${spreads} }`;
    const text = `${times(10, (i) => `query Q${i} { one { ...H } }`)} ${shared} ${empty}`;
    expect(work(text)).toBeLessThan(2 * work(text, false));
  });

  it('counting by response path does not begin where many sets spread an expensive fragment', () => {
    const sets = times(300, (i) => `a${i} { y ...G }`);
    const text = `{ one } fragment H on Q { ${sets} } fragment G on Q { x ${spreads} } ${empty}`;
    expect(work(text)).toBeLessThan(4_000);
  });

  it('a fragment that nested fragments spread is counted once', () => {
    const layout = times(6, (i) => `fragment L${i} on Q { ...L${i + 1} }`);
    const components = times(23, (i) => `fragment C${i} on Q { ...User }`);
    const user = `fragment User on Q { ${times(40, (i) => `f${i}`)} }`;
    const text = `{ me { ...L0 } } ${layout} fragment L6 on Q { ${times(23, (i) => `...C${i}`)} } ${components} ${user}`;
    expect(countRepeatedFields(parse(text), 50)).toBe(0);
  });

  it('a fragment that a hundred sets spread is read once', () => {
    const text = (n: number) =>
      `{ ${times(n, (i) => `a${i}: one { ...G }`)} } fragment G on Q { x: s ${times(400, (i) => `f${i}`)} }`;
    expect(work(text(100))).toBeLessThan(4 * work(text(10)));
  });

  it('selections that ten operations share are read once', () => {
    const sets = times(12, (i) => `a${i} { y ...G }`);
    const text = (n: number) =>
      `${times(n, (i) => `query Q${i} { ...D }`)} fragment D on Q { ${sets} } fragment G on Q { x: s ${times(60, (i) => `f${i}`)} }`;
    expect(work(text(10))).toBeLessThan(2 * work(text(1)));
  });

  it('the counts of a doubling document become Infinity', () => {
    const { document } = counting(levels(60, doubling));
    const [operation] = operationsOf(document);
    const { fields, fragmentDepth } = countOperationFacts(document, operation as OperationDefinitionNode);
    expect({ fields, fragmentDepth }).toEqual({ fields: Infinity, fragmentDepth: 61 });
  });
});

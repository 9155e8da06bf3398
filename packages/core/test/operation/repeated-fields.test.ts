import { Kind, parse } from 'graphql';
import { expect, it } from 'vitest';
import { countDocumentFacts, countRepeatedFields } from '../../src/internal.ts';

const repeated = (text: string) => countDocumentFacts(parse(text)).repeatedFields;
const times = (n: number, make: (i: number) => string) => Array.from({ length: n }, (_, i) => make(i)).join(' ');

it.each([
  ['nothing', '{ a b { a c { a } } d: a }', 0],
  ['one field twice', '{ a a }', 1],
  ['an alias that is taken', '{ a a: b }', 1],
  ['below what is repeated', '{ a { x } a { x y } }', 2],
  ['a product of repetitions', '{ a { b { c } b { c } } a { b { c } b { c } } }', 1 + 3 + 3],
  ['through inline fragments of any type', '{ ... on A { x } ... on B { x } x }', 2],
  ['through a fragment', '{ x ...F } fragment F on Q { x }', 1],
  ['a fragment that is spread twice', '{ ...F ...F } fragment F on Q { x }', 0],
  ['a fragment that repeats, at two places, once', '{ a { ...F } b { ...F } } fragment F on Q { x x }', 1],
  ['a fragment that nothing spreads', '{ x } fragment F on Q { x x x }', 2],
  ['a definition of which the name is taken', '{ ...F } fragment F on Q { x x x } fragment F on Q { x }', 2],
  ['several operations', 'query A { x x } query B { x x }', 2],
  ['a set behind two operations, once', 'query A { ...F } query B { ...F } fragment F on Q { a { x x } }', 1],
  // They mark the same place, as 33 b + A is 33 a + b.
  ['keys that look alike', '{ AbAb baAb Abba }', 0],
  ['keys that look alike, one of them twice', '{ AbAb baAb AbAb }', 1],
  ['keys that look alike, through a fragment', '{ AbAb ... on A { baAb a { x } } }', 0],
  ['one that is repeated among keys that look alike, through a fragment', '{ AbAb baAb ... on A { baAb } }', 1],
  ['more keys than there are places to mark', `{ ${times(9_000, (i) => `k${i}`)} }`, 0],
  ['one of as many, at the end', `{ ${times(9_000, (i) => `k${i}`)} k77 }`, 1],
  ['no __typename that each of two merged sets has', '{ a { x __typename } a { x __typename } }', 2],
  [
    'no __typename of inline fragments, aliased or not',
    '{ a { x __typename ... { y __typename } ... { t: __typename z } t: __typename } }',
    0,
  ],
  ['more __typenames than there are selection sets', '{ a { x __typename __typename __typename __typename } }', 2],
  [
    '__typename in sets that hold nothing else',
    '{ a { __typename } a { ... { __typename } } a { __typename } }',
    2 + 2,
  ],
  ['31 under one key', `{ ${times(32, () => 'x')} }`, 31],
  [
    'a sixteenth of the pairs under one key where those are more',
    `{ ${times(101, () => 'x')} }`,
    Math.ceil(5_050 / 16),
  ],
  ['a field that takes the response key of __typename', '{ __typename __typename: a }', 1],
  [
    'what is only called __typename',
    '{ __typename(x: 1) __typename(x: 1) b { __typename { x } __typename { x } } }',
    3,
  ],
  ['names of an object prototype', '{ __proto__: a __proto__: a constructor: a }', 1],
])('repeated fields count %s', (_, text, expected) => {
  expect(repeated(text)).toBe(expected);
});

it('counting repeated fields ends on a fragment that spreads itself, and gives up where it repeats', () => {
  expect(repeated('{ ...F } fragment F on Q { a { ...F } }')).toBe(0);
  expect(repeated('{ ...F } fragment F on Q { a { ...F } a { ...F } }')).toBe(Infinity);
});

it('the repeated fields of a fragment that only spreads itself count once', () => {
  expect(countRepeatedFields(parse('{ x } fragment F on Q { a { x x x ...F } }'), 2)).toBe(2);
});

it('counting repeated fields gives up where far more are selected than are written', () => {
  const shared = (sets: number) =>
    `{ ${times(sets, (i) => `a${i} { ...G b }`)} } fragment G on Q { ${times(40, (i) => `x${i}`)} x0 }`;
  expect(repeated(shared(100))).toBe(100);
  expect(repeated(shared(300))).toBe(Infinity);
  const level = (below: string) => times(12, () => `a { ${below} }`);
  expect(repeated(`{ ${level(level(level('x')))} }`)).toBe(
    11 + Math.ceil((144 * 143) / 32) + 2 * Math.ceil((1_728 * 1_727) / 32),
  );
});

it('counting repeated fields reads every field once where fragments double at each level', () => {
  const text = `{ ...F0 } ${times(40, (i) => `fragment F${i} on Q { a: q { ...F${i + 1} } b: q { ...F${i + 1} } }`)} fragment F40 on Q { x x }`;
  expect(repeated(text)).toBeLessThanOrEqual(100);
});

it('repeated fields are counted in a document of any number of definitions', () => {
  const n = 150_000;
  expect(repeated(`{ x } ${times(n, (i) => `fragment F${i} on Q{a a}`)}`)).toBe(n);
});

it('repeated fields are counted at any nesting', () => {
  let selectionSet: unknown = { kind: Kind.SELECTION_SET, selections: [field('x'), field('x')] };
  for (let i = 0; i < 10_000; i += 1) {
    selectionSet = { kind: Kind.SELECTION_SET, selections: [field('a', selectionSet)] };
  }
  const operation = { kind: Kind.OPERATION_DEFINITION, operation: 'query', selectionSet };
  expect(countDocumentFacts({ kind: Kind.DOCUMENT, definitions: [operation] } as never).repeatedFields).toBe(1);
});

function field(value: string, selectionSet?: unknown) {
  return { kind: Kind.FIELD, name: { kind: Kind.NAME, value }, ...(selectionSet !== undefined && { selectionSet }) };
}

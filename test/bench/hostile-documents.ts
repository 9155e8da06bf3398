/** Documents that are made to be dear, on a schema with `Query.one: Query`, `Query.q(first:)`, `Query.f(in:)` and `Query.s`. */
import { type DocumentNode, Kind } from 'graphql';

const times = (n: number, make: (i: number) => string) => Array.from({ length: n }, (_, i) => make(i)).join(' ');

/** Fragments F0 to Fn, each made from the name of the next; the last is a leaf. */
const chain = (n: number, make: (next: string) => string): string =>
  `{ ...F0 } ${times(n, (i) => `fragment F${i} on Query { ${make(`F${i + 1}`)} }`)} fragment F${n} on Query { s }`;
const nested = (n: number, open: string, leaf: string): string => `${open.repeat(n)} ${leaf} ${'}'.repeat(n)}`;

/** What no parser makes: it would recurse. */
function handBuilt(depth: number): DocumentNode {
  const name = (value: string) => ({ kind: Kind.NAME, value });
  let set: object = { kind: Kind.SELECTION_SET, selections: [{ kind: Kind.FIELD, name: name('s') }] };
  for (let i = 0; i < depth; i += 1) {
    set = { kind: Kind.SELECTION_SET, selections: [{ kind: Kind.FIELD, name: name('one'), selectionSet: set }] };
  }
  const operation = { kind: Kind.OPERATION_DEFINITION, operation: 'query', selectionSet: set };
  return { kind: Kind.DOCUMENT, definitions: [operation] } as unknown as DocumentNode;
}

/** Sets of their own, in twos. */
const dear = (set: string, n: number): string =>
  `d { ${times(n / 2, (i) => `f${i} { ${set} }`)} } e { ${times(n / 2, (i) => `f${i} { ${set} }`)} }`;
const spreads = (field: string) =>
  `${times(40, (i) => `fragment E${i} on Query { ...X }`)} fragment G on Query { ${field} ${times(40, (i) => `...E${i} `.repeat(3))} }`;
/** Found last: what is looked at first stands behind it. */
const late = `l { a { ${times(401, (i) => `z${i}`)} } ... { a { ${times(401, (i) => `z${i}`)} } } } `;

export type Hostile = string | DocumentNode;

export const hostile: Readonly<Record<string, Hostile>> = {
  'doubling fragments, 45 levels': chain(45, (next) => `a: one { ...${next} } b: one { ...${next} }`),
  'doubling with two list sizes, 45 levels': chain(
    45,
    (next) => `a: q(first: 1) { ...${next} } b: q(first: 2) { ...${next} }`,
  ),
  'doubling without fields, 9 levels': chain(9, (next) => `...${next} ...${next}`),
  'ten-fold fan-out, 20 levels': chain(20, (next) => times(10, (k) => `k${k}: one { ...${next} }`)),
  '40 fragments, each used 12 times': `{ ${times(480, (i) => `a${i}: one { ...F${i % 40} }`)} } ${times(40, (i) => `fragment F${i} on Query { s }`)}`,
  '49 fragments that spread all later ones': `{ ...F0 } ${times(49, (i) => `fragment F${i} on Query { s ${times(30, (k) => (i + k + 1 < 49 ? `...F${i + k + 1}` : ''))} }`)}`,
  '10,000 aliases': `{ ${times(10_000, (i) => `a${i}: s`)} }`,
  '660 aliases': `{ ${times(660, (i) => `a${i}: s`)} }`,
  '10,000 repeated fields': `{ ${'s '.repeat(10_000)} }`,
  '1,900 repeated fields': `{ ${'s '.repeat(1_900)} }`,
  '113 objects of one key': `{ ${'one { __typename } '.repeat(113)} }`,
  '400 objects of one key, each with a __typename': `{ ${'one { ... { __typename } } '.repeat(400)} }`,
  '740 inline fragments with a __typename': `{ ${'... { __typename } '.repeat(740)} }`,
  '97 fragments in 7 sets': `{ ${times(7, (i) => `f${i} { ${times(97, (k) => `...F${k}`)} }`)} } ${times(97, (i) => `fragment F${i} on Query { k${i % 60} __typename }`)}`,
  '40 fragments that merge 5 levels deep': `{ ${times(40, (i) => `...F${i}`)} } ${times(40, (i) => `fragment F${i} on Query { ${nested(5, '__typename one { ', `k${i}`)} }`)}`,
  '499 repeated objects': `{ ${'one { s } '.repeat(499)} }`,
  '499 repeated objects through two fragments': `{ ...A ...B } fragment A on Query { ${times(166, (i) => `a${i}: one { s }`)} } fragment B on Query { ${times(166, (i) => `a${i}: one { s }`)} }`,
  '499 repeated objects in an unused fragment': `{ s } fragment F on Query { ${'one { s } '.repeat(490)} }`,
  '115 fields of one key at the end of 700 fields': `{ ${times(640, (i) => `f${i}`)} ${'s '.repeat(115)} }`,
  'repetitions that multiply, within the limit': `{ ${times(7, () => `one { ${'s '.repeat(7)} }`)} }`,
  '10 operations that share 900 fields, and 115 of one key': `${times(10, (i) => `query Q${i} { s ...F }`)} fragment F on Query { ${times(180, (i) => `f${i}`)} ${'s '.repeat(115)} }`,
  '600 inline fragments in each other': `{ ${nested(600, '... {', 's')} }`,
  '600 inline fragments beside each other': `{ ${'... { s } '.repeat(480)} }`,
  '30 aliases of 30 aliased fields': `{ ${times(5, (i) => `a${i}: one { ${times(5, (k) => `b${k}: s`)} }`)} }`,
  '1,000 levels of fields': `{ ${nested(1_000, 'one { ', 's')} }`,
  '11 levels of fields': `{ ${nested(11, 'one { ', 's')} }`,
  '10,000 levels of fields, built by hand': handBuilt(10_000),
  '900 levels of lists in an argument': `{ f(in: { ins: ${'['.repeat(900)}${']'.repeat(900)} }) }`,
  '600 levels of input objects': `{ f(in: ${'{ in: '.repeat(600)} { n: 1 } ${'}'.repeat(600)}) }`,
  '500 operations': times(500, (i) => `query Q${i} { s }`),
  '900 unknown fields': `{ ${times(900, (i) => `unknown${i}`)} }`,
  '600 unknown arguments': `{ f(${times(600, (i) => `x${i}: 1`)}) }`,
  '50 variables, never used': `query (${times(50, (i) => `$v${i}: Int`)}) { s }`,
  '49 fragments beside each other': `{ ${times(49, (i) => `...F${i}`)} } ${times(49, (i) => `fragment F${i} on Query { ${times(15, (k) => `f${i}_${k}`)} }`)}`,
  'a key of 17,000 letters, spread 380 times': `{ s } fragment F on Query { ${'L'.repeat(17_000)} } fragment G on Query { ${nested(380, 'a {...F ', 's')} }`,
  '10 operations that share 40 fragments, each spread 87 times': `${times(10, (i) => `query Q${i} { one { ...H } }`)} fragment H on Query { ${times(29, (i) => `a${i} { ...G }`)} } ${times(40, (i) => `fragment E${i} on Query { ...X }`)} fragment G on Query { x: s ${times(40, (i) => `...E${i} `.repeat(3))} }`,
  '40 fragments in 310 sets, never used': `{ s } ${times(40, (i) => `fragment E${i} on Query { e${i} }`)} fragment G on Query { ${times(40, (i) => `...E${i}`)} } fragment H on Query { ${nested(310, 'a {...G ', 's')} }`,
  '2 operations that share 40 fragments in 18 sets, then 16 aliases of one field': `${times(2, (i) => `query Q${i} { z { ${times(16, (k) => `a${k}: s`)} } ...D }`)} fragment D on Query { ${dear('y ...G', 18)} } ${spreads('x: s')}`,
  '40 fragments in 18 sets, then 401 repetitions': `{ ${late} ${dear('y ...G', 18)} } ${spreads('x')}`,
  '990 fields in 22 sets of one fragment, then 401 repetitions': `{ ${late} ${dear('y ...G', 22)} } fragment G on Query { ${times(38, (i) => `g${i}`)} }`,
  '10 operations that share 80 fields in 12 sets, then 16 aliases of one field': `${times(9, (i) => `query Q${i} { ...D }`)} query Q9 { z { ${times(16, (k) => `a${k}: s`)} } ...D } fragment D on Query { ${times(12, (i) => `f${i} { y ...G }`)} } fragment G on Query { ${times(77, (i) => `g${i}`)} x: s }`,
  '4,500 fields in 65 sets of one fragment, never used': `{ s } fragment G on Query { ${times(70, (i) => `g${i}`)} } fragment H on Query { ${late} ${times(65, (i) => `f${i} { y ...G }`)} }`,
  '40 pairs of sets that merge over one fragment, never used': `{ s } fragment A on Query { ${times(40, (i) => `a${i} { ...G }`)} } fragment B on Query { ${times(40, (i) => `a${i} { y }`)} } fragment G on Query { ${times(60, (i) => `g${i}`)} } fragment H on Query { ...A ...B }`,
  '8 operations that share 16 pairs of sets that merge over a fragment with aliases': `${times(8, (i) => `query Q${i} { f0 { ...G } ...D }`)} fragment D on Query { ${times(16, (i) => `p${i} { ...G }`)} ... { ${times(16, (i) => `p${i} { y }`)} } leaf } fragment G on Query { a: g { s } ${times(30, (i) => `g${i}`)} }`,
  '10 operations, each with 5 sets over two fragments that share a key': `${times(10, (i) => `query Q${i} { ${times(5, (k) => `f${k} { ...F ...G }`)} }`)} ${['F', 'G'].map((name) => `fragment ${name} on Query { a: ${name} { s } ${times(25, (i) => `${name}${i}${i % 8 === 0 ? ' { s }' : ''}`)} }`).join(' ')}`,
  '26 sets below two fields over two fragments that share a key, never used': `{ s } fragment H on Query { ${times(26, (i) => `f${i} { d { d { ...F ...G } } }`)} } fragment F on Query { a: f { s } } fragment G on Query { a: g { s } }`,
  '49 fragments, never used': `{ s } ${times(49, (i) => `fragment F${i} on Query { one { s } }`)}`,
};

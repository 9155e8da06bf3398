import { countDocumentFacts, countOperationFacts } from '@graphql-bulwark/core/internal';
import {
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
  getIntrospectionQuery,
  getOperationAST,
  Kind,
  type OperationDefinitionNode,
  OperationTypeNode,
  parse,
  type SelectionNode,
} from 'graphql';
import { describe, expect, it } from 'vitest';

/** Facts of the first operation of a text. */
function facts(text: string) {
  return factsIn(parse(text));
}

function factsIn(document: DocumentNode) {
  const operation = document.definitions.find((definition) => definition.kind === Kind.OPERATION_DEFINITION);
  if (!operation) throw new Error('no operation');
  return countOperationFacts(document, operation);
}

const name = (value: string) => ({ kind: Kind.NAME, value }) as const;
const selecting = (...selections: SelectionNode[]) => ({ kind: Kind.SELECTION_SET, selections }) as const;
const field = (called: string, ...below: SelectionNode[]): FieldNode => ({
  kind: Kind.FIELD,
  name: name(called),
  ...(below.length > 0 && { selectionSet: selecting(...below) }),
});
const query = (...selections: SelectionNode[]): OperationDefinitionNode => ({
  kind: Kind.OPERATION_DEFINITION,
  operation: OperationTypeNode.QUERY,
  selectionSet: selecting(...selections),
});
const fragment = (called: string, ...selections: SelectionNode[]): FragmentDefinitionNode => ({
  kind: Kind.FRAGMENT_DEFINITION,
  name: name(called),
  typeCondition: { kind: Kind.NAMED_TYPE, name: name('Q') },
  selectionSet: selecting(...selections),
});
const spread = (called: string): SelectionNode => ({ kind: Kind.FRAGMENT_SPREAD, name: name(called) });
const handBuilt = (...definitions: (OperationDefinitionNode | FragmentDefinitionNode)[]): DocumentNode => ({
  kind: Kind.DOCUMENT,
  definitions,
});

describe('depth', () => {
  it.each([
    ['D1', '{ a { b { c } } }', 3],
    ['D2', '{ ...A } fragment A on Q { a { ...B } } fragment B on Q { b { c } }', 3],
    ['inline fragments add nothing', '{ ... { a { ... on Q { b } } } }', 2],
    ['the deepest branch counts', '{ a { b } c { d { e { f } } } g }', 4],
    ['__typename adds nothing', '{ a { __typename } }', 1],
    ['__typename with a selection set is a field', '{ __typename { a { b } } }', 3],
    ['an aliased __typename adds nothing', '{ a { t: __typename } }', 1],
    ['an alias called __typename is a field', '{ a { __typename: b } }', 2],
    ['a fragment called __typename is a fragment', '{ ...__typename } fragment __typename on Q { a { b } }', 2],
    ['an unknown fragment adds nothing', '{ a { ...Nowhere } }', 1],
    ['both branches of a condition count', 'query ($x: Boolean!) { a @skip(if: $x) { b } c @include(if: $x) }', 2],
  ])('depth: %s', (_, text, depth) => {
    expect(facts(text).depth).toBe(depth);
  });
});

describe('aliases', () => {
  it.each([
    ['D5', `{ ${Array.from({ length: 31 }, (_, i) => `a${i}: x`).join(' ')} }`, 31],
    ['of __typename do not count', '{ a: __typename b: __typename }', 0],
    ['of what is only called __typename count', '{ a: __typename { x } b: __typename(x: 1) }', 2],
    ['count once per spread', '{ ...A b { ...A c { ...A } } } fragment A on Q { x: a }', 3],
    ['those below __schema count', '{ __schema { t: types { n: name } } }', 2],
    ['called like the field count', '{ a: a }', 1],
  ])('aliases: %s', (_, text, aliases) => {
    expect(facts(text).aliases).toBe(aliases);
  });
});

describe('fields', () => {
  it('fields count after fragments are expanded, repeated ones each time', () => {
    expect(facts('{ a a ...A b { ...A __typename } } fragment A on Q { x y }').fields).toBe(8);
  });

  it('fields of another operation in the document do not count', () => {
    expect(facts('query A { a } query B { a b c }').fields).toBe(1);
  });
});

describe('root fields', () => {
  it('root fields are distinct response keys after fragments are expanded, and their names are not aliases', () => {
    const { rootFields, rootFieldNames } = facts(
      '{ a x: a a ...A ... on Q { y: b } __typename } fragment A on Q { x: a z: __schema { types { name } } }',
    );
    expect(rootFields).toBe(5);
    expect([...rootFieldNames].toSorted()).toEqual(['__schema', '__typename', 'a', 'b']);
  });
});

describe('occurrences', () => {
  it.each([
    ['of a plain selection are 1', '{ a b { c } }', 1],
    ['are response keys, so repetition is none', '{ a a a }', 1],
    ['count aliases of one field', '{ a x: a y: a b }', 3],
    ['of one key in two types are 1', '{ n { ... on A { id } ... on B { id } x: a } }', 1],
    ['of two keys in two types are 2', '{ n { ... on A { x: id } ... on B { y: id } } }', 2],
    ['merge by response path', '{ n { x: id } n { y: id } ...F } fragment F on Q { n { z: id } }', 3],
    ['are apart under different response keys', '{ n { x: id } m: n { y: id } }', 2],
    ['of __typename count', '{ n { a: __typename b: __typename c: __typename } }', 3],
    ['one key for two fields counts for both', '{ ... on A { k: a l: a } ... on B { k: b l: b m: b } }', 3],
    ['merge a set without aliases with one that has them', '{ n { id } n { x: id } }', 2],
  ])('occurrences: %s', (_, text, occurrences) => {
    expect(facts(text).occurrences).toBe(occurrences);
  });

  it('occurrences are Infinity when there is too much to walk, unless nothing has an alias', () => {
    const wide = (alias: string) => facts(`{ ${alias} ${'a '.repeat(10_000)} }`).occurrences;
    expect(wide('b')).toBe(1);
    expect(wide('b: a')).toBe(Infinity);
  });
});

describe('occurrences in a document of several operations', () => {
  const wide = (fields: number) => `{ x: a y: a ${'a '.repeat(fields)} }`;

  it.each([
    ['a, then b', ['A', 'B']],
    ['b, then a', ['B', 'A']],
  ])('occurrences are the same whichever operation is counted first: %s', (_, order) => {
    const of = (text: string) => {
      const document = parse(text);
      return order.map((one) => countOperationFacts(document, getOperationAST(document, one) as never).occurrences);
    };
    expect(of(`query A ${wide(4_000)} query B ${wide(4_000)}`)).toEqual([3, 3]);
    expect(of(`query A ${wide(6_000)} query B ${wide(6_000)}`)).toEqual([Infinity, Infinity]);
    // Without aliases there is nothing to walk.
    expect(of(`query A ${wide(6_000)} query B ${wide(6_000).replaceAll(/\w:/g, '')}`)).toContain(3);
  });
});

describe('directives', () => {
  it('directives count on the operation, its variables, selections, spreads and the fragments it reaches', () => {
    const { directives, directivesPerNode } = facts(`
      query ($v: Int @d) @d @d { a @d ... @d { b @d @d @d } ...F @d c { ...F } }
      fragment F on Q @d @d { x @d }
      fragment Unused on Q @d @d @d @d @d { x }
    `);
    expect(directives).toBe(3 + 1 + 1 + 3 + 1 + 2 * 3);
    expect(directivesPerNode).toBe(3);
  });

  it('directives below __schema count', () => {
    expect(facts('{ __schema { types @d { name @d } } }').directives).toBe(2);
  });
});

describe('fragments', () => {
  it('the depth of fragments is the nesting of their spreads', () => {
    expect(facts('{ a }').fragmentDepth).toBe(0);
    expect(facts('{ ...A ...B } fragment A on Q { a } fragment B on Q { a { ...A } }').fragmentDepth).toBe(2);
    expect(facts('{ ...Nowhere a }').fragmentDepth).toBe(0);
  });

  it.each([
    ['itself', '{ ...A } fragment A on Q { a ...A }'],
    ['itself below a field', '{ ...A } fragment A on Q { a { b { ...A } } }'],
    ['one another', '{ a ...A } fragment A on Q { a { ...B } } fragment B on Q { b { ...A } }'],
    [
      'each other in a ring of three, entered late',
      '{ b { ...Z } } fragment Z on Q { ...A } fragment A on Q { a ...B } fragment B on Q { ...C } fragment C on Q { ...A }',
    ],
  ])('D3: fragments that spread %s are cyclic', (_, text) => {
    expect(facts(text)).toMatchObject({ cyclic: true, occurrences: Infinity });
    expect(facts(text).rootFields).toBeGreaterThanOrEqual(1);
  });

  it('D3: a fragment cycle makes every operation cyclic that reaches it, and no other', () => {
    const document = parse(`
      query One { ...A } query Two { ...B } query Three { ...C } query Four { ...D a }
      fragment A on Q { a ...B } fragment B on Q { b ...A } fragment C on Q { c } fragment D on Q { ...C ...B }
    `);
    const cyclic = document.definitions
      .slice(0, 4)
      .map((one) => countOperationFacts(document, one as OperationDefinitionNode).cyclic);
    expect(cyclic).toEqual([true, true, false, true]);
  });

  it('of several fragments with one name the last counts, as in execution', () => {
    expect(facts('{ ...A } fragment A on Q { a { b } } fragment A on Q { a }').depth).toBe(1);
  });
});

describe('introspection', () => {
  it('introspection is counted apart from other fields', () => {
    expect(facts('{ __schema { types { name kind } } a { b } }')).toMatchObject({
      depth: 2,
      fields: 2,
      introspectionDepth: 3,
      introspectionFields: 4,
      rootFields: 2,
    });
  });

  it('introspection through a fragment is counted apart, and the same fragment elsewhere counts as fields', () => {
    const text = '{ __type(name: "A") { ...F } a { ...F } } fragment F on T { fields { name type { name } } }';
    expect(facts(text)).toMatchObject({ depth: 4, fields: 5, introspectionDepth: 4, introspectionFields: 5 });
    const disguised = '{ ...S } fragment S on Q { x: __schema { types { name } } }';
    expect(facts(disguised)).toMatchObject({ depth: 0, fields: 0, introspectionDepth: 3, introspectionFields: 3 });
  });

  it('introspection is recognised by the name of a field alone', () => {
    expect(facts('query __schema { __schema: a { ...__type } } fragment __type on Q { __type: b }')).toMatchObject({
      depth: 2,
      fields: 2,
      introspectionDepth: 0,
      introspectionFields: 0,
    });
  });

  it('the depth of introspection is measured from its outermost field, wherever that stands', () => {
    expect(facts('{ a { __schema { types { __type { name } } } } }')).toMatchObject({
      depth: 1,
      fields: 1,
      introspectionDepth: 4,
      introspectionFields: 4,
    });
  });

  it('introspection by the newest standard query is 15 deep', () => {
    const text = getIntrospectionQuery({
      schemaDescription: true,
      specifiedByUrl: true,
      directiveIsRepeatable: true,
      inputValueDeprecation: true,
      experimentalDirectiveDeprecation: true,
      oneOf: true,
    });
    expect(facts(text)).toMatchObject({ depth: 0, introspectionDepth: 15, introspectionFields: 232 });
  });
});

describe('what a client names', () => {
  it('a name that a client chooses is never taken for a property', () => {
    const text = `
      query constructor { __proto__: a constructor: a toString: a ...__proto__ ...constructor ...hasOwnProperty }
      fragment __proto__ on Q { b { valueOf: c } }
    `;
    expect(facts(text)).toMatchObject({ aliases: 4, fields: 5, rootFields: 4, occurrences: 3, cyclic: false });
  });
});

describe('of the root', () => {
  it.each([
    ['{ a b c: a }', 3],
    ['{ a a b }', 2],
    ['{ a ... on Q { a b } }', 2],
    // They mark the same place.
    ['{ AbAb ... on Q { baAb Abba AbAb baAb } }', 3],
    ['{ a b { x x } }', 2],
  ])('root fields count the response keys of %s', (text, expected) => {
    expect(facts(text).rootFields).toBe(expected);
  });
});

describe('of the document', () => {
  it('facts of a document count operations, fragments and the tokens of the parser', () => {
    const document = parse('query A { a } query A { b } { c } fragment F on Q { a } fragment F on Q { a }');
    expect(countDocumentFacts(document)).toMatchObject({ operations: 3, fragments: 2, tokens: 27, repeatedFields: 0 });
    expect(countDocumentFacts(handBuilt(query(field('a'))))).toMatchObject({
      operations: 1,
      fragments: 0,
      tokens: 0,
      repeatedFields: 0,
    });
  });

  it('facts are counted once per document and operation', () => {
    const document = parse('query A { a } query B { b { c } }');
    const [a, b] = document.definitions as OperationDefinitionNode[];
    expect(countDocumentFacts(document)).toBe(countDocumentFacts(document));
    expect(countOperationFacts(document, a as OperationDefinitionNode)).toBe(
      countOperationFacts(document, a as OperationDefinitionNode),
    );
    expect(countOperationFacts(document, b as OperationDefinitionNode).depth).toBe(2);
    const { rootFieldNames } = countOperationFacts(document, a as OperationDefinitionNode);
    expect(countOperationFacts(document, a as OperationDefinitionNode).rootFieldNames).toBe(rootFieldNames);
  });
});

describe('without limit', () => {
  it('fields that nest 10,000 deep are counted', () => {
    let inner = field('a');
    for (let i = 1; i < 10_000; i += 1) inner = field('a', inner);
    expect(factsIn(handBuilt(query(inner)))).toMatchObject({ depth: 10_000, fields: 10_000, occurrences: 1 });
  });

  it('aliased fields that nest 9,000 deep are counted', () => {
    let inner: FieldNode = { ...field('a'), alias: name('x') };
    for (let i = 1; i < 9_000; i += 1) inner = { ...field('a', inner), alias: name('x') };
    expect(factsIn(handBuilt(query(inner)))).toMatchObject({ depth: 9_000, aliases: 9_000, occurrences: 1 });
  });

  it('inline fragments that nest 10,000 deep are counted', () => {
    let inner: SelectionNode = field('a');
    for (let i = 1; i < 10_000; i += 1) inner = { kind: Kind.INLINE_FRAGMENT, selectionSet: selecting(inner) };
    expect(factsIn(handBuilt(query(inner)))).toMatchObject({ depth: 1, rootFields: 1, occurrences: 1 });
  });

  it('10,000 fragments in a chain, and in a ring, are counted', () => {
    const chain = Array.from({ length: 10_000 }, (_, i) => fragment(`F${i}`, field('a'), spread(`F${i + 1}`)));
    const start = query({ ...field('a'), alias: name('x') }, spread('F0'));
    expect(factsIn(handBuilt(start, ...chain))).toMatchObject({ fields: 10_001, fragmentDepth: 10_000, rootFields: 2 });
    const ring = [...chain, fragment('F10000', spread('F0'))];
    expect(factsIn(handBuilt(start, ...ring))).toMatchObject({ cyclic: true, rootFields: 2, occurrences: Infinity });
  });
});

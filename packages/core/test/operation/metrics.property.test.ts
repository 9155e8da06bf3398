import {
  countDocumentFacts,
  countOccurrencesAbove,
  countOperationFacts,
  countRepeatedFields,
} from '@graphql-bulwark/core/internal';
import * as fc from 'fast-check';
import {
  type DocumentNode,
  type FieldNode,
  Kind,
  type OperationDefinitionNode,
  parse,
  type SelectionSetNode,
} from 'graphql';
import { expect, it } from 'vitest';
import { propertyCases } from '../../../../test/property-cases.ts';

// The reference: everything expanded into a tree, then counted by definition, as slow as it likes.

interface Field {
  readonly node: FieldNode;
  readonly name: string;
  readonly alias: string | undefined;
  readonly below: readonly Field[];
  readonly leaf: boolean;
}

function expand(document: DocumentNode, set: SelectionSetNode): Field[] {
  return set.selections.flatMap((node): Field[] => {
    if (node.kind === Kind.INLINE_FRAGMENT) return expand(document, node.selectionSet);
    if (node.kind === Kind.FRAGMENT_SPREAD) {
      const fragment = document.definitions.find(
        (one) => one.kind === Kind.FRAGMENT_DEFINITION && one.name.value === node.name.value,
      );
      return fragment?.kind === Kind.FRAGMENT_DEFINITION ? expand(document, fragment.selectionSet) : [];
    }
    const below = node.selectionSet ? expand(document, node.selectionSet) : [];
    return [{ node, name: node.name.value, alias: node.alias?.value, below, leaf: !node.selectionSet }];
  });
}

const isIntrospection = ({ name }: Field) => name === '__schema' || name === '__type';
const keyOf = ({ alias, name }: Field) => alias ?? name;
const sum = (numbers: readonly number[]) => numbers.reduce((a, b) => a + b, 0);
const all = (fields: readonly Field[]): Field[] => fields.flatMap((field) => [field, ...all(field.below)]);
const most = (numbers: readonly number[]) => Math.max(0, ...numbers);

function depth(fields: readonly Field[], skips: (field: Field) => boolean): number {
  return most(
    fields.filter((field) => !skips(field)).map((field) => (isTypename(field) ? 0 : 1 + depth(field.below, skips))),
  );
}

const outside = (fields: readonly Field[]): number =>
  sum(fields.filter((field) => !isIntrospection(field)).map((field) => 1 + outside(field.below)));

const introspections = (fields: readonly Field[]): Field[] =>
  fields.flatMap((field) => (isIntrospection(field) ? [field] : introspections(field.below)));

function occurrences(fields: readonly Field[]): number {
  const keys = new Set(fields.map(keyOf));
  const names = new Set(fields.map(({ name }) => name));
  const here = [...names].map((name) => new Set(fields.filter((field) => field.name === name).map(keyOf)).size);
  const merged = [...keys].map((key) => fields.filter((field) => keyOf(field) === key).flatMap(({ below }) => below));
  return most([...here, ...merged.map(occurrences)]);
}

const isTypename = ({ name, leaf }: Field) => name === '__typename' && leaf;

/** Whether two of the fields that `counts` stand under one response path; one field that is reached twice is one. */
function repeats(fields: readonly Field[], counts: (field: Field) => boolean): boolean {
  return [...new Set(fields.map(keyOf))].some((key) => {
    const same = fields.filter((field) => keyOf(field) === key);
    const nodes = [...new Map(same.map((field) => [field.node, field])).values()];
    return (
      nodes.filter(counts).length > 1 ||
      repeats(
        nodes.flatMap(({ below }) => below),
        counts,
      )
    );
  });
}

function reference(document: DocumentNode, operation: OperationDefinitionNode) {
  const root = expand(document, operation.selectionSet);
  return {
    depth: depth(root, isIntrospection),
    aliases: all(root).filter((field) => field.alias !== undefined && !isTypename(field)).length,
    fields: outside(root),
    rootFields: new Set(root.map(keyOf)).size,
    rootFieldNames: new Set(root.map(({ name }) => name)),
    occurrences: occurrences(root),
    introspectionDepth: depth(introspections(root), () => false),
    introspectionFields: all(introspections(root)).length,
    cyclic: false,
  };
}

// Random documents: fragment i spreads only later ones, so that the reference ends.

const fragments = ['F0', 'F1', '__proto__', 'F3'];
const fieldName = fc.constantFrom('a', 'b', 'c', '__typename', '__schema', '__type', 'constructor');
const alias = fc.option(fc.constantFrom('x', 'y', 'a', '__typename', '__schema', '__proto__', 'constructor'), {
  freq: 2,
});
const directives = fc.constantFrom('', '', '', ' @skip(if: true)', ' @d @d');

function selectionSet(spreadable: readonly string[]): fc.Arbitrary<string> {
  const { set } = fc.letrec<{ set: string; selection: string }>((tie) => ({
    set: fc.array(tie('selection'), { minLength: 1, maxLength: 4 }).map((selections) => `{ ${selections.join(' ')} }`),
    selection: fc.oneof(
      { depthSize: 'small', withCrossShrink: true },
      fc.tuple(alias, fieldName, directives).map(([as, name, d]) => `${as === null ? '' : `${as}: `}${name}${d}`),
      fc.tuple(fc.constantFrom(...spreadable), directives).map(([name, d]) => `...${name}${d}`),
      fc
        .tuple(alias, fieldName, directives, tie('set'))
        .map(([as, name, d, below]) => `${as === null ? '' : `${as}: `}${name}${d} ${below}`),
      fc.tuple(fc.constantFrom('', 'on A', 'on B'), tie('set')).map(([on, below]) => `... ${on} ${below}`),
    ),
  }));
  return set;
}

const text = fc
  .tuple(
    fc.array(selectionSet([...fragments, 'Unknown']), { minLength: 1, maxLength: 3 }),
    ...fragments.map((_, i) => selectionSet([...fragments.slice(i + 1), 'Unknown'])),
  )
  .map(([operations, ...bodies]) =>
    [
      ...operations.map((set, i) => `query Q${i} ${set}`),
      ...bodies.map((set, i) => `fragment ${fragments[i]} on A ${set}`),
    ].join('\n'),
  );

it('facts of random documents are those of the expanded tree', { timeout: 60_000 }, () => {
  fc.assert(
    fc.property(text, fc.array(fc.integer({ min: 1, max: 5 }), { maxLength: 3 }), (source, floors) => {
      const document = parse(source);
      for (const definition of document.definitions) {
        if (definition.kind !== Kind.OPERATION_DEFINITION) continue;
        const expected = reference(document, definition);
        fc.pre(expected.fields + expected.introspectionFields < 2_000);
        const facts = countOperationFacts(document, definition);
        // First what need not be counted: what is left out for it must not change what is counted later.
        const above = floors.map((floor) => countOccurrencesAbove(facts, floor));
        expect(above).toEqual(floors.map((floor) => Math.max(floor, expected.occurrences)));
        expect(facts).toMatchObject(expected);
      }
    }),
    { numRuns: propertyCases(2_000) },
  );
});

it('a document repeats a field where a definition of it does and nowhere else, and counting up to a limit says so', {
  timeout: 60_000,
}, () => {
  const cases = propertyCases(2_000);
  let repeating = 0;
  fc.assert(
    fc.property(text, fc.nat(20), (source, maximum) => {
      const document = parse(source);
      const roots = document.definitions.filter((one) => 'selectionSet' in one);
      const repeat = (counts: (field: Field) => boolean) =>
        roots.some(({ selectionSet: set }) => repeats(expand(document, set), counts));
      const expected = repeat((field) => !isTypename(field));
      // First the limit: what is counted for it must not change what is counted later.
      const counted = countRepeatedFields(document, maximum);
      const { repeatedFields: exactly } = countDocumentFacts(document);
      // A `__typename` counts or not by what stands beside it.
      const isOpen = !expected && repeat(() => true);
      expect(isOpen || exactly > 0 === expected).toBe(true);
      expect(exactly <= maximum ? counted === exactly : counted > maximum).toBe(true);
      if (expected) repeating += 1;
    }),
    { numRuns: cases },
  );
  expect(repeating).toBeGreaterThan(cases / 10);
});

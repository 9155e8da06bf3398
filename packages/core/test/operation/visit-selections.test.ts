import { buildSchema, type OperationDefinitionNode, parse, responsePathAsArray } from 'graphql';
import { expect, it } from 'vitest';
import { visitSelections } from '../../src/internal.ts';

const schema = buildSchema(`
  type Query { node: Node both: Both a: A }
  interface Node { id: ID next: Node }
  interface Named { name: String }
  type A implements Node & Named { id: ID next: Node name: String b: B }
  type B implements Node { id: ID next: Node }
  type C { c: Int }
  union Both = A | C
`);

/** The coordinates and paths of the fields that a visit tells of, and the types to which fragments narrow. */
function visited(text: string, options: { readonly leaves?: string } = {}): string[] {
  const document = parse(text);
  const told: string[] = [];
  const join = (path: Parameters<typeof responsePathAsArray>[0]): string => responsePathAsArray(path).join('.');
  visitSelections(schema, document, document.definitions[0] as OperationDefinitionNode, {
    includes: () => true,
    field({ type: parent }, field, _node, path) {
      told.push(`${parent.name}.${field.name} at ${join(path)}`);
      return field.name !== options.leaves;
    },
    narrowed({ type }, _node, path) {
      told.push(`on ${type.name} at ${join(path)}`);
      return true;
    },
  });
  return told;
}

it('a visit calls with each field, its type and its path of response keys, outer fields first', () => {
  expect(visited('{ x: a { b { id } } node { id } }')).toEqual([
    'Query.a at x',
    'Query.node at node',
    'A.b at x.b',
    'Node.id at node.id',
    'B.id at x.b.id',
  ]);
});

it('a visit enters a fragment only where an object of its type can occur', () => {
  expect(visited('{ a { ... on B { id } ... on Node { id } } }')).toEqual(['Query.a at a', 'A.id at a.id']);
  expect(visited('{ both { ... on A { name } ...F } } fragment F on Named { name }')).toEqual([
    'Query.both at both',
    'on A at both',
    'on Named at both',
    'A.name at both.name',
    'Named.name at both.name',
  ]);
});

it('a visit enters selections once per place, and a fragment that spreads itself once', () => {
  expect(visited('{ x: a { ...F } y: a { ...F } } fragment F on A { b { id } }')).toEqual([
    'Query.a at x',
    'Query.a at y',
    'A.b at x.b',
    'B.id at x.b.id',
  ]);
  expect(visited('{ node { ...F } } fragment F on Node { next { ...F } }')).toEqual([
    'Query.node at node',
    'Node.next at node.next',
  ]);
});

it('a visit stops below a field where the visitor says so, and skips fields of other types', () => {
  expect(visited('{ a { b { id } name } }', { leaves: 'b' })).toEqual([
    'Query.a at a',
    'A.b at a.b',
    'A.name at a.name',
  ]);
  expect(visited('{ unknown { id } __typename a { c } }')).toEqual(['Query.a at a']);
});

it('a visit knows the types below an interface whose types narrow the field, without those that do not answer', () => {
  const narrowing = buildSchema(`
    type Query { i: I }
    interface I { c: J }
    interface J { s: Int }
    type A implements J { s: Int }
    type B implements J { s: Int }
    type C implements J { s: Int }
    type T implements I { c: A }
    type U implements I { c: B }
  `);
  const document = parse('{ i { c { s ...F } } } fragment F on J { t: s }');
  const comesUp = (silent?: string): Record<string, string[]> => {
    const told: Record<string, string[]> = {};
    visitSelections(narrowing, document, document.definitions[0] as OperationDefinitionNode, {
      includes: () => true,
      answers: ({ name }) => name !== silent,
      field({ possible }, _field, _node, { key }) {
        told[key] = possible.map(({ name }) => name);
        return true;
      },
      narrowed: () => true,
    });
    return told;
  };
  expect(comesUp()).toEqual({ i: ['Query'], c: ['T', 'U'], s: ['A', 'B'], t: ['A', 'B'] });
  expect(comesUp('U')).toEqual({ i: ['Query'], c: ['T', 'U'], s: ['A'], t: ['A'] });
});

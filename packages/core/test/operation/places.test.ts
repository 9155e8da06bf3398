/** What a visit of selections looks through where interfaces have hundreds of types. */
import { buildSchema, type GraphQLSchema, type OperationDefinitionNode, parse } from 'graphql';
import { expect, it, vi } from 'vitest';
import { visitSelections } from '../../src/internal.ts';

const times = (n: number, make: (i: number) => string) => Array.from({ length: n }, (_, i) => make(i)).join(' ');

const types = 100;
const interfaces = 10;
const fields = `id: ID ${times(20, (i) => `f${i}: Node`)}`;
const schema = buildSchema(`
  type Query { node: Node }
  interface Node { ${fields} }
  ${times(interfaces, (i) => `interface I${i} { id: ID }`)}
  ${times(types, (i) => `type T${i} implements Node ${times(interfaces, (j) => `& I${j}`)} { ${fields} }`)}
`);

/** How often the schema is asked whether one type is another, and the visitor whether a type answers. */
function looksOf(text: string, visited: GraphQLSchema = schema): { compared: number; asked: number } {
  const document = parse(text);
  const compares = vi.spyOn(visited, 'isSubType');
  let asked = 0;
  visitSelections(visited, document, document.definitions[0] as OperationDefinitionNode, {
    includes: () => true,
    answers() {
      asked += 1;
      return true;
    },
    field: () => true,
    narrowed: () => true,
  });
  const { length: compared } = compares.mock.calls;
  compares.mockRestore();
  return { compared, asked };
}

it('attack: a type condition that stands in many selection sets is compared with all types of an interface once', () => {
  const nested = (leaf: string) => `${times(interfaces, (i) => `... on I${i} {`)} ${leaf} ${'}'.repeat(interfaces)}`;
  const conditions = (sets: number) => `{ node { ${times(sets, (i) => `f${i} { ${nested('id')} }`)} } }`;
  const [few, many] = [looksOf(conditions(2)), looksOf(conditions(20))];
  expect(few.compared).toBeGreaterThan(types);
  // Each selection set takes one comparison for each condition in it, to see whether any object can be there.
  expect(many.compared - few.compared).toBeLessThanOrEqual(18 * interfaces);
});

it('asks one type of an interface about a field that it does not narrow, whatever others there are', () => {
  expect(looksOf(`{ node { ${times(20, (i) => `f${i} { id }`)} } }`).asked).toBe(20);
});

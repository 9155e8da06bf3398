import { checkOperation, createEvents } from '@graphql-bulwark/core';
import { visitSelections } from '@graphql-bulwark/core/internal';
import { makeExecutableSchema } from '@graphql-tools/schema';
import { type DocumentNode, type FieldNode, Kind, type OperationDefinitionNode, parse } from 'graphql';
import { describe, expect, it } from 'vitest';
import { as } from '../../../../test/kit.ts';
import { authDirectives, authorization, guardSchema } from '../../src/index.ts';
import { silent } from '../ways.ts';

const events = createEvents(
  () => {},
  () => silent,
);
const schema = guardSchema(
  makeExecutableSchema({
    typeDefs: `
      ${authDirectives}
      type Query { a: Int @public t: T @public }
      type Mutation @public { t: T u: U secret: Int @auth(roles: "ADMIN") }
      interface I { t: T }
      interface J { t: T }
      type T implements I & J { t: T a: Int secret: Int @auth(roles: "ADMIN") }
      union U = T
    `,
  }),
);

const control = authorization();
const { security } = as({ id: 'u' });

/** What happens to an operation that was not validated, of a caller without roles. */
async function check(
  document: string | DocumentNode,
  operationName?: string,
): Promise<{ refused: unknown; cached: boolean }> {
  let cached = true;
  const input = {
    schema,
    document: typeof document === 'string' ? parse(document) : document,
    operationName,
    contextValue: { security },
    neverCache: () => {
      cached = false;
    },
  };
  const refused: unknown = await checkOperation([control], input, events).then(
    () => undefined,
    (error: unknown) => error,
  );
  return { refused, cached };
}

/** Selections that a walk looks at. */
function steps(text: string): number {
  const document = parse(text);
  let looked = 0;
  const includes = (): boolean => {
    looked += 1;
    return true;
  };
  const [operation] = document.definitions as [OperationDefinitionNode];
  visitSelections(schema, document, operation, { includes, field: () => true, narrowed: () => true });
  return looked;
}

const doubling = (levels: number): string =>
  `mutation { t { ...F0 } } ${Array.from(
    { length: levels },
    (_, i) => `fragment F${i} on T { ...F${i + 1} t { ...F${i + 1} } ...F${i + 1} }`,
  ).join(' ')} fragment F${levels} on T { a }`;

const narrowing = (levels: number): string =>
  `mutation { t { ...F0 } } ${Array.from(
    { length: levels },
    (_, i) => `fragment F${i} on I { ...on J { ...F${i + 1} } ...on T { ...F${i + 1} } ...F${i + 1} }`,
  ).join(' ')} fragment F${levels} on I { t { a } }`;

describe('the walk', () => {
  it.each([
    ['doubling fragments', doubling],
    ['fragments that narrow in several ways', narrowing],
  ])('growth: the search for denials grows with the text of %s, not with what they expand to', (_, attack) => {
    const [small, large] = [steps(attack(40)), steps(attack(80))];
    expect(small).toBeLessThan(2_000);
    expect(large / small).toBeLessThan(2.2);
  });

  it('the search for denials ends for fragments that spread themselves', async () => {
    for (const text of [
      'mutation { ...A } fragment A on Mutation { ...A t { ...T } } fragment T on T { t { ...T } }',
      'mutation { ...A } fragment A on Mutation { ...B } fragment B on Mutation { ...A secret }',
      'mutation { ...Missing t { ...A } } fragment A on Nowhere { ...A }',
    ]) {
      expect(steps(text)).toBeLessThan(20);
    }
    const { refused } = await check('mutation { ...A } fragment A on Mutation { ...A secret }');
    expect(refused).toMatchObject({ message: 'Forbidden', path: ['secret'] });
  });

  it('the search for denials does not recurse with the depth of a document', async () => {
    const [outer] = parse('mutation { t { secret } }').definitions as [OperationDefinitionNode];
    const [field] = outer.selectionSet.selections as [FieldNode];
    let node: FieldNode = field;
    for (let depth = 0; depth < 200_000; depth += 1) {
      node = { ...field, selectionSet: { ...outer.selectionSet, selections: [node] } };
    }
    const operation = { ...outer, selectionSet: { ...outer.selectionSet, selections: [node] } };
    const { refused } = await check({ kind: Kind.DOCUMENT, definitions: [operation] });
    expect(refused).toMatchObject({ message: 'Forbidden' });
  }, 30_000);

  it('the search for denials ignores names that the schema does not have', async () => {
    for (const name of ['__proto__', 'constructor', 'toString', '__typename', '__schema', 'nothing']) {
      expect(await check(`mutation { ${name} t { ${name} { secret } } ...on ${name} { secret } }`)).toEqual({
        refused: undefined,
        cached: true,
      });
    }
  });
});

describe('an answer', () => {
  it.each([
    ['{a}', true],
    ['{a t{a}}', true],
    ['{t{secret}}', false],
    ['{t{t{...F}}} fragment F on I{...on J{...on T{x:secret}}}', false],
    ['{a t{secret @skip(if: true)}}', false],
    ['mutation{t{a}}', true],
    ['mutation{u{...on T{secret}}}', false],
  ])('an answer may be cached only if no rule is selected: %s', async (text, cached) => {
    expect((await check(text)).cached).toBe(cached);
    expect((await check(text)).cached).toBe(cached);
  });

  it('an answer may be cached or not by each operation of a document', async () => {
    const document = parse('query A {a} query B {t{secret}}');
    expect((await check(document, 'A')).cached).toBe(true);
    expect((await check(document, 'B')).cached).toBe(false);
    expect((await check(document, 'A')).cached).toBe(true);
  });
});

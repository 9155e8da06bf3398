import { type OperationDefinitionNode, parse } from 'graphql';
import { expect, it } from 'vitest';
import { PerOperation } from '../../src/internal.ts';

it('what is remembered of an operation is not told for an edited copy of its document, which can share the operation', () => {
  const memory = new PerOperation<string>();
  const document = parse('{ a { ...F } } fragment F on A { name }');
  const operation = document.definitions[0] as OperationDefinitionNode;
  expect(memory.set(document, operation, 'known')).toBe('known');
  expect(memory.get(document, operation)).toBe('known');
  expect(memory.get({ ...document, definitions: [operation] }, operation)).toBeUndefined();
});

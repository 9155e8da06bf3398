import { type OperationDefinitionNode, parse } from 'graphql';
import { describe, expect, it, vi } from 'vitest';
import { createSlot, OperationState, PerOperation } from '../../src/internal.ts';
import { announceStream, findOperationState, handOverState } from '../../src/operation/operation-state.ts';

function operationOf(text: string): OperationDefinitionNode {
  return parse(text).definitions[0] as OperationDefinitionNode;
}

/** What resolvers know of a new execution. */
function executionOf(operation: OperationDefinitionNode) {
  return { operation, variableValues: {}, path: { key: 'a', prev: undefined, typename: 'Query' } };
}

it('a value remembered for an operation is not found for an edited copy of its document', () => {
  const memory = new PerOperation<string>();
  const document = parse('{ a { ...F } } fragment F on A { name }');
  const operation = document.definitions[0] as OperationDefinitionNode;
  expect(memory.set(document, operation, 'known')).toBe('known');
  expect(memory.get(document, operation)).toBe('known');
  expect(memory.get({ ...document, definitions: [operation] }, operation)).toBeUndefined();
});

it('the value of a slot is made once per state, and two slots do not share it', () => {
  const make = vi.fn(() => new Set<string>());
  const [one, other] = [createSlot(make), createSlot(make)];
  const state = new OperationState();
  expect(make).not.toHaveBeenCalled();
  expect(state.get(one)).toBe(state.get(one));
  expect(state.get(one)).not.toBe(state.get(other));
  expect(new OperationState().get(one)).not.toBe(state.get(one));
  const given = new Set(['given']);
  state.set(one, given);
  expect(state.get(one)).toBe(given);
});

describe('the state of an execution', () => {
  const operation = operationOf('mutation { a }');

  it('the state of a check is found by all resolvers of the execution', () => {
    const contextValue = {};
    const checked = handOverState(contextValue, operation);
    const execution = executionOf(operation);
    expect(findOperationState(contextValue, execution)).toBe(checked);
    expect(findOperationState(contextValue, { ...execution })).toBe(checked);
  });

  it('the state of a check belongs to one execution, and the next event of a subscription has a new one', () => {
    const contextValue = {};
    const checked = handOverState(contextValue, operation);
    const states = [1, 2, 3].map(() => findOperationState(contextValue, executionOf(operation)));
    expect(states[0]).toBe(checked);
    expect(new Set(states).size).toBe(3);
  });

  it('each event has a new state where an executor keeps the variables of the stream that it opened', () => {
    const contextValue = {};
    const opened = executionOf(operation);
    const ofStream = findOperationState(contextValue, opened);
    announceStream(opened);
    const event = { ...opened, path: { ...opened.path } };
    const first = findOperationState(contextValue, event);
    const below = { key: 'b', prev: event.path, typename: 'A' };
    expect(findOperationState(contextValue, { ...event, path: below })).toBe(first);
    const second = findOperationState(contextValue, { ...opened, path: { ...opened.path } });
    expect(new Set([ofStream, first, second]).size).toBe(3);
  });

  it('another operation that a resolver executes with the same context has a new state', () => {
    const contextValue = {};
    const checked = handOverState(contextValue, operation);
    expect(findOperationState(contextValue, executionOf(operationOf('{ b }')))).not.toBe(checked);
    expect(findOperationState(contextValue, executionOf(operation))).toBe(checked);
  });

  it('the same operation with another context, as in the next element of a batch, has a new state', () => {
    const [first, second] = [{}, {}];
    const states = [handOverState(first, operation), handOverState(second, operation)];
    expect(findOperationState(second, executionOf(operation))).toBe(states[1]);
    expect(findOperationState(first, executionOf(operation))).toBe(states[0]);
  });

  it.each([undefined, null, 'text'])(
    'the state of an execution is a new one where the context is %s, which cannot hand one over',
    (no) => {
      const checked = handOverState(no, operation);
      const execution = executionOf(operation);
      expect(findOperationState(no, execution)).not.toBe(checked);
      expect(findOperationState(no, execution)).toBe(findOperationState(no, execution));
    },
  );

  it('the state of a check is found by another copy of the package, as where ES modules and CommonJS meet', async () => {
    const contextValue = {};
    const checked = handOverState(contextValue, operation);
    vi.resetModules();
    const copy = await import('../../src/operation/operation-state.ts');
    expect(copy.OperationState).not.toBe(OperationState);
    expect(copy.findOperationState(contextValue, executionOf(operation))).toBe(checked);
  });
});

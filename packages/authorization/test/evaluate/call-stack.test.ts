/** The stack when a policy is called: an engineer who debugs it must be able to read how it came to be called. */
import { makeExecutableSchema } from '@graphql-tools/schema';
import { graphql } from 'graphql';
import { describe, expect, it } from 'vitest';
import { as } from '../../../../test/kit.ts';
import { authDirectives, guardSchema } from '../../src/index.ts';

/** The functions of ours between the executor and the policy that is asked, the innermost first. */
async function framesAbovePolicy(list: string, types: string): Promise<string[]> {
  const stacks: string[][] = [];
  const limit = Error.stackTraceLimit;
  Error.stackTraceLimit = 200;
  try {
    const schema = guardSchema(
      makeExecutableSchema({ typeDefs: [authDirectives, `type Query { docs: ${list} @public }`, types] }),
      {
        policies: {
          asked() {
            stacks.push((new Error('here').stack ?? '').split('\n').slice(2));
            return true;
          },
        },
      },
    );
    const rootValue = { docs: ['1', '2'].map((id) => ({ id, __typename: 'Doc' })) };
    const contextValue = as({ id: 'me' });
    const { data, errors } = await graphql({ schema, source: '{ docs { id } }', rootValue, contextValue });
    expect([errors, JSON.stringify(data)]).toEqual([undefined, '{"docs":[{"id":"1"},{"id":"2"}]}']);
  } finally {
    Error.stackTraceLimit = limit;
  }
  return stacks.flatMap((stack) => {
    const executor = stack.findIndex((line) => /[\\/]graphql[\\/]execution[\\/]/.test(line));
    expect(executor).toBeGreaterThan(0);
    return [stack.slice(0, executor).map((line) => line.trim())];
  })[1] as string[];
}

describe('between the executor and a policy stand few functions of ours, all of them with a name', () => {
  it.each([
    ['a field of a list item', '[Doc]', 'type Doc { id: ID @auth(policies: "asked") }'],
    ['a field of a list item', '[Doc!]!', 'type Doc { id: ID! @auth(policies: "asked") }'],
    ['the type of a list item', '[Doc]', 'type Doc @auth(policies: "asked") { id: ID }'],
    ['the type of a list item', '[Doc!]!', 'type Doc @auth(policies: "asked") { id: ID! }'],
    [
      'the type of a list item',
      '[Node!]',
      'interface Node { id: ID } type Doc implements Node @auth(policies: "asked") { id: ID }',
    ],
  ])(
    'between the executor and a policy stand few functions, all of them named: on %s, in %s',
    async (_, list, types) => {
      const frames = await framesAbovePolicy(list, types);
      // Read from below it says what happened: "resolve if allowed, evaluate, check policies, ask policy".
      console.log(frames.map((line) => line.replace(/^at | \(.*$/g, '')).join(' < '));
      expect(frames.length).toBeGreaterThan(1);
      expect(frames.length).toBeLessThanOrEqual(10);
      expect(
        frames.filter((line) => !/^at (?:\w+\.)?[a-z]\w+ .*[\\/]packages[\\/](?:authorization|core)[\\/]/i.test(line)),
      ).toEqual([]);
    },
  );
});

/** Lists that are handed over, and what else reads them while an answer in them is still waited for. */
import { buildSchema, type ExecutionResult, type GraphQLObjectType, graphql } from 'graphql';
import { describe, expect, it } from 'vitest';
import { settleUnlessGivenUp, wrapToHandOverLists } from '../../src/internal.ts';

const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

/** Answers a query over a list whose field `later` is denied late, while a plugin reads the first item of what was returned. */
async function answered(type: string, items: readonly unknown[], read: 'before' | 'after' | 'never') {
  const schema = buildSchema(`type Query { list: ${type} } type Item { id: Int later: Int! soft: Int }`);
  const { list } = (schema.getQueryType() as GraphQLObjectType).getFields();
  const { later, soft } = (schema.getType('Item') as GraphQLObjectType).getFields();
  let handed: Iterable<unknown> = [];
  const first = (): void => {
    const [one] = handed;
    void one;
  };
  const handing = wrapToHandOverLists(() => items);
  if (list) {
    list.resolve = (...args) => {
      handed = handing(...args) as Iterable<unknown>;
      if (read === 'before') first();
      return handed;
    };
  }
  const denied = async (): Promise<never> => {
    await turn();
    await turn();
    throw new Error('denied');
  };
  if (later) later.resolve = (_, __, ___, info) => settleUnlessGivenUp(denied(), info);
  if (soft) soft.resolve = (_, __, ___, info) => settleUnlessGivenUp(denied(), info);
  const lost: unknown[] = [];
  const keep = (reason: unknown): void => void lost.push(reason);
  process.on('unhandledRejection', keep);
  try {
    const selection = type.includes('Item') ? '{ id later soft }' : '';
    const answer = graphql({ schema, source: `{ list ${selection} }` });
    if (read === 'after') first();
    let waited = 0;
    const enough = async (): Promise<undefined> => {
      while (waited < 50) {
        waited += 1;
        await turn();
      }
      return undefined;
    };
    const result = await Promise.race<ExecutionResult | undefined>([answer, enough()]);
    await turn();
    await turn();
    return { data: result && JSON.parse(JSON.stringify(result.data)), lost };
  } finally {
    process.off('unhandledRejection', keep);
  }
}

const item = { id: 1 };

describe.each(['never', 'before', 'after'] as const)('a list of which a part is read %s it is completed', (read) => {
  it.each<[string, () => readonly unknown[], unknown]>([
    ['[Item!]', () => [item, item], null],
    ['[Item!]!', () => [item], undefined],
    ['[Item]', () => [item, item], [null, null]],
    ['[Item]', () => [item, turn().then(() => item)], [null, null]],
    ['[Item!]', () => [item, turn().then(() => item)], null],
    ['[Item!]', () => [item, null], null],
    ['[Item!]', () => [null, turn().then(() => item)], null],
    ['[Item!]', () => [item, new Error('broken'), turn().then(() => item)], null],
    ['[Int]', () => [1, turn().then(() => 2)], [1, 2]],
    ['[Int!]', () => [1, turn().then(() => Promise.reject(new Error('late')))], null],
    ['[Int!]', () => [1, null, turn().then(() => Promise.reject(new Error('late')))], null],
  ])('a list that is read by a plugin too is answered with its items: %s', async (type, items, list) => {
    expect(await answered(type, items(), read)).toEqual({ data: list === undefined ? null : { list }, lost: [] });
  });
});

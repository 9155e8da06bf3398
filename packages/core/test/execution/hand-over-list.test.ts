/** Lists that are handed over: what an executor and a plugin may do with them, and what becomes of promises below one that is given up. */
import { buildSchema, type GraphQLObjectType, graphql } from 'graphql';
import { describe, expect, it } from 'vitest';
import { failField, settleUnlessGivenUp, wrapToHandOverLists } from '../../src/internal.ts';

type Wrapped = (list: unknown) => unknown;

/** Runs `{ list { ... } }` or `{ lists { ... } }`, and counts the rejections that were left behind. */
async function run(source: string, list: unknown, before: Wrapped = (handed) => handed) {
  const schema = buildSchema(
    'type Query { list: [Item!] lists: [[Item!]!] soft: [[Item!]] } type Item { id: Int later: Int! }',
  );
  const query = schema.getQueryType() as GraphQLObjectType;
  for (const field of Object.values(query.getFields())) {
    const handing = wrapToHandOverLists(() => list);
    field.resolve = (...args) => before(handing(...args));
  }
  const later = (schema.getType('Item') as GraphQLObjectType).getFields()['later'];
  if (later) {
    later.resolve = (item: { fails?: boolean }, _, __, info) =>
      item.fails
        ? failField(new Error('denied'), info)
        : settleUnlessGivenUp(
            slowly().then(() => Promise.reject(new Error('late'))),
            info,
          );
  }
  const lost: unknown[] = [];
  const keep = (reason: unknown): void => void lost.push(reason);
  process.on('unhandledRejection', keep);
  try {
    const { data, errors = [] } = await graphql({ schema, source });
    await slowly();
    await slowly();
    return { data: JSON.parse(JSON.stringify(data)), errors: errors.map(({ path }) => path?.join('.')), lost };
  } finally {
    process.off('unhandledRejection', keep);
  }
}

const slowly = () => new Promise<void>((resolve) => setImmediate(resolve));
const item = { id: 1 };

describe('a list that is handed over', () => {
  it('a handed-over list is an array, and the list of the resolver is not changed', async () => {
    const own = [item, item];
    let handed: unknown;
    await run('{ list { id } }', own, (list) => {
      handed = list;
      return list;
    });
    expect(Array.isArray(handed)).toBe(true);
    expect(handed).not.toBe(own);
    expect(Object.keys(own)).toEqual(['0', '1']);
    expect([(handed as unknown[])[1], Object.keys(handed as object)]).toEqual([item, ['0', '1']]);
  });

  it('attack: a list that is given up at a null does not let a late or denied item end the process', async () => {
    for (const list of [[item, null], [{ fails: true }, null], new Set([item, null]), [item, new Error('broken')]]) {
      const answer = await run('{ list { later } }', list);
      expect([answer.data, answer.lost]).toEqual([{ list: null }, []]);
    }
  });

  it('a list that is not given up is answered with its late items', async () => {
    const answer = await run('{ list { later } }', [item, item]);
    expect(answer).toEqual({ data: { list: null }, errors: ['list.0.later'], lost: [] });
  });

  it('a list of which a plugin has read a part is completed as before', async () => {
    const answer = await run('{ list { later } }', [item, item], (list) => {
      const [first] = list as unknown[];
      expect(first).toBe(item);
      return list;
    });
    expect(answer).toEqual({ data: { list: null }, errors: ['list.0.later'], lost: [] });
  });

  it('an inner list is given up alone, and one that cannot be read is an error at its place', async () => {
    function* broken(): Generator {
      yield item;
      throw new Error('unreadable');
    }
    const answer = await run('{ soft { id later } }', [[item, null], [{ id: 2 }], broken(), []]);
    expect(answer.data).toEqual({ soft: [null, null, null, []] });
    expect(new Set(answer.errors)).toEqual(new Set(['soft.0.1', 'soft.1.0.later', 'soft.2']));
    expect(answer.lost).toEqual([]);
    const outer = await run('{ lists { later } }', [[item], slowly().then(() => [item]), null]);
    expect([outer.data, outer.lost]).toEqual([{ lists: null }, []]);
  });
});

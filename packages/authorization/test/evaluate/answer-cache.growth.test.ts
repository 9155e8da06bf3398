/** What it costs to tell questions apart, counted without a clock. */
import { makeExecutableSchema } from '@graphql-tools/schema';
import { graphql } from 'graphql';
import { expect, it } from 'vitest';
import { as } from '../../../../test/kit.ts';
import { authDirectives, guardSchema } from '../../src/index.ts';

const me = as({ id: 'me' });

/** How often a variable that all of `size` objects share is read, and how many questions are asked. */
async function work(rule: string, size: number): Promise<{ reads: number; asked: number; data: unknown }> {
  let reads = 0;
  let asked = 0;
  const ask = (): true => {
    asked += 1;
    return true;
  };
  const schema = guardSchema(
    makeExecutableSchema({
      typeDefs: [authDirectives, `scalar Any type Query { docs: [Doc] } type Doc { n(any: Any): Int ${rule} }`],
      resolvers: { Query: { docs: () => Array.from({ length: size }, () => ({ n: 1 })) } },
    }),
    { policies: { p: ask }, loaders: { l: () => ask() && 'me' } },
  );
  const any = {
    list: [
      {
        get id() {
          reads += 1;
          return 'x';
        },
      },
    ],
  };
  const source = 'query($any: Any){docs{a:n(any:$any) b:n(any:{of:$any}) c:n(any:$any)}}';
  const { data } = await graphql({ schema, source, contextValue: { ...me }, variableValues: { any } });
  return { reads, asked, data };
}

it.each(['@auth(policies: "p")', '@owner(loader: "l")'])(
  '%s reads a variable once, however many objects share it',
  async (rule) => {
    for (const size of [1, 50]) {
      const { reads, asked, data } = await work(rule, size);
      expect({ reads, asked }).toEqual({ reads: 1, asked: 2 * size });
      expect(data).toEqual({ docs: Array.from({ length: size }, () => ({ a: 1, b: 1, c: 1 })) });
    }
  },
);

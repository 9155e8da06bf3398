/** What a rule found out for one event of a subscription says nothing about the next event. */

import { subscribe as subscribeOfTools } from '@graphql-tools/executor';
import { makeExecutableSchema } from '@graphql-tools/schema';
import { type ExecutionResult, type GraphQLSchema, parse, subscribe } from 'graphql';
import { compileQuery } from 'graphql-jit';
import { describe, expect, it } from 'vitest';
import { as } from '../../../../test/kit.ts';
import { authDirectives, guardSchema } from '../../src/index.ts';

const typeDefs = `
  ${authDirectives}
  type Query { a: Int }
  type Subscription { doc: Doc @public docs: [Doc] @public }
  type Doc { id: ID text: String @auth(policies: "member") mine: String @owner(loader: "owner") }
`;
const document = parse('subscription { doc { text again: text mine } }');
const contextValue = as({ id: 'me' });

const executors = {
  'graphql-js': async (schema: GraphQLSchema) => subscribe({ schema, document, contextValue }),
  '@graphql-tools/executor': async (schema: GraphQLSchema) => subscribeOfTools({ schema, document, contextValue }),
  'graphql-jit': async (schema: GraphQLSchema) => {
    const compiled = compileQuery(schema, document);
    if (!('query' in compiled) || !compiled.subscribe) throw new Error('not compiled');
    return compiled.subscribe(undefined, contextValue, {});
  },
};

describe.each(Object.entries(executors))('a subscription under %s', (_, open) => {
  it('asks policies with a key and loaders once for each event, and denies from the event after a right was taken', async () => {
    // One object for all events, as an application may send it.
    const payload = { doc: { id: '1', text: 'words', mine: 'draft' } };
    let isMember = true;
    const asked = { policy: 0, loader: 0 };
    const schema = guardSchema(
      makeExecutableSchema({
        typeDefs,
        resolvers: {
          Subscription: {
            doc: {
              subscribe: async function* sendThree() {
                yield payload;
                yield payload;
                isMember = false;
                yield payload;
              },
            },
          },
        },
      }),
      {
        policies: {
          member: {
            key: () => 'member',
            check: () => {
              asked.policy += 1;
              return isMember;
            },
          },
        },
        loaders: {
          owner: () => {
            asked.loader += 1;
            return isMember ? 'me' : 'other';
          },
        },
      },
    );
    const stream = (await open(schema)) as AsyncIterable<ExecutionResult>;
    const seen: unknown[] = [];
    for await (const { data } of stream) seen.push({ data: JSON.parse(JSON.stringify(data)), ...asked });

    const allowed = { doc: { text: 'words', again: 'words', mine: 'draft' } };
    expect(seen).toEqual([
      { data: allowed, policy: 1, loader: 1 },
      { data: allowed, policy: 2, loader: 2 },
      { data: { doc: { text: null, again: null, mine: null } }, policy: 3, loader: 3 },
    ]);
  });
});

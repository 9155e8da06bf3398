/** Loaders that find the owners of many objects in one call. */
import type { SecuredContext } from '@graphql-bulwark/core';
import { makeExecutableSchema } from '@graphql-tools/schema';
import { describe, expect, it } from 'vitest';
import { as, codes, send } from '../../../../test/kit.ts';
import { authDirectives, guardSchema, type LoaderQuestion, type Loaders, loaded } from '../../src/index.ts';
import { type Api, serve } from '../ways.ts';

const me = as({ id: 'me' });
const owners = ['me', 'them', 'me', null, ['them', 'me']];

type Questions = readonly LoaderQuestion<unknown>[];

async function start(many: (context: unknown, questions: Questions) => unknown): Promise<Api> {
  const typeDefs = `
    ${authDirectives}
    type Query { docs: [Doc] a(id: ID): String @owner(loader: "l") b(ids: [ID]): Int @owner(loader: "l") }
    type Doc @owner(loader: "l") { id: Int }
  `;
  const Query = {
    docs: () => owners.map((_, id) => ({ id })),
    a: (...[, , , info]: [unknown, unknown, unknown, Parameters<typeof loaded>[0]]) => loaded(info, 'l'),
    b: () => 1,
  };
  const loaders = { l: { many } } as unknown as Loaders<SecuredContext>;
  return serve(makeExecutableSchema({ typeDefs, resolvers: { Query } }), { loaders, timeoutMilliseconds: 50 });
}

const ownerOf = ({ source, args }: LoaderQuestion<unknown>): unknown =>
  source ? owners[(source as { id: number }).id] : (args['owner'] ?? 'me');

describe('a loader for many', () => {
  it('a loader with many is called once for a whole list, with the context', async () => {
    const calls: [unknown, unknown[]][] = [];
    const { server } = await start(async (context, questions) => {
      calls.push([context, questions.map(({ source }) => source)]);
      return questions.map(ownerOf);
    });
    const answer = await send(server, '{ docs { id } again: docs { id } }', me);
    const seen = [{ id: 0 }, null, { id: 2 }, null, { id: 4 }];
    expect(answer.body.data).toEqual({ docs: seen, again: seen });
    expect(codes(answer).toSorted((a, b) => String(a).localeCompare(String(b)))).toEqual([
      'FORBIDDEN',
      'FORBIDDEN',
      'NOT_FOUND',
      'NOT_FOUND',
    ]);
    expect(calls).toEqual([
      [expect.objectContaining({ security: me.security }), [0, 1, 2, 3, 4, 0, 1, 2, 3, 4].map((id) => ({ id }))],
    ]);
  });

  it('a loader with many finds the row for the resolver, and one entry for each row of a question', async () => {
    const { server } = await start((_, questions) => questions.map(({ args }) => (args['ids'] ? ['me', 'me'] : 'me')));
    const answer = await send(server, '{ a(id: "1") b(ids: ["1", "2"]) c: b(ids: ["1"]) }', me);
    expect(answer.body.data).toEqual({ a: 'me', b: 1, c: null });
  });

  it.each<[what: string, many: (context: unknown, questions: Questions) => unknown]>([
    ['returns fewer answers than questions', () => ['me']],
    ['returns no list', () => 'me'],
    [
      'throws',
      () => {
        throw new Error('connection to 10.0.0.5 lost');
      },
    ],
    ['hangs', async () => new Promise(() => {})],
  ])('a loader with many denies all questions when it %s', async (_, many) => {
    const answer = await send((await start(many)).server, '{ docs { id } }', me);
    expect(answer.body.data).toEqual({ docs: owners.map(() => null) });
    expect(codes(answer)).toEqual(owners.map(() => 'FORBIDDEN'));
  });

  it.each<[loader: unknown, message: string]>([
    [{}, 'loaders.l'],
    [{ many: [] }, 'many must be a function'],
    [{ many: () => [], more: 1 }, 'more'],
    ['l', 'loaders.l must be a function or an object with one'],
  ])('an invalid loader keeps the server from starting: %j', (loader, message) => {
    const schema = makeExecutableSchema({ typeDefs: [authDirectives, 'type Query { q: Int }'] });
    expect(() => guardSchema(schema, { loaders: { l: loader } as never })).toThrow(message);
  });
});

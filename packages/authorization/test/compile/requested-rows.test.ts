/** What `@owner(loader:)` makes of a question about several rows: one entry for each of them, and every row must be owned. */
import { createEvents } from '@graphql-bulwark/core';
import { makeExecutableSchema } from '@graphql-tools/schema';
import { describe, expect, it } from 'vitest';
import { as, codes, send } from '../../../../test/kit.ts';
import { authDirectives, guardSchema } from '../../src/index.ts';
import { serve, silent } from '../ways.ts';

const me = as({ id: 'me' });

interface Field {
  /** What stands in the parentheses of the field, and its rule. */
  readonly sdl: string;
  readonly call: string;
  readonly found: unknown;
}

/** Runs a mutation whose loader finds this. @returns the codes of its errors, and what was logged. */
async function run({ sdl, call, found }: Field): Promise<{ codes: unknown[]; logged: string[] }> {
  const logged: string[] = [];
  const error = (...said: unknown[]): void => void logged.push(said.map(String).join(' '));
  const typeDefs = `
    ${authDirectives}
    scalar Any
    input In { ids: [ID] title: String tags: [String!] inner: In }
    input Row { id: ID tags: [String!] }
    input Loop { id: ID inner: Loop }
    type Query { q: Int }
    type Mutation { del${sdl} }
  `;
  const api = await serve(makeExecutableSchema({ typeDefs, resolvers: { Mutation: { del: () => 1 } } }), {
    loaders: { l: () => found },
    events: createEvents(
      () => {},
      () => ({ ...silent, error }),
    ),
  });
  return { codes: codes(await send(api.server, `mutation { del${call} }`, me)), logged };
}

const own = { ownerId: 'me' };
const other = { ownerId: 'them' };
const ids = '(ids: [ID]): Int @owner(loader: "l")';

describe('a loader that is asked for several rows', () => {
  it.each<[found: unknown, asked: string, code: string | undefined]>([
    [['me', 'me'], '["1", "2"]', undefined],
    [['me', 'them'], '["1", "2"]', 'FORBIDDEN'],
    [['them', 'me'], '["1", "2"]', 'FORBIDDEN'],
    [[['them', 'me'], 'me'], '["1", "2"]', undefined],
    [[['them', 'me'], ['them']], '["1", "2"]', 'FORBIDDEN'],
    [[['me'], []], '["1", "2"]', 'NOT_FOUND'],
    [['me', null], '["1", "2"]', 'NOT_FOUND'],
    [[own, undefined], '["1", "2"]', 'NOT_FOUND'],
    [[own, other], '["1", "2"]', 'FORBIDDEN'],
    [[own, { ownerId: ['them', 'me'] }], '["1", "2"]', undefined],
    [[own, 'me'], '["1", "2"]', undefined],
    [Promise.resolve([Promise.resolve('me'), 'them']), '["1", "2"]', 'FORBIDDEN'],
    [['me'], '["1"]', undefined],
    [['me'], '"1"', undefined],
    [['them', 'me'], '"1"', 'FORBIDDEN'],
    [null, '["1", "2"]', 'NOT_FOUND'],
    [[], '[]', 'NOT_FOUND'],
    [['me'], '[]', 'FORBIDDEN'],
    [['me'], 'null', 'FORBIDDEN'],
  ])('a loader that returns %j for %s lets pass only if each row is owned', async (found, asked, code) => {
    expect(await run({ sdl: ids, call: `(ids: ${asked})`, found })).toMatchObject({ codes: code ? [code] : [] });
  });

  it('a loader is asked for one row by a recursive input type without a list', async () => {
    const loop = { sdl: '(of: Loop): Int @owner(loader: "l")', call: '(of: { inner: { id: 1 } })' };
    expect((await run({ ...loop, found: own })).codes).toEqual([]);
    expect((await run({ ...loop, found: other })).codes).toEqual(['FORBIDDEN']);
  });

  it.each<[what: string, found: unknown]>([
    ['fewer entries than rows', ['me']],
    ['more entries than rows', ['me', 'me', 'me']],
    ['no list', 'me'],
    ['one object for all of them', own],
  ])('a loader for several rows denies, and logs why, when it returns %s', async (_, found) => {
    const answer = await run({ sdl: ids, call: '(ids: ["1", "2"])', found });
    expect(answer.codes).toEqual(['FORBIDDEN']);
    expect(answer.logged.join()).toMatch(/loader 'l' was asked for 2 rows and must return one entry for each/);
  });
});

describe('the rows that a loader is asked for', () => {
  it.each<[sdl: string, call: string, passing: unknown, denied: unknown]>([
    ['(ids: [ID], why: String): Int @owner(loader: "l", arg: "ids")', '(ids: ["1", "2"])', ['me', 'me'], ['me', 'x']],
    ['(in: In): Int @owner(loader: "l", arg: "in.ids")', '(in: { ids: ["1", "2"] })', ['me', 'me'], ['me', 'x']],
    ['(in: [Row]): Int @owner(loader: "l", arg: "in.id")', '(in: [{ id: "1" }, {}])', ['me', 'me'], ['me', 'x']],
    ['(in: [Row]): Int @owner(loader: "l")', '(in: [{ id: "1" }, { tags: ["a"] }])', ['me', 'me'], ['me', 'x']],
    ['(ids: [[ID]!]): Int @owner(loader: "l")', '(ids: [["1"], ["2", "3"]])', ['me', 'me', 'me'], ['me', 'me']],
    ['(ids: Any): Int @owner(loader: "l")', '(ids: ["1", "2"])', ['me', 'me'], ['me', 'x']],
    ['(ids: [ID] = ["1", "2"]): Int @owner(loader: "l")', '', ['me', 'me'], ['me', 'x']],
    // About one row a list of ids names its owners.
    ['(id: ID): Int @owner(loader: "l")', '(id: "1")', ['me', 'x'], ['x', 'y']],
    ['(id: Any): Int @owner(loader: "l")', '(id: "1")', ['me', 'x'], ['x', 'y']],
    ['(id: Any): Int @owner(loader: "l", arg: "id")', '(id: { id: "1" })', ['me', 'x'], ['x', 'y']],
    ['(id: ID, tags: [ID]): Int @owner(loader: "l", arg: "id")', '(id: "1", tags: ["a"])', ['me', 'x'], ['x', 'y']],
    ['(id: ID, in: In): Int @owner(loader: "l", arg: "id")', '(id: "1", in: { tags: ["a"] })', ['me', 'x'], ['x']],
    [': Int @owner(loader: "l")', '', ['me', 'x'], ['x', 'y']],
  ])('the requested rows are those of arg or of the only argument: %s, %s', async (sdl, call, passing, denied) => {
    expect(await run({ sdl, call, found: passing })).toEqual({ codes: [], logged: [] });
    expect(await run({ sdl, call, found: denied })).toMatchObject({ codes: ['FORBIDDEN'] });
  });

  it.each([
    ['(ids: [ID], why: String): Int @owner(loader: "l")', '(ids: ["1"])'],
    ['(id: ID, tags: [ID]): Int @owner(loader: "l")', '(id: "1")'],
    ['(in: In): Int @owner(loader: "l")', '(in: { ids: ["1"] })'],
    ['(id: ID, in: In): Int @owner(loader: "l")', '(id: "1")'],
    ['(ids: Any, why: String): Int @owner(loader: "l")', '(ids: ["1"])'],
    ['(any: Any, why: String): Int @owner(loader: "l")', '(any: { ids: ["1"] })'],
    ['(any: Any): Int @owner(loader: "l")', '(any: { ids: ["1"] })'],
  ])('a field with other arguments beside a list must name its rows by arg: %s', async (sdl, call) => {
    // What is one object is not a question of how many.
    expect(await run({ sdl, call, found: own })).toEqual({ codes: [], logged: [] });
    expect(await run({ sdl, call, found: { ownerId: ['them', 'me'] } })).toEqual({ codes: [], logged: [] });
    for (const found of [['me', 'them'], ['me'], [own]]) {
      const answer = await run({ sdl, call, found });
      expect(answer.codes).toEqual(['FORBIDDEN']);
      expect(answer.logged.join()).toMatch(/loader 'l' returned a list.*name the argument.*with arg/);
    }
  });

  it('a field below the root requests several rows only with arg: else its loader is asked about the object', async () => {
    const typeDefs = `
      ${authDirectives}
      type Query { user: User }
      type User { byArg(ids: [ID]): Int @owner(loader: "l", arg: "ids") unsaid(ids: [ID]): Int @owner(loader: "l") }
    `;
    const api = await serve(
      makeExecutableSchema({
        typeDefs,
        resolvers: { Query: { user: () => ({}) }, User: { byArg: () => 1, unsaid: () => 1 } },
      }),
      { loaders: { l: () => ['me', 'them'] } },
    );
    for (const field of ['byArg', 'unsaid']) {
      const answer = await send(api.server, `{ user { ${field}(ids: ["1", "2"]) } }`, me);
      expect(codes(answer)).toEqual(['FORBIDDEN']);
    }
  });

  it.each([
    ['(x: ID): Int @owner(loader: "l", arg: "y")', 'leads to no argument'],
    ['(x: ID): Int @owner(loader: "l", arg: "x", optional: true)', 'optional of @owner belongs to an argument'],
  ])('an arg that leads to no argument keeps the server from starting: %s', (sdl, message) => {
    const typeDefs = [authDirectives, `type Query { a${sdl} }`];
    expect(() => guardSchema(makeExecutableSchema({ typeDefs }), { loaders: { l: () => null } })).toThrow(message);
  });
});

/** A field that is denied many times costs a few errors and one event, whatever makes it so many. */
import { makeExecutableSchema } from '@graphql-tools/schema';
import { buildSchema, execute, type GraphQLError, graphql, parse } from 'graphql';
import { describe, expect, it } from 'vitest';
import { as, send } from '../../../../test/kit.ts';
import { authDirectives, type GuardSchemaOptions, guardSchema, notFound } from '../../src/index.ts';
import { type Api, denied, everyWay, everywhere, plain, serve, unhandledDuring } from '../ways.ts';

const me = as({ id: 'me' });
const slowly = async <T>(value: T): Promise<T> => {
  await new Promise((resolve) => setImmediate(resolve));
  return value;
};
const foreign = (size: number) => Array.from({ length: size }, (_, i) => ({ id: i, ownerId: 'them', secret: i }));

const typeDefs = `
  ${authDirectives}
  interface Node { id: ID }
  union Any = Doc | Plain
  enum Level { LOW HIGH @auth(roles: "ADMIN") }
  type Doc implements Node @owner { id: ID }
  type Plain implements Node { id: ID secret: Int @auth(roles: "ADMIN") must: Int! @auth(roles: "ADMIN") doc: Doc sure: Doc! docs: [Doc] }
  type Asked @auth(policies: "asked") { id: ID }
  type Many @auth(policies: "many") { id: ID }
  type Loaded @owner(loader: "row") { id: ID }
  type Hidden @owner(mode: FILTER) { id: ID }
  type Nulled @owner(mode: NULL) { id: ID }
  type Query {
    docs: [Doc] sure: [Doc!] must: [Doc!]! nodes: [Node] any: [Any] nested: [[Doc]] plains: [Plain] levels: [Level]
    asked: [Asked] many: [Many] loaded: [Loaded] hidden: [Hidden] nulled: [Nulled]
  }
`;
const options: GuardSchemaOptions = {
  policies: {
    asked: () => slowly(false),
    many: {
      key: ({ source }) => String((source as { id: unknown }).id),
      many: async (_, keys) => keys.map(() => false),
    },
  },
  loaders: { row: () => slowly({ ownerId: 'them' }) },
};
const isTypeOf = 'Doc';
const values = (list: unknown) => ({
  Query: Object.fromEntries(
    ['docs', 'sure', 'must', 'nodes', 'any', 'asked', 'many', 'loaded', 'hidden', 'nulled'].map((name) => [
      name,
      () => list,
    ]),
  ),
  Node: { __resolveType: () => isTypeOf },
  Any: { __resolveType: () => isTypeOf },
});

const start = (resolvers: object, more: GuardSchemaOptions = {}): Promise<Api> =>
  serve(makeExecutableSchema({ typeDefs, resolvers: resolvers as never }), { ...options, ...more });

const run = async ({ schema }: Pick<Api, 'schema'>, source: string) => {
  const result = await graphql({ schema, source, contextValue: { ...me } });
  return { data: plain(result.data), errors: result.errors ?? [] };
};
const codesOf = (errors: readonly GraphQLError[]) => errors.map(({ extensions }) => extensions['code']);
const twenty = [...Array<string>(20).fill('FORBIDDEN'), 'ERRORS_OMITTED'];

describe('a list of denied objects', () => {
  it.each([1_000, 100_000])(
    'a list of %d denied objects has 20 errors, one that says there are more, and one event',
    async (size) => {
      const api = await start(values(foreign(size)));
      const { data, errors } = await run(api, '{docs{id}}');
      expect(data).toEqual({ docs: Array(size).fill(null) });
      expect(codesOf(errors)).toEqual(twenty);
      expect(errors.map(({ path }) => path)).toEqual([...Array.from({ length: 20 }, (_, i) => ['docs', i]), ['docs']]);
      expect(new Set(errors.map(({ message }) => message))).toEqual(
        new Set(['Forbidden', 'Further errors are not shown']),
      );
      expect(api.events).toMatchObject([{ type: 'access.denied', coordinate: 'Doc', reason: 'owner', count: size }]);

      for (let time = 1; time <= 2; time += 1) {
        const answer = await send(api.server, '{docs{id}}', me);
        expect(answer.body.data).toEqual(data);
        expect(answer.body.errors).toHaveLength(20);
        expect(answer.body.errors.at(-1).extensions.code).toBe('ERRORS_OMITTED');
        expect(api.events.slice(time)).toMatchObject([{ type: 'access.denied', coordinate: 'Doc', count: size }]);
      }
    },
  );

  it.each(['docs', 'nodes', 'any', 'asked', 'many', 'loaded'])(
    'errors of denied objects are capped in %s, synchronous or not',
    async (field) => {
      const lists = {
        array: foreign(50),
        set: new Set(foreign(50)),
        promise: slowly(foreign(50)),
        promises: foreign(50).map(slowly),
      };
      for (const list of Object.values(lists)) {
        const api = await start(values(list));
        const unhandled = await unhandledDuring(async () => {
          const { data, errors } = await run(api, `{${field}{__typename}}`);
          expect(data).toEqual({ [field]: Array(50).fill(null) });
          expect(codesOf(errors).filter((code) => code === 'FORBIDDEN')).toHaveLength(20);
          expect(codesOf(errors).filter((code) => code === 'ERRORS_OMITTED')).toHaveLength(1);
          expect(errors.filter(({ path }) => path?.length === 2)).toHaveLength(20);
        });
        expect(unhandled).toEqual([]);
      }
    },
  );

  it('the cap of errors leaves out nothing that is allowed', async () => {
    const mixed = Array.from({ length: 90 }, (_, id) => ({ id, ownerId: id % 3 === 0 ? 'me' : 'them' }));
    const api = await start(values(mixed));
    const expected = mixed.map(({ id, ownerId }) => (ownerId === 'me' ? { id: String(id) } : null));
    for (const outcome of Object.values(await everyWay(api, '{docs{id}}', me))) {
      expect(outcome.data).toEqual({ docs: expected });
    }
  });

  it.each(['sure', 'must'])(
    'a list whose items cannot be null is null with one error at its first denied item: %s',
    async (field) => {
      for (const list of [
        foreign(1_000),
        slowly(foreign(1_000)),
        foreign(1_000).map(slowly),
        new Set(foreign(1_000)),
      ]) {
        const api = await start(values(list));
        const unhandled = await unhandledDuring(async () => {
          const { data, errors } = await run(api, `{${field}{id}}`);
          expect(data).toEqual(field === 'must' ? null : { [field]: null });
          expect(errors.map(({ path, extensions }) => [path, extensions['code']])).toEqual([[[field, 0], 'FORBIDDEN']]);
        });
        expect(unhandled).toEqual([]);
      }
    },
  );

  it('errors of nested lists are capped as those of one field', async () => {
    const nested = () => [foreign(10), foreign(10), [{ id: 'own', ownerId: 'me' }], foreign(10)];
    const { data, errors } = await run(await start({ Query: { nested } }), '{nested{id}}');
    expect(data).toEqual({
      nested: [Array(10).fill(null), Array(10).fill(null), [{ id: 'own' }], Array(10).fill(null)],
    });
    expect(codesOf(errors)).toEqual(twenty);
    expect(errors[15]?.path).toEqual(['nested', 1, 5]);
  });

  it('what FILTER and NULL hide is counted in the event, and has no error', async () => {
    const api = await start(values(foreign(30)));
    const { data, errors } = await run(api, '{hidden{id} nulled{id}}');
    expect([data, errors]).toEqual([{ hidden: [], nulled: Array(30).fill(null) }, []]);
    expect(api.events).toMatchObject([
      { coordinate: 'Hidden', count: 30 },
      { coordinate: 'Nulled', count: 30 },
    ]);
  });
});

describe('a denied field of many objects', () => {
  const plains = (size: number, doc: unknown = { ownerId: 'them' }) => ({
    Query: {
      plains: () => Array.from({ length: size }, (_, id) => ({ id, secret: 1, must: 1, doc, sure: doc, docs: [doc] })),
    },
  });

  it.each([
    ['secret', null],
    ['doc{id}', null],
    ['docs{id}', [null]],
  ])('a denied field of many objects is null, and its errors are capped: %s', async (field, expected) => {
    for (const doc of [{ ownerId: 'them' }, slowly({ ownerId: 'them' })]) {
      const api = await start(plains(1_000, doc));
      const { data, errors } = await run(api, `{plains{id ${field}}}`);
      const name = field.replace(/\{.*/, '');
      expect(data).toEqual({
        plains: Array.from({ length: 1_000 }, (_, id) => ({ id: String(id), [name]: expected })),
      });
      expect(codesOf(errors)).toEqual(twenty);
      expect(api.events).toHaveLength(1);
    }
  });

  it.each(['must', 'sure{id}'])(
    'a denied field that cannot be null nulls its object with an error, beyond the cap always the same one: %s',
    async (field) => {
      const api = await start(plains(1_000));
      const { data, errors } = await run(api, `{plains{${field}}}`);
      expect(data).toEqual({ plains: Array(1_000).fill(null) });
      expect(codesOf(errors.slice(0, 21))).toEqual(twenty);
      expect(new Set(errors).size).toBe(21);
      const http = await send(api.server, `{plains{${field}}}`, me);
      expect(http.body.data).toEqual(data);
      expect(http.body.errors).toHaveLength(20);
    },
  );

  it('each place in the document has its own cap of errors', async () => {
    const { errors } = await run(await start(plains(30)), '{a:plains{secret x:secret} b:plains{secret}}');
    expect(codesOf(errors).filter((code) => code === 'FORBIDDEN')).toHaveLength(60);
    expect(codesOf(errors).filter((code) => code === 'ERRORS_OMITTED')).toHaveLength(3);
  });

  it('denials of one coordinate are one event over HTTP, whenever they come', async () => {
    const later = (turns: number): Promise<unknown> =>
      turns === 0 ? Promise.resolve({ ownerId: 'them' }) : slowly(turns - 1).then(later);
    const api = await start({ Query: { plains: () => Array.from({ length: 10 }, (_, i) => ({ doc: later(i) })) } });
    await send(api.server, '{plains{doc{id}}}', me);
    expect(api.events).toMatchObject([{ type: 'access.denied', coordinate: 'Doc', count: 10 }]);
  });
});

it('errors of denied enum values of a list are capped', async () => {
  const { data, errors } = await run(await start({ Query: { levels: () => Array(40).fill('HIGH') } }), '{levels}');
  expect(data).toEqual({ levels: Array(40).fill(null) });
  expect(codesOf(errors)).toEqual(twenty);
});

it('attack: hidden objects have their error beyond the cap, as missing ones do', async () => {
  const answer = async (find: () => unknown) => {
    const hidden = `${authDirectives} type Query { rows: [Row] } type Row { one: Note sure: Note! } type Note @owner(mode: NOT_FOUND) { id: ID }`;
    const resolvers = { Query: { rows: () => foreign(50) }, Row: { one: find, sure: find } };
    const api = await serve(makeExecutableSchema({ typeDefs: hidden, resolvers }), { maxErrorsPerField: 3 });
    return [await everyWay(api, '{rows{one{id}}}', me), await everyWay(api, '{rows{sure{id}}}', me)];
  };
  const missing = await answer(() => {
    throw notFound();
  });
  expect(await answer(() => ({ ownerId: 'them' }))).toEqual(missing);
  expect(await answer(() => slowly({ ownerId: 'them' }))).toEqual(missing);
});

describe('maxErrorsPerField', () => {
  it.each([
    [1, 2],
    [3, 4],
    [false, 50],
  ] as const)('of %s shows so many errors of 50: %d', async (maxErrorsPerField, count) => {
    const { errors } = await run(await start(values(foreign(50)), { maxErrorsPerField }), '{docs{id}}');
    expect(errors).toHaveLength(count);
  });

  it('maxErrorsPerField shows every denial if there are no more', async () => {
    const api = await start(values(foreign(2)), { maxErrorsPerField: 2 });
    const errors = [denied('docs.0', 'FORBIDDEN'), denied('docs.1', 'FORBIDDEN')];
    expect(await everyWay(api, '{docs{id}}', me)).toEqual(everywhere({ data: { docs: [null, null] }, errors }));
  });

  it.each([0, -1, 1.5, Number.NaN, Infinity, '20', null, true])('maxErrorsPerField refuses %s', (value) => {
    const schema = buildSchema(`${authDirectives} type Query { a: Int }`);
    expect(() => guardSchema(schema, { maxErrorsPerField: value as never })).toThrow(/maxErrorsPerField must be/);
  });

  it('errors are capped for each execution by itself, also with one context', async () => {
    const { schema } = await start(values(foreign(30)));
    for (let time = 0; time < 2; time += 1) {
      const result = await execute({ schema, document: parse('{docs{id}}'), contextValue: me });
      expect(result.errors).toHaveLength(21);
    }
  });
});

import { ApolloServer } from '@apollo/server';
import { createEvents, guard, type SecuredContext, type SecurityEvent } from '@graphql-bulwark/core';
import { makeExecutableSchema } from '@graphql-tools/schema';
import { execute, parse } from 'graphql';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { as, codes, send } from '../../../../test/kit.ts';
import { capLists, type ListCapOptions } from '../../src/index.ts';

const typeDefs = `
  type Item { n: Int children: [Item!] }
  type Query {
    plain(n: Int!): [Item] later(n: Int!): [Item] lazy(n: Int!): [Int] strict(n: Int!): [Item!]! grid(rows: Int!, columns: Int!): [[Int]]
    gridLater(rows: Int!, columns: Int!): [[Int]] failing(n: Int!): [Item] gridFailing: [[Int]] export(n: Int!): [Item] none: [Item] noList: [Item] root: Item
  }`;
const items = (n: number) =>
  Array.from({ length: n }, (_, i) => ({ n: i, children: Array.from({ length: i }, () => ({ n: 0 })) }));
const drawn = vi.fn();
function* endless(): Iterable<number> {
  for (let i = 0; ; i += 1) {
    drawn(i);
    yield i;
  }
}
function* counted(n: number): Iterable<number> {
  for (let i = 0; i < n; i += 1) yield i;
}
interface Size {
  n: number;
}
interface Grid {
  rows: number;
  columns: number;
}
const grid = ({ rows, columns }: Grid) => Array.from({ length: rows }, () => Array.from({ length: columns }, () => 1));
const resolvers = {
  Query: {
    plain: (_: unknown, { n }: Size) => items(n),
    later: async (_: unknown, { n }: Size) => items(n),
    lazy: (_: unknown, { n }: Size) => (n < 0 ? endless() : counted(n)),
    strict: (_: unknown, { n }: Size) => items(n),
    grid: (_: unknown, size: Grid) => grid(size),
    gridLater: (_: unknown, size: Grid) => grid(size).map((row) => Promise.resolve(row)),
    failing: (_: unknown, { n }: Size) => Array.from({ length: n }, () => Promise.reject(new Error('row'))),
    gridFailing: () => {
      const row = () => [Promise.reject(new Error('cell'))];
      return [row(), Promise.resolve(row()), row(), row()];
    },
    export: (_: unknown, { n }: Size) => items(n),
    none: () => null,
    noList: () => 'text',
    root: () => ({ n: 1, children: items(4) }),
  },
};

const servers: ApolloServer<SecuredContext>[] = [];
const silent = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.stop()));
});

async function serve(options: ListCapOptions = { maxItems: 3, fields: { 'Query.export': false } }) {
  const told: SecurityEvent[] = [];
  const onEvent = (event: SecurityEvent) => told.push(event);
  const events = createEvents(onEvent, () => silent);
  const server = new ApolloServer<SecuredContext>({
    schema: capLists(makeExecutableSchema({ typeDefs, resolvers }), { events, ...options }),
    stopOnTerminationSignals: false,
    logger: silent,
    plugins: [guard<SecuredContext>({ controls: [], onEvent })],
  });
  servers.push(server);
  await server.start();
  const ask = (text: string) => send(server, text, as(null));
  return { ask, told };
}

const data = (answer: Awaited<ReturnType<typeof send>>) => (answer.body as { data: unknown }).data;

describe('a list of what a resolver returns', () => {
  it.each(['plain', 'later', 'strict'])('%s: passes at the limit, is refused above it, each time', async (field) => {
    const { ask } = await serve();
    const allowed = await ask(`{ ${field}(n: 3) { n } }`);
    expect([codes(allowed), data(allowed)]).toEqual([[], { [field]: [{ n: 0 }, { n: 1 }, { n: 2 }] }]);
    for (let i = 0; i < 2; i += 1) {
      const refused = await ask(`{ ${field}(n: 4) { n } }`);
      expect(codes(refused)).toEqual(['LIST_LIMIT_EXCEEDED']);
      expect(data(refused)).toEqual(field === 'strict' ? null : { [field]: null });
    }
  });

  it('of an iterable is drawn no further than needed', async () => {
    const { ask } = await serve();
    expect(data(await ask('{ lazy(n: 3) }'))).toEqual({ lazy: [0, 1, 2] });
    expect(codes(await ask('{ lazy(n: -1) }'))).toEqual(['LIST_LIMIT_EXCEEDED']);
    expect(drawn).toHaveBeenCalledTimes(4);
  });

  it.each(['grid', 'gridLater'])('%s: inner lists are counted one by one', async (field) => {
    const { ask } = await serve();
    expect(data(await ask(`{ ${field}(rows: 2, columns: 3) }`))).toEqual({
      [field]: [
        [1, 1, 1],
        [1, 1, 1],
      ],
    });
    expect(codes(await ask(`{ ${field}(rows: 4, columns: 1) }`))).toEqual(['LIST_LIMIT_EXCEEDED']);
    const refused = await ask(`{ ${field}(rows: 2, columns: 4) }`);
    expect([codes(refused), data(refused)]).toEqual([
      ['LIST_LIMIT_EXCEEDED', 'LIST_LIMIT_EXCEEDED'],
      { [field]: [null, null] },
    ]);
  });

  it('that is refused leaves the rest of the answer, and no rejection behind', async () => {
    const { ask } = await serve();
    const answer = await ask('{ a: plain(n: 1) { n } failing(n: 4) { n } gridFailing }');
    expect([answer.status, codes(answer), data(answer)]).toEqual([
      200,
      ['LIST_LIMIT_EXCEEDED', 'LIST_LIMIT_EXCEEDED'],
      { a: [{ n: 0 }], failing: null, gridFailing: null },
    ]);
  });

  it('without a resolver of its own is counted too, by aliases and fragments alike', async () => {
    const { ask } = await serve();
    const answer = await ask('{ root { x: children { n } ...F } } fragment F on Item { children { n } }');
    expect([codes(answer), data(answer)]).toEqual([
      ['LIST_LIMIT_EXCEEDED', 'LIST_LIMIT_EXCEEDED'],
      { root: { x: null, children: null } },
    ]);
  });

  it('may have its own limit, or none', async () => {
    const { ask } = await serve({ maxItems: false, fields: { 'Query.plain': 1, 'Query.later': 2 } });
    expect(codes(await ask('{ plain(n: 2) { n } }'))).toEqual(['LIST_LIMIT_EXCEEDED']);
    expect(codes(await ask('{ later(n: 2) { n } strict(n: 50) { n } }'))).toEqual([]);
    const { ask: askOther } = await serve();
    expect(codes(await askOther('{ export(n: 3) { n } }'))).toEqual([]);
    expect(codes(await askOther('{ export(n: 4) { n } }'))).toEqual([]);
  });

  it('leaves null, and what is no list, to graphql-js', async () => {
    const { ask } = await serve();
    expect(data(await ask('{ none { n } }'))).toEqual({ none: null });
    expect(codes(await ask('{ noList { n } }'))).toEqual(['INTERNAL_SERVER_ERROR']);
  });

  it('is told of once per field and operation', async () => {
    const { ask, told } = await serve();
    const text = 'query Q { a: plain(n: 4) { n } b: plain(n: 5) { n } later(n: 4) { n } }';
    await ask(text);
    const about = (type: string) => told.filter((event) => event.type === type);
    expect(about('limit.exceeded')).toMatchObject([
      {
        control: 'lists',
        code: 'LIST_LIMIT_EXCEEDED',
        limit: 'maxItems',
        actual: 4,
        maximum: 3,
        coordinate: 'Query.plain',
      },
      { coordinate: 'Query.later', operationName: 'Q', operationType: 'query' },
    ]);
    await ask(text);
    expect(about('limit.exceeded')).toHaveLength(4);
  });

  it('is told of once per field and execution where one context serves several, and where there is none', async () => {
    const events: SecurityEvent[] = [];
    const schema = capLists(makeExecutableSchema({ typeDefs, resolvers }), {
      maxItems: 3,
      events: createEvents(
        (event) => void events.push(event),
        () => silent,
      ),
    });
    const document = parse('{ a: plain(n: 4) { n } b: plain(n: 4) { n } }');
    const shared = {};
    for (const contextValue of [shared, shared, undefined]) {
      await execute({ schema, document, contextValue });
      expect(events.splice(0)).toHaveLength(1);
    }
  });

  it('is refused under a plain execute() as well', async () => {
    const schema = capLists(makeExecutableSchema({ typeDefs, resolvers }), { maxItems: 3 });
    const { errors } = await execute({ schema, document: parse('{ plain(n: 4) { n } }') });
    expect(errors?.map(({ extensions }) => extensions['code'])).toEqual(['LIST_LIMIT_EXCEEDED']);
  });

  it('keeps the fieldResolver of the server', async () => {
    const schema = makeExecutableSchema({ typeDefs: 'type Query { some: [Int] }' });
    const fieldResolver = () => [1, 2, 3, 4];
    const document = parse('{ some }');
    const open = capLists(schema, { maxItems: 4, fieldResolver });
    expect((await execute({ schema: open, document, fieldResolver })).data).toEqual({ some: [1, 2, 3, 4] });
    const closed = await execute({ schema: capLists(schema, { maxItems: 3, fieldResolver }), document, fieldResolver });
    expect(closed.data).toEqual({ some: null });
  });
});

it.each<[string, object, string]>([
  ['no number', { maxItems: '3' }, 'maxItems'],
  ['zero', { maxItems: 0 }, 'maxItems'],
  ['nothing', {}, 'maxItems'],
  ['a misspelt option', { maxItem: 3 }, "did you mean 'maxItems'"],
  ['a field that is not there', { maxItems: 3, fields: { 'Query.plains': 3 } }, "'Query.plains'"],
  ['a field that is no list', { maxItems: 3, fields: { 'Query.root': 3 } }, "'Query.root'"],
  ['a bad number of a field', { maxItems: 3, fields: { 'Query.plain': -1 } }, 'Query.plain'],
])('refuses %s at start', (_, options, words) => {
  expect(() => capLists(makeExecutableSchema({ typeDefs }), options as ListCapOptions)).toThrow(TypeError);
  expect(() => capLists(makeExecutableSchema({ typeDefs }), options as ListCapOptions)).toThrow(words);
});

it('a list that breaks while it is read fails by itself, and leaves no promise to nobody', async () => {
  const rejects = () => Promise.reject(new Error('row'));
  function* breaking(): Iterable<unknown> {
    yield rejects();
    throw new Error('broken');
  }
  const schema = makeExecutableSchema({
    typeDefs: 'type Query { flat: [Int] rows: [[Int]] }',
    resolvers: { Query: { flat: () => breaking(), rows: () => [rejects(), breaking(), [1]] } },
  });
  const capped = capLists(schema, { maxItems: 3 });
  const { data: found, errors } = await execute({ schema: capped, document: parse('{ flat rows }') });
  expect({ ...found }).toEqual({ flat: null, rows: [null, null, [1]] });
  expect(errors?.map(({ message }) => message).toSorted()).toEqual(['broken', 'broken', 'row']);
});

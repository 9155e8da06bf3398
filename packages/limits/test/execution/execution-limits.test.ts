import { setTimeout as sleep } from 'node:timers/promises';
import { ApolloServer } from '@apollo/server';
import { createEvents, guard, type SecuredContext, type SecurityEvent } from '@graphql-bulwark/core';
import { makeExecutableSchema } from '@graphql-tools/schema';
import { buildSchema, execute, type GraphQLResolveInfo, parse, subscribe } from 'graphql';
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { as, codes, send, sendBody } from '../../../../test/kit.ts';
import { costDirectives, type ExecutionOptions, executionLimits, executionSignal, explain } from '../../src/index.ts';

const typeDefs = `
  scalar JSON
  type Item { n: Int text: String never: Int items(n: Int!): [Item] strict(n: Int!): [Item!]! }
  type Connection { edges: [Item!]! }
  type Query {
    items(n: Int!): [Item] later(n: Int!): [Item] strict(n: Int!): [Item!]! lazy(n: Int!): [Int]
    grid(rows: Int!, columns: Int!): [[Int!]!] gridLater(rows: Int!, columns: Int!): [[Int!]!]
    one: Item json: JSON none: [Item] noList: [Item] busy(items: Int!, milliseconds: Int!): [Item]
    sliced(first: Int, actual: Int!): [Item] @listSize(slicingArguments: ["first"])
    assumed(actual: Int!): [Item] @listSize(assumedSize: 2)
    page(first: Int!, actual: Int!): Connection @listSize(slicingArguments: ["first"], sizedFields: ["edges"])
    never: Int neverList: [Item] neverItems: [Item!]! given: [Item!] aborted: Boolean
  }
  type Mutation { add(n: Int!): [Item] slow: Int after: Int }
  type Subscription { events: [Item] }
`;
interface Size {
  readonly n: number;
}
interface Grid {
  readonly rows: number;
  readonly columns: number;
}
interface Actual {
  readonly actual: number;
}
const never = () => new Promise<never>(() => {});
const item = (n: number): object => ({
  n,
  text: 'x'.repeat(1_000),
  never,
  items: (size: Size) => items(size.n),
  strict: (size: Size) => items(size.n),
});
const items = (n: number): object[] => Array.from({ length: n }, (_, i) => item(i));
let drawn = 0;
function* endless(): Iterable<number> {
  for (;;) yield (drawn += 1);
}
const grid = ({ rows, columns }: Grid) => Array.from({ length: rows }, () => Array.from({ length: columns }, () => 1));
const aborted: unknown[] = [];
const ran: string[] = [];
const resolvers = {
  Query: {
    items: (_: unknown, { n }: Size) => items(n),
    later: async (_: unknown, { n }: Size) => items(n),
    strict: (_: unknown, { n }: Size) => items(n),
    lazy: (_: unknown, { n }: Size) => (n < 0 ? endless() : new Set(Array.from({ length: n }, (__, i) => i))),
    grid: (_: unknown, size: Grid) => grid(size),
    gridLater: (_: unknown, size: Grid) => grid(size).map(async (row) => row),
    one: () => item(1),
    json: () => ({ toJSON: () => ({ big: 'x'.repeat(5_000) }) }),
    none: () => null,
    noList: () => 'text',
    busy: (_: unknown, size: { readonly items: number; readonly milliseconds: number }) =>
      Array.from({ length: size.items }, () => ({
        items: () => {
          for (const end = performance.now() + size.milliseconds; performance.now() < end; );
          return [{ n: 1 }];
        },
      })),
    sliced: (_: unknown, { actual }: Actual) => items(actual),
    assumed: (_: unknown, { actual }: Actual) => items(actual),
    page: (_: unknown, { actual }: Actual) => ({ edges: items(actual) }),
    never,
    neverList: never,
    neverItems: () => [item(0), never()],
    // The executor gives the list up at once, while its first item is still waited for.
    given: () => [{ n: 1, never }, null],
    aborted(_: unknown, __: unknown, context: unknown, info: GraphQLResolveInfo) {
      const signal = executionSignal(context, info);
      signal.addEventListener('abort', () => aborted.push(signal.reason));
      return never();
    },
  },
  Mutation: {
    add: (_: unknown, { n }: Size) => items(n),
    async slow() {
      await sleep(1_200);
      return ran.push('slow');
    },
    after: () => ran.push('after'),
  },
  Subscription: {
    events: {
      async *subscribe() {
        yield 1;
        yield 3;
        yield 1;
      },
      resolve: (n: number) => items(n),
    },
  },
};
const silent = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
const schema = makeExecutableSchema({ typeDefs: [costDirectives, typeDefs], resolvers });

async function serve(options: ExecutionOptions = {}) {
  const told: SecurityEvent[] = [];
  const onEvent = (event: SecurityEvent) => told.push(event);
  const bounds = executionLimits<SecuredContext>({ events: createEvents(onEvent, () => silent), ...options });
  const server = new ApolloServer<SecuredContext>({
    schema: bounds.secure(schema),
    stopOnTerminationSignals: false,
    allowBatchedHttpRequests: true,
    logger: silent,
    plugins: [guard<SecuredContext>({ controls: [bounds], onEvent })],
  });
  onTestFinished(() => server.stop());
  await server.start();
  const ask = (text: string) => send(server, text, as(null));
  return { ask, server, about: (type: string) => told.filter((event) => event.type === type) };
}

/** The whole answer to an operation that was stopped. */
const refusal = (code: string, message: string) => ({ errors: [{ message, extensions: { code } }] });
// What a client gets in production: elsewhere the numbers stand beside the code.
beforeEach(() => void vi.stubEnv('NODE_ENV', 'production'));
afterEach(() => void vi.unstubAllEnvs());

const tooLarge = refusal('RESULT_LIMIT_EXCEEDED', 'The answer is too large');
const tooLong = refusal('EXECUTION_TIMEOUT', 'The operation took too long');

describe('the items of an operation', () => {
  it.each([
    ['one list', '{ items(n: 10) { n } }', '{ items(n: 11) { n } }'],
    ['a list from a promise', '{ later(n: 10) { n } }', '{ later(n: 11) { n } }'],
    ['a list that cannot be null', '{ strict(n: 10) { n } }', '{ strict(n: 11) { n } }'],
    ['an iterable', '{ lazy(n: 10) }', '{ lazy(n: 11) }'],
    [
      'one list twice',
      '{ a: items(n: 5) { n } b: items(n: 5) { n } }',
      '{ a: items(n: 5) { n } b: items(n: 6) { n } }',
    ],
    ['lists in lists', '{ items(n: 2) { items(n: 4) { n } } }', '{ items(n: 3) { items(n: 3) { n } } }'],
    ['lists in strict lists', '{ strict(n: 2) { strict(n: 4) { n } } }', '{ strict(n: 3) { strict(n: 3) { n } } }'],
    ['a grid', '{ grid(rows: 2, columns: 4) }', '{ grid(rows: 3, columns: 3) }'],
    ['a grid of promises', '{ gridLater(rows: 2, columns: 4) }', '{ gridLater(rows: 3, columns: 3) }'],
    ['a mutation', 'mutation { add(n: 10) { n } }', 'mutation { add(n: 11) { n } }'],
  ])('of %s are answered up to the bound, and are one error without data above it', async (_, allowed, refused) => {
    const { ask } = await serve({ maxResultItems: 10 });
    const within = await ask(allowed);
    expect([within.status, codes(within)]).toEqual([200, []]);
    const above = await ask(refused);
    expect([above.status, above.body]).toEqual([400, tooLarge]);
  });

  it('of an endless iterable are drawn no further than the bound', async () => {
    const { ask } = await serve({ maxResultItems: 10 });
    drawn = 0;
    expect((await ask('{ lazy(n: -1) }')).body).toEqual(tooLarge);
    expect(drawn).toBe(11);
  });

  it('that are too many stop further lists from being handed over', async () => {
    const { ask } = await serve({ maxResultItems: 1_000 });
    const answer = await ask('{ strict(n: 500) { strict(n: 600) { strict(n: 500) { strict(n: 500) { n } } } } }');
    expect(answer.body).toEqual(tooLarge);
  });

  it('refuse one operation of a batch by its code alone, and the other is answered', async () => {
    const { server } = await serve({ maxResultItems: 3 });
    const batch = [{ query: '{ items(n: 4) { n } }' }, { query: '{ items(n: 2) { n } }' }];
    const { status, body } = await sendBody(server, batch, as(null));
    expect([status, body]).toEqual([200, [tooLarge, { data: { items: [{ n: 0 }, { n: 1 }] } }]]);
  });

  it('are told of once, with coordinate and numbers', async () => {
    const { ask, about } = await serve({ maxResultItems: 3 });
    await ask('query Q { a: items(n: 2) { n } b: items(n: 2) { n } c: items(n: 2) { n } }');
    const numbers = { limit: 'maxResultItems', actual: 4, maximum: 3, coordinate: 'Query.items' };
    const of = { control: 'execution', code: 'RESULT_LIMIT_EXCEEDED', outcome: 'refused', operationName: 'Q' };
    expect(about('limit.exceeded')).toMatchObject([{ ...numbers, ...of }]);
  });

  it('are only told of in report mode, and so are answers that are too long', async () => {
    const { ask, about } = await serve({ maxResultItems: 3, maxResponseCharacters: 100, mode: 'report' });
    expect(codes(await ask('{ items(n: 6) { text } lazy(n: 5) }'))).toEqual([]);
    expect(about('limit.exceeded')).toMatchObject([{ limit: 'maxResultItems', outcome: 'reported' }]);
    expect(codes(await ask('{ one { text } }'))).toEqual([]);
    expect(about('limit.exceeded')[1]).toMatchObject({ limit: 'maxResponseCharacters', outcome: 'reported' });
  });

  it('are not bounded where the option says so; null, and what is no list, are left to graphql-js', async () => {
    const { ask } = await serve({ maxResultItems: false });
    expect(codes(await ask('{ items(n: 1000) { items(n: 150) { n } } }'))).toEqual([]);
    expect((await ask('{ none { n } }')).body).toEqual({ data: { none: null } });
    expect(codes(await ask('{ noList { n } }'))).toEqual(['INTERNAL_SERVER_ERROR']);
  });

  it('are bounded under a plain execute(), where the error stands at the list and is told of', async () => {
    const told: SecurityEvent[] = [];
    const events = createEvents(
      (event) => void told.push(event),
      () => silent,
    );
    const bound = executionLimits({ maxResultItems: 3, events }).secure(schema);
    const document = parse('{ a: items(n: 3) { n } b: items(n: 1) { n } }');
    const shared = {};
    for (const contextValue of [shared, shared, undefined]) {
      const { errors = [] } = await execute({ schema: bound, document, contextValue });
      const found = errors.map(({ path, extensions }) => [path, extensions['code']]);
      expect(found).toEqual([[['b'], 'RESULT_LIMIT_EXCEEDED']]);
      expect(told.splice(0)).toMatchObject([{ type: 'limit.exceeded', outcome: 'refused' }]);
    }
  });

  it('of each event of a subscription are counted by themselves', async () => {
    const bounds = executionLimits({ maxResultItems: 2 });
    const document = parse('subscription { events { n } }');
    const stream = await subscribe({ schema: bounds.secure(schema), document, contextValue: as(null) });
    const results: unknown[] = [];
    for await (const event of stream as AsyncIterable<object>) {
      const { data, errors } = bounds.bound(event, as(null));
      results.push(errors ? [data, errors[0]?.extensions['code']] : 'answered');
    }
    expect(results).toEqual(['answered', [undefined, 'RESULT_LIMIT_EXCEEDED'], 'answered']);
  });
});

describe('a list that is longer than was promised', () => {
  it('is told of once per coordinate and operation, and answered', async () => {
    const { ask, about } = await serve();
    const text = `{
      a: sliced(first: 2, actual: 3) { n } b: sliced(first: 2, actual: 4) { n } c: sliced(first: 9, actual: 9) { n }
      d: sliced(actual: 9) { n } assumed(actual: 3) { n }
      page(first: 1, actual: 2) { e: edges { n } } other: page(first: 2, actual: 2) { edges { n } }
    }`;
    for (let i = 0; i < 2; i += 1) {
      expect(codes(await ask(text))).toEqual([]);
      expect(about('limit.exceeded').slice(3 * i)).toMatchObject([
        { limit: 'slicingArguments', actual: 3, maximum: 2, coordinate: 'Query.sliced', outcome: 'noted' },
        { limit: 'assumedSize', actual: 3, maximum: 2, coordinate: 'Query.assumed' },
        { limit: 'slicingArguments', actual: 2, maximum: 1, coordinate: 'Connection.edges' },
      ]);
    }
  });

  it('by more than ten times is refused where an option says so, and only told of otherwise', async () => {
    const { ask, about } = await serve({ enforceAssumedSizes: true });
    expect(codes(await ask('{ assumed(actual: 20) { n } }'))).toEqual([]);
    expect((await ask('{ assumed(actual: 21) { n } }')).body).toEqual(tooLarge);
    const told = { limit: 'assumedSize', actual: 21, maximum: 20, outcome: 'refused' };
    expect(about('limit.exceeded')[1]).toMatchObject(told);
    const { ask: askOther } = await serve();
    expect(codes(await askOther('{ assumed(actual: 21) { n } }'))).toEqual([]);
  });
});

describe('the size of an answer', () => {
  it.each([
    ['one text under aliases', '{ one { a: text b: text } }', '{ one { a: text b: text c: text } }'],
    ['texts in lists', '{ items(n: 2) { text } }', '{ items(n: 3) { text } }'],
    [
      'texts behind fragments',
      '{ ...F } fragment F on Query { items(n: 2) { ... on Item { text } ...G } } fragment G on Item { n }',
      '{ ...F } fragment F on Query { items(n: 2) { ... on Item { text } ...G } } fragment G on Item { b: text }',
    ],
  ])('of %s is answered up to the bound, and is one error above it', async (_, allowed, refused) => {
    const { ask } = await serve({ maxResponseCharacters: 2_100 });
    expect(codes(await ask(allowed))).toEqual([]);
    const above = await ask(refused);
    expect([above.status, above.body]).toEqual([400, tooLarge]);
  });

  it('counts what a scalar returns as it will be written', async () => {
    const { ask, about } = await serve({ maxResponseCharacters: 4_000 });
    expect((await ask('{ json }')).body).toEqual(tooLarge);
    expect(about('limit.exceeded')).toMatchObject([{ limit: 'maxResponseCharacters', maximum: 4_000 }]);
  });
});

describe('the time of an operation', () => {
  it.each([
    ['a field that is never resolved', '{ never items(n: 1) { n } }'],
    ['a property that is never resolved', '{ one { never } items(n: 1) { n } }'],
    ['a list that is never resolved', '{ neverList { n } }'],
    ['an item that is never resolved', '{ neverItems { n } }'],
    ['fields of items that are never resolved', '{ strict(n: 50) { never } later(n: 50) { never } }'],
  ])('with %s ends at the bound', async (_, text) => {
    const { ask, about } = await serve({ maxExecutionSeconds: 1 });
    const { status, body } = await ask(text);
    expect([status, body]).toEqual([503, tooLong]);
    const told = { code: 'EXECUTION_TIMEOUT', limit: 'maxExecutionSeconds', maximum: 1 };
    expect(about('limit.exceeded')).toMatchObject([told]);
  });

  it('that a busy process takes ends at the bound, where no timer can fire', async () => {
    const { ask } = await serve({ maxExecutionSeconds: 1 });
    const { status, body } = await ask('{ busy(items: 400, milliseconds: 5) { items(n: 1) { n } } }');
    expect([status, body]).toEqual([503, tooLong]);
    expect(codes(await ask('{ busy(items: 4, milliseconds: 5) { items(n: 1) { n } } }'))).toEqual([]);
  });

  it('of one operation of a batch leaves status and answer of the other', async () => {
    const { server } = await serve({ maxExecutionSeconds: 1 });
    const { status, body } = await sendBody(server, [{ query: '{ never }' }, { query: '{ one { n } }' }], as(null));
    expect([status, body]).toEqual([200, [tooLong, { data: { one: { n: 1 } } }]]);
  });

  it('is over for an item of a list that the executor has given up: nothing would handle its rejection', async () => {
    const lost: unknown[] = [];
    const keep = (reason: unknown): void => void lost.push(reason);
    process.on('unhandledRejection', keep);
    onTestFinished(() => void process.off('unhandledRejection', keep));
    const { ask } = await serve({ maxExecutionSeconds: 1 });
    expect((await ask('{ given { never } never }')).body).toEqual(tooLong);
    await new Promise((resolve) => setImmediate(resolve));
    expect(lost).toEqual([]);
  });

  it('of a mutation is not bounded unless an option says so, so that what has begun is finished', async () => {
    const { ask } = await serve({ maxExecutionSeconds: 1 });
    expect((await ask('mutation { slow after }')).body).toEqual({ data: { slow: 1, after: 2 } });
    const { ask: askBound } = await serve({ maxMutationSeconds: 1 });
    expect((await askBound('mutation { slow }')).body).toEqual(tooLong);
  });

  it('ends under a plain execute() too, and aborts the signal of the operation', async () => {
    const bound = executionLimits({ maxExecutionSeconds: 1 }).secure(schema);
    const { errors } = await execute({ schema: bound, document: parse('{ aborted }'), contextValue: as(null) });
    expect(errors?.map(({ extensions }) => extensions['code'])).toEqual(['EXECUTION_TIMEOUT']);
    expect(aborted).toMatchObject([{ extensions: { code: 'EXECUTION_TIMEOUT' } }]);
  });

  it('is only told of in report mode', async () => {
    const { ask, about } = await serve({ maxExecutionSeconds: 1, mode: 'report' });
    expect(codes(await ask('{ busy(items: 300, milliseconds: 5) { items(n: 1) { n } } }'))).toEqual([]);
    expect(about('limit.exceeded')).toMatchObject([{ code: 'EXECUTION_TIMEOUT', outcome: 'reported' }]);
  });
});

it.each<[string, object, string]>([
  ['no number', { maxResultItems: '3' }, 'maxResultItems'],
  ['zero', { maxResponseCharacters: 0 }, 'maxResponseCharacters'],
  ['more seconds than a timer can wait', { maxExecutionSeconds: 3_000_000 }, 'maxExecutionSeconds'],
  ['a misspelt option', { maxResultItem: 3 }, "did you mean 'maxResultItems'"],
])('refuses %s at start', (_, options, words) => {
  expect(() => executionLimits(options as ExecutionOptions)).toThrow(TypeError);
  expect(() => executionLimits(options as ExecutionOptions)).toThrow(words);
});

it('keeps the fieldResolver of the server, and a list that breaks while it is read fails by itself', async () => {
  const lists = makeExecutableSchema({ typeDefs: 'type Query { some: [Int] rows: [[Int]] }' });
  const rejects = () => Promise.reject(new Error('row'));
  function* breaking(): Iterable<unknown> {
    yield rejects();
    throw new Error('broken');
  }
  const fieldResolver = (_: unknown, __: unknown, ___: unknown, { fieldName }: GraphQLResolveInfo) =>
    fieldName === 'some' ? [1, 2, 3] : [rejects(), breaking(), [1]];
  const open = executionLimits({ maxResultItems: 7 }).secure(lists, fieldResolver);
  expect((await execute({ schema: open, document: parse('{ some }') })).data).toEqual({ some: [1, 2, 3] });
  const { data: found, errors } = await execute({ schema: open, document: parse('{ rows }') });
  expect({ ...found }).toEqual({ rows: [null, null, [1]] });
  expect(errors?.map(({ message }) => message).toSorted()).toEqual(['broken', 'row']);
  const closed = executionLimits({ maxResultItems: 2 }).secure(lists, fieldResolver);
  expect((await execute({ schema: closed, document: parse('{ some }') })).data).toEqual({ some: null });
});

it('explain says what holds while the operation runs', () => {
  const tiny = buildSchema('type Query { a: Int }');
  expect(explain({ schema: tiny, document: '{ a }' }).bounds).toMatchObject({
    maxResultItems: 100_000,
    maxExecutionSeconds: 30,
  });
  const options = { execution: { maxResultItems: 7, maxExecutionSeconds: false } } as const;
  expect(explain({ schema, document: '{ a }', options }).bounds).toMatchObject(options.execution);
});

import { ApolloServer } from '@apollo/server';
import { guard, type SecuredContext, type SecurityEvent } from '@graphql-bulwark/core';
import { makeExecutableSchema } from '@graphql-tools/schema';
import { expect, it, onTestFinished } from 'vitest';
import { as, codes, send, sendBody } from '../../../../test/kit.ts';
import { actualCost } from '../../src/cost/models/index.ts';
import { type CostOptions, cost, costDirectives, executionLimits, explain } from '../../src/index.ts';

const typeDefs = `
  interface Named { name: String }
  type User implements Named { name: String posts(first: Int): [Post] @listSize(slicingArguments: ["first"]) }
  type Bot implements Named @cost(weight: "2") { name: String uptime: Int @cost(weight: "4") }
  type Post { title: String @cost(weight: "0.5") }
  type Query {
    users(first: Int): [User] @listSize(slicingArguments: ["first"])
    named: [Named] @listSize(assumedSize: 20)
    report: Int @cost(weight: "50")
  }
  type Mutation { report: Int }`;
const posts = [{ title: 'a' }, { title: 'b' }];
const resolvers = {
  Query: {
    users: () => [{ name: 'u', posts }, { name: 'v', posts: [] }, null],
    named: () => [
      { __typename: 'User', name: 'u' },
      { __typename: 'Bot', name: 'b', uptime: 3 },
    ],
    report: () => 1,
  },
};
const schema = executionLimits({ enforceAssumedSizes: true }).secure(
  makeExecutableSchema({ typeDefs: [costDirectives, typeDefs], resolvers }),
);

async function start(options: CostOptions, events: SecurityEvent[] = []): Promise<ApolloServer<SecuredContext>> {
  const server = new ApolloServer<SecuredContext>({
    schema,
    allowBatchedHttpRequests: true,
    stopOnTerminationSignals: false,
    plugins: [guard<SecuredContext>({ controls: [cost(options)], onEvent: (event) => events.push(event) })],
  });
  onTestFinished(() => server.stop());
  await server.start();
  return server;
}

const text = '{ users(first: 10) { name posts(first: 5) { title } } }';

it('by default clients learn nothing of the cost, neither from an answer nor from a refusal', async () => {
  for (const maxCost of [1_000, 5]) {
    const { body } = await send(await start({ maxCost }), text, as(null));
    expect(JSON.stringify(body)).not.toMatch(/ueryCost|dearest|Query\.users/);
  }
});

it('an event names the coordinates of which the cost is made, the most expensive first', async () => {
  const events: SecurityEvent[] = [];
  const server = await start({ maxCost: 5 }, events);
  await send(server, text, as(null));
  expect(events).toMatchObject([
    {
      type: 'limit.exceeded',
      control: 'cost',
      code: 'COST_LIMIT_EXCEEDED',
      limit: 'maxCost',
      actual: 1 + 10 * (1 + 5 * 0.5),
      maximum: 5,
      dearest: [
        { coordinate: 'Post.title', cost: 25 },
        { coordinate: 'User.posts', cost: 10 },
        { coordinate: 'Query.users', cost: 1 },
      ],
    },
  ]);
});

it('the coordinates of an abstract type are those of its most expensive member', () => {
  const { cost: found } = explain({ schema, document: '{ named { name ... on Bot { uptime } } }' });
  expect(found).toEqual({
    fieldCost: 2 + 20 * 4,
    typeCost: 1 + 20 * 2,
    dearest: [
      { coordinate: 'Bot.uptime', cost: 80 },
      { coordinate: 'Query.named', cost: 2 },
    ],
    guesses: [],
  });
});

it('with exposeCost the client learns the requested cost, in an answer and in a refusal', async () => {
  const answered = await send(await start({ exposeCost: true }), '{ users(first: 10) { name } report }', as(null));
  expect(answered.body.extensions.cost).toEqual({
    requestedQueryCost: 51,
    actualQueryCost: null,
    dearest: [
      { coordinate: 'Query.report', cost: 50 },
      { coordinate: 'Query.users', cost: 1 },
    ],
  });
  const refused = await send(await start({ exposeCost: true, maxCost: 35 }), text, as(null));
  expect(refused.status).toBe(400);
  expect(refused.body.errors[0].extensions).toMatchObject({
    code: 'COST_LIMIT_EXCEEDED',
    cost: { requestedQueryCost: 36, maximum: 35 },
  });
});

it('with actualCost the lists are counted as long as they were', async () => {
  const server = await start({ exposeCost: true, actualCost: actualCost() });
  const { body } = await send(server, text, as(null));
  // users 1; two of three have posts (1 each), two titles at a half.
  expect(body.extensions.cost).toMatchObject({ requestedQueryCost: 36, actualQueryCost: 1 + 2 + 1 });
  const abstract = await send(server, '{ named { name ... on Bot { uptime } } }', as(null));
  expect(abstract.body.extensions.cost).toMatchObject({ requestedQueryCost: 82, actualQueryCost: 2 + 4 });
  const conditional = 'query ($no: Boolean!) { report @skip(if: $no) users(first: 1) { name @skip(if: $no) } }';
  const skipped = await send(server, conditional, as(null), { variables: { no: true } });
  expect(skipped.body.extensions.cost).toMatchObject({ requestedQueryCost: 1, actualQueryCost: 1 });
});

it('with exposeCost each element of a batch has its own cost', async () => {
  const server = await start({ exposeCost: true, maxCost: 60 });
  const { body } = await sendBody(server, [{ query: '{ report }' }, { query: '{ a: report b: report }' }], as(null));
  expect(body[0].extensions.cost.requestedQueryCost).toBe(50);
  expect(body[1].extensions.cost.requestedQueryCost).toBe(100);
  expect(codes({ status: 200, headers: new Map(), body: body[1] })).toEqual(['COST_LIMIT_EXCEEDED']);
});

it('cost() in report mode reports and refuses nothing', async () => {
  const events: SecurityEvent[] = [];
  const server = await start({ maxCost: 5, mode: 'report' }, events);
  expect((await send(server, text, as(null))).status).toBe(200);
  expect(events).toMatchObject([{ type: 'limit.exceeded', outcome: 'reported', limit: 'maxCost' }]);
});

it('perPrincipal tightens the cost for some callers and never loosens it, also after another caller ran the same text', async () => {
  const events: SecurityEvent[] = [];
  const perPrincipal: CostOptions['perPrincipal'] = ({ principal }) => ({ maxCost: principal ? 5_000 : 10 });
  const server = await start({ maxCost: 60, perPrincipal }, events);
  const ask = async (who: string | null, query: string) =>
    (await send(server, query, as(who ? { id: who } : null))).status;
  expect(await ask('u', '{ report }')).toBe(200);
  expect(await ask(null, '{ report }')).toBe(400);
  expect(await ask('u', '{ a: report b: report }')).toBe(400);
  expect(events.filter(({ type }) => type === 'config.warning')).toHaveLength(1);
});

it.each([
  ['nothing', undefined],
  ['a number', 5],
  ['a promise', Promise.resolve({})],
  ['a misspelt limit', { maxcost: 5 }],
  ['no limit', { maxCost: -1 }],
])('an operation is denied where perPrincipal of cost() returns %s', async (_, given) => {
  const server = await start({ perPrincipal: () => given as object });
  const { status } = await send(server, '{ report }', as(null));
  expect(status).toBe(500);
});

it('explain lists facts, cost and every limit that would refuse, in their order', () => {
  const {
    facts,
    document,
    cost: found,
    refusals,
  } = explain({
    schema,
    document: `query Q($n: Int) { users(first: $n) { name name posts(first: 2) { title } } } query R { report }`,
    operationName: 'Q',
    variables: { n: 100 },
    options: { limits: { maxDepth: 2, maxRepeatedFields: 0 }, cost: { maxCost: 100, maxTypeCost: 200 } },
  });
  expect(facts?.depth).toBe(3);
  expect(document.operations).toBe(2);
  expect(found).toMatchObject({ fieldCost: 201, typeCost: 301 });
  expect(refusals.map(({ code, limit, actual }) => [code, limit, actual])).toEqual([
    ['DEPTH_LIMIT_EXCEEDED', 'maxDepth', 3],
    ['REPETITION_LIMIT_EXCEEDED', 'maxRepeatedFields', 1],
    ['COST_LIMIT_EXCEEDED', 'maxCost', 201],
    ['COST_LIMIT_EXCEEDED', 'maxTypeCost', 301],
  ]);
});

it('explain gives the refusal of an operation that cannot be priced', () => {
  const codesOf = (document: string, variables = {}) =>
    explain({ schema, document, variables }).refusals.map(({ code, coordinate }) => coordinate ?? code);
  expect(codesOf('query A { report } query B { report }')).toEqual(['BAD_REQUEST']);
  expect(codesOf('query ($n: Int!) { users(first: $n) { name } }')).toEqual(['BAD_USER_INPUT']);
  expect(codesOf('{ users { name } }')).toEqual(['Query.users']);
  expect(codesOf('{ ...F } fragment F on Query { report ...F }')).toEqual(['FRAGMENT_CYCLE']);
  expect(() => explain({ schema, document: '{ report }', options: { costs: {} } as object })).toThrow(
    /did you mean 'cost'/,
  );
});

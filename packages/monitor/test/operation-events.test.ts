import { ApolloServer } from '@apollo/server';
import { type Control, guard, type SecuredContext, type SecurityEvent } from '@graphql-bulwark/core';
import { deny } from '@graphql-bulwark/core/internal';
import { makeExecutableSchema } from '@graphql-tools/schema';
import { expect, it } from 'vitest';
import { as, send, sendBody } from '../../../test/kit.ts';
import { type OperationEventOptions, operationEvents } from '../src/index.ts';

type Answered = Extract<SecurityEvent, { readonly type: 'operation.answered' }>;

const schema = makeExecutableSchema({
  typeDefs: `
    type Invoice { id: ID!, lines: [Invoice!] }
    type Query {
      invoice(id: ID!): Invoice
      sure(id: ID!): Invoice!
      invoices(ids: [ID!]!): [Invoice]
      all: [Invoice!]!
      found(text: String): Invoice
      broken(id: ID!): Invoice
    }`,
  resolvers: {
    Query: {
      invoice: (_: unknown, { id }: { id: string }) => {
        if (id === 'denied-7') throw deny('FORBIDDEN');
        return id.startsWith('own') ? { id } : null;
      },
      sure: () => {
        throw deny('NOT_FOUND');
      },
      invoices: (_: unknown, { ids }: { ids: string[] }) => ids.map((id) => (id.startsWith('own') ? { id } : null)),
      all: () => [{ id: 1, lines: [{ id: 2 }, { id: 3 }] }, { id: 4 }],
      found: () => null,
      broken: () => {
        throw new Error('the database is down');
      },
    },
  },
});

async function start(
  options: OperationEventOptions<SecuredContext> = {},
  controls: readonly Control<SecuredContext>[] = [],
) {
  const events: Answered[] = [];
  const server = new ApolloServer<SecuredContext>({
    schema,
    allowBatchedHttpRequests: true,
    stopOnTerminationSignals: false,
    plugins: [
      guard<SecuredContext>({
        controls: [operationEvents(options), ...controls],
        onEvent: (event) => void (event.type === 'operation.answered' && events.push(event)),
        logger: { warn() {}, error() {} },
      }),
    ],
  });
  await server.start();
  return { server, events };
}

async function ask(query: string, variables?: Record<string, unknown>): Promise<Answered> {
  const { server, events } = await start();
  await send(server, query, as({ id: 'u-1' }), { variables });
  const [event] = events;
  if (!event || events.length > 1) throw new Error(`expected one event, but there are ${events.length}`);
  return event;
}

it('an operation that succeeds is told with its size, its answer and how long the controls took', async () => {
  const event = await ask('query List { all { id lines { id } } }');
  expect(event).toMatchObject({
    outcome: 'noted',
    operationName: 'List',
    operationType: 'query',
    principalId: 'u-1',
    errors: 0,
    depth: 3,
    fields: 4,
    objects: 5,
  });
  expect(event.decisionMilliseconds).toBeGreaterThanOrEqual(0);
  expect(event.milliseconds).toBeGreaterThanOrEqual(event.decisionMilliseconds ?? Infinity);
  expect(event).not.toHaveProperty('code');
  expect(event).not.toHaveProperty('misses');
});

it('an operation that a control refuses is told with the code of the refusal', async () => {
  const refusing: Control<SecuredContext> = {
    name: 'closed',
    check() {
      throw deny('FORBIDDEN');
    },
  };
  const { server, events } = await start({}, [refusing]);
  await send(server, '{ all { id } }', as(null));
  expect(events).toMatchObject([{ code: 'FORBIDDEN', errors: 1, objects: 0 }]);
});

it('a text that is no operation is told without a size', async () => {
  const event = await ask('{ nothing }');
  expect(event).toMatchObject({ code: 'GRAPHQL_VALIDATION_FAILED', objects: 0 });
  expect(event).not.toHaveProperty('depth');
});

it('a code of the application is not told, since the application may build it from values', async () => {
  const custom: Control<SecuredContext> = {
    name: 'custom',
    answer: () => ({ errors: [Object.assign(deny('FORBIDDEN'), { extensions: { code: 'SECRET_4711' } })] }),
  };
  const { server, events } = await start({}, [custom]);
  await send(server, '{ all { id } }', as(null));
  expect(JSON.stringify(events)).not.toContain('SECRET_4711');
});

it('each operation of a batch is told', async () => {
  const { server, events } = await start();
  await sendBody(server, [{ query: '{ all { id } }' }, { query: '{ found { id } }' }], as(null));
  expect(events.map(({ objects }) => objects)).toEqual(expect.arrayContaining([1, 3]));
});

it.each([
  ['finds a price', () => 12.5, { cost: 12.5 }],
  ['finds none', () => Number.NaN, {}],
])('the cost is that of the function that %s', async (_, cost, expected) => {
  const { server, events } = await start({ cost });
  await send(server, '{ all { id } }', as(null));
  const [{ cost: told } = {} as Answered] = events;
  expect({ ...(told !== undefined && { cost: told }) }).toEqual(expected);
});

it('a cost that cannot be found leaves the request as it is', async () => {
  const { server, events } = await start({
    cost() {
      throw new Error('no price');
    },
  });
  expect((await send(server, '{ all { id } }', as(null))).status).toBe(200);
  expect(events[0]).not.toHaveProperty('cost');
});

it('ids that are missing or denied are told as digests, and those that are found are not', async () => {
  const { misses = [] } = await ask(
    'query ($mine: ID!) { a: invoice(id: "77") { id } b: invoice(id: "denied-7") { id } c: invoice(id: $mine) { id } }',
    { mine: 'own-1' },
  );
  expect(misses.map(({ coordinate }) => coordinate)).toEqual(['Query.invoice', 'Query.invoice']);
  expect(JSON.stringify(misses)).not.toMatch(/77|denied|own/);
});

it('the ids of a list that are missing are told, and not those beside them', async () => {
  const { misses } = await ask('{ invoices(ids: ["1", "own-2", "3"]) { id } }');
  expect(misses).toHaveLength(2);
});

it('the missing object of a field that must not be null is told', async () => {
  expect((await ask('{ sure(id: "5") { id } }')).misses).toHaveLength(1);
});

it.each(['{ found(text: "x") { id } }', '{ broken(id: "5") { id } }'])(
  'a null that is no missing id is not told: %s',
  async (query) => {
    expect(await ask(query)).not.toHaveProperty('misses');
  },
);

it.each([
  ['numbers', '9', '10'],
  ['numbers with zeros in front', 'INV-0099', 'INV-0100'],
  ['global ids in base64', Buffer.from('Invoice:41').toString('base64'), Buffer.from('Invoice:42').toString('base64')],
])('an id shows that it follows another one: %s', async (_, one, other) => {
  const query = 'query ($one: ID!, $other: ID!) { a: invoice(id: $one) { id } b: invoice(id: $other) { id } }';
  const { misses: [first, second] = [] } = await ask(query, { one, other });
  expect(first?.neighbors).toContain(second?.id);
  expect(second?.neighbors).toContain(first?.id);
});

it('ids without a number at their end have no neighbors', async () => {
  const query = '{ a: invoice(id: "alpha") { id } }';
  expect((await ask(query)).misses?.[0]).not.toHaveProperty('neighbors');
});

it('two processes have different digests of one id', async () => {
  const [one, other] = [await ask('{ invoice(id: "7") { id } }'), await ask('{ invoice(id: "7") { id } }')];
  expect(one.misses?.[0]?.id).not.toBe(other.misses?.[0]?.id);
});

// What rate limits cost: one operation over 20 limited fields, in memory and in Redis, beside two peers, all in one run.
import { randomUUID } from 'node:crypto';
import { ApolloServer, type ApolloServerPlugin, HeaderMap } from '@apollo/server';
import {
  type Control,
  type CounterStore,
  checkOperation,
  createEvents,
  guard,
  type SecuredContext,
  securityContext,
} from '@graphql-bulwark/core';
import { memoryStore, rateLimit, rateLimitDirectives, redisStore } from '@graphql-bulwark/rate-limit';
import { makeExecutableSchema } from '@graphql-tools/schema';
import { execute, type GraphQLSchema, parse } from 'graphql';
import { getGraphQLRateLimiter, RedisStore } from 'graphql-rate-limit';
import { rateLimitDirective } from 'graphql-rate-limit-directive';
import { Redis } from 'ioredis';
import { RateLimiterMemory, RateLimiterRedis } from 'rate-limiter-flexible';
import { startRedis } from '../redis-process.ts';
import { commandsOf, microseconds, perSecond, table } from './rate-limit-measure.ts';

const names = Array.from({ length: 20 }, (_, i) => `f${i}`);
const document = { query: parse(`{ ${names.join(' ')} }`), mutation: parse(`mutation { ${names.join(' ')} }`) };
const aliases = parse('{ f0 }');
const value = (): string => 'value';
const resolve = Object.fromEntries(names.map((name) => [name, value]));
const resolvers = { Query: resolve, Mutation: resolve };
const fieldsWith = (directive: string): string => {
  const fields = names.map((name) => `${name}: String ${directive}`).join(' ');
  return `type Query { ${fields} } type Mutation { ${fields} }`;
};

interface Contender {
  readonly name: string;
  /** Runs one operation for one caller and says whether it was answered in full. */
  readonly run: (operation: 'query' | 'mutation' | 'one', id: string) => Promise<boolean>;
}

async function executed(
  schema: GraphQLSchema,
  operation: keyof typeof document | 'one',
  contextValue: object,
): Promise<boolean> {
  const { errors } = await execute({
    schema,
    document: operation === 'one' ? aliases : document[operation],
    contextValue,
  });
  return errors === undefined;
}

const bare = makeExecutableSchema({ typeDefs: fieldsWith(''), resolvers });
const limitedSchema = (max: number): GraphQLSchema =>
  makeExecutableSchema({
    typeDefs: [rateLimitDirectives, fieldsWith(`@rateLimit(max: ${max}, windowSeconds: 3600)`)],
    resolvers,
  });
const limiterOf = (store: CounterStore = memoryStore()): Control =>
  rateLimit({ store, points: { max: 1e9 }, cost: () => 20, storeTimeoutMilliseconds: 60_000 });

function contextOf(id: string): SecuredContext {
  const principal = { id, claims: {}, roles: [], scopes: [], authMethod: 'bench' };
  return { security: securityContext({ principal, requestId: id }) };
}

/** What the plugin does between validation and execution, and then the execution. */
function checked(name: string, schema: GraphQLSchema, controls: readonly Control[]): Contender {
  const events = createEvents(
    () => {},
    () => console,
  );
  return {
    name,
    async run(operation, id) {
      const contextValue = contextOf(id);
      try {
        const input = { schema, document: operation === 'one' ? aliases : document[operation], contextValue };
        await checkOperation(controls, input, events);
      } catch {
        return false;
      }
      return executed(schema, operation, contextValue);
    },
  };
}

const ours = (name: string, max: number, store?: CounterStore): Contender =>
  checked(name, limitedSchema(max), [limiterOf(store)]);

/** Requests through a whole Apollo Server, but for the socket: HTTP in process. */
async function served(name: string, schema: GraphQLSchema, plugins: ApolloServerPlugin<SecuredContext>[]) {
  const server = new ApolloServer<SecuredContext>({ schema, plugins, stopOnTerminationSignals: false });
  await server.start();
  const headers = new HeaderMap([['content-type', 'application/json']]);
  const httpGraphQLRequest = { method: 'POST', headers, search: '', body: { query: `{ ${names.join(' ')} }` } };
  const run = () => server.executeHTTPGraphQLRequest({ httpGraphQLRequest, context: async () => contextOf('bob') });
  return { name, run, stop: () => server.stop() };
}

function byDirective(name: string, max: number, client?: Redis): Contender {
  const { rateLimitDirectiveTypeDefs, rateLimitDirectiveTransformer } = rateLimitDirective<{ id: string }>({
    keyGenerator: (_args, _source, _fieldArgs, { id }, { parentType, fieldName }) =>
      `${id}:${parentType.name}.${fieldName}`,
    ...(client
      ? { limiterClass: RateLimiterRedis, limiterOptions: { storeClient: client } as object }
      : { limiterClass: RateLimiterMemory }),
  });
  const typeDefs = [rateLimitDirectiveTypeDefs, fieldsWith(`@rateLimit(limit: ${max}, duration: 3600)`)];
  const schema = rateLimitDirectiveTransformer(makeExecutableSchema({ typeDefs, resolvers }));
  return { name, run: (operation, id) => executed(schema, operation, { id }) };
}

function byFunction(name: string, max: number, client?: Redis): Contender {
  const make = () =>
    getGraphQLRateLimiter({
      identifyContext: ({ id }: { id: string }) => id,
      ...(client && { store: new RedisStore(withCallbacks(client)) }),
    });
  let limiter = make();
  let calls = 0;
  const limited = async (
    parent: unknown,
    args: Record<string, unknown>,
    context: { id: string },
    info: never,
  ): Promise<string> => {
    // Its memory keeps every call of the window, and each call costs what is kept: here it forgets after 100 operations.
    calls += 1;
    if (!client && calls % (100 * names.length) === 0) limiter = make();
    const refused = await limiter({ parent, args, context, info }, { max, window: '1h' });
    if (refused) throw new Error(refused);
    return value();
  };
  const all = Object.fromEntries(names.map((each) => [each, limited]));
  const schema = makeExecutableSchema({ typeDefs: fieldsWith(''), resolvers: { Query: all, Mutation: all } });
  return { name, run: (operation, id) => executed(schema, operation, { id }) };
}

/** Its store was written for clients that call back. */
function withCallbacks(client: Redis): object {
  type Done = (error: unknown, answer?: unknown) => void;
  return {
    async get(key: string, done: Done) {
      done(null, await client.get(key));
    },
    async set(args: string[], done: Done) {
      done(null, await client.call('set', ...args));
    },
  };
}

const plenty = 1_000_000;
console.log('One operation over 20 limited fields and a budget of points, for one caller.');

const inMemory: readonly Contender[] = [
  { name: 'the bare schema', run: (operation) => executed(bare, operation, {}) },
  checked('the checks of Bulwark, without a control', limitedSchema(plenty), []),
  ours('Bulwark with its rate limit', plenty),
  byDirective('graphql-rate-limit-directive', plenty),
  byFunction('graphql-rate-limit', plenty),
];
const runs = inMemory.map(
  ({ run }) =>
    () =>
      run('query', 'bob'),
);
const spent = await microseconds(runs);
table('Counters in memory. CPU time, microseconds per operation.', [
  ['', 'in all', 'above the bare schema'],
  ...inMemory.map(({ name }, i) => [name, spent[i] ?? 0, (spent[i] ?? 0) - (spent[0] ?? 0)]),
]);

const silent = { onEvent: () => {} };
const servers = [
  await served('Apollo Server', bare, []),
  await served('with the guard, without a control', limitedSchema(plenty), [guard({ controls: [], ...silent })]),
  await served('with the guard and the rate limit', limitedSchema(plenty), [
    guard({ controls: [limiterOf()], ...silent }),
  ]),
];
const whole = await microseconds(servers.map(({ run }) => run));
table('The same through a whole server, headers of the answer included. CPU time, microseconds per request.', [
  ['', 'in all', 'above the row before'],
  ...servers.map(({ name }, i) => [name, whole[i] ?? 0, i === 0 ? '' : (whole[i] ?? 0) - (whole[i - 1] ?? 0)]),
]);
await Promise.all(servers.map(({ stop }) => stop()));

const redis = await startRedis();
const client = new Redis(redis.url);
await client.ping();
try {
  const store = redisStore({ client });
  const charges = [...names, 'cost'].map((policy) => ({
    key: 'u:3:bob',
    policy,
    points: 1,
    limit: 1e9,
    windowSeconds: 3600,
  }));
  const calls: unknown[][] = [];
  const watched = redisStore({
    client: {
      status: 'ready',
      eval: (...args: unknown[]) => client.call('eval', ...(args as string[])),
      evalsha: (...args: unknown[]) => (calls.push(args), client.call('evalsha', ...(args as string[]))),
    },
  });
  await store.consume(charges);
  await watched.consume(charges);
  const [sha, count, ...rest] = calls[0] as [string, number, ...string[]];
  const alone = (): Promise<unknown> => client.evalsha(sha, count, ...rest);
  const pair = [alone, () => store.consume(charges)];
  const cpu = await microseconds(pair);
  const clock = await microseconds(pair, 'clock');
  table('The same 21 keys in Redis, one request after the other. Microseconds.', [
    ['', 'CPU time of this process', 'ratio', 'on the clock', 'ratio'],
    ...['one bare script call', 'redisStore.consume'].map((name, i) => [
      name,
      cpu[i] ?? 0,
      (cpu[i] ?? 0) / (cpu[0] ?? 1),
      clock[i] ?? 0,
      (clock[i] ?? 0) / (clock[0] ?? 1),
    ]),
  ]);

  const inRedis = (max: number): Contender[] => [
    ours('Bulwark', max, store),
    byDirective('graphql-rate-limit-directive', max, client),
    byFunction('graphql-rate-limit', max, client),
  ];
  const [unlimited, limited] = [inRedis(plenty), inRedis(5)];
  const speeds = await perSecond(
    50,
    unlimited.map(
      ({ run }) =>
        () =>
          run('query', randomUUID()),
    ),
  );
  const rows: (string | number)[][] = [];
  for (const [i, contender] of unlimited.entries()) {
    const commands: number[] = [];
    for (const operation of ['query', 'mutation'] as const) {
      commands.push(await commandsOf(client, () => contender.run(operation, 'counted')));
    }
    const id = randomUUID();
    const answers = await Promise.all(Array.from({ length: 50 }, () => (limited[i] as Contender).run('one', id)));
    rows.push([contender.name, speeds[i] ?? 0, ...commands, answers.filter(Boolean).length]);
  }
  table('Counters in Redis, 50 operations at a time, each for a caller of its own.', [
    ['', 'operations per second', 'commands of a query', 'of a mutation', 'of 50 parallel calls pass a limit of 5'],
    ...rows,
  ]);
} finally {
  client.disconnect();
  await redis.stop();
}

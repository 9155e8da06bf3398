// What rate limits cost: one operation over 20 limited fields, in memory and in Redis, beside two peers. Ratios are of one run.
import { randomUUID } from 'node:crypto';
import { type Control, checkOperation, createEvents, securityContext } from '@graphql-bulwark/core';
import { memoryStore, rateLimit, rateLimitDirectives, redisStore } from '@graphql-bulwark/rate-limit';
import { makeExecutableSchema } from '@graphql-tools/schema';
import { execute, type GraphQLSchema, parse } from 'graphql';
import { getGraphQLRateLimiter, RedisStore } from 'graphql-rate-limit';
import { rateLimitDirective } from 'graphql-rate-limit-directive';
import { Redis } from 'ioredis';
import { RateLimiterMemory, RateLimiterRedis } from 'rate-limiter-flexible';
import { startRedis } from '../redis-process.ts';
import { commandsOf, microseconds, perSecond, row } from './rate-limit-measure.ts';

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

function ours(name: string, max: number, store = memoryStore()): Contender {
  const schema = makeExecutableSchema({
    typeDefs: [rateLimitDirectives, fieldsWith(`@rateLimit(max: ${max}, windowSeconds: 3600)`)],
    resolvers,
  });
  const limiter: Control = rateLimit({ store, points: { max: 1e9 }, cost: () => 20, storeTimeoutMilliseconds: 60_000 });
  const events = createEvents(
    () => {},
    () => console,
  );
  return {
    name,
    async run(operation, id) {
      const principal = { id, claims: {}, roles: [], scopes: [], authMethod: 'bench' };
      const contextValue = { security: securityContext({ principal, requestId: id }) };
      try {
        const input = { schema, document: operation === 'one' ? aliases : document[operation], contextValue };
        await checkOperation([limiter], input, events);
      } catch {
        return false;
      }
      return executed(schema, operation, contextValue);
    },
  };
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

const redis = await startRedis();
const client = new Redis(redis.url);
await client.ping();
try {
  const plenty = 1_000_000;
  console.log('One operation over 20 limited fields and a budget of points, one caller. CPU time.\n');
  const reference: Contender = { name: 'the bare schema', run: (operation) => executed(bare, operation, {}) };
  const inMemory = [
    reference,
    ours('bulwark, memory', plenty),
    byDirective('graphql-rate-limit-directive, memory', plenty),
    byFunction('graphql-rate-limit, memory', plenty),
  ];
  const spent = await microseconds(
    inMemory.map(
      ({ run }) =>
        () =>
          run('query', 'bob'),
    ),
  );
  row(['in memory', 'us per operation', 'above the bare schema']);
  for (const [i, { name }] of inMemory.entries()) row([name, spent[i], (spent[i] ?? 0) - (spent[0] ?? 0)]);

  const store = redisStore({ client });
  const charges = names.map((key) => ({ key, policy: 'bench', points: 1, limit: plenty, windowSeconds: 3600 }));
  await store.consume(charges);
  const calls: unknown[][] = [];
  const watched = redisStore({
    client: {
      status: 'ready',
      eval() {},
      evalsha: (...args: unknown[]) => (calls.push(args), client.call('evalsha', ...(args as string[]))),
    },
  });
  await watched.consume(charges);
  const [sha, count, ...rest] = calls[0] as [string, number, ...string[]];
  const pair = await microseconds([() => client.evalsha(sha, count, ...rest), () => store.consume(charges)], 3_000);
  const [bareCall = 0, ourCall = 0] = pair;
  console.log('\nThe same 20 keys in Redis. CPU time of this process, and time on the clock.\n');
  row(['', 'us CPU', 'ratio']);
  row(['one bare script call', bareCall, 1]);
  row(['redisStore.consume', ourCall, ourCall / bareCall]);
  const clock = await microseconds(
    [() => client.evalsha(sha, count, ...rest), () => store.consume(charges)],
    3_000,
    'clock',
  );
  row(['', 'us on the clock', 'ratio']);
  row(['one bare script call', clock[0], 1]);
  row(['redisStore.consume', clock[1], (clock[1] ?? 0) / (clock[0] ?? 1)]);

  console.log('\n50 calls over 20 keys at a time: one script call each, or one for all of the turn.\n');
  const each = await perSecond(50, () => client.evalsha(sha, count, ...rest));
  const shared = await perSecond(50, () => store.consume(charges));
  row(['', 'per second', 'ratio']);
  row(['a call per request', each, 1]);
  row(['a shared call', shared, shared / each]);

  console.log('\nOperations over 20 limited fields in Redis, 50 at a time, each for a caller of its own.\n');
  const inRedis = (max: number): Contender[] => [
    ours('bulwark', max, redisStore({ client })),
    byDirective('graphql-rate-limit-directive', max, client),
    byFunction('graphql-rate-limit', max, client),
  ];
  row(['', 'per second', 'commands (query)', 'commands (mutation)', 'of 50 parallel, limit 5']);
  const limited = inRedis(5);
  for (const [i, contender] of inRedis(plenty).entries()) {
    const speed = await perSecond(50, () => contender.run('query', randomUUID()));
    const commands: number[] = [];
    for (const operation of ['query', 'mutation'] as const) {
      commands.push(await commandsOf(client, () => contender.run(operation, 'counted')));
    }
    const id = randomUUID();
    const answers = await Promise.all(Array.from({ length: 50 }, () => (limited[i] as Contender).run('one', id)));
    row([contender.name, speed, ...commands, answers.filter(Boolean).length]);
  }
} finally {
  client.disconnect();
  await redis.stop();
}

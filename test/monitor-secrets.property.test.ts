/**
 * Random requests with marked secrets: no event, no alert and nothing that a sink wrote has a mark. Over real HTTP, with the
 * whole suite in front, a real pino and a real OpenTelemetry behind.
 */
import { createSecretKey, randomBytes } from 'node:crypto';
import { ApolloServer } from '@apollo/server';
import { startStandaloneServer } from '@apollo/server/standalone';
import { generateApiKey } from '@graphql-bulwark/authentication';
import { notFound } from '@graphql-bulwark/authorization';
import { memoryStore } from '@graphql-bulwark/rate-limit';
import { makeExecutableSchema } from '@graphql-tools/schema';
import { context, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { PrometheusExporter, PrometheusSerializer } from '@opentelemetry/exporter-prometheus';
import { MeterProvider } from '@opentelemetry/sdk-metrics';
import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base';
import * as fc from 'fast-check';
import { GraphQLError } from 'graphql';
import { createBulwark, type SecurityEvent } from 'graphql-bulwark';
import { createMonitor, detect, pinoEvents } from 'graphql-bulwark/monitor';
import { openTelemetryEvents, readTraceId } from 'graphql-bulwark/open-telemetry';
import { SignJWT } from 'jose';
import { pino } from 'pino';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { propertyCases } from './property-cases.ts';

/** In every secret. Letters and digits only, so that no encoding changes it. */
const mark = 'zqmark7f3a';
const issuer = 'https://login.example.com/';
const audience = 'https://api.example.com';
const secret = createSecretKey(randomBytes(32));

const typeDefs = `
  input Card { number: String! pin: Int }
  enum Kind { OPEN PAID }
  type Invoice @owner(field: "ownerId") { id: ID! ownerId: ID note: String self: Invoice }
  type Person { name: String, mail: String @auth(roles: ["ADMIN"]), friend: Person }
  type Query {
    invoice(id: ID!): Invoice @public
    find(text: String!, kind: Kind, card: Card, first: Int): [Person!]! @public
    fails(text: String): String @public
    coded(text: String): String @public
    missing(id: ID!): Person @public
    admin(text: String): String @auth(roles: ["ADMIN"])
  }
  type Mutation { login(user: String!, password: String!): String @public @rateLimit(max: 3, by: [GLOBAL]) }
`;
const resolvers = {
  Query: {
    invoice: (_: unknown, { id }: { id: string }) => ({ id, ownerId: 'u-other', note: `${mark}-note` }),
    find: () => [{ name: `${mark}-name`, mail: `${mark}-mail` }],
    fails: (_: unknown, { text }: { text: string }) => {
      throw new Error(`no row for ${text} ${mark}`);
    },
    coded: (_: unknown, { text }: { text: string }) => {
      throw new GraphQLError(`${mark} ${text}`, { extensions: { code: `${mark}_CODE`, detail: mark } });
    },
    missing: () => {
      throw notFound();
    },
    admin: () => mark,
  },
  Mutation: { login: () => `${mark}-token` },
};

const marked = fc.stringMatching(/^[a-z0-9]{0,6}$/).map((more) => `${mark}${more}`);

/** Operations with a place for secrets; some are refused by the parser, validation, coercion, a limit or a rule. */
const operations: readonly ((text: string) => string)[] = [
  (text) => `{ invoice(id: "${text}") { id note } }`,
  (text) =>
    `query Invoice($id: ID!) { invoice(id: $id) { id note self { note } } find(text: "${text}") { name mail } }`,
  (text) => `query Find($card: Card, $first: Int) { find(text: "${text}", card: $card, first: $first) { name } }`,
  (text) => `query Fails { fails(text: "${text}") coded(text: "${text}") }`,
  (text) => `{ admin(text: "${text}") }`,
  (text) => `{ missing(id: "${text}1") { name } other: missing(id: "${text}2") { name } }`,
  (text) => `mutation Login { login(user: "${text}", password: "${text}") }`,
  (text) => `{ find(text: "${text}", kind: ${text}) { name } }`,
  (text) => `{ find(text: ${text}) { name } }`,
  (text) => `{ find(text: "${text}", card: { number: "${text}", pin: "${text}" }) { name } }`,
  (text) => `{ fails(text: "${text}" } `,
  (text) => `{ fails(text: """${text}`,
  (text) => `{ find(text: "${text}") { ${'friend { '.repeat(30)} name ${'} '.repeat(30)} } }`,
  (text) => `{ ${Array.from({ length: 60 }, (_, i) => `a${i}: fails(text: "${text}")`).join(' ')} }`,
  (text) => `{ __schema { types { name } } fails(text: "${text}") }`,
  (text) => `{ fails(text: "${text}", other: "${text}") }`,
  (text) => `{ fails(text: "${text}") @include(if: "${text}") }`,
  (text) => `query ($id: Int = "${text}") { fails }`,
];

const sending = fc.record({
  operation: fc.nat({ max: operations.length - 1 }),
  text: marked,
  variables: fc.option(
    fc.record({
      id: fc.oneof(
        marked,
        marked.map((text) => ({ [text]: text })),
      ),
      card: fc.oneof(
        marked,
        fc.record({ number: marked, pin: fc.oneof(fc.integer(), marked) }),
        marked.map((text) => ({ number: text, [text]: text })),
      ),
      first: fc.oneof(fc.integer(), marked),
    }),
  ),
  // Most are good, since a request that is refused for its credential tests nothing else.
  credential: fc.oneof(
    { weight: 3, arbitrary: fc.constantFrom('none', 'jwt', 'key') },
    { weight: 1, arbitrary: fc.constantFrom('forged', 'expired', 'wrong key', 'garbage', 'basic') },
  ),
  extensions: fc.oneof(
    { weight: 4, arbitrary: fc.constant(undefined) },
    {
      weight: 1,
      arbitrary: marked.map((text) => ({ persistedQuery: { version: 1, sha256Hash: text }, [text]: text })),
    },
  ),
  batched: fc.boolean(),
  address: fc.ipV4(),
});

let url: string;
let server: ApolloServer<never>;
const events: SecurityEvent[] = [];
const lines: string[] = [];
const warnings: string[] = [];
const spans = new InMemorySpanExporter();
const tracer = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(spans)] }).getTracer('test');
const exporter = new PrometheusExporter({ preventServerStart: true });
const key = generateApiKey({ prefix: `${mark}_key` });
const monitor = createMonitor({
  sinks: [
    pinoEvents(pino({ base: null }, { write: (line: string) => void lines.push(line) })),
    openTelemetryEvents({ tracer, meter: new MeterProvider({ readers: [exporter] }).getMeter('test') }),
    (event) => void events.push(event),
    {
      name: 'failing',
      write(event) {
        throw new Error(JSON.stringify(event));
      },
    },
  ],
  detector: detect({ store: memoryStore() }),
  traceId: readTraceId,
  maxQueued: 100_000,
  logger: { warn: (line) => void warnings.push(line), error() {} },
});

beforeAll(async () => {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager());
  const bulwark = createBulwark({
    authenticate: {
      issuer,
      audience,
      algorithms: ['HS256'],
      key: secret,
      apiKeys: {
        prefix: `${mark}_key`,
        store: {
          find: (keyId) =>
            keyId === key.keyId ? { secretSha256: key.secretSha256, subject: 'job-1', claims: { note: mark } } : null,
        },
      },
    },
    clientAddress: { trustedHops: 1 },
    introspection: { allow: false },
    limits: { maxDepth: 10 },
    operationEvents: true,
    onEvent: (event) => {
      // A request has a span of its own where an application is instrumented.
      const span = tracer.startSpan('request');
      context.with(trace.setSpan(context.active(), span), () => monitor.onEvent(event));
      span.end();
    },
    exposure: false,
    logger: { warn() {}, error() {} },
  });
  const schema = bulwark.secure(makeExecutableSchema({ typeDefs: [bulwark.typeDefs, typeDefs], resolvers }));
  server = new ApolloServer(
    bulwark.apollo({ schema, allowBatchedHttpRequests: true, stopOnTerminationSignals: false }),
  ) as unknown as ApolloServer<never>;
  ({ url } = await startStandaloneServer(server, {
    context: bulwark.context() as never,
    listen: { host: '127.0.0.1', port: 0 },
  }));
});

afterAll(async () => {
  await server.stop();
  context.disable();
});

async function signToken(text: string, { signedWith = secret, expired = false } = {}): Promise<string> {
  const now = Math.floor(Date.now() / 1_000);
  return new SignJWT({ email: text, nested: { [text]: text } })
    .setProtectedHeader({ alg: 'HS256', typ: 'at+jwt', kid: text })
    .setIssuer(issuer)
    .setAudience(audience)
    .setSubject('u-1')
    .setJti(text)
    .setIssuedAt(now - 1_000)
    .setExpirationTime(expired ? now - 500 : now + 500)
    .sign(signedWith);
}

async function makeAuthorization(credential: string, text: string): Promise<string | undefined> {
  switch (credential) {
    case 'jwt':
      return `Bearer ${await signToken(text)}`;
    case 'forged':
      return `Bearer ${await signToken(text, { signedWith: createSecretKey(randomBytes(32)) })}`;
    case 'expired':
      return `Bearer ${await signToken(text, { expired: true })}`;
    case 'key':
      return `Bearer ${key.key}`;
    case 'wrong key':
      return `Bearer ${key.key.slice(0, -8)}AAAAAAAA`;
    case 'garbage':
      return `Bearer ${text}.${text}.${text}`;
    case 'basic':
      return `Basic ${text}`;
    default:
      return undefined;
  }
}

it('no secret of a request or of its answer stands in an event, an alert, a log line, a metric or a span', async () => {
  const seen = new Set<string>();
  const requests = fc.asyncProperty(sending, async ({ operation, text, variables, credential, extensions, ...how }) => {
    const authorization = await makeAuthorization(credential, text);
    const body = {
      query: operations[operation]?.(text),
      ...(variables && { variables }),
      ...(extensions && { extensions }),
    };
    const response = await fetch(url, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        'x-forwarded-for': how.address,
        cookie: `session=${text}`,
        'x-secret': text,
        ...(authorization !== undefined && { authorization }),
      },
      body: JSON.stringify(how.batched ? [body, body] : body),
    });
    await response.text();
    await monitor.flush();
    for (const { type } of events) seen.add(type);
    const written = JSON.stringify([
      events.splice(0),
      lines.splice(0),
      warnings.splice(0),
      spans.getFinishedSpans().map(({ name, attributes, events: on }) => [name, attributes, on]),
    ]);
    spans.reset();
    expect(written).not.toContain(mark);
  });
  await fc.assert(requests, { numRuns: propertyCases(5_000) });
  const { resourceMetrics } = await exporter.collect();
  const metrics = new PrometheusSerializer().serialize(resourceMetrics);
  expect(metrics).toContain('bulwark_events_total');
  expect(metrics).not.toContain(mark);
  // The requests reached what they were made for, alerts among it.
  expect([...seen]).toEqual(
    expect.arrayContaining([
      'access.denied',
      'alert',
      'auth.failure',
      'auth.expired',
      'auth.success',
      'error.masked',
      'introspection.blocked',
      'limit.exceeded',
      'operation.answered',
      'rate.limited',
      'request.invalid',
    ]),
  );
});

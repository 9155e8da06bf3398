import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { ApolloServer, type ApolloServerOptionsWithSchema, type ApolloServerPlugin } from '@apollo/server';
import { ApolloServerPluginCacheControl } from '@apollo/server/plugin/cacheControl';
import { ApolloServerPluginCacheControlDisabled } from '@apollo/server/plugin/disabled';
import { ApolloServerPluginInlineTrace } from '@apollo/server/plugin/inlineTrace';
import { ApolloServerPluginLandingPageLocalDefault } from '@apollo/server/plugin/landingPage/default';
import { ApolloServerPluginSubscriptionCallback } from '@apollo/server/plugin/subscriptionCallback';
import { makeExecutableSchema } from '@graphql-tools/schema';
import { type BulwarkOptions, createBulwark, type SecuredContext, type SecurityEvent } from 'graphql-bulwark';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { as, codes, send, sendBody } from '../../../test/kit.ts';

type Context = SecuredContext;
type Settings = Partial<ApolloServerOptionsWithSchema<Context>>;

const stops: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  vi.unstubAllEnvs();
  // A server first, and then the router that it still talks to.
  for (const stop of stops.splice(0).toReversed()) await stop();
});

const plain =
  'type Query { open: String @public list: [String] @public } type Subscription { tick: String @public secret: String @auth }';
const hinted = `
  enum CacheControlScope { PUBLIC PRIVATE }
  directive @cacheControl(maxAge: Int, scope: CacheControlScope) on FIELD_DEFINITION | OBJECT
  type Query { open: String @public @cacheControl(maxAge: 60) guarded: String @auth @cacheControl(maxAge: 60) }
`;

async function serve(sdl = plain, settings: Settings = {}, options: Partial<BulwarkOptions> = {}) {
  const warnings: string[] = [];
  const logged: string[] = [];
  let opened = 0;
  const bulwark = createBulwark({
    authenticate: () => null,
    introspection: { allow: false },
    onEvent: (event: SecurityEvent) => void (event.type === 'config.warning' && warnings.push(event.message)),
    logger: { warn: (text) => logged.push(text), error() {} },
    ...options,
  });
  async function* ticks() {
    opened += 1;
    yield { tick: 'now', secret: 'the secret' };
  }
  const resolvers = {
    Query: { open: () => 'open' },
    ...(sdl === plain && { Subscription: { tick: { subscribe: ticks }, secret: { subscribe: ticks } } }),
  };
  const schema = bulwark.secure(makeExecutableSchema({ typeDefs: [bulwark.typeDefs, sdl], resolvers }));
  const merged = bulwark.apollo({ schema, stopOnTerminationSignals: false, ...settings });
  const server = new ApolloServer<Context>(merged);
  await server.start();
  stops.push(() => server.stop());
  return { server, merged, warnings, logged, opened: () => opened };
}

const named = (plugin: object): unknown => (plugin as { __internal_plugin_id__?: unknown }).__internal_plugin_id__;

describe('caches', () => {
  it('are told to keep nothing, by Bulwark itself, where the schema has no hints', async () => {
    const { server, merged } = await serve();
    expect(merged.plugins?.map(named)).toContain('CacheControl');
    for (const query of ['{ open }', '{ nope }', '{ __schema { types { name } } }']) {
      expect((await send(server, query, as(null))).headers.get('cache-control')).toBe('no-store');
    }
    const batch = await serve(plain, { allowBatchedHttpRequests: true });
    expect((await sendBody(batch.server, [{ query: '{ open }' }], as(null))).headers.get('cache-control')).toBe(
      'no-store',
    );
  });

  it.each([
    ['directives', hinted, []],
    ['an extension', `${hinted} extend type Query { more: String @public @cacheControl(maxAge: 1) }`, []],
    ['a plugin of the application', plain, [ApolloServerPluginCacheControl({ defaultMaxAge: 60 })]],
  ])('hear from the plugin of Apollo Server where there are hints: %s', async (_name, sdl, plugins) => {
    const { server } = await serve(sdl, { plugins: plugins });
    expect((await send(server, '{ open }', as(null))).headers.get('cache-control')).toContain('max-age=60');
  });

  it.each([
    ['an object type', 'type Item @cacheControl(maxAge: 60) { a: Int } type Query { item: Item @public open: Int }'],
    [
      'an extension of an object type',
      'type Item { a: Int } extend type Item @cacheControl(maxAge: 60) type Query { item: Item @public open: Int }',
    ],
    [
      'an interface',
      'interface Item @cacheControl(maxAge: 60) { a: Int } type Thing implements Item { a: Int } type Query { item: Item @public open: Int }',
    ],
    [
      'a union',
      'union Item @cacheControl(maxAge: 60) = Thing type Thing { a: Int } type Query { item: Item @public open: Int }',
    ],
  ])('hear from the plugin of Apollo Server where the only hint stands on %s', async (_name, sdl) => {
    const directive = 'directive @cacheControl(maxAge: Int) on FIELD_DEFINITION | OBJECT | INTERFACE | UNION';
    const { server } = await serve(`${directive} ${sdl}`);
    const { headers } = await send(server, '{ item { __typename } }', as(null));
    expect(headers.get('cache-control')).toContain('max-age=60');
  });

  it('keep nothing that depends on who asks, hints or not', async () => {
    const { server } = await serve(hinted);
    expect((await send(server, '{ guarded open }', as({ id: 'me' }))).headers.get('cache-control')).toBe('no-store');
  });

  it('keep nothing where the application switched the plugin off itself, hints or not', async () => {
    const { server } = await serve(hinted, {
      plugins: [ApolloServerPluginCacheControlDisabled()],
    });
    expect((await send(server, '{ open }', as(null))).headers.get('cache-control')).toBe('no-store');
  });
});

describe('what undoes a part of the posture', () => {
  it.each<[string, Settings]>([
    ['csrfPrevention', { csrfPrevention: false }],
    ['hideSchemaDetailsFromClientErrors', { hideSchemaDetailsFromClientErrors: false }],
    ['dangerouslyDisableValidation', { dangerouslyDisableValidation: true }],
    ['persistedQueries.ttl', { persistedQueries: { ttl: null } }],
    ['status400ForVariableCoercionErrors', { status400ForVariableCoercionErrors: false }],
    ['inline traces', { plugins: [ApolloServerPluginInlineTrace()] }],
  ])('is named in an event and in the log: %s', async (name, settings) => {
    const { warnings, logged } = await serve(plain, settings);
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toContain(name);
    expect(logged).toEqual([`Bulwark: ${warnings[0]}`]);
  });

  it('is a batch without a limit', async () => {
    const batching = { allowBatchedHttpRequests: true };
    expect((await serve(plain, batching, { limits: { maxBatchSize: false } })).warnings[0]).toContain('maxBatchSize');
    expect((await serve(plain, batching)).warnings).toEqual([]);
  });

  it('is a landing page in production, and the plugin that serves it works all the same', async () => {
    const plugins = [ApolloServerPluginLandingPageLocalDefault()];
    expect((await serve(plain, { plugins })).warnings).toEqual([]);
    vi.stubEnv('NODE_ENV', 'production');
    const { warnings } = await serve(plain, { plugins });
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toContain('landing page');
  });

  it('is an API that knows no callers and has rules for some', async () => {
    const { warnings } = await serve(plain, {}, { authenticate: false });
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toContain('authenticate: false');
    expect((await serve('type Query { open: String }', {}, { authenticate: false })).warnings).toEqual([]);
  });

  it('nothing is named where nothing is undone, and the safe settings stand', async () => {
    const { merged, warnings } = await serve();
    expect(warnings).toEqual([]);
    expect(merged).toMatchObject({
      csrfPrevention: true,
      includeStacktraceInErrorResponses: false,
      hideSchemaDetailsFromClientErrors: true,
      persistedQueries: { ttl: 3_600 },
      introspection: true,
    });
    expect(merged.allowBatchedHttpRequests).toBeUndefined();
    expect(merged.plugins?.map(named)).toContain('InlineTrace');
    expect((await serve(plain, { persistedQueries: false })).merged.persistedQueries).toBe(false);
  });

  it('keeps a plugin that is an object of a class in working order in production', async () => {
    vi.stubEnv('NODE_ENV', 'production');
    class Counting implements ApolloServerPlugin<Context> {
      #requests = 0;
      async serverWillStart() {}
      async requestDidStart() {
        this.#requests += 1;
      }
      get requests(): number {
        return this.#requests;
      }
    }
    const plugin = new Counting();
    const { server } = await serve(plain, { plugins: [plugin] });
    await send(server, '{ open }', as(null));
    expect(plugin.requests).toBe(1);
  });
});

it('mistakes of a document are looked for no longer than they help', async () => {
  const lookedFor = async (settings?: Settings) => (await serve(plain, settings)).merged.validationOptions?.maxErrors;
  expect(await lookedFor()).toBe(20);
  vi.stubEnv('NODE_ENV', 'production');
  expect(await lookedFor()).toBe(5);
  expect(await lookedFor({ validationOptions: { maxErrors: 3 } })).toBe(3);
  expect(await lookedFor({ validationOptions: { maxErrors: 1e9 } })).toBe(20);
});

describe('subscription callbacks', () => {
  async function router() {
    const calls: { action: string; payload?: unknown }[] = [];
    let complete: () => void = () => {};
    const completed = new Promise<void>((resolve) => {
      complete = resolve;
    });
    const http = createServer((request, response) => {
      let text = '';
      request.on('data', (data) => {
        text += String(data);
      });
      request.on('end', () => {
        const call = JSON.parse(text) as { action: string };
        calls.push(call);
        response.setHeader('subscription-protocol', 'callback').writeHead(204).end();
        if (call.action === 'complete') complete();
      });
    });
    await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
    stops.push(async () => {
      http.closeAllConnections();
      await new Promise((resolve) => http.close(resolve));
    });
    return { origin: `http://127.0.0.1:${(http.address() as AddressInfo).port}`, calls, completed };
  }
  const extensions = (callbackUrl: string) => ({
    subscription: { callbackUrl, subscriptionId: '1', verifier: 'v', heartbeatIntervalMs: 0 },
  });
  const callback = () => [ApolloServerPluginSubscriptionCallback()];

  it('reach a router on the list', async () => {
    const { origin, calls, completed } = await router();
    const { server, opened } = await serve(
      plain,
      { plugins: callback() },
      { subscriptionCallbacks: [`${origin}/hooks`] },
    );
    const answer = await send(server, 'subscription { tick }', as(null), {
      extensions: extensions(`${origin}/hooks/1`),
    });
    expect(answer.body).toEqual({ data: null });
    await completed;
    expect(opened()).toBe(1);
    expect(calls.map(({ action }) => action)).toEqual(['check', 'next', 'complete']);
  });

  it('reach nobody else, and nothing is subscribed', async () => {
    const { origin, calls } = await router();
    const { server, opened } = await serve(
      plain,
      { plugins: callback() },
      { subscriptionCallbacks: [`${origin}/hooks`] },
    );
    for (const url of [
      `${origin}/other`,
      `${origin}/hooksx`,
      `${origin}/hooks/%2e%2e/other`,
      `${origin}/hooks/../other`,
      'file:///etc/passwd',
      7 as never,
    ]) {
      const answer = await send(server, 'subscription { tick }', as(null), { extensions: extensions(url) });
      expect(codes(answer)).toEqual(['SUBSCRIPTION_NOT_SUPPORTED']);
    }
    expect(calls).toEqual([]);
    expect(opened()).toBe(0);
  });

  it('of a refused request, or of another operation than a subscription, open no stream and tell a router nothing', async () => {
    const { origin, calls } = await router();
    const { server, opened } = await serve(plain, { plugins: callback() }, { subscriptionCallbacks: [origin] });
    for (const [query, code] of [
      ['subscription { secret }', 'UNAUTHENTICATED'],
      ['{ open }', 'BAD_REQUEST'],
      ['subscription { nope }', 'GRAPHQL_VALIDATION_FAILED'],
    ] as const) {
      const answer = await send(server, query, as(null), { extensions: extensions(`${origin}/hooks/1`) });
      expect(codes(answer)).toEqual([code]);
    }
    expect(opened()).toBe(0);
    expect(calls).toEqual([]);
  });

  it('are refused at start for what is no URL', async () => {
    await expect(serve(plain, {}, { subscriptionCallbacks: ['*'] })).rejects.toThrow(/subscriptionCallbacks/);
    await expect(serve(plain, {}, { subscriptionCallbacks: ['https://a.example/?x'] })).rejects.toThrow(TypeError);
  });
});

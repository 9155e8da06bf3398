/** What a router hears of subscriptions over HTTP, at a real server that counts its requests. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { ApolloServer, type ApolloServerPlugin } from '@apollo/server';
import { ApolloServerPluginSubscriptionCallback } from '@apollo/server/plugin/subscriptionCallback';
import { type Control, type GuardOptions, guard, refuse } from '@graphql-bulwark/core';
import { makeExecutableSchema } from '@graphql-tools/schema';
import { GraphQLError } from 'graphql';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { type Answer, as, codes, type Sending, send, sendBody } from '../../../../test/kit.ts';

interface Call {
  readonly action: string;
  readonly id: string;
  readonly payload?: { readonly errors?: readonly object[] };
  readonly errors?: readonly object[];
}

const stops: (() => unknown)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0).toReversed()) await stop();
});

/** A router: notes every request, and tells when a subscription is complete. */
async function startRouter(status: number | Readonly<Record<string, number>> = 204) {
  const calls: Call[] = [];
  const waiting = new Map<string, () => void>();
  const http = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const call = JSON.parse(Buffer.concat(chunks).toString()) as Call;
      calls.push(call);
      response.writeHead(typeof status === 'number' ? status : (status[call.action] ?? 204)).end();
      if (call.action === 'complete') waiting.get(call.id)?.();
    });
  });
  http.listen(0, '127.0.0.1');
  await once(http, 'listening');
  stops.push(() => {
    http.closeAllConnections();
    http.close();
  });
  const completed = (id: string): Promise<void> => new Promise((resolve) => void waiting.set(id, resolve));
  return { url: `http://127.0.0.1:${(http.address() as AddressInfo).port}/hooks`, calls, completed };
}

const schema = makeExecutableSchema({
  typeDefs: 'type Query { a: Int } type Subscription { tick(n: Int): Int fails: Int breaks: Int never: Int }',
  resolvers: {
    Subscription: {
      tick: {
        async *subscribe() {
          yield { tick: 1 };
        },
      },
      fails: {
        async *subscribe() {
          yield {};
        },
        resolve() {
          throw new Error('db password x');
        },
      },
      breaks: {
        async *subscribe() {
          yield await Promise.reject(new Error('db password y'));
        },
      },
      never: {
        subscribe() {
          throw new Error('db password z');
        },
      },
    },
  },
});

const logged: string[] = [];
const log = (text: string): void => void logged.push(text);

async function serve(
  options: Partial<GuardOptions<object>>,
  plugins: ApolloServerPlugin<object>[] = [],
): Promise<ApolloServer<object>> {
  logged.length = 0;
  const server = new ApolloServer<object>({
    schema,
    stopOnTerminationSignals: false,
    allowBatchedHttpRequests: true,
    logger: { debug() {}, info() {}, warn: log, error: log },
    plugins: [guard<object>({ controls: [], onEvent: () => {}, ...options }), ...plugins],
  });
  await server.start();
  stops.push(() => server.stop());
  return server;
}

const refusing = (room: 'admit' | 'measure' | 'check'): Control => ({
  name: 'refusing',
  [room]: ({ source, document }: { source?: string; document?: { definitions: readonly object[] } }) => {
    if (source?.includes('Refused') || JSON.stringify(document?.definitions ?? []).includes('Refused')) {
      throw refuse('FORBIDDEN');
    }
  },
});

const callbackTo = (callbackUrl: string, id: string, more: object = {}): Sending => ({
  extensions: { subscription: { callbackUrl, subscriptionId: id, verifier: 'v', heartbeatIntervalMs: 0, ...more } },
});

describe('a router whose URL is on the list', () => {
  /** Sends these, and then a subscription that is let in: what the router has heard by its end, it has heard. */
  async function heardAfter(
    server: ApolloServer<object>,
    router: Awaited<ReturnType<typeof startRouter>>,
    requests: readonly (readonly [string | undefined, Sending?])[],
  ): Promise<{ answers: Answer[]; heard: unknown[] }> {
    const answers: Answer[] = [];
    for (const [query, sending] of requests) {
      const { extensions } = callbackTo(router.url, 'refused', { heartbeatIntervalMs: 1 });
      const all = { ...sending, extensions: { ...extensions, ...sending?.extensions } };
      answers.push(await send(server, query, as(null), all));
    }
    const completed = router.completed('let in');
    const answer = await send(server, 'subscription { tick }', as(null), callbackTo(router.url, 'let in'));
    expect(answer.body).toEqual({ data: null });
    await completed;
    return { answers, heard: router.calls.map(({ id, action }) => [id, action]) };
  }

  const heardOfOneLetIn = [
    ['let in', 'check'],
    ['let in', 'next'],
    ['let in', 'complete'],
  ];

  it.each([false, true])(
    'a router gets no event of a refused subscription, whatever refuses it (with a plugin of the application: %s)',
    async (hasOwnPlugin) => {
      const router = await startRouter();
      const failing: ApolloServerPlugin<object> = {
        requestDidStart: async () => ({
          async didResolveOperation({ operationName }) {
            if (operationName === 'ByPlugin') throw new GraphQLError('no', { extensions: { code: 'NO' } });
          },
        }),
      };
      for (const room of ['admit', 'measure', 'check'] as const) {
        router.calls.length = 0;
        const server = await serve({ controls: [refusing(room)], subscriptionCallbacks: [router.url] }, [
          failing,
          ...(hasOwnPlugin ? [ApolloServerPluginSubscriptionCallback()] : []),
        ]);
        const { answers, heard } = await heardAfter(server, router, [
          ['subscription Refused { tick }'],
          ['subscription Refused { tick }'],
          ['subscription { nope }'],
          ['subscription { tick'],
          ['{ a }'],
          ['mutation { a }'],
          ['subscription A { tick } subscription B { tick }'],
          ['subscription A { tick }', { operationName: 'Z' }],
          ['subscription ($n: Int) { tick(n: $n) }', { variables: { n: 'x' } }],
          ['subscription ByPlugin { tick }'],
          [undefined],
          [undefined, { extensions: { persistedQuery: { version: 1, sha256Hash: 'a'.repeat(64) } } }],
          [undefined, { extensions: { persistedQuery: { version: 1, sha256Hash: {} } } }],
        ]);
        expect(answers.map((answer) => codes(answer).length)).toEqual(answers.map(() => 1));
        expect(answers.map(({ body }) => body.data)).toEqual(answers.map(() => undefined));
        expect(JSON.stringify(answers)).not.toContain('BulwarkRefused');
        expect(heard).toEqual(heardOfOneLetIn);
      }
    },
  );

  it('a router gets no event of a subscription that is refused in a batch beside an allowed one', async () => {
    const router = await startRouter();
    const server = await serve({ controls: [refusing('check')], subscriptionCallbacks: [router.url] });
    const completed = router.completed('let in');
    const batch = ['refused', 'let in'].map((id) => ({
      query: id === 'refused' ? 'subscription Refused { tick }' : 'subscription { tick }',
      ...callbackTo(router.url, id),
    }));
    const { body } = await sendBody(server, batch, as(null));
    expect(body).toEqual([{ errors: [{ message: 'Forbidden', extensions: { code: 'FORBIDDEN' } }] }, { data: null }]);
    await completed;
    expect(router.calls.map(({ id, action }) => [id, action])).toEqual(heardOfOneLetIn);
  });

  it('a router that does not know the subscription is asked once, and its refusal has no message of the runtime', async () => {
    const router = await startRouter(404);
    const server = await serve({ subscriptionCallbacks: { urls: [router.url] } });
    await send(server, 'subscription { tick }', as(null), callbackTo(router.url, '1'));
    expect(router.calls.filter(({ action }) => action === 'check')).toHaveLength(1);
    const closed = await serve({ subscriptionCallbacks: { urls: ['http://127.0.0.1:1'], retry: { retries: 0 } } });
    const answer = await send(closed, 'subscription { tick }', as(null), callbackTo('http://127.0.0.1:1/x', '1'));
    expect([answer.status, answer.body.errors[0].message]).toEqual([500, 'Internal server error']);
    expect(JSON.stringify(answer.body)).not.toMatch(/fetch|ECONN|bad port/);
    expect(logged.join('\n')).toContain(answer.body.errors[0].extensions.errorId);
  });

  it.each([
    ['an event', 'subscription { fails }', ['check', 'next', 'complete']],
    ['a source', 'subscription { breaks }', ['check', 'complete']],
    ['a source that does not open', 'subscription { never }', ['check', 'complete']],
  ])(
    'a router gets the errors of %s as a client does: masked, with an id that the log has',
    async (_name, query, actions) => {
      const router = await startRouter();
      const server = await serve({ subscriptionCallbacks: [router.url] });
      const completed = router.completed('1');
      await send(server, query, as(null), callbackTo(router.url, '1'));
      await completed;
      expect(router.calls.map(({ action }) => action)).toEqual(actions);
      const [error] = router.calls.flatMap(({ payload, errors }) => errors ?? payload?.errors ?? []) as {
        message: string;
        extensions: { errorId: string };
      }[];
      expect(error?.message).toBe('Internal server error');
      expect(JSON.stringify(router.calls)).not.toContain('password');
      expect(logged.join('\n')).toContain(error?.extensions.errorId);
    },
  );

  it.each([400, 500])(
    'a router that answers %s to the end of a subscription does not end the process, and the log has it',
    async (status) => {
      const router = await startRouter({ complete: status });
      const server = await serve({ subscriptionCallbacks: { urls: [router.url], retry: { retries: 0 } } });
      const completed = router.completed('1');
      await send(server, 'subscription { never }', as(null), callbackTo(router.url, '1'));
      await completed;
      await vi.waitFor(() => expect(logged.join('\n')).toContain(`answered ${status} to the end of a subscription`));
    },
  );

  it.each([
    [1, 1_000],
    [-5, 1_000],
    ['soon', 5_000],
    [1e300, 2 ** 31 - 1],
    [undefined, 5_000],
    [30_000, 30_000],
    [0, 0],
  ])(
    'a router is asked at most once a second whether a subscription is still wanted: %s ms become %s',
    async (asked, used) => {
      const router = await startRouter();
      const seen: unknown[] = [];
      const server = await serve({ subscriptionCallbacks: [router.url] }, [
        {
          requestDidStart: async ({ request }) => ({
            async willSendResponse() {
              seen.push(request.extensions?.['subscription']);
            },
          }),
        },
      ]);
      const completed = router.completed('1');
      const more = { heartbeatIntervalMs: undefined, heartbeat_interval_ms: asked };
      await send(server, 'subscription { tick }', as(null), callbackTo(router.url, '1', more));
      await completed;
      expect(seen).toMatchObject([{ heartbeatIntervalMs: used }]);
    },
  );

  it.each([[{ urls: 'https://a.example' }], [{ url: ['https://a.example'] }], ['https://a.example'], [null]])(
    'the list of callback URLs %j is refused at start',
    (subscriptionCallbacks) => {
      expect(() => guard({ controls: [], subscriptionCallbacks: subscriptionCallbacks as never })).toThrow(TypeError);
    },
  );
});

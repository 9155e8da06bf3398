/** Subscriptions whose events are posted to a router: that each ends by itself, at a real router. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { ApolloServer } from '@apollo/server';
import { guard } from '@graphql-bulwark/core';
import { makeExecutableSchema } from '@graphql-tools/schema';
import { expect, it, onTestFinished } from 'vitest';
import { as, send } from '../../../../test/kit.ts';

it.each(['callbackUrl', 'callback_url'])(
  'attack: of two subscriptions that name one URL in %s, each ends when the router does not know it any more',
  async (name) => {
    const unknown = new Set<string>();
    const paths: (string | undefined)[] = [];
    const router = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        paths.push(request.url);
        const { id } = JSON.parse(Buffer.concat(chunks).toString()) as { id: string };
        response.writeHead(unknown.has(id) ? 404 : 204).end();
      });
    });
    router.listen(0, '127.0.0.1');
    await once(router, 'listening');
    const url = `http://127.0.0.1:${(router.address() as AddressInfo).port}/hooks`;

    const open = new Map<number, () => void>();
    const schema = makeExecutableSchema({
      typeDefs: 'type Query { a: Int } type Subscription { tick(n: Int): Int }',
      resolvers: {
        Subscription: {
          tick: {
            subscribe(_: unknown, { n }: { n: number }) {
              let isOver = false;
              return {
                next: () =>
                  new Promise((resolve) => {
                    if (isOver) resolve({ value: undefined, done: true });
                    else open.set(n, () => resolve({ value: { tick: n }, done: false }));
                  }),
                async return() {
                  isOver = true;
                  open.delete(n);
                  return { value: undefined, done: true };
                },
                [Symbol.asyncIterator]() {
                  return this;
                },
              };
            },
          },
        },
      },
    });
    const server = new ApolloServer<object>({
      schema,
      stopOnTerminationSignals: false,
      plugins: [guard<object>({ controls: [], onEvent: () => {}, subscriptionCallbacks: [url] })],
    });
    await server.start();
    onTestFinished(async () => {
      await server.stop();
      router.closeAllConnections();
      router.close();
    });
    for (const n of [1, 2]) {
      const subscription = { [name]: `${url}#x`, subscriptionId: String(n), verifier: 'v', heartbeatIntervalMs: 0 };
      await send(server, 'subscription ($n: Int) { tick(n: $n) }', as(null), {
        variables: { n },
        extensions: { subscription },
      });
    }
    await expect.poll(() => [...open.keys()]).toEqual([1, 2]);
    for (const n of [1, 2]) {
      unknown.add(String(n));
      open.get(n)?.();
      await expect.poll(() => open.has(n)).toBe(false);
      expect(open.size).toBe(2 - n);
    }
    expect(new Set(paths)).toEqual(new Set(['/hooks']));
  },
);

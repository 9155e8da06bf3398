// Subscriptions whose events are posted to a router, and whose source cannot be closed.
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { ApolloServer } from '@apollo/server';
import { makeExecutableSchema } from '@graphql-tools/schema';
import { createBulwark, type SecuredContext } from 'graphql-bulwark';
import { expect, it, onTestFinished } from 'vitest';
import { as, send } from './kit.ts';

it.each<[string, number | undefined]>([
  ['without an end', undefined],
  ['with an end', Math.floor(Date.now() / 1_000) + 3_600],
])('a source that fails to close is logged, and ends nothing else: for a credential %s', async (_, expiresAt) => {
  const actions: string[] = [];
  const router = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      actions.push((JSON.parse(Buffer.concat(chunks).toString()) as { action: string }).action);
      response.writeHead(204).end();
    });
  });
  router.listen(0, '127.0.0.1');
  await once(router, 'listening');
  const url = `http://127.0.0.1:${(router.address() as AddressInfo).port}/hooks`;
  const logged: string[] = [];
  const logger = { warn() {}, error: (text: string) => void logged.push(text) };
  const bulwark = createBulwark({ authenticate: () => null, logger, onEvent() {}, subscriptionCallbacks: [url] });
  let sent = 0;
  const source = {
    // The broker goes away after the first event.
    next: () => (sent++ === 0 ? Promise.resolve({ value: { tick: 1 } }) : Promise.reject(new Error('no broker'))),
    return: () => Promise.reject(new Error('no broker to close at')),
    [Symbol.asyncIterator]() {
      return this;
    },
  };
  const schema = makeExecutableSchema({
    typeDefs: [bulwark.typeDefs, 'type Query { a: Int } type Subscription { tick: Int @auth }'],
    resolvers: { Subscription: { tick: { subscribe: () => source } } },
  });
  const server = new ApolloServer<SecuredContext>({
    ...bulwark.apollo({ schema: bulwark.secure(schema) }),
    stopOnTerminationSignals: false,
  });
  await server.start();
  onTestFinished(async () => {
    await server.stop();
    router.closeAllConnections();
    router.close();
  });
  const lost: unknown[] = [];
  const keep = (reason: unknown): void => void lost.push(reason);
  process.on('unhandledRejection', keep);
  onTestFinished(() => void process.off('unhandledRejection', keep));

  const subscription = { callbackUrl: url, subscriptionId: '1', verifier: 'v', heartbeatIntervalMs: 0 };
  await send(server, 'subscription { tick }', as({ id: 'u1', expiresAt }), { extensions: { subscription } });
  await expect.poll(() => logged.join('\n')).toContain('no broker to close at');
  expect(actions).toEqual(['check', 'next', 'complete']);
  expect(lost).toEqual([]);
});

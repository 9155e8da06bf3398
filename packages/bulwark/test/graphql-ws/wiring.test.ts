// What the hooks hand to the application, and which graphql-ws they fit.
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { makeExecutableSchema } from '@graphql-tools/schema';
import { createBulwark, type SecuredContext, webSocketHooks } from 'graphql-bulwark';
import { createClient } from 'graphql-ws';
import { useServer } from 'graphql-ws/use/ws';
import { useServer as useServer5 } from 'graphql-ws-5/lib/use/ws';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';

interface Context extends SecuredContext {
  readonly locale: string;
}

async function serve(isVersion5: boolean) {
  const logged: string[] = [];
  const bulwark = createBulwark<Context>({
    authenticate: () => null,
    onEvent: () => {},
    logger: { warn() {}, error: (line) => logged.push(line) },
  });
  const typeDefs = 'type Query { locale: String @public }';
  const resolvers = { Query: { locale: (_: unknown, __: unknown, { locale }: Context) => locale } };
  const schema = bulwark.secure(makeExecutableSchema({ typeDefs: [bulwark.typeDefs, typeDefs], resolvers }));
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
  await once(server, 'listening');
  const hooks = webSocketHooks(bulwark, {
    schema,
    server,
    context: ({ connectionParams, req }) => ({ locale: `${String(connectionParams['locale'])} of ${req.url}` }),
  });
  const served = isVersion5 ? useServer5(hooks as never, server as never) : useServer(hooks, server);
  const client = createClient({
    url: `ws://127.0.0.1:${(server.address() as AddressInfo).port}/graphql`,
    webSocketImpl: WebSocket,
    retryAttempts: 0,
    connectionParams: { locale: 'de' },
  });
  onTestFinished(async () => {
    await client.dispose();
    await served.dispose();
  });
  async function ask(): Promise<unknown> {
    for await (const result of client.iterate({ query: '{ locale }' })) return result;
    return undefined;
  }
  return { ask, logged };
}

describe('webSocketHooks', () => {
  it('the function for the context gets what the client sent in connection_init, beside its request', async () => {
    const { ask, logged } = await serve(false);
    expect(await ask()).toMatchObject({ data: { locale: 'de of /graphql' } });
    expect(logged).toEqual([]);
  });

  it('graphql-ws 5 is refused with the version that is needed, and no operation runs', async () => {
    const printed = vi.spyOn(console, 'error').mockImplementation(() => {});
    const { ask, logged } = await serve(true);
    await expect(ask()).rejects.toMatchObject({ code: 4500, reason: 'Internal server error' });
    expect(logged.join()).toContain('webSocketHooks needs graphql-ws 6 or newer');
    expect(printed.mock.calls.flat().join()).toContain('npm install graphql-ws@6');
    printed.mockRestore();
  });
});

/** Streams over graphql-ws whose caller is somebody else by the next event, with a real server and a real client on loopback. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type ApiKeyRecord, generateApiKey } from '@graphql-bulwark/authentication';
import type { Principal } from '@graphql-bulwark/core';
import { makeExecutableSchema } from '@graphql-tools/schema';
import { createClient } from 'graphql-ws';
import { useServer } from 'graphql-ws/use/ws';
import { describe, expect, it, onTestFinished } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { composeWebSocketHooks } from '../../src/graphql-ws/index.ts';
import { type BulwarkOptions, createBulwark, webSocketHooks } from '../../src/index.ts';

const typeDefs = /* GraphQL */ `
  type Query { open: String @public }
  type Subscription { docs: Doc @auth }
  type Doc @owner(field: "org", claim: "org") { id: Int }
`;

/**
 * @param meanwhile called before the second event is sent.
 * @param asking authenticates for hooks that are composed by hand; left out, the hooks are those of a Bulwark.
 */
async function streamed(
  authenticate: BulwarkOptions['authenticate'],
  meanwhile: () => void,
  connectionParams: Record<string, unknown> = {},
  asking?: () => Principal,
): Promise<unknown[]> {
  const bulwark = createBulwark({ authenticate, onEvent: () => {}, logger: { warn() {}, error() {} } });
  let seen = (): void => {};
  const first = new Promise<void>((resolve) => {
    seen = resolve;
  });
  const docs = {
    async *subscribe() {
      yield { id: 1, org: 'a' };
      await first;
      meanwhile();
      yield { id: 2, org: 'a' };
    },
    resolve: (event: unknown) => event,
  };
  const resolvers = { Subscription: { docs } };
  const schema = bulwark.secure(makeExecutableSchema({ typeDefs: [bulwark.typeDefs, typeDefs], resolvers }));
  const http = createServer();
  const server = new WebSocketServer({ server: http });
  const shared = { schema, server, initTimeoutMilliseconds: 60_000 };
  const hooks = asking
    ? composeWebSocketHooks({ ...shared, authenticate: asking, check: bulwark.check, context: () => ({}) })
    : webSocketHooks(bulwark, shared);
  const served = useServer(hooks, server);
  http.listen(0, '127.0.0.1');
  await once(http, 'listening');
  const url = `ws://127.0.0.1:${(http.address() as AddressInfo).port}`;
  const client = createClient({ url, webSocketImpl: WebSocket, retryAttempts: 0, connectionParams });
  onTestFinished(async () => {
    await client.dispose();
    await served.dispose();
    http.close();
  });
  const answers: unknown[] = [];
  await new Promise<void>((resolve) => {
    client.subscribe(
      { query: 'subscription { docs { id } }' },
      {
        next(value) {
          answers.push(value);
          seen();
        },
        error(error) {
          answers.push({ closed: (error as { code?: number }).code });
          resolve();
        },
        complete: resolve,
      },
    );
  });
  return answers;
}

const events = [{ data: { docs: { id: 1 } } }, { data: { docs: { id: 2 } } }];
const endedAfterTheFirst = [events[0], { closed: 4403 }];

describe('a stream over graphql-ws', () => {
  const somebody = { id: 'u1', roles: [], scopes: [], authMethod: 'session' };

  it('ends when its caller has another claim than it began with, which owners are compared with', async () => {
    let org = 'a';
    const leave = (): void => void (org = 'b');
    expect(await streamed(() => ({ ...somebody, claims: { org } }), leave)).toEqual(endedAfterTheFirst);
  });

  it.each<[string, (session: { claims: Record<string, unknown>; roles: string[]; scopes: string[] }) => unknown]>([
    ['claims', ({ claims }) => Object.assign(claims, { org: 'b' })],
    ['roles', ({ roles }) => roles.pop()],
    ['scopes', ({ scopes }) => scopes.push('more')],
  ])('ends when the %s of a session that is kept in memory change in place', async (_, change) => {
    const session = { ...somebody, claims: { org: 'a' }, roles: ['MEMBER'], scopes: [] as string[] };
    const changed = (): void => void change(session);
    expect(await streamed(() => session, changed)).toEqual(endedAfterTheFirst);
  });

  it('of hooks that are composed by hand ends when the session of its caller changes in place', async () => {
    const session = { ...somebody, claims: { org: 'a' } };
    const changed = (): void => void (session.claims.org = 'b');
    expect(
      await streamed(
        false,
        () => {},
        {},
        () => session,
      ),
    ).toEqual(events);
    expect(await streamed(false, changed, {}, () => session)).toEqual(endedAfterTheFirst);
  });

  it('goes on while its caller has the same claims, in whatever order they are told', async () => {
    let claims: Record<string, unknown> = { org: 'a', groups: [{ id: 1 }] };
    const sayAnew = (): void => void (claims = { groups: [{ id: 1 }], org: 'a' });
    expect(await streamed(() => ({ ...somebody, claims }), sayAnew)).toEqual(events);
  });

  it('ends when the record of its API key was given to another tenant, and goes on while it was not', async () => {
    const { key, secretSha256 } = generateApiKey({ prefix: 'shop' });
    let record: ApiKeyRecord = { secretSha256, subject: 'u1', claims: { org: 'a' } };
    const authenticate = { apiKeys: { prefix: 'shop', store: { find: () => record } } };
    const params = { 'X-API-Key': key };
    expect(await streamed(authenticate, () => {}, params)).toEqual(events);
    const move = (): void => void (record = { ...record, claims: { org: 'b' } });
    expect(await streamed(authenticate, move, params)).toEqual(endedAfterTheFirst);
  });
});

/** Roles that include others, through the umbrella: with each way to find the caller, over each transport. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { ApolloServer } from '@apollo/server';
import { startStandaloneServer } from '@apollo/server/standalone';
import { makeExecutableSchema } from '@graphql-tools/schema';
import { type BulwarkOptions, createBulwark, type SecuredContext, webSocketHooks } from 'graphql-bulwark';
import { createClient } from 'graphql-ws';
import { useServer } from 'graphql-ws/use/ws';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { expect, it, onTestFinished } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';

const roleHierarchy = {
  roles: { ADMIN: ['ACCOUNTANT'], ACCOUNTANT: ['MEMBER'] },
  scopes: { MEMBER: ['invoices:read'], ACCOUNTANT: ['invoices:write'] },
};
const typeDefs = `type Query {
  member: [String!] @auth(roles: "MEMBER")
  write: [String!] @auth(scopes: "invoices:write")
  admin: [String!] @auth(roles: "ADMIN")
}`;
const rights = (_: unknown, __: unknown, { security: { principal } }: SecuredContext): unknown => [
  ...(principal?.roles ?? []),
  ...(principal?.scopes ?? []),
];
const resolvers = { Query: { member: rights, write: rights, admin: rights } };
const query = '{ member write admin }';

const { publicKey, privateKey } = await generateKeyPair('ES256');
const jwks = { keys: [{ ...(await exportJWK(publicKey)), kid: 'k', alg: 'ES256' }] };
const issuer = { issuer: 'https://id.example.com', audience: 'api', algorithms: ['ES256'], jwks };
const tokenOf = (role: string): Promise<string> =>
  new SignJWT({ roles: [role], scope: 'own' })
    .setProtectedHeader({ alg: 'ES256', kid: 'k', typ: 'at+jwt' })
    .setIssuer(issuer.issuer)
    .setAudience(issuer.audience)
    .setSubject('ann')
    .setIssuedAt()
    .setExpirationTime('5m')
    .sign(privateKey);

const byToken: BulwarkOptions['authenticate'] = issuer;
/** The token's own text is the role: only who makes the principal differs. */
const byFunction: BulwarkOptions['authenticate'] = ({ headers }) => ({
  id: 'ann',
  claims: {},
  roles: [String(headers.authorization).replace('Bearer ', '')],
  scopes: ['own'],
  authMethod: 'test',
});

async function serve(authenticate: BulwarkOptions['authenticate']) {
  const bulwark = createBulwark({ authenticate, roleHierarchy, onEvent() {}, logger: { warn() {}, error() {} } });
  const schema = bulwark.secure(makeExecutableSchema({ typeDefs: [bulwark.typeDefs, typeDefs], resolvers }));
  const server = new ApolloServer(bulwark.apollo({ schema, stopOnTerminationSignals: false }));
  const { url } = await startStandaloneServer(server, {
    context: bulwark.context(),
    listen: { host: '127.0.0.1', port: 0 },
  });
  const http = createServer();
  const ws = new WebSocketServer({ server: http });
  const { dispose } = useServer(webSocketHooks(bulwark, { schema, server: ws }), ws);
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  onTestFinished(async () => {
    await Promise.all([server.stop(), dispose()]);
    await new Promise((resolve) => http.close(resolve));
  });
  return {
    async overHttp(credential: string): Promise<unknown> {
      const response = await fetch(url, {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization: `Bearer ${credential}` },
        body: JSON.stringify({ query }),
      });
      return ((await response.json()) as { data: unknown }).data;
    },
    async overWebSocket(credential: string): Promise<unknown> {
      const client = createClient({
        url: `ws://127.0.0.1:${(http.address() as AddressInfo).port}`,
        webSocketImpl: WebSocket,
        retryAttempts: 0,
        connectionParams: { authorization: `Bearer ${credential}` },
      });
      try {
        for await (const { data } of client.iterate({ query })) return data;
      } finally {
        await client.dispose();
      }
      return undefined;
    },
  };
}

it.each([
  ['a token', byToken, tokenOf],
  ['a function of the application', byFunction, async (role: string) => role],
] as const)(
  'the role hierarchy applies to callers found by %s, over HTTP and WebSockets, on each request',
  async (_, authenticate, credentialOf) => {
    const api = await serve(authenticate);
    const everything = ['ADMIN', 'ACCOUNTANT', 'MEMBER', 'own', 'invoices:write', 'invoices:read'];
    const expected = {
      ADMIN: { member: everything, write: everything, admin: everything },
      ACCOUNTANT: { member: everything.slice(1), write: everything.slice(1), admin: null },
      MEMBER: { member: ['MEMBER', 'own', 'invoices:read'], write: null, admin: null },
      constructor: { member: null, write: null, admin: null },
    };
    for (const [role, data] of Object.entries(expected)) {
      const credential = await credentialOf(role);
      for (let time = 0; time < 2; time += 1) {
        const [http, socket] = [await api.overHttp(credential), await api.overWebSocket(credential)];
        for (const answer of [http, socket] as Record<string, string[] | null>[]) {
          const sorted = (all: Record<string, string[] | null>) =>
            Object.entries(all).map(([field, names]) => [field, names && new Set(names)]);
          expect(sorted(answer)).toEqual(sorted(data));
        }
      }
    }
  },
);

it.each([
  [{ roles: { A: ['B'], B: ['A'] } }, 'roleHierarchy: roles.A includes A itself'],
  [{ role: {} }, "roleHierarchy has no option 'role'; did you mean 'roles'?"],
  [null, 'roleHierarchy must be { roles, scopes }, but is null'],
  [{ roles: new Map([['A', ['B']]]) }, 'roleHierarchy: roles must map roles to lists of names'],
  [{ scopes: { A: 'read' } }, 'roleHierarchy: scopes.A must be a list of names'],
])('the role hierarchy %j keeps the server from starting', (wrong, message) => {
  expect(() => createBulwark({ authenticate: byToken, roleHierarchy: wrong as never })).toThrow(message);
});

it('a role hierarchy beside authenticate: false keeps the server from starting', () => {
  expect(() => createBulwark({ authenticate: false, roleHierarchy })).toThrow('roleHierarchy needs authenticate');
});

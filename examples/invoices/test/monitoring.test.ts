// What the operator of the protected server sees, over HTTP.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { comeFrom, send } from '../src/client.ts';
import type { RunningServer } from '../src/http.ts';
import { type Identity, startIdentity } from '../src/identity.ts';
import { startProtectedServer } from '../src/protected-server.ts';

let identity: Identity;
let server: RunningServer;

beforeAll(async () => {
  identity = await startIdentity();
  server = await startProtectedServer({ identity, trustedHops: 1 });
});

afterAll(async () => {
  await server.stop();
  await identity.stop();
});

test('five wrong passwords from one address raise an alert, and four do not', async () => {
  const guess = (n: number) =>
    send(server.url, { query: `mutation { login(email: "m${n}@quarry.test", password: "no") { accessToken } }` });
  comeFrom('192.0.2.7');
  for (let n = 0; n < 4; n += 1) expect((await guess(n)).code).toBe('INVALID_CREDENTIALS');
  expect(await server.alerts?.()).toEqual([]);
  await guess(4);
  expect(await server.alerts?.()).toMatchObject([{ rule: 'failedAuthentications', clientIp: '192.0.2.7', count: 5 }]);
});

test('/metrics has the events and the cost of operations, and no name of a caller or an operation', async () => {
  comeFrom('192.0.2.8');
  await send(server.url, { query: 'query SecretName { __schema { types { name } } }' });
  await send(server.url, { query: 'query SecretName { __typename }' });
  const metrics = await fetch(`${server.origin}/metrics`);
  expect(metrics.headers.get('content-type')).toContain('text/plain');
  const text = await metrics.text();
  expect(text).toMatch(/bulwark_events_total\{[^}]*error_type="INTROSPECTION_DISABLED"[^}]*\} 1\n/);
  expect(text).toMatch(/bulwark_operation_cost_count\{graphql_operation_type="query"/);
  expect(text).toMatch(/bulwark_decision_duration_count\{/);
  expect(text).not.toMatch(/SecretName|192\.0\.2/);
});

import { type ChildProcess, spawn } from 'node:child_process';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Signer, signer } from '../packages/authentication/test/tokens.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
let keys: Signer;
let jwks: Server;
let child: ChildProcess;
let issuer: string;
let url: string;

beforeAll(async () => {
  keys = await signer();
  jwks = createServer((_, response) => {
    response.setHeader('content-type', 'application/json').end(JSON.stringify({ keys: [keys.jwk] }));
  });
  await new Promise<void>((resolve) => jwks.listen(0, '127.0.0.1', resolve));
  issuer = `http://127.0.0.1:${(jwks.address() as AddressInfo).port}`;
  child = spawn(
    process.execPath,
    ['--import', 'tsx', '-C', '@graphql-bulwark/source', 'examples/minimal/src/server.ts'],
    {
      cwd: root,
      env: { PATH: process.env['PATH'], PORT: '0', ISSUER: issuer },
      stdio: ['ignore', 'pipe', 'ignore'],
    },
  );
  if (!child.stdout) throw new Error('no output');
  for await (const line of createInterface(child.stdout)) {
    url = /Ready at (\S+)/.exec(line)?.[1] ?? '';
    if (url) break;
  }
}, 60_000);

afterAll(async () => {
  child.kill();
  jwks.closeAllConnections();
  await new Promise((resolve) => jwks.close(resolve));
});

async function post(query: string, token?: string) {
  const headers = {
    'content-type': 'application/json',
    ...(token !== undefined && { authorization: `Bearer ${token}` }),
  };
  const response = await fetch(url, { method: 'POST', headers, body: JSON.stringify({ query }) });
  // biome-ignore lint/suspicious/noExplicitAny: answers of every shape.
  const body: any = await response.json();
  return { status: response.status, body, code: body.errors?.[0]?.extensions?.code };
}

it('the example in the README protects what it says, with tokens of a real issuer', async () => {
  const token = (sub: string, more = {}) => keys.sign({ iss: issuer, aud: 'notes', sub, ...more });
  const user = await token('user-1');
  const note = '{ note(id: 1) { text } }';
  expect((await post('{ motd }')).body).toEqual({ data: { motd: 'hello' } });
  expect((await post(note)).code).toBe('UNAUTHENTICATED');
  expect((await post(note, user)).body).toEqual({ data: { note: { text: 'Only for user-1' } } });
  const other = await token('user-2');
  // A note of somebody else is answered as one that does not exist, and what one adds is one's own.
  expect((await post(note, other)).body).toEqual((await post('{ note(id: 9) { text } }', other)).body);
  expect((await post(note, other)).body).toEqual({ data: { note: null } });
  const added = await post('mutation { addNote(text: "x") { text authorId } }', other);
  expect(added.body).toEqual({ data: { addNote: { text: 'x', authorId: 'user-2' } } });
  expect((await post('{ everyone }', user)).code).toBe('FORBIDDEN');
  expect((await post('{ everyone }', await token('boss', { roles: ['ADMIN'] }))).body.data.everyone).toEqual([
    'user-1',
  ]);
  expect(await post('{ motd }', await token('user-1', { aud: 'others' }))).toMatchObject({ status: 401 });
  expect(await post('{ __schema { types { name } } }', user)).toMatchObject({
    status: 403,
    code: 'INTROSPECTION_DISABLED',
  });
  for (let i = 0; i < 5; i += 1) expect((await post('mutation { addNote(text: "x") { id } }', user)).status).toBe(200);
  expect(await post('mutation { addNote(text: "x") { id } }', user)).toMatchObject({
    status: 429,
    code: 'RATE_LIMITED',
  });
});

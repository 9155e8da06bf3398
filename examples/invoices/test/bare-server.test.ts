// The API without Bulwark, over real HTTP: honest clients are served, the application's own rules hold, and the attacks
// that the showcase counts as getting through really do.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { businessAttacks } from '../src/attacks/business.ts';
import { attacks } from '../src/attacks/index.ts';
import { startBareServer } from '../src/bare-server.ts';
import { type Answer, at, send } from '../src/client.ts';
import { afterwards, honestOperations } from '../src/honest.ts';
import type { RunningServer } from '../src/http.ts';
import { type Identity, startIdentity } from '../src/identity.ts';
import { aim, type Target } from '../src/target.ts';

let identity: Identity;
let server: RunningServer;
let target: Target;

beforeAll(async () => {
  identity = await startIdentity();
  server = await startBareServer({ identity });
  target = await aim(server.url, identity);
});

afterAll(async () => {
  await server.stop();
  await identity.stop();
});

function ask(query: string, caller?: keyof Target['tokens'], variables = {}): Promise<Answer> {
  return send(server.url, { query, variables, ...(caller && { token: target.tokens[caller] }) });
}

describe('answers honest clients', () => {
  test.each(honestOperations.map(({ name, run }) => [name, run] as const))('%s', async (_, run) => {
    const { data, code } = await run(target);
    expect(data).toBeTruthy();
    expect(code).toBeUndefined();
  });
});

describe('is alive and publishes the keys of its issuer', () => {
  test('GET /healthz', async () => {
    const answer = await fetch(`${server.origin}/healthz`);
    expect([answer.status, await answer.json()]).toEqual([200, { status: 'ok' }]);
  });

  test('GET /.well-known/jwks.json', async () => {
    const [here, there] = await Promise.all(
      [`${server.origin}/.well-known/jwks.json`, identity.jwksUri].map((url) => fetch(url)),
    );
    expect(await here?.json()).toEqual(await there?.json());
  });
});

describe('keeps the rules of the application', () => {
  const update = 'mutation ($id: ID!, $input: UpdateInvoiceInput!) { updateInvoice(id: $id, input: $input) { id } }';

  test('leaves an invoice that was paid, unless it is told to use force', async () => {
    const remove = 'mutation ($force: Boolean) { deleteInvoice(id: "inv_1002", force: $force) }';
    expect((await ask(remove, 'admin')).code).toBe('BAD_USER_INPUT');
    expect(at(await ask(remove, 'admin', { force: true }), 'deleteInvoice')).toBe('inv_1002');
    expect((await ask('{ invoice(id: "inv_1002") { id } }', 'admin')).code).toBe('NOT_FOUND');
  });

  test('writes only to invoices of the caller', async () => {
    const answer = await ask(update, 'neighbour', { id: 'inv_1', input: { note: 'not yours' } });
    expect(answer.code).toBe('NOT_FOUND');
    expect(at(await ask('{ invoice(id: "inv_1") { note } }', 'member'), 'invoice', 'note')).not.toBe('not yours');
  });

  test('pays an invoice once', async () => {
    const open = await ask('{ invoices(first: 1, status: SENT) { edges { node { id } } } }', 'member');
    const id = at(open, 'invoices', 'edges', 0, 'node', 'id');
    const pay =
      'mutation ($id: ID!) { payInvoice(id: $id, cardLast4: "4242") { invoice { status payments { amountCents } } } }';
    expect(at(await ask(pay, 'member', { id }), 'payInvoice', 'invoice', 'status')).toBe('PAID');
    expect((await ask(pay, 'member', { id })).code).toBe('BAD_USER_INPUT');
    const after = await ask('query ($id: ID!) { invoice(id: $id) { payments { id } } }', 'member', { id });
    expect(at(after, 'invoice', 'payments', 'length')).toBe(1);
  });

  test.each([0, -1, 101])('refuses a page of %i', async (first) => {
    const answer = await ask('query ($first: Int!) { invoices(first: $first) { edges { cursor } } }', 'member', {
      first,
    });
    expect(answer.code).toBe('BAD_USER_INPUT');
  });

  test('takes wildcards of a search literally', async () => {
    expect(at(await ask('{ search(text: "N_-0012") { __typename } }', 'member'), 'search')).toEqual([]);
    expect(at(await ask('{ search(text: "NO-0012") { __typename } }', 'member'), 'search', 'length')).toBe(10);
  });

  test('walks every invoice of an organisation exactly once, page by page', async () => {
    const query = `query ($after: String) { me { organisation { invoices(first: 100, after: $after) {
      edges { node { id } } pageInfo { hasNextPage endCursor } } } } }`;
    const path = ['me', 'organisation', 'invoices'] as const;
    const seen: string[] = [];
    for (let after: unknown = null, more: unknown = true; more === true; ) {
      const page = await ask(query, 'neighbour', { after });
      seen.push(...[...page.text.matchAll(/"id":"(\w+)"/g)].map((match) => match[1] ?? ''));
      after = at(page, ...path, 'pageInfo', 'endCursor');
      more = at(page, ...path, 'pageInfo', 'hasNextPage');
    }
    expect(seen).toHaveLength(1250);
    expect(new Set(seen).size).toBe(1250);
  });

  test('answers login alike for a wrong password and an unknown address', async () => {
    const login = (email: string): Promise<Answer> =>
      ask('mutation ($email: String!) { login(email: $email, password: "x") { accessToken } }', undefined, { email });
    const [wrong, unknown] = await Promise.all([login('member1@northgate.test'), login('nobody@northgate.test')]);
    expect(wrong?.code).toBe('INVALID_CREDENTIALS');
    expect(wrong?.text).toBe(unknown?.text);
  });
});

const stoppedByItself = new Set([
  "another company's invoices through a shared reference",
  "another company's invoices through search",
  "another company's customers through search",
  "another company's e-mail address, letter by letter through search",
  "the same token spells a colleague's e-mail through search",
  "everybody's invoices without a token",
  'WebSocket: hearing of payments without a token',
  ...businessAttacks.map(({ name }) => name),
  'an API key with a guessed secret',
  'a revoked API key',
  'fragments in a circle',
  'a token with "alg: none"',
  'an expired token',
  'a token of a foreign issuer',
  'a token signed with a foreign key',
  'a token for another audience',
  'a token signed with HS256 and the public key',
  'a token with another role written into it',
  'variables nested 20,000 deep',
  'a refresh token whose owner has logged out',
  'a refresh token used a second time, and its successor',
]);

describe('without Bulwark, lets through', () => {
  const rest = attacks.filter(({ name }) => !stoppedByItself.has(name));
  // A hundred password hashes take their time on a busy machine.
  test.each(rest.map(({ name, run }) => [name, run] as const))('%s', { timeout: 60_000 }, async (_, run) => {
    expect(await run(target)).toMatchObject({ stopped: false, note: expect.not.stringContaining('no answer') });
  });
});

describe('without Bulwark, stops by itself', () => {
  const few = attacks.filter(({ name }) => stoppedByItself.has(name));
  test.each(few.map(({ name, run }) => [name, run] as const))('%s', async (_, run) => {
    expect(await run(target)).toMatchObject({ stopped: true });
  });

  test('every attack named here exists', () => {
    expect(few).toHaveLength(stoppedByItself.size);
  });
});

test('still answers when the attacks are over', async () => {
  await expect(afterwards.run(target)).resolves.toMatchObject({ status: 200 });
});

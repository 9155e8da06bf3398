// The rules of the schema over HTTP, against the protected server: what the attacks of the showcase do not look at.
import type { SecurityEvent } from 'graphql-bulwark';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type Answer, at, comeFrom, send } from '../src/client.ts';
import { demoUsers } from '../src/demo-users.ts';
import type { RunningServer } from '../src/http.ts';
import { type Identity, startIdentity } from '../src/identity.ts';
import { startProtectedServer } from '../src/protected-server.ts';
import { memberLimitCents } from '../src/rules.ts';
import { aim, type Target } from '../src/target.ts';

let identity: Identity;
let server: RunningServer;
let target: Target;
const events: SecurityEvent[] = [];
let asked = 0;

beforeAll(async () => {
  identity = await startIdentity();
  server = await startProtectedServer({ identity, trustedHops: 1, onEvent: (event) => events.push(event) });
  target = await aim(server.url, identity);
});

afterAll(async () => {
  await server.stop();
  await identity.stop();
});

// Who has been refused sixty times in a minute hears nothing more, so everybody has an address of their own, and each test
// accountants of its own.
beforeEach(async () => {
  asked += 1;
  comeFrom(`192.0.2.${asked}`);
  const accountant = await identity.issueAccessToken({ ...demoUsers.accountant, id: `usr_${3 + (asked % 8)}` });
  target = { ...target, tokens: { ...target.tokens, accountant } };
});

function ask(query: string, caller?: keyof Target['tokens'], variables = {}): Promise<Answer> {
  return send(server.url, { query, variables, ...(caller && { token: target.tokens[caller] }) });
}

// Twice: the second time the document comes out of the cache.
describe.each(['first', 'second'])('the %s time', () => {
  test.each([
    ['a query', 'query ($id: ID!) { invoice(id: $id) { number } }'],
    ['node(id)', 'query ($id: ID!) { node(id: $id) { __typename ... on Invoice { number } } }'],
    ['two aliases', 'query ($id: ID!) { a: invoice(id: $id) { number } b: invoice(id: $id) { totalCents } }'],
    ['a change', 'mutation ($id: ID!) { updateInvoice(id: $id, input: { note: "x" }) { id } }'],
    ['a payment', 'mutation ($id: ID!) { payInvoice(id: $id, cardLast4: "4242") { id } }'],
    ['a deletion', 'mutation ($id: ID!) { deleteInvoice(id: $id) }'],
  ])('a foreign invoice and none are answered alike: %s', async (_, query) => {
    // Paid and open, from months whose books are closed and from others.
    const ids = ['inv_1251', 'inv_1252', 'inv_1253', 'inv_1257', 'inv_missing'];
    const answers = await Promise.all(ids.map((id) => ask(query, 'accountant', { id })));
    expect(answers[0]?.code).toBe('NOT_FOUND');
    expect(new Set(answers.map(({ status, text }) => `${status} ${text}`)).size).toBe(1);
  });

  test('lists leave out foreign customers, and nobody else', async () => {
    const query = 'query ($text: String!) { search(text: $text) { ... on Customer { name } } }';
    expect(await ask(query, 'member', { text: 'Customer 7 of Harbour' })).toMatchObject({ data: { search: [] } });
    expect(await ask(query, 'neighbour', { text: 'Customer 7 of Harbour' })).toMatchObject({
      data: { search: [{ name: 'Customer 7 of Harbour' }] },
    });
  });

  test('nothing of a query runs for somebody who asks for the report in it and may not', async () => {
    const query = '{ me { name } reports(from: "2024-01-01", to: "2024-02-01") { month } }';
    expect(await ask(query, 'member')).toMatchObject({ status: 403, code: 'FORBIDDEN' });
    expect((await ask(query, 'member')).data).toBeUndefined();
    expect(at(await ask(query, 'accountant'), 'me', 'name')).toMatch(/^Accountant . of Northgate$/);
  });

  test('logging out without a session is null, and no reason to refuse the rest', async () => {
    const query = 'mutation { logout(refreshToken: "gone") requestPasswordReset(email: "nobody@northgate.test") }';
    const { status, data, code } = await ask(query);
    expect([status, data]).toEqual([200, { logout: null, requestPasswordReset: true }]);
    expect(code).toBe('UNAUTHENTICATED');
  });

  test('API keys and the audit log are for admins, by whatever way', async () => {
    const query = `{ node(id: "key_seed1") { ... on AdminRecord { id } ... on ApiKey { name } }
      me { organisation { apiKeys { name } auditLog(first: 1) { action } } } }`;
    const admin = await ask(query, 'admin');
    expect([at(admin, 'node', 'name'), at(admin, 'me', 'organisation', 'auditLog', 'length')]).toEqual([
      'Accounting export',
      1,
    ]);
    const { data } = await ask(query, 'accountant');
    expect(data).toEqual({ node: null, me: { organisation: { apiKeys: null, auditLog: null } } });
  });

  test('members bill up to their limit, and those who keep the books beyond it', async () => {
    const query = 'mutation ($input: CreateInvoiceInput!) { createInvoice(input: $input) { totalCents } }';
    const input = (unitCents: number): Record<string, unknown> => ({
      input: { customerId: 'cus_1', dueOn: '2027-01-31', lines: [{ description: 'Advice', quantity: 2, unitCents }] },
    });
    const most = input(memberLimitCents / 2);
    expect(at(await ask(query, 'member', most), 'createInvoice', 'totalCents')).toBe(memberLimitCents);
    expect((await ask(query, 'member', input(memberLimitCents / 2 + 1))).code).toBe('FORBIDDEN');
    expect((await ask(query, 'accountant', input(memberLimitCents))).code).toBeUndefined();
  });

  test('an accountant cancels, and invites members; an admin writes for a colleague, and invites admins', async () => {
    const cancel = 'mutation { updateInvoice(id: "inv_1", input: { status: CANCELLED }) { status } }';
    expect(at(await ask(cancel, 'accountant'), 'updateInvoice', 'status')).toBe('CANCELLED');
    expect((await ask(cancel, 'member')).code).toBe('FORBIDDEN');
    const invite = `mutation ($role: Role, $email: String!) {
      inviteUser(input: { name: "New", email: $email, role: $role }) { role } }`;
    const email = `${Math.random()}@northgate.test`;
    expect(at(await ask(invite, 'accountant', { email }), 'inviteUser', 'role')).toBe('MEMBER');
    expect((await ask(invite, 'accountant', { email: `b${email}`, role: 'MEMBER' })).code).toBe('FORBIDDEN');
    expect(at(await ask(invite, 'admin', { email: `c${email}`, role: 'ADMIN' }), 'inviteUser', 'role')).toBe('ADMIN');
    const write = `mutation ($author: ID) { createInvoice(input: { authorId: $author, customerId: "cus_1",
      dueOn: "2027-01-31", lines: [{ description: "Advice", quantity: 1, unitCents: 100 }] }) { author { id } } }`;
    expect(at(await ask(write, 'admin', { author: 'usr_11' }), 'createInvoice', 'author', 'id')).toBe('usr_11');
    expect(at(await ask(write, 'member', { author: 'usr_11' }), 'createInvoice', 'author', 'id')).toBe('usr_11');
    expect((await ask(write, 'member', { author: 'usr_12' })).code).toBe('FORBIDDEN');
    expect((await ask(write, 'member', { author: null })).code).toBe('FORBIDDEN');
  });
});

test('support staff look a company up, which is written down, and see nothing of what it owns', async () => {
  events.length = 0;
  const query = `{ organisation(id: "org_2") { name bankAccount members(first: 2) { name } customers(first: 2) { name }
    invoices(first: 2) { edges { node { number } } } } }`;
  const { data } = await ask(query, 'support');
  expect(data).toEqual({
    organisation: {
      name: 'Harbour Supplies',
      bankAccount: null,
      members: null,
      customers: null,
      invoices: null,
    },
  });
  expect(events.filter(({ type }) => type === 'access.bypassed')).toContainEqual(
    expect.objectContaining({ coordinate: 'Organisation' }),
  );
});

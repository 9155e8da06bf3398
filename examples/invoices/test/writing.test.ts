// What the application itself refuses when invoices are written, over HTTP; and that what it checked still holds when it writes.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type App, type InvoicesContext, openApp } from '../src/app.ts';
import { type Answer, at, comeFrom, send } from '../src/client.ts';
import type { Db } from '../src/database.ts';
import { demoUsers } from '../src/demo-users.ts';
import type { RunningServer } from '../src/http.ts';
import { type Identity, startIdentity } from '../src/identity.ts';
import { startProtectedServer } from '../src/protected-server.ts';
import { billingResolvers } from '../src/resolvers/billing.ts';
import { aim, type Target } from '../src/target.ts';

let identity: Identity;
let server: RunningServer;
let tokens: Target['tokens'];

beforeAll(async () => {
  identity = await startIdentity();
  server = await startProtectedServer({ identity, trustedHops: 1 });
  ({ tokens } = await aim(server.url, identity));
  comeFrom('192.0.2.1');
});

afterAll(async () => {
  await server.stop();
  await identity.stop();
});

const ask = (query: string, variables = {}, token = tokens.accountant): Promise<Answer> =>
  send(server.url, { query, token, variables });

const line = { description: 'Advice', quantity: 1, unitCents: 100 };
const createQuery = `mutation ($input: CreateInvoiceInput!, $first: Int! = 10) { createInvoice(input: $input) {
  id author { id } lines(first: $first) { description } } }`;
const create = (more: object, token = tokens.accountant, first = 10): Promise<Answer> => {
  const input = { customerId: 'cus_1', dueOn: '2027-01-31', lines: [line], ...more };
  return ask(createQuery, { input, first }, token);
};
const pay = (id: unknown): Promise<Answer> =>
  ask('mutation ($id: ID!) { payInvoice(id: $id, cardLast4: "4242") { id } }', { id });
const become = (id: unknown, status: string): Promise<Answer> =>
  ask('mutation ($id: ID!, $status: StatusChange) { updateInvoice(id: $id, input: { status: $status }) { status } }', {
    id,
    status,
  });

describe('the lines of an invoice', () => {
  const lines = (count: number): object => ({
    lines: Array.from({ length: count }, (_, n) => ({ ...line, description: `Line ${n}` })),
  });

  test('are as many as one page may show, and no more', async () => {
    expect((await create(lines(101))).code).toBe('BAD_USER_INPUT');
    const most = await create(lines(100), tokens.accountant, 100);
    expect(at(most, 'createInvoice', 'lines', 'length')).toBe(100);
    expect(at(most, 'createInvoice', 'lines', 99, 'description')).toBe('Line 99');
  });

  test('come as many as were paid for: ten unless more are asked for, at a higher price', async () => {
    const id = at(await create(lines(100)), 'createInvoice', 'id');
    const ten = await ask('query ($id: ID!) { invoice(id: $id) { lines { description } } }', { id });
    expect(at(ten, 'invoice', 'lines', 'length')).toBe(10);
    const page = (first: number): Promise<Answer> =>
      ask(`{ invoices(first: 100) { edges { node { lines(first: ${first}) { id } } } } }`);
    expect((await page(10)).code).toBeUndefined();
    expect((await page(100)).code).toBe('COST_LIMIT_EXCEEDED');
    expect((await ask('{ invoice(id: "inv_7") { lines(first: 101) { id } } }')).code).toBeDefined();
  });
});

test('a report covers as many months as its price says', async () => {
  const report = (from: string, to: string): Promise<Answer> =>
    ask('query ($from: String!, $to: String!) { reports(from: $from, to: $to) { month } }', { from, to });
  expect(at(await report('2024-01-01', '2025-12-31'), 'reports', 'length')).toBe(24);
  expect((await report('2024-01-31', '2026-01-01')).code).toBe('BAD_USER_INPUT');
  expect((await report('1900-01-01', '2100-01-01')).code).toBe('BAD_USER_INPUT');
});

test('an admin writes for a colleague; a foreign author is answered as one that does not exist', async () => {
  const colleague = await create({ authorId: demoUsers.member.id }, tokens.admin);
  expect(at(colleague, 'createInvoice', 'author', 'id')).toBe(demoUsers.member.id);
  const foreign = await create({ authorId: demoUsers.neighbour.id }, tokens.admin);
  const missing = await create({ authorId: 'usr_missing' }, tokens.admin);
  expect([foreign.code, foreign.text]).toEqual(['NOT_FOUND', missing.text]);
});

describe('the status of an invoice', () => {
  test('is final once it has been paid or cancelled', async () => {
    const paid = at(await create({}), 'createInvoice', 'id');
    expect(at(await pay(paid), 'payInvoice', 'id')).toBeDefined();
    const cancelled = at(await create({}), 'createInvoice', 'id');
    expect(at(await become(cancelled, 'CANCELLED'), 'updateInvoice', 'status')).toBe('CANCELLED');
    for (const [id, others] of [
      [paid, ['SENT', 'OVERDUE', 'CANCELLED']],
      [cancelled, ['SENT', 'OVERDUE']],
    ] as const) {
      for (const status of others)
        expect([status, (await become(id, status)).code]).toEqual([status, 'BAD_USER_INPUT']);
      expect((await pay(id)).code).toBe('BAD_USER_INPUT');
    }
  });

  test('moves between sent and overdue, may be sent as it was, and leaves other changes alone', async () => {
    const id = at(await create({}), 'createInvoice', 'id');
    for (const status of ['OVERDUE', 'OVERDUE', 'SENT']) {
      expect(at(await become(id, status), 'updateInvoice', 'status')).toBe(status);
    }
    await pay(id);
    const change = `mutation ($id: ID!) { updateInvoice(id: $id, input: { note: "seen", status: null, dueOn: null }) {
      note status dueOn } }`;
    const note = await ask(change, { id });
    expect(at(note, 'updateInvoice')).toEqual({ note: 'seen', status: 'PAID', dueOn: '2027-01-31' });
  });

  test('lets one of many payments at the same time through, however often it is opened in between', async () => {
    const id = at(await create({}), 'createInvoice', 'id');
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, n) => (n % 2 === 0 ? pay(id) : become(id, 'SENT'))),
    );
    expect(answers.filter((answer) => at(answer, 'payInvoice', 'id') !== undefined)).toHaveLength(1);
    const payments = await ask('query ($id: ID!) { invoice(id: $id) { status payments { id } } }', { id });
    expect(at(payments, 'invoice', 'status')).toBe('PAID');
    expect(at(payments, 'invoice', 'payments', 'length')).toBe(1);
  });
});

describe('when somebody else pays an invoice between the check and the change', () => {
  const { updateInvoice, payInvoice, deleteInvoice } = billingResolvers.Mutation;

  test.each([
    [
      'a change of its status',
      (id: string, on: InvoicesContext) => updateInvoice({}, { id, input: { status: 'OVERDUE' } }, on),
    ],
    ['a payment', (id: string, on: InvoicesContext) => payInvoice({}, { id, cardLast4: '4242' }, on)],
    ['a deletion', (id: string, on: InvoicesContext) => deleteInvoice({}, { id }, on)],
  ])('%s is refused and changes nothing', (_, change) => {
    const app: App = openApp(identity);
    const { id } = app.db.one<{ id: string }>(
      "SELECT id FROM invoices WHERE status = 'SENT' AND organisation_id = 'org_1'",
    ) ?? { id: '' };
    const principal = { id: demoUsers.admin.id, claims: { org: 'org_1' }, roles: ['ADMIN'], scopes: [] };
    const db: Db = {
      ...app.db,
      run: (sql, values) => {
        app.db.run("UPDATE invoices SET status = 'PAID' WHERE id = ?", [id]);
        return app.db.run(sql, values);
      },
    };
    expect(() => change(id, { ...app, db, security: { principal } })).toThrow(/just been changed/);
    expect(app.db.one('SELECT status FROM invoices WHERE id = ?', [id])).toBeDefined();
    expect(app.db.all('SELECT id FROM audit_entries WHERE subject_id = ?', [id])).toEqual([]);
    expect(app.db.all('SELECT id FROM payments WHERE invoice_id = ?', [id])).toEqual([]);
    app.db.close();
  });
});

/** Asking for no more than one may, and sending more than one may: arguments, input fields, values, amounts. */
import { at, send } from '../client.ts';
import { demoUsers } from '../demo-users.ts';
import type { Target } from '../target.ts';
import { type Attack, judge } from './attack.ts';

const create =
  'mutation ($input: CreateInvoiceInput!) { createInvoice(input: $input) { id totalCents author { id } } }';
const update = `mutation ($id: ID!, $input: UpdateInvoiceInput!) {
  updateInvoice(id: $id, input: $input) { id status note } }`;

const invoice = (unitCents: number): Record<string, unknown> => ({
  customerId: 'cus_1',
  dueOn: '2027-01-31',
  lines: [{ description: 'Advice', quantity: 1, unitCents }],
});

export const inputAttacks: readonly Attack[] = [
  {
    name: 'a member gives an invoice away to another company',
    expect: ['FORBIDDEN'],
    run: async (target) => {
      const { url, tokens } = target;
      const id = await ownInvoice(target, 'SENT');
      const variables = { id, input: { organisationId: demoUsers.neighbour.organisationId } };
      const answer = await send(url, { query: update, variables, token: tokens.attacker });
      const after = await send(url, { query: `{ invoice(id: "${id}") { organisation { id } } }`, token: tokens.admin });
      const owner = at(after, 'invoice', 'organisation', 'id');
      return judge(answer, owner === demoUsers.attacker.organisationId ? undefined : 'the invoice is gone');
    },
  },
  {
    name: "a member writes an invoice in a colleague's name",
    expect: ['FORBIDDEN'],
    run: async ({ url, tokens }) => {
      const variables = { input: { ...invoice(1_000), authorId: demoUsers.admin.id } };
      const answer = await send(url, { query: create, variables, token: tokens.attacker });
      const author = at(answer, 'createInvoice', 'author', 'id');
      return judge(answer, author === demoUsers.admin.id ? "an invoice in the admin's name" : undefined);
    },
  },
  {
    name: 'a member bills a hundred times their limit',
    expect: ['FORBIDDEN'],
    run: async ({ url, tokens }) => {
      const variables = { input: invoice(100_000_000) };
      const answer = await send(url, { query: create, variables, token: tokens.attacker });
      const total = at(answer, 'createInvoice', 'totalCents');
      return judge(answer, typeof total === 'number' ? `${(total / 100).toLocaleString('en')} billed` : undefined);
    },
  },
  {
    name: 'a member cancels an invoice',
    expect: ['FORBIDDEN'],
    run: async (target) => {
      const { url, tokens } = target;
      const variables = { id: await ownInvoice(target, 'SENT'), input: { status: 'CANCELLED' } };
      const answer = await send(url, { query: update, variables, token: tokens.attacker });
      return judge(answer, at(answer, 'updateInvoice', 'status') === 'CANCELLED' ? 'cancelled' : undefined);
    },
  },
  {
    name: 'an invoice changed after its books were closed',
    expect: ['FORBIDDEN'],
    run: async ({ url, tokens }) => {
      const variables = { id: 'inv_467', input: { note: 'was never delivered' } };
      const answer = await send(url, { query: update, variables, token: tokens.attacker });
      return judge(answer, at(answer, 'updateInvoice', 'note') === undefined ? undefined : 'changed');
    },
  },
  {
    name: 'an accountant deletes a paid invoice by force',
    expect: ['FORBIDDEN'],
    run: async (target) => {
      const { url, tokens } = target;
      const id = await ownInvoice(target, 'PAID');
      const query = 'mutation ($id: ID!, $force: Boolean) { deleteInvoice(id: $id, force: $force) }';
      const answer = await send(url, { query, variables: { id, force: true }, token: tokens.accountant });
      return judge(answer, at(answer, 'deleteInvoice') === id ? 'deleted, with its payment' : undefined);
    },
  },
  {
    name: 'an accountant invites an admin',
    expect: ['FORBIDDEN'],
    run: async ({ url, tokens }) => {
      const query = 'mutation ($input: InviteUserInput!) { inviteUser(input: $input) { id role } }';
      const email = `friend-${Math.random().toString(36).slice(2)}@attacker.test`;
      const variables = { input: { name: 'A friend', email, role: 'ADMIN' } };
      const answer = await send(url, { query, variables, token: tokens.accountant });
      return judge(answer, at(answer, 'inviteUser', 'role') === 'ADMIN' ? 'a new admin' : undefined);
    },
  },
];

async function ownInvoice({ url, tokens }: Target, status: string): Promise<string> {
  const query = 'query ($status: InvoiceStatus) { invoices(first: 1, status: $status) { edges { node { id } } } }';
  const page = await send(url, { query, variables: { status }, token: tokens.attacker });
  const id = at(page, 'invoices', 'edges', 0, 'node', 'id');
  if (typeof id !== 'string') throw new Error('The attacker cannot read an invoice of their own organisation');
  return id;
}

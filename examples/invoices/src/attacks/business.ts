/** Bending the rules of the business. No layer in front knows them, so the application has to refuse by itself. */
import { at, send } from '../client.ts';
import { demoUsers } from '../demo-users.ts';
import { type Attack, judge } from './attack.ts';

const create = `mutation ($input: CreateInvoiceInput!) {
  createInvoice(input: $input) { id author { id } lines(first: 100) { id } } }`;
const pay = 'mutation ($id: ID!) { payInvoice(id: $id, cardLast4: "4242") { id } }';

const invoice = (lines = 1): Record<string, unknown> => ({
  customerId: 'cus_1',
  dueOn: '2027-01-31',
  lines: Array.from({ length: lines }, () => ({ description: 'Advice', quantity: 1, unitCents: 100 })),
});

export const businessAttacks: readonly Attack[] = [
  {
    name: 'an invoice of 300 lines, to make every list of invoices dear',
    expect: ['BAD_USER_INPUT'],
    run: async ({ url, tokens }) => {
      const answer = await send(url, { query: create, variables: { input: invoice(300) }, token: tokens.attacker });
      return judge(answer, at(answer, 'createInvoice', 'id') === undefined ? undefined : '300 lines written');
    },
  },
  {
    name: "an admin writes an invoice in the name of another company's employee",
    expect: ['NOT_FOUND'],
    run: async ({ url, tokens }) => {
      const input = { ...invoice(), authorId: demoUsers.neighbour.id };
      const answer = await send(url, { query: create, variables: { input }, token: tokens.admin });
      return judge(answer, at(answer, 'createInvoice', 'id') === undefined ? undefined : 'written');
    },
  },
  {
    name: 'a paid invoice made open again, and paid again',
    expect: ['BAD_USER_INPUT'],
    run: async ({ url, tokens }) => {
      const created = await send(url, { query: create, variables: { input: invoice() }, token: tokens.attacker });
      const id = at(created, 'createInvoice', 'id');
      const paid = await send(url, { query: pay, variables: { id }, token: tokens.attacker });
      if (at(paid, 'payInvoice', 'id') === undefined) throw new Error(`nothing was paid: ${paid.text}`);
      const reopen = 'mutation ($id: ID!) { updateInvoice(id: $id, input: { status: SENT }) { status } }';
      await send(url, { query: reopen, variables: { id }, token: tokens.attacker });
      const answer = await send(url, { query: pay, variables: { id }, token: tokens.attacker });
      return judge(answer, at(answer, 'payInvoice', 'id') === undefined ? undefined : 'a second payment');
    },
  },
  {
    name: 'an invitation to an address of another company, for what the answer tells',
    expect: ['BAD_USER_INPUT'],
    run: async ({ url, tokens }) => {
      const query = 'mutation ($email: String!) { inviteUser(input: { name: "New", email: $email }) { id } }';
      const invite = (email: string): ReturnType<typeof send> =>
        send(url, { query, variables: { email }, token: tokens.admin });
      const colleague = await invite(demoUsers.member.email);
      const stranger = await invite(demoUsers.neighbour.email);
      if (stranger.code === undefined || stranger.code === 'INTERNAL_SERVER_ERROR') {
        return judge(stranger, 'an error of the database');
      }
      return judge(stranger, stranger.text === colleague.text ? undefined : 'whose address it is');
    },
  },
  {
    name: 'the report of all companies, with a token that names none',
    expect: ['FORBIDDEN'],
    run: async ({ url, identity }) => {
      const token = await identity.issueAccessToken(demoUsers.accountant, { withoutOrganisation: true });
      const query = '{ reports(from: "2024-01-01", to: "2024-12-31") { month invoicedCents } }';
      const answer = await send(url, { query, token });
      return judge(answer, answer.text.includes('"invoicedCents":') ? 'months of all companies' : undefined);
    },
  },
];

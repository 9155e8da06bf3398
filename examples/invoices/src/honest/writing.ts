/** Honest clients that log in, and that change something. */
import { randomUUID } from 'node:crypto';
import { at } from '../client.ts';
import { demoUsers } from '../demo-users.ts';
import { demoPassword } from '../passwords.ts';
import { ask, expect, type HonestOperation, Refused } from './operation.ts';

const { member } = demoUsers;

export const writing: readonly HonestOperation[] = [
  {
    name: 'log in, ask who one is, refresh',
    run: async ({ url }) => {
      const variables = { email: member.email, password: demoPassword };
      const login = `mutation ($email: String!, $password: String!) {
        login(email: $email, password: $password) { accessToken refreshToken expiresInSeconds } }`;
      const tokens = await ask(url, { query: login, variables });
      const token = String(at(tokens, 'login', 'accessToken'));
      expect(await ask(url, { query: '{ me { id email role } }', token }), ['me', 'email'], member.email);
      const refresh = 'mutation ($t: String!) { refresh(refreshToken: $t) { accessToken refreshToken } }';
      const next = await ask(url, { query: refresh, variables: { t: at(tokens, 'login', 'refreshToken') } });
      const again = { query: '{ me { id } }', token: String(at(next, 'refresh', 'accessToken')) };
      return expect(await ask(url, again), ['me', 'id'], member.id);
    },
  },
  {
    name: 'a change to an invoice',
    run: async ({ url, tokens }) => {
      const query = 'mutation ($id: ID!, $note: String) { updateInvoice(id: $id, input: { note: $note }) { note } }';
      const variables = { id: 'inv_8', note: `seen ${randomUUID()}` };
      return expect(
        await ask(url, { query, variables, token: tokens.member }),
        ['updateInvoice', 'note'],
        variables.note,
      );
    },
  },
  {
    name: 'a new invoice, and its payment',
    run: async ({ url, tokens }) => {
      const query = 'mutation ($input: CreateInvoiceInput!) { createInvoice(input: $input) { id totalCents } }';
      const lines = [{ description: 'Freight', quantity: 3, unitCents: 1250 }];
      const input = { customerId: 'cus_1', dueOn: '2027-01-31', lines };
      const created = await ask(url, { query, variables: { input }, token: tokens.accountant });
      const pay = 'mutation ($id: ID!) { payInvoice(id: $id, cardLast4: "4242") { amountCents invoice { status } } }';
      const variables = { id: at(created, 'createInvoice', 'id') };
      const paid = await ask(url, { query: pay, variables, token: tokens.accountant });
      return expect(expect(paid, ['payInvoice', 'amountCents'], 3750), ['payInvoice', 'invoice', 'status'], 'PAID');
    },
  },
  {
    name: 'an admin looks at the users and invites one',
    run: async ({ url, tokens }) => {
      const users = await ask(url, { query: '{ users { id name email role } }', token: tokens.admin });
      expect(users, ['users', 'length'], 50);
      const query = 'mutation ($input: InviteUserInput!) { inviteUser(input: $input) { email role } }';
      const input = { name: 'New accountant', email: `new-${randomUUID()}@northgate.test`, role: 'ACCOUNTANT' };
      const answer = await ask(url, { query, variables: { input }, token: tokens.admin });
      return expect(answer, ['inviteUser', 'email'], input.email);
    },
  },
  {
    name: 'an admin makes an API key and deletes an invoice',
    run: async ({ url, tokens }) => {
      const query =
        'mutation { createApiKey(name: "Export") { secret apiKey { id name } } deleteInvoice(id: "inv_9") }';
      const answer = await ask(url, { query, token: tokens.admin });
      if (!/^invoices_[0-9a-f]{16}_[0-9a-f]{64}$/.test(String(at(answer, 'createApiKey', 'secret'))))
        throw new Refused(answer);
      return expect(answer, ['deleteInvoice'], 'inv_9');
    },
  },
  {
    name: 'a forgotten password, known address or not',
    run: async ({ url }) => {
      const query = 'mutation ($email: String!) { requestPasswordReset(email: $email) }';
      const known = await ask(url, { query, variables: { email: member.email } });
      const unknown = await ask(url, { query, variables: { email: 'nobody@northgate.test' } });
      return expect(unknown, ['requestPasswordReset'], at(known, 'requestPasswordReset'));
    },
  },
];

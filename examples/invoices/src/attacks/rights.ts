/** Doing and reading what one's role does not allow, inside one's own organisation. */
import { randomUUID } from 'node:crypto';
import { at, send } from '../client.ts';
import { demoUsers } from '../demo-users.ts';
import { type Attack, judge } from './attack.ts';
import { spell } from './tenants.ts';

const ownColleagues = (field: string): string =>
  `{ organisation(id: "${demoUsers.attacker.organisationId}") { members(first: 5) { id ${field} } } }`;

export const rightsAttacks: readonly Attack[] = [
  {
    name: 'a member makes an admin, behind a mutation that is allowed',
    expect: ['FORBIDDEN'],
    run: async ({ url, tokens }) => {
      const own = await send(url, {
        query: '{ invoices(first: 1) { edges { node { id } } } }',
        token: tokens.attacker,
      });
      const id = at(own, 'invoices', 'edges', 0, 'node', 'id');
      const mark = `mark-${randomUUID()}`;
      const query = `mutation ($id: ID!, $mark: String!, $email: String!) {
        updateInvoice(id: $id, input: { note: $mark }) { id }
        inviteUser(input: { name: $mark, email: $email, role: ADMIN }) { id } }`;
      const variables = { id, mark, email: `${mark}@attacker.test` };
      const answer = await send(url, { query, variables, token: tokens.attacker });
      // What the server said is one thing; what the admin now sees is what happened.
      const check = 'query ($id: ID!) { users(first: 100) { name } invoice(id: $id) { note } }';
      const after = await send(url, { query: check, variables: { id }, token: tokens.admin });
      if (!Array.isArray(at(after, 'users'))) throw new Error('The admin cannot read the users');
      const invited = JSON.stringify(at(after, 'users')).includes(mark);
      const touched = at(after, 'invoice', 'note') === mark;
      return judge(answer, invited ? 'a new admin' : touched ? 'the first mutation ran' : undefined);
    },
  },
  {
    name: "the admin's cached query, sent by a member",
    expect: ['FORBIDDEN'],
    run: async ({ url, tokens }) => {
      const query = 'query Staff { users(first: 10) { id email } }';
      const admin = await send(url, { query, token: tokens.admin });
      if (!Array.isArray(at(admin, 'users'))) throw new Error('The admin cannot read the users');
      const answer = await send(url, { query, token: tokens.attacker });
      const users = at(answer, 'users');
      return judge(answer, Array.isArray(users) ? `${users.length} users` : undefined);
    },
  },
  {
    name: "a member reads colleagues' second factors",
    expect: ['FORBIDDEN'],
    run: async ({ url, tokens }) => {
      const answer = await send(url, { query: ownColleagues('mfaSecret'), token: tokens.attacker });
      return judge(answer, found(answer.text, /"mfaSecret":"/g, 'secrets'));
    },
  },
  {
    name: "an admin reads a colleague's second factor",
    expect: ['FORBIDDEN'],
    run: async ({ url, tokens }) => {
      const query = `{ node(id: "${demoUsers.target.id}") { ... on User { mfaSecret } } }`;
      const answer = await send(url, { query, token: tokens.admin });
      return judge(answer, found(answer.text, /"mfaSecret":"/g, 'secret'));
    },
  },
  {
    name: 'a member reads an API key and the audit log by node(id)',
    expect: ['FORBIDDEN'],
    run: async ({ url, tokens }) => {
      const query = `{ key: node(id: "key_seed1") { __typename ... on ApiKey { name } }
        me { organisation { auditLog(first: 5) { action } } } }`;
      const answer = await send(url, { query, token: tokens.attacker });
      return judge(answer, found(answer.text, /"(?:__typename|name|action)":"/g, 'values'));
    },
  },
  {
    name: "a member reads customers' credit ratings",
    expect: ['FORBIDDEN'],
    run: async ({ url, tokens }) => {
      const query = '{ me { organisation { customers(first: 10) { name creditRating } } } }';
      const answer = await send(url, { query, token: tokens.attacker });
      return judge(answer, found(answer.text, /"creditRating":"/g, 'ratings'));
    },
  },
  {
    name: 'a member asks for the report',
    expect: ['FORBIDDEN'],
    run: async ({ url, tokens }) => {
      const query = '{ reports(from: "2024-01-01", to: "2024-12-31") { month invoicedCents } }';
      const answer = await send(url, { query, token: tokens.attacker });
      return judge(answer, found(answer.text, /"invoicedCents":/g, 'months'));
    },
  },
  {
    name: "a token without that scope reads colleagues' e-mail",
    expect: ['FORBIDDEN'],
    run: async ({ url, identity }) => {
      const token = await identity.issueAccessToken(demoUsers.attacker, { scope: 'directory:reader' });
      const answer = await send(url, { query: ownColleagues('email'), token });
      return judge(answer, found(answer.text, /"email":"/g, 'addresses'));
    },
  },
  {
    name: "the same token spells a colleague's e-mail through search",
    expect: ['-'],
    run: async ({ url, identity }) => {
      const token = await identity.issueAccessToken(demoUsers.attacker, { scope: 'directory:reader' });
      return spell(url, token, demoUsers.target.email);
    },
  },
  {
    name: "a member reads customers' tax ids and the bank account",
    expect: ['FORBIDDEN'],
    run: async ({ url, tokens }) => {
      const query = '{ me { organisation { bankAccount customers { taxId } } } }';
      const answer = await send(url, { query, token: tokens.attacker });
      return judge(answer, found(answer.text, /"(?:taxId|bankAccount)":"/g, 'values'));
    },
  },
];

function found(text: string, pattern: RegExp, what: string): string | undefined {
  const count = [...text.matchAll(pattern)].length;
  return count > 0 ? `${count} ${what}` : undefined;
}

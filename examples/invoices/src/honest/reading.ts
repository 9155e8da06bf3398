/** Honest clients that read. */
import { createHash, randomUUID } from 'node:crypto';
import { at, send } from '../client.ts';
import { demoShare, demoUsers } from '../demo-users.ts';
import { ask, expect, type HonestOperation, Refused } from './operation.ts';

const { neighbour } = demoUsers;

export const reading: readonly HonestOperation[] = [
  {
    name: 'a page of invoices and the next one',
    run: async ({ url, tokens }) => {
      const query = `query ($after: String) { invoices(first: 20, after: $after) {
        edges { cursor node { id number totalCents status } } pageInfo { hasNextPage endCursor } } }`;
      const first = await ask(url, { query, token: tokens.member });
      const after = at(first, 'invoices', 'pageInfo', 'endCursor');
      const second = await ask(url, { query, variables: { after }, token: tokens.member });
      const ids = [first, second].flatMap((page) => [...page.text.matchAll(/"id":"(inv_\w+)"/g)].map(([, id]) => id));
      if (new Set(ids).size !== 40) throw new Refused(second);
      return second;
    },
  },
  {
    name: 'the longest page: 100 invoices, their customers and lines',
    run: async ({ url, tokens }) => {
      const query = `query ($first: Int!) { invoices(first: $first) {
        edges { node { number customer { name } lines { description quantity } } } } }`;
      const answer = await ask(url, { query, variables: { first: 100 }, token: tokens.member });
      return expect(answer, ['invoices', 'edges', 'length'], 100);
    },
  },
  {
    name: 'an invoice with its lines, customer and author',
    run: async ({ url, tokens }) => {
      const query = `query ($id: ID!) { invoice(id: $id) {
        number totalCents author { name } customer { name } lines { description quantity unitCents } } }`;
      const answer = await ask(url, { query, variables: { id: 'inv_7' }, token: tokens.member });
      return expect(answer, ['invoice', 'lines', 'length'], 4);
    },
  },
  {
    name: 'node(id) of one of the own customers',
    run: async ({ url, tokens }) => {
      const query = '{ node(id: "cus_3") { __typename id ... on Customer { name } } }';
      return expect(await ask(url, { query, token: tokens.member }), ['node', '__typename'], 'Customer');
    },
  },
  {
    name: 'a search among invoices, customers and colleagues',
    run: async ({ url, tokens }) => {
      const query = `query ($text: String!) { search(text: $text, first: 5) {
        __typename ... on Invoice { number } ... on Customer { name } ... on User { name } } }`;
      const answer = await ask(url, { query, variables: { text: 'of Northgate' }, token: tokens.member });
      return expect(answer, ['search', 'length'], 5);
    },
  },
  {
    name: 'a question six levels deep',
    run: async ({ url, tokens }) => {
      const query = '{ me { organisation { members(first: 3) { organisation { customers(first: 2) { name } } } } } }';
      const path = ['me', 'organisation', 'members', 2, 'organisation', 'customers', 1, 'name'];
      return expect(await ask(url, { query, token: tokens.member }), path, 'Customer 10 of Northgate');
    },
  },
  {
    name: 'a persisted query: hash, text, hash',
    registers: true,
    run: async ({ url, tokens }) => {
      const query = `query Q${randomUUID().slice(0, 8)} { me { name } }`;
      const sha256Hash = createHash('sha256').update(query).digest('hex');
      const hashOnly = { extensions: { persistedQuery: { version: 1, sha256Hash } }, token: tokens.member };
      const unknown = await send(url, hashOnly);
      if (unknown.code !== 'PERSISTED_QUERY_NOT_FOUND') throw new Refused(unknown);
      await ask(url, { query, ...hashOnly });
      return expect(await ask(url, hashOnly), ['me', 'name'], 'Member 1 of Northgate');
    },
  },
  {
    name: "an accountant's report, and the bank account",
    run: async ({ url, tokens }) => {
      const query = `{ reports(from: "2024-01-01", to: "2024-06-30") { month invoices invoicedCents paidCents largestCustomer }
        me { organisation { bankAccount } } }`;
      return expect(await ask(url, { query, token: tokens.accountant }), ['reports', 'length'], 6);
    },
  },
  {
    name: 'an accountant looks at ratings and tax ids',
    run: async ({ url, tokens }) => {
      const query = '{ me { organisation { customers(first: 50) { name taxId creditRating } } } }';
      const answer = await ask(url, { query, token: tokens.accountant });
      return expect(answer, ['me', 'organisation', 'customers', 'length'], 50);
    },
  },
  {
    name: 'somebody reads an invoice that was shared with them',
    run: async ({ url, tokens }) => {
      const query = `{ invoice(id: "${demoShare.invoiceId}") { number totalCents } }`;
      return expect(await ask(url, { query, token: tokens.neighbour }), ['invoice', 'number'], 'NO-00012');
    },
  },
  {
    name: 'an admin sets up a second device',
    run: async ({ url, tokens }) => {
      const answer = await ask(url, { query: '{ me { name mfaSecret } }', token: tokens.admin });
      return expect(answer, ['me', 'mfaSecret', 'length'], 16);
    },
  },
  {
    name: 'support staff look an organisation up',
    run: async ({ url, tokens }) => {
      const query = `{ organisation(id: "${neighbour.organisationId}") { name } }`;
      return expect(await ask(url, { query, token: tokens.support }), ['organisation', 'name'], 'Harbour Supplies');
    },
  },
  {
    name: 'a neighbour reads what is theirs',
    run: async ({ url, tokens }) => {
      const query =
        '{ me { organisation { id } } invoices(first: 3) { edges { node { number organisation { id } } } } }';
      const answer = await ask(url, { query, token: tokens.neighbour });
      return expect(answer, ['invoices', 'edges', 2, 'node', 'organisation', 'id'], neighbour.organisationId);
    },
  },
];

/** Once more when the attacks are over. */
export const afterwards: HonestOperation = {
  name: 'a page of invoices, after the attacks',
  run: async ({ url, tokens }) => {
    const query = '{ invoices(first: 50, status: PAID) { edges { node { number customer { name } } } } }';
    const answer = await ask(url, { query, token: tokens.member });
    return expect(answer, ['invoices', 'edges', 'length'], 50);
  },
};

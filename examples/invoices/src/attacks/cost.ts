/** Small questions with huge answers. */
import { at, send } from '../client.ts';
import { demoUsers } from '../demo-users.ts';
import { type Attack, judge } from './attack.ts';

const own = demoUsers.attacker.organisationId;

export const costAttacks: readonly Attack[] = [
  {
    name: '100 members, 100 invoices of each, and their lines',
    expect: ['COST_LIMIT_EXCEEDED'],
    run: ({ url, tokens }) =>
      objects(
        url,
        tokens.attacker,
        `{ organisation(id: "${own}") { members(first: 100) { invoices(first: 100) { lines { id } } } } }`,
      ),
  },
  {
    name: 'the same, with the sizes in a variable and its default',
    expect: ['COST_LIMIT_EXCEEDED'],
    run: ({ url, tokens }) => {
      const query = `query ($n: Int! = 100, $id: ID!) {
        organisation(id: $id) { members(first: $n) { invoices(first: $n) { lines { id } } } } }`;
      return objects(url, tokens.attacker, query, { id: own });
    },
  },
  {
    name: '100 members and 100 invoices of each, nothing but ids',
    expect: ['COST_LIMIT_EXCEEDED'],
    run: ({ url, tokens }) => {
      const query = `{ organisation(id: "${own}") { members(first: 100) { invoices(first: 100) { id } } } }`;
      return objects(url, tokens.attacker, query);
    },
  },
  {
    name: 'ten pages of 100 in one question',
    expect: ['COST_LIMIT_EXCEEDED'],
    run: ({ url, tokens }) => {
      const page = (n: number): string => `p${n}: invoices(first: 100) { edges { node { id customer { id } } } }`;
      return objects(url, tokens.attacker, `{ ${Array.from({ length: 10 }, (_, n) => page(n)).join(' ')} }`);
    },
  },
  {
    name: 'an invoice of 400 lines, and the lines of the invoice of each of its lines',
    expect: ['RESULT_LIMIT_EXCEEDED'],
    run: async ({ url, tokens }) => {
      const id = await writeInvoice(url, tokens.attacker, 400, 'short');
      return objects(url, tokens.attacker, `{invoice(id:"${id}"){allLines{invoice{allLines{id}}}}}`);
    },
  },
  {
    name: 'a note of 20,000 characters, 14 times for each of 100 lines',
    expect: ['RESULT_LIMIT_EXCEEDED'],
    run: async ({ url, tokens }) => {
      const id = await writeInvoice(url, tokens.attacker, 100, 'x'.repeat(20_000));
      const notes = Array.from({ length: 14 }, (_, i) => `a${i}:note`).join(' ');
      const query = `{invoice(id:"${id}"){allLines{invoice{${notes}}}}}`;
      const answer = await send(url, { query, token: tokens.attacker });
      const megabytes = Math.round(answer.text.length / 1e6);
      return judge(answer, megabytes > 1 ? `${query.length} characters, ${megabytes} MB` : undefined);
    },
  },
  {
    name: 'the dearest report twelve times in one question',
    expect: ['COST_LIMIT_EXCEEDED'],
    run: async ({ url, tokens }) => {
      const report = (n: number): string => `r${n}: reports(from: "2024-01-01", to: "2025-12-${10 + n}") { month }`;
      const query = `{ ${Array.from({ length: 12 }, (_, n) => report(n)).join(' ')} }`;
      const answer = await send(url, { query, token: tokens.accountant });
      const made = Object.keys(answer.data ?? {}).filter((key) => at(answer, key, 0) !== undefined).length;
      return judge(answer, made === 12 ? `${made} reports made` : undefined);
    },
  },
];

/** Writes an invoice for a customer of the attacker's own, 100 lines at a time. @returns its id. */
async function writeInvoice(url: string, token: string, length: number, note: string): Promise<string> {
  const found = await send(url, { query: `{ organisation(id: "${own}") { customers(first: 1) { id } } }`, token });
  const lines = Array.from({ length: 100 }, () => ({ description: 'Pencils', quantity: 1, unitCents: 1 }));
  const input = { customerId: at(found, 'organisation', 'customers', 0, 'id'), dueOn: '2027-01-31', note, lines };
  const create = 'mutation ($input: CreateInvoiceInput!) { createInvoice(input: $input) { id } }';
  const id = String(at(await send(url, { query: create, variables: { input }, token }), 'createInvoice', 'id'));
  const add = 'mutation ($id: ID!, $lines: [LineItemInput!]!) { addLines(id: $id, lines: $lines) { id } }';
  for (let written = 100; written < length; written += 100) {
    await send(url, { query: add, variables: { id, lines }, token });
  }
  return id;
}

async function objects(
  url: string,
  token: string,
  query: string,
  variables: Record<string, unknown> = {},
): ReturnType<Attack['run']> {
  const answer = await send(url, { query, variables, token });
  const count = answer.text.split('"id":').length - 1;
  return judge(answer, count > 1_000 ? `${query.length} characters, ${count} objects` : undefined);
}

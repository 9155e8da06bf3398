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

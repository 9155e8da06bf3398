/** Reading what belongs to another organisation, with an ordinary token of one's own. */
import { type Answer, at, send } from '../client.ts';
import { demoUsers } from '../demo-users.ts';
import type { Target } from '../target.ts';
import { type Attack, judge, type Outcome } from './attack.ts';

export const tenantAttacks: readonly Attack[] = [
  {
    name: "another company's invoice by its id",
    expect: ['NOT_FOUND'],
    run: (target) => readForeign(target, (id) => `{ invoice(id: "${id}") { number totalCents note } }`),
  },
  {
    name: "another company's invoice by node(id)",
    expect: ['NOT_FOUND'],
    run: (target) => readForeign(target, (id) => `{ node(id: "${id}") { ... on Invoice { number totalCents } } }`),
  },
  {
    name: "another company's invoices through its organisation",
    expect: ['FORBIDDEN'],
    run: (target) =>
      readForeign(
        target,
        () => `{ organisation(id: "${demoUsers.neighbour.organisationId}") {
          invoices(first: 1) { edges { node { number totalCents } } } } }`,
      ),
  },
  {
    name: "another company's invoices through a shared reference",
    expect: ['-'],
    run: async ({ url, tokens }) => {
      const query = '{ invoices(first: 5) { edges { node { sameReference { number totalCents } } } } }';
      const answer = await send(url, { query, token: tokens.attacker });
      const foreign = numbers(answer).filter((number) => !number.startsWith('NO-'));
      return judge(answer, foreign.length > 0 ? `${foreign.length} foreign invoices` : undefined);
    },
  },
  {
    name: "another company's invoices through search",
    expect: ['-'],
    run: (target) =>
      readForeign(target, (_, number) => `{ search(text: "${number}") { ... on Invoice { number totalCents } } }`),
  },
  {
    name: "another company's customers through search",
    expect: ['-'],
    run: async ({ url, tokens }) => {
      const query =
        '{ search(text: "of Harbour", first: 20) { __typename ... on Customer { name } ... on User { name } } }';
      const answer = await send(url, { query, token: tokens.attacker });
      const names = answer.text.split('of Harbour').length - 1;
      return judge(answer, names > 0 || answer.text.includes('Customer') ? `${names} names` : undefined);
    },
  },
  {
    name: "another company's e-mail address, letter by letter through search",
    expect: ['-'],
    run: ({ url, tokens }) => spell(url, tokens.attacker, demoUsers.neighbour.email),
  },
  {
    name: 'which ids of another company exist, by node(id)',
    expect: ['NOT_FOUND'],
    run: async ({ url, tokens }) => {
      const query = 'query ($id: ID!) { node(id: $id) { id } }';
      const ask = (id: string): Promise<Answer> => send(url, { query, variables: { id }, token: tokens.attacker });
      const told: string[] = [];
      for (const id of ['org_2', 'usr_51', 'cus_101', 'inv_1251', 'lin_1251_1', 'key_seed2']) {
        const [foreign, missing] = [await ask(id), await ask(id.replace(/_.*/, '_missing'))];
        if (foreign.text !== missing.text) told.push(id);
      }
      // The numbers are known, so a loop would find every invoice.
      for (let n = 1_252; n < 1_264; n += 1) {
        if ((await ask(`inv_${n}`)).text !== (await ask('inv_missing')).text) told.push(`inv_${n}`);
      }
      return judge(await ask('org_2'), told.length > 0 ? told.join(', ') : undefined);
    },
  },
  {
    name: "another company's payment by node(id), with its card",
    expect: ['NOT_FOUND'],
    run: async ({ url, tokens }) => {
      const mine = '{ invoices(first: 1, status: PAID) { edges { node { payments { id } } } } }';
      const owner = await send(url, { query: mine, token: tokens.neighbour });
      const id = at(owner, 'invoices', 'edges', 0, 'node', 'payments', 0, 'id');
      if (typeof id !== 'string') throw new Error('The owner cannot read their own payment');
      const query = `{ node(id: "${id}") { ... on Payment { amountCents cardLast4 invoice { number } } } }`;
      const answer = await send(url, { query, token: tokens.attacker });
      return judge(answer, at(answer, 'node', 'amountCents') === undefined ? undefined : 'amount and card read');
    },
  },
  {
    name: 'support staff read invoices of a company they may look up',
    expect: ['FORBIDDEN'],
    run: async ({ url, tokens }) => {
      const query = `{ organisation(id: "${demoUsers.neighbour.organisationId}") { name
        invoices(first: 3) { edges { node { number totalCents } } } } }`;
      const answer = await send(url, { query, token: tokens.support });
      return judge(answer, numbers(answer).length > 0 ? `${numbers(answer).length} invoices` : undefined);
    },
  },
  {
    name: "everybody's invoices without a token",
    expect: ['UNAUTHENTICATED'],
    run: async ({ url }) => {
      const answer = await send(url, { query: '{ invoices(first: 100) { edges { node { number totalCents } } } }' });
      return judge(answer, numbers(answer).length > 0 ? `${numbers(answer).length} invoices` : undefined);
    },
  },
];

/** A search that answers differently when its text is part of an address tells the address letter by letter. */
export async function spell(url: string, token: string, email: string): Promise<Outcome> {
  const query = 'query ($text: String!) { search(text: $text, first: 1) { __typename } }';
  const ask = (text: string): Promise<Answer> => send(url, { query, variables: { text }, token });
  const [right, wrong] = [await ask(email.slice(0, -1)), await ask(`${email.slice(0, -1)}#`)];
  return judge(right, right.text === wrong.text ? undefined : 'each letter confirmed');
}

/** The owner says which invoice there is; the attacker has got it when its total is in their answer. */
async function readForeign({ url, tokens }: Target, query: (id: string, number: string) => string): Promise<Outcome> {
  const page = '{ invoices(first: 1) { edges { node { id number totalCents } } } }';
  const owner = await send(url, { query: page, token: tokens.neighbour });
  const [id, number, total] = ['id', 'number', 'totalCents'].map((key) =>
    at(owner, 'invoices', 'edges', 0, 'node', key),
  );
  if (typeof id !== 'string' || typeof number !== 'string') throw new Error('The owner cannot read their own invoice');
  const answer = await send(url, { query: query(id, number), token: tokens.attacker });
  return judge(answer, answer.text.includes(`"totalCents":${String(total)}`) ? `total of ${number} read` : undefined);
}

function numbers(answer: Answer): string[] {
  return [...answer.text.matchAll(/"number":"([^"]+)"/g)].map((match) => match[1] ?? '');
}

/** Operations of which only a part is allowed, and inputs that carry more than they should. */
import { randomUUID } from 'node:crypto';
import { at, send } from '../client.ts';
import type { Target } from '../target.ts';
import { type Attack, judge } from './attack.ts';

export const authorizationAttacks: readonly Attack[] = [
  {
    name: "own invoice and another company's changed in one mutation",
    expect: ['NOT_FOUND'],
    run: async (target) => {
      const { url, tokens } = target;
      const mark = `mark-${randomUUID()}`;
      const query = `mutation ($own: ID!, $foreign: ID!, $mark: String!) {
        own: updateInvoice(id: $own, input: { note: $mark }) { id }
        foreign: updateInvoice(id: $foreign, input: { note: $mark }) { id } }`;
      const [own, foreign] = [await invoiceOf(target, 'attacker'), await invoiceOf(target, 'neighbour')];
      const answer = await send(url, { query, variables: { own, foreign, mark }, token: tokens.attacker });
      // What the server said is one thing; what stands in the invoices is what happened.
      const theirs = (await noteOf(target, 'neighbour', foreign)) === mark;
      const half = (await noteOf(target, 'attacker', own)) === mark;
      return judge(answer, theirs ? 'a foreign invoice changed' : half ? 'the first half ran' : undefined);
    },
  },
  {
    name: "paying another company's invoice",
    expect: ['NOT_FOUND'],
    run: async (target) => {
      const query = 'mutation ($id: ID!) { payInvoice(id: $id, cardLast4: "4242") { id } }';
      const foreign = await invoiceOf(target, 'neighbour');
      const before = await statusOf(target, foreign);
      const answer = await send(target.url, { query, variables: { id: foreign }, token: target.tokens.attacker });
      const after = await statusOf(target, foreign);
      // A refusal must come before the resolver: a field error is the resolver's own.
      const reached = answer.status === 200;
      return judge(answer, before !== after ? 'a foreign invoice paid' : reached ? 'the resolver ran' : undefined);
    },
  },
];

type Who = 'attacker' | 'neighbour';

async function invoiceOf({ url, tokens }: Target, who: Who): Promise<string> {
  const page = await send(url, { query: '{ invoices(first: 1) { edges { node { id } } } }', token: tokens[who] });
  const id = at(page, 'invoices', 'edges', 0, 'node', 'id');
  if (typeof id !== 'string') throw new Error(`${who} cannot read an own invoice`);
  return id;
}

async function noteOf({ url, tokens }: Target, who: Who, id: string): Promise<unknown> {
  const query = 'query ($id: ID!) { invoice(id: $id) { note } }';
  return at(await send(url, { query, variables: { id }, token: tokens[who] }), 'invoice', 'note');
}

async function statusOf({ url, tokens }: Target, id: string): Promise<unknown> {
  const query = 'query ($id: ID!) { invoice(id: $id) { status } }';
  return at(await send(url, { query, variables: { id }, token: tokens.neighbour }), 'invoice', 'status');
}

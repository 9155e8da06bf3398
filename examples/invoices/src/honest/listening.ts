/** Honest clients on a WebSocket. */
import { type Answer, at } from '../client.ts';
import { demoUsers } from '../demo-users.ts';
import { payer } from '../payments.ts';
import { listen, overSocket } from '../socket-client.ts';
import { expect, type HonestOperation, Refused } from './operation.ts';

const { member } = demoUsers;

export const listening: readonly HonestOperation[] = [
  {
    name: 'WebSocket: a member hears of each payment to their company',
    run: async (target) => {
      const query = 'subscription { invoicePaid { id status customer { name } organisation { id } } }';
      const pay = await payer(target, target.tokens.accountant);
      const stream = listen(target.url, { query, token: target.tokens.member });
      try {
        const [first, second] = [await stream.next(pay), await stream.next(pay)];
        if (at(first, 'invoicePaid', 'id') === at(second, 'invoicePaid', 'id')) throw new Refused(second);
        return expect(whole(second), ['invoicePaid', 'organisation', 'id'], member.organisationId);
      } finally {
        stream.close();
      }
    },
  },
  {
    name: 'WebSocket: a page of invoices',
    run: async ({ url, tokens }) => {
      const query = '{ invoices(first: 20) { edges { node { number customer { name } } } } }';
      return expect(whole(await overSocket(url, { query, token: tokens.member })), ['invoices', 'edges', 'length'], 20);
    },
  },
];

/** @throws {Refused} when the answer is not whole. */
function whole(answer: Answer): Answer {
  if (!answer.data || answer.errors) throw new Refused(answer);
  return answer;
}

/** The same API over a WebSocket, where none of Apollo Server's plugins run. */
import { type Answer, at, send } from '../client.ts';
import { demoUsers } from '../demo-users.ts';
import { accessTokenSeconds } from '../identity.ts';
import { payer } from '../payments.ts';
import { listen, overSocket, streamEnded } from '../socket-client.ts';
import type { Target } from '../target.ts';
import { type Attack, judge, type Outcome } from './attack.ts';
import { session } from './credentials.ts';

const payments = 'subscription { invoicePaid { id number totalCents organisation { name } } }';
const neighbours = `subscription { invoicePaid(organisationId: "${demoUsers.neighbour.organisationId}") {
  id number totalCents organisation { name } } }`;

export const socketAttacks: readonly Attack[] = [
  {
    name: 'WebSocket: hearing of payments without a token',
    expect: ['UNAUTHENTICATED'],
    run: async (target) => {
      const pay = await payer(target, target.tokens.neighbour);
      return heard(await overSocket(target.url, { query: payments }, pay));
    },
  },
  {
    name: "WebSocket: hearing of another company's payments",
    expect: ['FORBIDDEN'],
    run: async (target) => {
      const pay = await payer(target, target.tokens.neighbour);
      return heard(await overSocket(target.url, { query: neighbours, token: target.tokens.attacker }, pay));
    },
  },
  {
    name: "WebSocket: reading another company's bank account",
    expect: ['FORBIDDEN'],
    run: async ({ url, tokens }) => {
      const query = `{ organisation(id: "${demoUsers.neighbour.organisationId}") { bankAccount } }`;
      const answer = await overSocket(url, { query, token: tokens.attacker });
      return judge(answer, at(answer, 'organisation', 'bankAccount') === undefined ? undefined : 'bank account read');
    },
  },
  {
    name: 'WebSocket: introspection',
    expect: ['INTROSPECTION_DISABLED'],
    run: async ({ url, tokens }) => {
      const answer = await overSocket(url, { query: '{ __schema { types { name } } }', token: tokens.attacker });
      const types = at(answer, '__schema', 'types');
      return judge(answer, Array.isArray(types) ? `${types.length} types` : undefined);
    },
  },
  {
    name: 'WebSocket: nesting 60 levels deep',
    expect: ['DEPTH_LIMIT_EXCEEDED'],
    run: async ({ url, tokens }) => {
      const query = `{ me { ${'organisation { members(first: 1) { '.repeat(30)} id ${'} }'.repeat(30)} } }`;
      const answer = await overSocket(url, { query, token: tokens.attacker });
      const levels = answer.text.split('"organisation"').length - 1;
      return judge(answer, levels >= 30 ? `${levels * 2} levels answered` : undefined);
    },
  },
  {
    name: 'WebSocket: a message of 5 MB',
    expect: ['1009'],
    run: async ({ url, tokens }) => {
      const query = `{ me { id } }${' '.repeat(5_000_000)}`;
      const answer = await overSocket(url, { query, token: tokens.attacker });
      return judge(answer, at(answer, 'me', 'id') ? 'parsed and executed' : undefined);
    },
  },
  {
    name: 'WebSocket: listening on after logging out',
    expect: ['4403 Forbidden'],
    run: async (target) => {
      const { accessToken, refreshToken } = await session(target);
      return outlived(target, accessToken, async () => {
        const query = 'mutation ($t: String!) { logout(refreshToken: $t) }';
        await send(target.url, { query, variables: { t: refreshToken }, token: accessToken });
      });
    },
  },
  {
    name: 'WebSocket: listening on after the token has expired',
    // Both happen at that moment, and either may be heard of first.
    expect: ['4403 Forbidden', streamEnded],
    run: async (target) => {
      const left = 4;
      const ends = Date.now() + left * 1_000;
      const ageSeconds = accessTokenSeconds - left;
      const token = await target.identity.issueAccessToken(demoUsers.attacker, { ageSeconds });
      return outlived(target, token, () => new Promise((resolve) => setTimeout(resolve, ends - Date.now())));
    },
  },
];

function heard(answer: Answer): Outcome {
  const number = at(answer, 'invoicePaid', 'number');
  return judge(answer, typeof number === 'string' ? `heard that ${number} was paid` : undefined);
}

/** Listens until the first payment, so that the stream is surely open; then the right to listen ends, and more is paid. */
async function outlived(target: Target, token: string, end: () => Promise<unknown>): Promise<Outcome> {
  const payNext = await payer(target, target.tokens.accountant);
  const paid = new Set<unknown>();
  const pay = async (): Promise<unknown> => paid.add(await payNext());
  const stream = listen(target.url, { query: payments, token });
  try {
    const first = await stream.next(pay);
    if (at(first, 'invoicePaid', 'id') === undefined) throw new Error(`nothing was heard: ${first.text}`);
    await end();
    let answer = await stream.next(payNext);
    // What was paid before may still have been on its way.
    while (paid.has(at(answer, 'invoicePaid', 'id'))) answer = await stream.next(payNext);
    return heard(answer);
  } finally {
    stream.close();
  }
}

/** Hammering: one account from many addresses and in batches, and requests that are refused too early to be counted. */
import { type Answer, at, cameFrom, send } from '../client.ts';
import { type Attack, judge } from './attack.ts';
import { judged } from './passwords.ts';

/** Accounts that no other attack guesses at: theirs are used up. */
const login = (account: string, guess: number): { query: string; variables: Record<string, string> } => ({
  query: 'mutation ($email: String!, $password: String!) { login(email: $email, password: $password) { accessToken } }',
  variables: { email: `${account}@quarry.test`, password: `guess${guess}` },
});

export const rateAttacks: readonly Attack[] = [
  {
    name: '30 guesses for one account from 10 addresses',
    expect: ['RATE_LIMITED'],
    run: async ({ url }) => {
      const answers: Answer[] = [];
      for (let n = 0; n < 30; n += 1) {
        answers.push(await send(url, { ...login('member41', n), from: `192.0.2.${n % 10}` }));
      }
      return judge(answers[29] as Answer, judged(answers) > 5 ? `${judged(answers)} guesses judged` : undefined);
    },
  },
  {
    name: '30 guesses for one account, in batches and other spellings',
    expect: ['RATE_LIMITED'],
    run: async ({ url }) => {
      const answers: Answer[] = [];
      for (let batch = 0; batch < 3; batch += 1) {
        const spelling = ['member42', 'Member42', '  MEMBER42'][batch] ?? '';
        const guesses = Array.from({ length: 10 }, (_, n) => login(spelling, n));
        answers.push(await send(url, { body: JSON.stringify(guesses) }));
      }
      return judge(answers[2] as Answer, judged(answers) > 5 ? `${judged(answers)} guesses judged` : undefined);
    },
  },
  {
    name: 'one guess for each of 40 accounts, each with another address in front of X-Forwarded-For',
    expect: ['RATE_LIMITED'],
    run: async ({ url }) => {
      const answers: Answer[] = [];
      for (let n = 0; n < 40; n += 1) {
        // What a client writes into the header stays in it: the proxy appends the address that it saw.
        answers.push(await send(url, { ...login(`spray${n}`, 1), from: `192.0.2.${n}, ${cameFrom()}` }));
      }
      return judge(answers[39] as Answer, judged(answers) > 20 ? `${judged(answers)} guesses judged` : undefined);
    },
  },
  {
    name: '100 searches in a row',
    expect: ['RATE_LIMITED'],
    run: async ({ url, tokens }) => {
      const answers: Answer[] = [];
      for (let n = 0; n < 100; n += 1) {
        answers.push(await send(url, { query: `{ search(text: "PO-${n}") { __typename } }`, token: tokens.attacker }));
      }
      const made = answers.filter((answer) => at(answer, 'search') !== undefined).length;
      return judge(answers[99] as Answer, made > 60 ? `${made} searches made` : undefined);
    },
  },
  {
    name: '100 invalid documents, to be refused for free',
    expect: ['RATE_LIMITED'],
    run: async ({ url }) => {
      const answers: Answer[] = [];
      for (let n = 0; n < 100; n += 1) answers.push(await send(url, { query: `{ guess${n} }` }));
      const read = answers.filter(({ code }) => code !== 'RATE_LIMITED').length;
      return judge(answers[99] as Answer, read > 60 ? `${read} documents read` : undefined);
    },
  },
];

/** Guessing passwords. What counts is how many guesses the server really judged. */
import { type Answer, send } from '../client.ts';
import { demoUsers } from '../demo-users.ts';
import { type Attack, judge } from './attack.ts';

const login =
  'mutation ($email: String!, $password: String!) { login(email: $email, password: $password) { accessToken } }';

export const passwordAttacks: readonly Attack[] = [
  {
    name: '100 guesses in one request, under aliases',
    expect: ['ALIAS_LIMIT_EXCEEDED', 'ROOT_FIELD_LIMIT_EXCEEDED', 'OCCURRENCE_LIMIT_EXCEEDED', 'RATE_LIMITED'],
    run: async ({ url }) => {
      const guesses = Array.from(
        { length: 100 },
        (_, n) => `a${n}: login(email: "${demoUsers.target.email}", password: "guess${n}") { accessToken }`,
      );
      const answer = await send(url, { query: `mutation { ${guesses.join(' ')} }` });
      return judge(answer, judged([answer]) > 5 ? `${judged([answer])} guesses judged` : undefined);
    },
  },
  {
    name: '20 guesses for one account, one by one',
    expect: ['RATE_LIMITED'],
    run: async ({ url }) => {
      const variables = (n: number): Record<string, string> => ({
        email: demoUsers.target.email,
        password: `guess${n}`,
      });
      const answers: Answer[] = [];
      for (let n = 0; n < 20; n += 1) answers.push(await send(url, { query: login, variables: variables(n) }));
      return judge(answers[19] as Answer, judged(answers) > 5 ? `${judged(answers)} guesses judged` : undefined);
    },
  },
  {
    name: 'one guess for each of 40 accounts',
    expect: ['RATE_LIMITED'],
    run: async ({ url }) => {
      const variables = (n: number): Record<string, string> => ({
        email: `member${n + 1}@quarry.test`,
        password: 'guess',
      });
      const answers: Answer[] = [];
      for (let n = 0; n < 40; n += 1) answers.push(await send(url, { query: login, variables: variables(n) }));
      return judge(answers[39] as Answer, judged(answers) > 20 ? `${judged(answers)} guesses judged` : undefined);
    },
  },
];

/** Guesses that the server really judged, in batches as well. */
export function judged(answers: readonly Answer[]): number {
  const verdicts = answers.flatMap(({ results }) => results.flatMap((result) => result.errors ?? []));
  return verdicts.filter((error) => error.extensions?.code === 'INVALID_CREDENTIALS').length;
}

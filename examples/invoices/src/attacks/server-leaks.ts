/** Making the server say more than it should, or more than it can. */
import { at, send } from '../client.ts';
import { type Attack, judge } from './attack.ts';

const page =
  'query ($first: Int! = 1, $after: String) { invoices(first: $first, after: $after) { pageInfo { endCursor } } }';
const search = 'query ($text: String!) { search(text: $text) { __typename } }';

export const serverAttacks: readonly Attack[] = [
  {
    name: 'a broken cursor, for the stack trace',
    expect: ['INTERNAL_SERVER_ERROR'],
    run: async ({ url, tokens }) => {
      const answer = await send(url, { query: page, variables: { after: 'bm90IGpzb24' }, token: tokens.attacker });
      return judge(answer, internals(answer.text));
    },
  },
  {
    name: 'a pattern too long for the database, for its error',
    expect: ['VARIABLE_LIMIT_EXCEEDED', 'INTERNAL_SERVER_ERROR'],
    run: async ({ url, tokens }) => {
      const answer = await send(url, {
        query: search,
        variables: { text: '%'.repeat(60_000) },
        token: tokens.attacker,
      });
      return judge(answer, internals(answer.text));
    },
  },
  {
    name: 'a body that is not JSON, for the stack trace',
    expect: ['BAD_REQUEST'],
    run: async ({ url, tokens }) => {
      const answer = await send(url, { body: '{"query": "{ me { id } }"', token: tokens.attacker });
      return judge(answer, internals(answer.text));
    },
  },
  {
    name: 'a 600 kB variable, for the echo',
    expect: ['VARIABLE_LIMIT_EXCEEDED', 'BAD_USER_INPUT'],
    run: async ({ url, tokens }) => {
      const variables = { first: 'A'.repeat(600_000) };
      const answer = await send(url, { query: page, variables, token: tokens.attacker });
      return judge(
        answer,
        answer.text.length > 100_000 ? `${Math.round(answer.text.length / 1000)} kB back` : undefined,
      );
    },
  },
  {
    name: 'variables nested 20,000 deep',
    expect: ['VARIABLE_LIMIT_EXCEEDED', 'BAD_USER_INPUT'],
    run: async ({ url, tokens }) => {
      const deep = '['.repeat(20_000) + ']'.repeat(20_000);
      const body = `{"query":${JSON.stringify(search)},"variables":{"text":${deep}}}`;
      const answer = await send(url, { body, token: tokens.attacker });
      return judge(answer, at(answer, 'search') ? 'executed' : overflow(answer.text));
    },
  },
];

function internals(text: string): string | undefined {
  // In JSON, and in the page that Express makes of an error.
  if (/"stacktrace"|<br> &nbsp; &nbsp;at /.test(text)) return 'a stack trace';
  return /SyntaxError|RangeError|SQLite|JSON|LIKE/.test(text) ? 'an internal message' : undefined;
}

function overflow(text: string): string | undefined {
  return text.includes('call stack') ? 'a stack overflow' : undefined;
}

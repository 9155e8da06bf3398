/** Guessing at a schema that is not published, and sending bodies that cost more to read than to send. */
import { send } from '../client.ts';
import { type Attack, judge } from './attack.ts';

export const leakAttacks: readonly Attack[] = [
  {
    name: 'a wrong selection, for the name of the type',
    expect: ['GRAPHQL_VALIDATION_FAILED'],
    run: ({ url }) => named(url, 'query Guess { me }', ['User']),
  },
  {
    name: 'an empty input, for the names of its required fields',
    expect: ['GRAPHQL_VALIDATION_FAILED'],
    run: ({ url }) => named(url, 'mutation { createInvoice(input: {}) { id } }', ['customerId', 'dueOn', 'lines']),
  },
  {
    name: 'an empty input in a variable, for the names of its required fields',
    expect: ['BAD_USER_INPUT'],
    run: ({ url, tokens }) =>
      named(
        url,
        'mutation ($i: CreateInvoiceInput!) { createInvoice(input: $i) { id } }',
        ['customerId', 'dueOn', 'lines'],
        { variables: { i: {} }, token: tokens.attacker },
      ),
  },
  {
    name: 'an unknown enum value, for those that exist',
    expect: ['GRAPHQL_VALIDATION_FAILED'],
    run: ({ url }) => named(url, '{ invoices(status: PAYED) { pageInfo { endCursor } } }', ['InvoiceStatus', 'PAID']),
  },
  {
    name: 'a body that inflates to 20 MB',
    expect: ['PAYLOAD_TOO_LARGE'],
    run: async ({ url }) => {
      const body = `{"query":"{ __typename }","variables":{"text":"${' '.repeat(20_000_000)}"}}`;
      const answer = await send(url, { body, gzip: true });
      return judge(answer, answer.status === 200 ? 'inflated and run' : undefined);
    },
  },
];

/** Which of these names the answer to an operation that does not hold them holds. */
async function named(
  url: string,
  query: string,
  names: readonly string[],
  more: { readonly variables?: Record<string, unknown>; readonly token?: string } = {},
): ReturnType<Attack['run']> {
  const answer = await send(url, { query, ...more });
  const found = names.filter((name) => new RegExp(`\\b${name}\\b`).test(answer.text));
  return judge(answer, found.length > 0 ? found.join(', ') : undefined);
}

/** Guessing at a schema that is not published, from what the server says about mistakes. */
import { send } from '../client.ts';
import { type Attack, judge } from './attack.ts';

export const leakAttacks: readonly Attack[] = [
  {
    name: 'a wrong selection, for the name of the type',
    expect: ['GRAPHQL_VALIDATION_FAILED'],
    run: ({ url }) => named(url, 'query Guess { me }', ['User']),
  },
  {
    name: 'an empty input, for its required fields',
    expect: ['GRAPHQL_VALIDATION_FAILED'],
    run: ({ url }) => named(url, 'mutation { createInvoice(input: {}) { id } }', ['customerId', 'dueOn', 'lines']),
  },
  {
    name: 'an empty input in a variable, for its required fields',
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

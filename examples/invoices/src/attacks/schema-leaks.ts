/** Learning the schema of an API that does not publish it. */
import { at, send } from '../client.ts';
import { type Attack, judge } from './attack.ts';

export const schemaAttacks: readonly Attack[] = [
  {
    name: 'introspection: __schema',
    expect: ['INTROSPECTION_DISABLED'],
    run: ({ url }) => learn(url, '{ __schema { types { name } } }', 'types'),
  },
  {
    name: 'introspection: an alias in a named fragment',
    expect: ['INTROSPECTION_DISABLED'],
    run: ({ url }) => learn(url, '{ ...F } fragment F on Query { health: __schema { types { name } } }', 'types'),
  },
  {
    name: 'introspection: __type in a fragment beside real fields',
    expect: ['INTROSPECTION_DISABLED'],
    run: ({ url }) =>
      learn(url, '{ me { id } ... on Query { u: __type(name: "User") { fields { name } } } }', 'fields'),
  },
  {
    name: 'a misspelt field, for the suggestion',
    expect: ['GRAPHQL_VALIDATION_FAILED'],
    run: async ({ url }) => {
      const answer = await send(url, { query: '{ me { mfaSecre } }' });
      return judge(answer, suggestion(answer.text));
    },
  },
  {
    name: 'a misspelt enum value in a variable, for the suggestion',
    expect: ['BAD_USER_INPUT'],
    run: async ({ url, tokens }) => {
      const query = 'query ($s: InvoiceStatus) { invoices(status: $s) { pageInfo { endCursor } } }';
      const answer = await send(url, { query, variables: { s: 'CANCELED' }, token: tokens.attacker });
      return judge(answer, suggestion(answer.text));
    },
  },
];

async function learn(url: string, query: string, list: 'types' | 'fields'): ReturnType<Attack['run']> {
  const answer = await send(url, { query });
  const found = ['__schema', 'health', 'u'].map((key) => at(answer, key, list)).find(Array.isArray);
  return judge(answer, found ? `${found.length} ${list}` : undefined);
}

function suggestion(text: string): string | undefined {
  return /Did you mean[^?]*\?/.exec(text)?.[0].replaceAll('\\"', '"');
}

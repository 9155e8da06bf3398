/** Honest clients without a person in front of them. */
import { at } from '../client.ts';
import { ask, expect, type HonestOperation } from './operation.ts';

export const programs: readonly HonestOperation[] = [
  {
    name: 'a program reads invoices with an API key',
    run: async ({ url, tokens }) => {
      const create = 'mutation { createApiKey(name: "Ledger") { secret } }';
      const apiKey = String(at(await ask(url, { query: create, token: tokens.admin }), 'createApiKey', 'secret'));
      const query = '{ invoices(first: 3) { edges { node { number totalCents } } } }';
      return expect(await ask(url, { query, apiKey }), ['invoices', 'edges', 'length'], 3);
    },
  },
];

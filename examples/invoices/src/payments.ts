/** Invoices that get paid while somebody listens. */
import { at, send } from './client.ts';
import type { Target } from './target.ts';

/** @returns what pays one more open invoice of the caller's organisation each time it is called, and tells its id. */
export async function payer({ url }: Target, token: string): Promise<() => Promise<string>> {
  const open = '{ invoices(first: 50, status: SENT) { edges { node { id } } } }';
  const page = await send(url, { query: open, token });
  const ids = [...page.text.matchAll(/"id":"(inv_\w+)"/g)].map((match) => match[1] ?? '');
  return async () => {
    const query = 'mutation ($id: ID!) { payInvoice(id: $id, cardLast4: "4242") { id } }';
    const id = ids.shift() ?? '';
    const paid = await send(url, { query, variables: { id }, token });
    if (at(paid, 'payInvoice', 'id') === undefined) throw new Error(`nothing was paid: ${paid.text.slice(0, 200)}`);
    return id;
  };
}

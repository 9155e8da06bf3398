/** What the rules of the schema ask of the application: policies that decide, and loaders that find whose something is. */
import type { Loaders, Policies } from '@graphql-bulwark/authorization';
import type { SecuredContext } from 'graphql-bulwark';
import type { App } from './app.ts';
import { invoiceById } from './resolvers/load.ts';

type Context = App & SecuredContext;

/** The books of the time before are closed: nobody changes their invoices any more. */
export const booksOpenSince = '2024-04-01';

/** In cents: what somebody may bill who does not keep the books. */
export const memberLimitCents = 1_000_000;

export const policies: Policies<Context> = {
  booksOpen: {
    key: ({ args }) => String(args['id']),
    many: ({ db, security }, ids) => {
      const org = security.principal?.claims['org'];
      return ids.map((id) => {
        const invoice = invoiceById(db, id);
        // Of what is foreign or missing this must not tell the date: whose it is, is for @owner to say.
        return invoice?.organisationId !== org || (invoice?.issuedOn ?? '') >= booksOpenSince;
      });
    },
  },
  withinLimit: (_, { args, principal }) => {
    if (principal?.roles.some((role) => role === 'ACCOUNTANT' || role === 'ADMIN')) return true;
    const { lines } = args['input'] as { lines: readonly { readonly quantity: number; readonly unitCents: number }[] };
    return lines.reduce((sum, { quantity, unitCents }) => sum + quantity * unitCents, 0) <= memberLimitCents;
  },
};

export const loaders: Loaders<Context> = {
  invoice: ({ args, context }) => invoiceById(context.db, String(args['id'])),
  sharedWith: ({ source, context }) => {
    const users = 'SELECT user_id FROM invoice_shares WHERE invoice_id = ?';
    return context.db.all<{ userId: string }>(users, [(source as { id: string }).id]).map(({ userId }) => userId);
  },
};

/** Reading invoices. What is looked up by id may be anybody's: who may read it is for the layer in front to say. */
import type { InvoicesContext } from '../app.ts';
import type { Invoice, LineItem, Payment } from '../records.ts';
import { found, pageSize, tenantOf } from './caller.ts';
import { invoicePage, type PageArgs } from './invoice-page.ts';
import { customerById, invoiceById, nodeById, organisationById, userById } from './load.ts';

export const invoiceResolvers = {
  Query: {
    invoice: (_: unknown, { id }: { id: string }, { db }: InvoicesContext) => found(invoiceById(db, id)),
    invoices: (_: unknown, args: PageArgs, context: InvoicesContext) =>
      invoicePage(context.db, tenantOf(context), args),
    node: (_: unknown, { id }: { id: string }, { db }: InvoicesContext) => found(nodeById(db, id)),
  },

  Invoice: {
    organisation: (row: Invoice, _: unknown, { db }: InvoicesContext) => organisationById(db, row.organisationId),
    author: (row: Invoice, _: unknown, { db }: InvoicesContext) => userById(db, row.authorId),
    customer: (row: Invoice, _: unknown, { db }: InvoicesContext) => customerById(db, row.customerId),
    lines: ({ id }: Invoice, { first }: { first: number }, { db }: InvoicesContext) =>
      db.all<LineItem>('SELECT * FROM line_items WHERE invoice_id = ? ORDER BY rowid LIMIT ?', [id, pageSize(first)]),
    allLines: ({ id }: Invoice, _: unknown, { db }: InvoicesContext) =>
      db.all<LineItem>('SELECT * FROM line_items WHERE invoice_id = ? ORDER BY rowid', [id]),
    payments: ({ id }: Invoice, _: unknown, { db }: InvoicesContext) =>
      db.all<Payment>('SELECT * FROM payments WHERE invoice_id = ? ORDER BY paid_at', [id]),
    // Of the caller's own: one that is left out afterwards would still be told by a list that is shorter.
    sameReference: ({ id, reference }: Invoice, { first }: { first: number }, context: InvoicesContext) =>
      context.db.all<Invoice>(
        'SELECT * FROM invoices WHERE organisation_id = ? AND reference = ? AND id <> ? ORDER BY id LIMIT ?',
        [tenantOf(context), reference, id, pageSize(first)],
      ),
  },

  LineItem: {
    invoice: ({ invoiceId }: LineItem, _: unknown, { db }: InvoicesContext) => invoiceById(db, invoiceId),
  },

  Payment: {
    invoice: ({ invoiceId }: Payment, _: unknown, { db }: InvoicesContext) => invoiceById(db, invoiceId),
  },
};

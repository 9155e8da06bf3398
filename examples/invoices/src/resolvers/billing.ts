/**
 * Writing invoices. Every write names the caller's organisation in its WHERE, so that what was true when somebody
 * checked is still true when the row changes. What a client puts into an input is written: whether it may be there is not
 * asked here.
 */
import { randomBytes } from 'node:crypto';
import type { InvoicesContext } from '../app.ts';
import type { Customer, Invoice } from '../records.ts';
import { audit } from './audit.ts';
import { badInput, callerId, found, tenantOf } from './caller.ts';
import { invoiceById } from './load.ts';

interface CreateInvoice {
  readonly customerId: string;
  readonly authorId?: string | null;
  readonly reference?: string | null;
  readonly dueOn: string;
  readonly note?: string | null;
  readonly lines: readonly { readonly description: string; readonly quantity: number; readonly unitCents: number }[];
}

type UpdateInvoice = Partial<Pick<Invoice, 'organisationId' | 'reference' | 'dueOn' | 'note' | 'status'>>;

export const billingResolvers = {
  Mutation: {
    createInvoice: (_: unknown, { input }: { input: CreateInvoice }, context: InvoicesContext) => {
      const { db } = context;
      const org = tenantOf(context);
      const own = 'SELECT * FROM customers WHERE id = ? AND organisation_id = ?';
      found(db.one<Customer>(own, [input.customerId, org]));
      const total = input.lines.reduce((sum, line) => sum + line.quantity * line.unitCents, 0);
      if (!Number.isInteger(total) || total < 1 || total > 2_147_483_647) throw badInput('The total is out of range');
      const id = newId('inv');
      const today = new Date().toISOString().slice(0, 10);
      const due = new Date(input.dueOn).toISOString().slice(0, 10);
      return db.transaction(() => {
        db.run("INSERT INTO invoices VALUES (?, ?, ?, ?, ?, ?, 'SENT', ?, ?, ?, ?)", [
          id,
          org,
          input.authorId ?? callerId(context),
          input.customerId,
          `NEW-${id.slice(4)}`,
          input.reference ?? null,
          today,
          due,
          total,
          input.note ?? null,
        ]);
        for (const { description, quantity, unitCents } of input.lines) {
          const line = [newId('lin'), org, id, description, quantity, unitCents];
          db.run('INSERT INTO line_items VALUES (?, ?, ?, ?, ?, ?)', line);
        }
        audit(context, 'invoice.created', id);
        return invoiceById(db, id);
      });
    },

    updateInvoice: (_: unknown, { id, input }: { id: string; input: UpdateInvoice }, context: InvoicesContext) => {
      const invoice = ownInvoice(context, id);
      const next = { ...invoice, ...input };
      if (input.dueOn) next.dueOn = new Date(input.dueOn).toISOString().slice(0, 10);
      context.db.run(
        `UPDATE invoices SET organisation_id = ?, reference = ?, due_on = ?, note = ?, status = ?
         WHERE id = ? AND organisation_id = ?`,
        [next.organisationId, next.reference, next.dueOn, next.note, next.status, id, tenantOf(context)],
      );
      audit(context, 'invoice.updated', id);
      return invoiceById(context.db, id);
    },

    payInvoice: (_: unknown, { id, cardLast4 }: { id: string; cardLast4: string }, context: InvoicesContext) => {
      const { db, events } = context;
      const org = tenantOf(context);
      const invoice = ownInvoice(context, id);
      if (!/^\d{4}$/.test(cardLast4)) throw badInput('"cardLast4" is four digits');
      const payment = newId('pay');
      db.transaction(() => {
        const open = "id = ? AND organisation_id = ? AND status IN ('SENT', 'OVERDUE')";
        if (db.run(`UPDATE invoices SET status = 'PAID' WHERE ${open}`, [id, org]) === 0) {
          throw badInput('The invoice is not open');
        }
        const row = [payment, org, id, invoice.totalCents, cardLast4, new Date().toISOString()];
        db.run('INSERT INTO payments VALUES (?, ?, ?, ?, ?, ?)', row);
        audit(context, 'invoice.paid', id);
      });
      events.emit('invoicePaid', id);
      return db.one('SELECT * FROM payments WHERE id = ?', [payment]);
    },

    deleteInvoice: (_: unknown, { id, force }: { id: string; force?: boolean | null }, context: InvoicesContext) => {
      const { status } = ownInvoice(context, id);
      if (status === 'PAID' && force !== true) throw badInput('The invoice has been paid');
      context.db.run('DELETE FROM invoices WHERE id = ? AND organisation_id = ?', [id, tenantOf(context)]);
      audit(context, 'invoice.deleted', id);
      return id;
    },
  },
};

function ownInvoice(context: InvoicesContext, id: string): Invoice {
  const invoice = invoiceById(context.db, id);
  return found(invoice?.organisationId === tenantOf(context) ? invoice : undefined);
}

function newId(prefix: string): string {
  return `${prefix}_${randomBytes(9).toString('hex')}`;
}

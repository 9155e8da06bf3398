/**
 * Writing invoices. Every write names the organisation and the status in its WHERE, so that what was true when somebody
 * checked is still true when the row changes. An `organisationId` in an input is written: whether it may be there is not
 * asked here.
 */
import { randomBytes } from 'node:crypto';
import type { GraphQLError } from 'graphql';
import type { InvoicesContext } from '../app.ts';
import type { Customer, Invoice, User } from '../records.ts';
import { audit } from './audit.ts';
import { badInput, callerId, found, tenantOf } from './caller.ts';
import { checkStatusChange } from './invoice-status.ts';
import { invoiceById } from './load.ts';

/** The longest page of `Invoice.lines`, and as many as may be written at a time. */
const maxLines = 100;

interface CreateInvoice {
  readonly customerId: string;
  readonly authorId?: string | null;
  readonly reference?: string | null;
  readonly dueOn: string;
  readonly note?: string | null;
  readonly lines: readonly { readonly description: string; readonly quantity: number; readonly unitCents: number }[];
}

/** Left out: as it was. Null is no value for those that every invoice has, and leaves them as they were, too. */
type UpdateInvoice = {
  readonly [Field in 'organisationId' | 'reference' | 'dueOn' | 'note' | 'status']?: Invoice[Field] | null;
};

export const billingResolvers = {
  Mutation: {
    createInvoice: (_: unknown, { input }: { input: CreateInvoice }, context: InvoicesContext) => {
      const { db } = context;
      const org = tenantOf(context);
      const author = input.authorId ?? callerId(context);
      found(db.one<Customer>('SELECT * FROM customers WHERE id = ? AND organisation_id = ?', [input.customerId, org]));
      found(db.one<User>('SELECT * FROM users WHERE id = ? AND organisation_id = ?', [author, org]));
      if (input.lines.length > maxLines) throw badInput(`An invoice begins with ${maxLines} lines at most`);
      const total = input.lines.reduce((sum, line) => sum + line.quantity * line.unitCents, 0);
      if (!Number.isInteger(total) || total < 1 || total > 2_147_483_647) throw badInput('The total is out of range');
      const id = newId('inv');
      const today = new Date().toISOString().slice(0, 10);
      const due = isoDay(input.dueOn);
      return db.transaction(() => {
        db.run("INSERT INTO invoices VALUES (?, ?, ?, ?, ?, ?, 'SENT', ?, ?, ?, ?)", [
          id,
          org,
          author,
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
      const { reference = invoice.reference, note = invoice.note } = input;
      const organisation = input.organisationId ?? invoice.organisationId;
      const due = input.dueOn ? isoDay(input.dueOn) : invoice.dueOn;
      const status = input.status ?? invoice.status;
      if (status !== invoice.status) checkStatusChange(invoice.status, status);
      const changed = context.db.run(
        `UPDATE invoices SET organisation_id = ?, reference = ?, due_on = ?, note = ?, status = ? WHERE ${asItWas}`,
        [organisation, reference, due, note, status, ...key(invoice)],
      );
      if (changed === 0) throw justChanged();
      audit(context, 'invoice.updated', id);
      return invoiceById(context.db, id);
    },

    addLines: (_: unknown, { id, lines }: { id: string } & Pick<CreateInvoice, 'lines'>, context: InvoicesContext) => {
      const { db } = context;
      const invoice = ownInvoice(context, id);
      if (lines.length > maxLines) throw badInput(`At most ${maxLines} lines are added at a time`);
      const total = lines.reduce((sum, line) => sum + line.quantity * line.unitCents, invoice.totalCents);
      if (!Number.isInteger(total) || total < 1 || total > 2_147_483_647) throw badInput('The total is out of range');
      return db.transaction(() => {
        if (db.run(`UPDATE invoices SET total_cents = ? WHERE ${asItWas}`, [total, ...key(invoice)]) === 0)
          throw justChanged();
        for (const { description, quantity, unitCents } of lines) {
          const line = [newId('lin'), invoice.organisationId, id, description, quantity, unitCents];
          db.run('INSERT INTO line_items VALUES (?, ?, ?, ?, ?, ?)', line);
        }
        audit(context, 'invoice.updated', id);
        return invoiceById(db, id);
      });
    },

    payInvoice: (_: unknown, { id, cardLast4 }: { id: string; cardLast4: string }, context: InvoicesContext) => {
      const { db, events } = context;
      const org = tenantOf(context);
      const invoice = ownInvoice(context, id);
      if (!/^\d{4}$/.test(cardLast4)) throw badInput('"cardLast4" is four digits');
      const payment = newId('pay');
      checkStatusChange(invoice.status, 'PAID');
      db.transaction(() => {
        if (db.run(`UPDATE invoices SET status = 'PAID' WHERE ${asItWas}`, key(invoice)) === 0) throw justChanged();
        const row = [payment, org, id, invoice.totalCents, cardLast4, new Date().toISOString()];
        db.run('INSERT INTO payments VALUES (?, ?, ?, ?, ?, ?)', row);
        audit(context, 'invoice.paid', id);
      });
      events.emit('invoicePaid', id);
      return db.one('SELECT * FROM payments WHERE id = ?', [payment]);
    },

    deleteInvoice: (_: unknown, { id, force }: { id: string; force?: boolean | null }, context: InvoicesContext) => {
      const invoice = ownInvoice(context, id);
      if (invoice.status === 'PAID' && force !== true) throw badInput('The invoice has been paid');
      if (context.db.run(`DELETE FROM invoices WHERE ${asItWas}`, key(invoice)) === 0) throw justChanged();
      audit(context, 'invoice.deleted', id);
      return id;
    },
  },
};

function ownInvoice(context: InvoicesContext, id: string): Invoice {
  const invoice = invoiceById(context.db, id);
  return found(invoice?.organisationId === tenantOf(context) ? invoice : undefined);
}

/**
 * In the WHERE of each change, with the values of {@link key}: what was checked of an invoice must still hold when its row changes.
 * Otherwise two requests at once could both pay it, or one delete what the other has just been paid.
 */
const asItWas = 'id = ? AND organisation_id = ? AND status = ?';

function key({ id, organisationId, status }: Invoice): readonly string[] {
  return [id, organisationId, status];
}

function justChanged(): GraphQLError {
  return badInput('The invoice has just been changed by somebody else: read it again');
}

function isoDay(date: string): string {
  return new Date(date).toISOString().slice(0, 10);
}

function newId(prefix: string): string {
  return `${prefix}_${randomBytes(9).toString('hex')}`;
}

/** Organisations, users and customers, and what hangs on them. */
import type { InvoicesContext } from '../app.ts';
import type { Customer, Organisation, User } from '../records.ts';
import { callerId, pageSize, tenantOf } from './caller.ts';
import { invoicePage, type PageArgs } from './invoice-page.ts';
import { organisationById, userById } from './load.ts';

interface First {
  readonly first: number;
}

export const peopleResolvers = {
  Query: {
    me: (_: unknown, __: unknown, context: InvoicesContext) => userById(context.db, callerId(context)),
    organisation: (_: unknown, { id }: { id: string }, { db }: InvoicesContext) => organisationById(db, id),
    users: (_: unknown, { first }: First, context: InvoicesContext) =>
      context.db.all<User>('SELECT * FROM users WHERE organisation_id = ? ORDER BY email LIMIT ?', [
        tenantOf(context),
        pageSize(first),
      ]),
  },

  Organisation: {
    members: ({ id }: Organisation, { first }: First, { db }: InvoicesContext) =>
      db.all<User>('SELECT * FROM users WHERE organisation_id = ? ORDER BY id LIMIT ?', [id, pageSize(first)]),
    customers: ({ id }: Organisation, { first }: First, { db }: InvoicesContext) =>
      db.all<Customer>('SELECT * FROM customers WHERE organisation_id = ? ORDER BY id LIMIT ?', [id, pageSize(first)]),
    invoices: ({ id }: Organisation, args: PageArgs, { db }: InvoicesContext) => invoicePage(db, id, args),
    apiKeys: ({ id }: Organisation, { first }: First, { db }: InvoicesContext) =>
      db.all('SELECT * FROM api_keys WHERE organisation_id = ? ORDER BY created_at LIMIT ?', [id, pageSize(first)]),
    auditLog: ({ id }: Organisation, { first }: First, { db }: InvoicesContext) =>
      db.all('SELECT * FROM audit_entries WHERE organisation_id = ? ORDER BY at DESC LIMIT ?', [id, pageSize(first)]),
  },

  User: {
    organisation: (user: User, _: unknown, { db }: InvoicesContext) => organisationById(db, user.organisationId),
    invoices: ({ id }: User, { first }: First, { db }: InvoicesContext) =>
      db.all('SELECT * FROM invoices WHERE author_id = ? ORDER BY issued_on DESC LIMIT ?', [id, pageSize(first)]),
  },

  Customer: {
    organisation: (row: Customer, _: unknown, { db }: InvoicesContext) => organisationById(db, row.organisationId),
    invoices: ({ id }: Customer, { first }: First, { db }: InvoicesContext) =>
      db.all('SELECT * FROM invoices WHERE customer_id = ? ORDER BY issued_on DESC LIMIT ?', [id, pageSize(first)]),
    creditRating: ({ id }: Customer, _: unknown, { db }: InvoicesContext) => {
      const late = "SELECT count(*) AS n FROM invoices WHERE customer_id = ? AND status = 'OVERDUE'";
      const { n } = db.one<{ n: number }>(late, [id]) ?? { n: 0 };
      return n === 0 ? 'GOOD' : n < 3 ? 'SLOW' : 'BAD';
    },
  },

  ApiKey: {
    createdBy: ({ createdById }: { createdById: string }, _: unknown, { db }: InvoicesContext) =>
      userById(db, createdById),
  },

  AuditEntry: {
    actor: ({ actorId }: { actorId: string }, _: unknown, { db }: InvoicesContext) => userById(db, actorId),
  },
};

/** The expensive query: every invoice and payment between two dates, by month. */
import type { InvoicesContext } from '../app.ts';
import { tenantOf } from './caller.ts';

export const reportResolvers = {
  Query: {
    reports: (_: unknown, args: { from: string; to: string }, context: InvoicesContext) =>
      context.db.all(
        `SELECT substr(i.issued_on, 1, 7) AS month, count(*) AS invoices, sum(i.total_cents) AS invoiced_cents,
           coalesce(sum((SELECT sum(p.amount_cents) FROM payments p WHERE p.invoice_id = i.id)), 0) AS paid_cents,
           (SELECT c.name FROM invoices j JOIN customers c ON c.id = j.customer_id
             WHERE substr(j.issued_on, 1, 7) = substr(i.issued_on, 1, 7) AND (?1 IS NULL OR j.organisation_id = ?1)
             GROUP BY c.id ORDER BY sum(j.total_cents) DESC LIMIT 1) AS largest_customer
         FROM invoices i
         WHERE (?1 IS NULL OR i.organisation_id = ?1) AND i.issued_on BETWEEN ?2 AND ?3
         GROUP BY month ORDER BY month`,
        [tenantOf(context), day(args.from), day(args.to)],
      ),
  },
};

function day(text: string): string {
  return new Date(text).toISOString().slice(0, 10);
}

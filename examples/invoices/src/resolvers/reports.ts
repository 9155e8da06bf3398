/** The expensive query: every invoice and payment between two dates, by month. */
import type { InvoicesContext } from '../app.ts';
import { badInput, tenantOf } from './caller.ts';

/** As many as `@listSize` says in the schema. */
const maxMonths = 24;

export const reportResolvers = {
  Query: {
    reports: (_: unknown, args: { from: string; to: string }, context: InvoicesContext) => {
      const [from, to] = [day(args.from), day(args.to)];
      if (monthOf(to) - monthOf(from) >= maxMonths) throw badInput(`A report covers ${maxMonths} months at most`);
      return context.db.all(
        `SELECT substr(i.issued_on, 1, 7) AS month, count(*) AS invoices, sum(i.total_cents) AS invoiced_cents,
           coalesce(sum((SELECT sum(p.amount_cents) FROM payments p WHERE p.invoice_id = i.id)), 0) AS paid_cents,
           (SELECT c.name FROM invoices j JOIN customers c ON c.id = j.customer_id
             WHERE j.organisation_id = ?1 AND substr(j.issued_on, 1, 7) = substr(i.issued_on, 1, 7)
             GROUP BY c.id ORDER BY sum(j.total_cents) DESC LIMIT 1) AS largest_customer
         FROM invoices i
         WHERE i.organisation_id = ?1 AND i.issued_on BETWEEN ?2 AND ?3
         GROUP BY month ORDER BY month`,
        [tenantOf(context), from, to],
      );
    },
  },
};

/** Months since the year 0. */
function monthOf(date: string): number {
  return Number(date.slice(0, 4)) * 12 + Number(date.slice(5, 7));
}

function day(text: string): string {
  return new Date(text).toISOString().slice(0, 10);
}

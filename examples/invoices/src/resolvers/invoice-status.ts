/** Which status of an invoice may follow which. What was paid or cancelled stays so. */
import type { InvoiceStatus } from '../records.ts';
import { badInput } from './caller.ts';

const next: Readonly<Record<InvoiceStatus, readonly InvoiceStatus[]>> = {
  DRAFT: ['SENT', 'CANCELLED'],
  SENT: ['OVERDUE', 'PAID', 'CANCELLED'],
  OVERDUE: ['SENT', 'PAID', 'CANCELLED'],
  PAID: [],
  CANCELLED: [],
};

/** @throws {GraphQLError} where `to` may not follow `from`. */
export function checkStatusChange(from: InvoiceStatus, to: InvoiceStatus): void {
  if (!next[from].includes(to)) throw badInput(`An invoice that is ${from} cannot become ${to}`);
}

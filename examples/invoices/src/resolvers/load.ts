/** Rows by id. Each carries `__typename`, so that the interface and the union can tell them apart. */
import type { Db } from '../database.ts';
import type { ApiKey, AuditEntry, Customer, Invoice, LineItem, Organisation, Payment, User } from '../records.ts';

type Load<Row> = (db: Db, id: string | null) => Row | undefined;

const from =
  <Row>(type: string, table: string): Load<Row> =>
  (db, id) =>
    db.one<Row>(`SELECT '${type}' AS __typename, * FROM ${table} WHERE id = ?`, [id]);

export const organisationById = from<Organisation>('Organisation', 'organisations');
export const userById = from<User>('User', 'users');
export const customerById = from<Customer>('Customer', 'customers');
export const invoiceById = from<Invoice>('Invoice', 'invoices');

const loaders: ReadonlyMap<string, Load<object>> = new Map<string, Load<object>>([
  ['org', organisationById],
  ['usr', userById],
  ['cus', customerById],
  ['inv', invoiceById],
  ['lin', from<LineItem>('LineItem', 'line_items')],
  ['pay', from<Payment>('Payment', 'payments')],
  ['key', from<ApiKey>('ApiKey', 'api_keys')],
  ['aud', from<AuditEntry>('AuditEntry', 'audit_entries')],
]);

/** Anything with an id; the part before the underscore says what it is. */
export function nodeById(db: Db, id: string): object | undefined {
  return loaders.get(id.split('_', 1)[0] ?? '')?.(db, id);
}

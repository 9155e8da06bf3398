/**
 * The data of the demo, the same in every run: 4 organisations, 200 users, 5,000 invoices, 20,000 line items, and the
 * customers, payments, API keys and audit entries that go with them. One statement per table, rows handed over as JSON.
 */
import type { Db } from './database.ts';
import { demoShare } from './demo-users.ts';
import { seedPasswordHash } from './passwords.ts';
import { generator, pick, secret } from './random.ts';
import type { InvoiceStatus, Role } from './records.ts';

const companies = ['Northgate', 'Harbour', 'Cedar', 'Quarry'] as const;
const usersPerCompany = 50;
const customersPerCompany = 100;
const invoicesPerCompany = 1250;
const linesPerInvoice = 4;

type Row = readonly (string | number | null)[];

/** Fills the empty tables in one transaction. */
export function seed(db: Db): void {
  const random = generator(20_260_101);
  const rows = {
    organisations: [] as Row[],
    users: [] as Row[],
    customers: [] as Row[],
    invoices: [] as Row[],
    lines: [] as Row[],
    payments: [] as Row[],
    keys: [] as Row[],
    audit: [] as Row[],
  };

  for (const [index, company] of companies.entries()) {
    const org = `org_${index + 1}`;
    rows.organisations.push([org, `${company} Supplies`, `XX00 DEMO ${4000 + index} ${Math.floor(random() * 1e8)}`]);
    for (let n = 1; n <= usersPerCompany; n += 1) {
      const [role, name] = position(n);
      const mail = `${name.toLowerCase().replace(' ', '')}@${company.toLowerCase()}.test`;
      rows.users.push([
        id('usr', index, usersPerCompany, n),
        org,
        `${name} of ${company}`,
        mail,
        role,
        seedPasswordHash,
        secret(random),
      ]);
    }
    for (let n = 1; n <= customersPerCompany; n += 1) {
      const customer = id('cus', index, customersPerCompany, n);
      rows.customers.push([
        customer,
        org,
        `Customer ${n} of ${company}`,
        `XX${100_000_000 + Math.floor(random() * 899_999_999)}`,
      ]);
    }
    for (let n = 1; n <= invoicesPerCompany; n += 1) {
      const invoice = id('inv', index, invoicesPerCompany, n);
      const issued = Date.UTC(2024, 0, 1) + Math.floor(random() * 730) * 86_400_000;
      const status = pick(['DRAFT', 'SENT', 'PAID', 'PAID', 'PAID', 'OVERDUE', 'CANCELLED'] as const, random);
      let total = 0;
      for (let line = 1; line <= linesPerInvoice; line += 1) {
        const quantity = 1 + Math.floor(random() * 9);
        const unit = 500 + Math.floor(random() * 40_000);
        total += quantity * unit;
        rows.lines.push([`lin_${invoice.slice(4)}_${line}`, org, invoice, pick(goods, random), quantity, unit]);
      }
      rows.invoices.push([
        invoice,
        org,
        id('usr', index, usersPerCompany, 1 + Math.floor(random() * usersPerCompany)),
        id('cus', index, customersPerCompany, 1 + Math.floor(random() * customersPerCompany)),
        `${company.slice(0, 2).toUpperCase()}-${String(n).padStart(5, '0')}`,
        // Purchase orders are numbered by the customers, so the same one turns up in several organisations.
        `PO-${1 + Math.floor(random() * 800)}`,
        status satisfies InvoiceStatus,
        day(issued),
        day(issued + 30 * 86_400_000),
        total,
        random() < 0.3 ? `Please quote ${pick(goods, random).toLowerCase()} separately` : null,
      ]);
      if (status !== 'PAID') continue;
      const card = String(1000 + Math.floor(random() * 9000));
      rows.payments.push([
        `pay_${invoice.slice(4)}`,
        org,
        invoice,
        total,
        card,
        new Date(issued + 864_000_000).toISOString(),
      ]);
      if (n % 5 === 0)
        rows.audit.push([
          `aud_${invoice.slice(4)}`,
          org,
          id('usr', index, usersPerCompany, 1),
          'invoice.paid',
          invoice,
          new Date(issued).toISOString(),
        ]);
    }
    const unusable = String(index).repeat(64);
    rows.keys.push([
      `key_seed${index + 1}`,
      org,
      'Accounting export',
      unusable,
      id('usr', index, usersPerCompany, 1),
      '2024-01-01T00:00:00.000Z',
    ]);
  }

  db.transaction(() => {
    fill(db, 'organisations', 3, rows.organisations);
    fill(db, 'users', 7, rows.users);
    fill(db, 'customers', 4, rows.customers);
    fill(db, 'invoices', 11, rows.invoices);
    fill(db, 'line_items', 6, rows.lines);
    fill(db, 'invoice_shares', 2, [[demoShare.invoiceId, demoShare.userId]]);
    fill(db, 'payments', 6, rows.payments);
    fill(db, 'api_keys', 6, rows.keys);
    fill(db, 'audit_entries', 6, rows.audit);
  });
}

const goods = [
  'Shelving',
  'Packaging',
  'Freight',
  'Pallets',
  'Labels',
  'Cold storage',
  'Inspection',
  'Repairs',
] as const;

/** The first two of a company are its admins, the next eight its accountants. */
function position(n: number): [Role, string] {
  if (n <= 2) return ['ADMIN', `Admin ${n}`];
  if (n <= 10) return ['ACCOUNTANT', `Accountant ${n - 2}`];
  return ['MEMBER', `Member ${n - 10}`];
}

function fill(db: Db, table: string, columns: number, rows: readonly Row[]): void {
  const values = Array.from({ length: columns }, (_, column) => `value ->> ${column}`).join(', ');
  db.run(`INSERT INTO ${table} SELECT ${values} FROM json_each(?)`, [JSON.stringify(rows)]);
}

function id(prefix: string, company: number, perCompany: number, n: number): string {
  return `${prefix}_${company * perCompany + n}`;
}

function day(time: number): string {
  return new Date(time).toISOString().slice(0, 10);
}

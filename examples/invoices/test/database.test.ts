// The seeded database: its size, that it is the same every time, and that it holds together.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Db, openDatabase } from '../src/database.ts';
import { demoUsers } from '../src/demo-users.ts';
import { demoPassword, verifyPassword } from '../src/passwords.ts';
import type { User } from '../src/records.ts';
import { seed } from '../src/seed.ts';

let db: Db;

beforeAll(() => {
  db = openDatabase();
  seed(db);
});

afterAll(() => db.close());

test.each([
  ['organisations', 4],
  ['users', 200],
  ['customers', 400],
  ['invoices', 5_000],
  ['line_items', 20_000],
])('seeds %s: %i', (table, count) => {
  expect(db.one(`SELECT count(*) AS n FROM ${table}`)).toEqual({ n: count });
});

test('pays every paid invoice in full, and no other', () => {
  const wrong = db.all(`SELECT i.id FROM invoices i LEFT JOIN payments p ON p.invoice_id = i.id
    WHERE (i.status = 'PAID') <> (p.amount_cents IS NOT NULL AND p.amount_cents = i.total_cents)`);
  expect(wrong).toEqual([]);
});

test('keeps everything of an invoice in its organisation', () => {
  const astray = db.all(`SELECT i.id FROM invoices i JOIN users u ON u.id = i.author_id
    JOIN customers c ON c.id = i.customer_id JOIN line_items l ON l.invoice_id = i.id
    WHERE u.organisation_id <> i.organisation_id OR c.organisation_id <> i.organisation_id
      OR l.organisation_id <> i.organisation_id`);
  expect(astray).toEqual([]);
});

test('shares references between organisations', () => {
  const shared = db.one<{ n: number }>(`SELECT count(*) AS n FROM (SELECT reference FROM invoices
    GROUP BY reference HAVING count(DISTINCT organisation_id) > 1)`);
  expect(shared?.n).toBeGreaterThan(100);
});

test('is the same every time', () => {
  const other = openDatabase();
  seed(other);
  for (const table of ['users', 'customers', 'invoices', 'line_items', 'payments', 'audit_entries']) {
    expect(other.all(`SELECT * FROM ${table}`)).toEqual(db.all(`SELECT * FROM ${table}`));
  }
  other.close();
});

test('has the demo users, who log in with the demo password and no other', async () => {
  for (const { id, organisationId, role, email } of Object.values(demoUsers)) {
    const user = db.one<User>('SELECT * FROM users WHERE email = ?', [email]);
    expect(user).toMatchObject({ id, organisationId, role });
    expect(await verifyPassword(demoPassword, user?.passwordHash ?? null)).toBe(true);
    expect(await verifyPassword(`${demoPassword} `, user?.passwordHash ?? null)).toBe(false);
  }
  expect(await verifyPassword('', null)).toBe(false);
});

test('refuses a row that points nowhere', () => {
  const orphan = "INSERT INTO customers VALUES ('cus_x', 'org_x', 'Nobody', 'XX1')";
  expect(() => db.run(orphan)).toThrow('FOREIGN KEY');
});

test('takes a transaction back when it fails', () => {
  const attempt = (): void =>
    db.transaction(() => {
      db.run("UPDATE organisations SET name = 'Gone'");
      throw new Error('no');
    });
  expect(attempt).toThrow('no');
  expect(db.one("SELECT count(*) AS n FROM organisations WHERE name = 'Gone'")).toEqual({ n: 0 });
});

test('works on after a statement has failed, and closes', () => {
  const other = openDatabase();
  const like = 'SELECT 1 AS one WHERE ? LIKE ?';
  expect(() => other.one(like, ['x', '%'.repeat(60_000)])).toThrow('too complex');
  expect(other.one(like, ['x', '%'])).toEqual({ one: 1 });
  expect(() => other.close()).not.toThrow();
});

/** The SQL schema. Everything that belongs to an organisation says so in its own row. */
export const tables = /* sql */ `
  CREATE TABLE organisations (id TEXT PRIMARY KEY, name TEXT NOT NULL, bank_account TEXT NOT NULL) STRICT;
  CREATE TABLE users (
    id TEXT PRIMARY KEY, organisation_id TEXT NOT NULL REFERENCES organisations, name TEXT NOT NULL,
    email TEXT NOT NULL UNIQUE, role TEXT NOT NULL CHECK (role IN ('MEMBER', 'ACCOUNTANT', 'ADMIN')),
    password_hash TEXT, mfa_secret TEXT
  ) STRICT;
  CREATE TABLE customers (
    id TEXT PRIMARY KEY, organisation_id TEXT NOT NULL REFERENCES organisations, name TEXT NOT NULL,
    tax_id TEXT NOT NULL
  ) STRICT;
  CREATE TABLE invoices (
    id TEXT PRIMARY KEY, organisation_id TEXT NOT NULL REFERENCES organisations,
    author_id TEXT NOT NULL REFERENCES users, customer_id TEXT NOT NULL REFERENCES customers,
    number TEXT NOT NULL UNIQUE, reference TEXT,
    status TEXT NOT NULL CHECK (status IN ('DRAFT', 'SENT', 'PAID', 'OVERDUE', 'CANCELLED')),
    issued_on TEXT NOT NULL, due_on TEXT NOT NULL, total_cents INTEGER NOT NULL, note TEXT
  ) STRICT;
  CREATE TABLE invoice_shares (
    invoice_id TEXT NOT NULL REFERENCES invoices ON DELETE CASCADE, user_id TEXT NOT NULL REFERENCES users,
    PRIMARY KEY (invoice_id, user_id)
  ) STRICT;
  CREATE TABLE line_items (
    id TEXT PRIMARY KEY, organisation_id TEXT NOT NULL REFERENCES organisations,
    invoice_id TEXT NOT NULL REFERENCES invoices ON DELETE CASCADE,
    description TEXT NOT NULL, quantity INTEGER NOT NULL, unit_cents INTEGER NOT NULL
  ) STRICT;
  CREATE TABLE payments (
    id TEXT PRIMARY KEY, organisation_id TEXT NOT NULL REFERENCES organisations,
    invoice_id TEXT NOT NULL REFERENCES invoices ON DELETE CASCADE,
    amount_cents INTEGER NOT NULL, card_last4 TEXT NOT NULL, paid_at TEXT NOT NULL
  ) STRICT;
  CREATE TABLE api_keys (
    id TEXT PRIMARY KEY, organisation_id TEXT NOT NULL REFERENCES organisations, name TEXT NOT NULL,
    secret_sha256 TEXT NOT NULL, created_by_id TEXT NOT NULL REFERENCES users, created_at TEXT NOT NULL
  ) STRICT;
  CREATE TABLE audit_entries (
    id TEXT PRIMARY KEY, organisation_id TEXT NOT NULL REFERENCES organisations,
    actor_id TEXT NOT NULL REFERENCES users, action TEXT NOT NULL, subject_id TEXT, at TEXT NOT NULL
  ) STRICT;
  CREATE TABLE refresh_tokens (
    token_sha256 TEXT PRIMARY KEY, family_id TEXT NOT NULL, user_id TEXT NOT NULL REFERENCES users,
    expires_at INTEGER NOT NULL, used_at INTEGER, revoked_at INTEGER
  ) STRICT;
  CREATE TABLE password_resets (
    token_sha256 TEXT PRIMARY KEY, user_id TEXT NOT NULL REFERENCES users, expires_at INTEGER NOT NULL
  ) STRICT;

  CREATE INDEX users_by_organisation ON users (organisation_id);
  CREATE INDEX customers_by_organisation ON customers (organisation_id);
  CREATE INDEX invoices_by_page ON invoices (organisation_id, issued_on DESC, id DESC);
  CREATE INDEX invoices_by_author ON invoices (author_id);
  CREATE INDEX invoices_by_customer ON invoices (customer_id);
  CREATE INDEX invoices_by_reference ON invoices (reference);
  CREATE INDEX line_items_by_invoice ON line_items (invoice_id);
  CREATE INDEX payments_by_invoice ON payments (invoice_id);
  CREATE INDEX audit_by_organisation ON audit_entries (organisation_id, at DESC);
  CREATE INDEX refresh_by_family ON refresh_tokens (family_id);
`;

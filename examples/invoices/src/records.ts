/** Rows as the resolvers see them: column names in camelCase, the owner always among them. */
export type Role = 'MEMBER' | 'ACCOUNTANT' | 'ADMIN';
export type InvoiceStatus = 'DRAFT' | 'SENT' | 'PAID' | 'OVERDUE' | 'CANCELLED';

export interface Organisation {
  readonly id: string;
  readonly name: string;
  readonly bankAccount: string;
}

export interface User {
  readonly id: string;
  readonly organisationId: string;
  readonly name: string;
  readonly email: string;
  readonly role: Role;
  readonly passwordHash: string | null;
  readonly mfaSecret: string | null;
}

export interface Customer {
  readonly id: string;
  readonly organisationId: string;
  readonly name: string;
  readonly taxId: string;
}

export interface Invoice {
  readonly id: string;
  readonly organisationId: string;
  readonly authorId: string;
  readonly customerId: string;
  readonly number: string;
  readonly reference: string | null;
  readonly status: InvoiceStatus;
  readonly issuedOn: string;
  readonly dueOn: string;
  readonly totalCents: number;
  readonly note: string | null;
}

export interface LineItem {
  readonly id: string;
  readonly organisationId: string;
  readonly invoiceId: string;
  readonly description: string;
  readonly quantity: number;
  readonly unitCents: number;
}

export interface Payment {
  readonly id: string;
  readonly organisationId: string;
  readonly invoiceId: string;
  readonly amountCents: number;
  readonly cardLast4: string;
  readonly paidAt: string;
}

export interface ApiKey {
  readonly id: string;
  readonly organisationId: string;
  readonly name: string;
  readonly secretSha256: string;
  readonly createdById: string;
  readonly createdAt: string;
}

export interface AuditEntry {
  readonly id: string;
  readonly organisationId: string;
  readonly actorId: string;
  readonly action: string;
  readonly subjectId: string | null;
  readonly at: string;
}

/** Pages of invoices, newest first: the cursor is the place in the order, so a page stays right while rows come and go. */
import type { Db } from '../database.ts';
import type { Invoice } from '../records.ts';
import { pageSize } from './caller.ts';

export interface PageArgs {
  readonly first: number;
  readonly after?: string | null;
  readonly status?: string | null;
}

export interface InvoicePage {
  readonly edges: readonly { readonly cursor: string; readonly node: Invoice }[];
  readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor: string | null };
}

export function invoicePage(db: Db, organisationId: string, args: PageArgs): InvoicePage {
  const first = pageSize(args.first);
  const [issuedOn, id] = args.after ? readCursor(args.after) : [null, null];
  const rows = db.all<Invoice>(
    `SELECT * FROM invoices
     WHERE organisation_id = ?1 AND (?2 IS NULL OR status = ?2)
       AND (?3 IS NULL OR (issued_on, id) < (?3, ?4))
     ORDER BY issued_on DESC, id DESC LIMIT ?5`,
    [organisationId, args.status ?? null, issuedOn, id, first + 1],
  );
  const edges = rows.slice(0, first).map((node) => ({ cursor: writeCursor(node), node }));
  return { edges, pageInfo: { hasNextPage: rows.length > first, endCursor: edges.at(-1)?.cursor ?? null } };
}

function writeCursor(invoice: Invoice): string {
  return Buffer.from(JSON.stringify([invoice.issuedOn, invoice.id])).toString('base64url');
}

function readCursor(cursor: string): [string, string] {
  const [issuedOn, id] = JSON.parse(Buffer.from(cursor, 'base64url').toString()) as [unknown, unknown];
  return [String(issuedOn), String(id)];
}

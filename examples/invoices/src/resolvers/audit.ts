/** What happened, who did it, and to what. */
import { randomUUID } from 'node:crypto';
import type { InvoicesContext } from '../app.ts';
import { callerId, tenantOf } from './caller.ts';

export function audit(context: InvoicesContext, action: string, subjectId: string): void {
  context.db.run('INSERT INTO audit_entries VALUES (?, ?, ?, ?, ?, ?)', [
    `aud_${randomUUID()}`,
    tenantOf(context),
    callerId(context),
    action,
    subjectId,
    new Date().toISOString(),
  ]);
}

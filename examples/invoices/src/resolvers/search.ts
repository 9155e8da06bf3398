/**
 * Search over invoices, customers and users. Whatever it finds is told by the length of the list, be it shown or not. So it looks at
 * nothing but rows of the caller's organisation, and at no column that some of its callers may not read: e-mail is not searched.
 */
import type { InvoicesContext } from '../app.ts';
import { pageSize, tenantOf } from './caller.ts';
import { nodeById } from './load.ts';

export const searchResolvers = {
  Query: {
    search: (_: unknown, args: { text: string; first: number }, context: InvoicesContext) => {
      const pattern = `%${args.text.replace(/[\\%_]/g, String.raw`\$&`)}%`;
      const found = context.db.all<{ id: string }>(
        String.raw`SELECT id FROM invoices WHERE organisation_id = ?1
            AND (number LIKE ?2 ESCAPE '\' OR reference LIKE ?2 ESCAPE '\' OR note LIKE ?2 ESCAPE '\')
          UNION ALL SELECT id FROM customers WHERE organisation_id = ?1 AND name LIKE ?2 ESCAPE '\'
          UNION ALL SELECT id FROM users WHERE organisation_id = ?1 AND name LIKE ?2 ESCAPE '\'
          LIMIT ?3`,
        [tenantOf(context), pattern, pageSize(args.first)],
      );
      return found.map(({ id }) => nodeById(context.db, id));
    },
  },
};

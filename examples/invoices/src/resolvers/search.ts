/** Search over invoices, customers and users. It looks through every organisation: the filter was forgotten. */
import type { InvoicesContext } from '../app.ts';
import { pageSize } from './caller.ts';
import { nodeById } from './load.ts';

export const searchResolvers = {
  Query: {
    search: (_: unknown, args: { text: string; first: number }, { db }: InvoicesContext) => {
      const pattern = `%${args.text.replace(/[\\%_]/g, String.raw`\$&`)}%`;
      const found = db.all<{ id: string }>(
        String.raw`SELECT id FROM invoices WHERE number LIKE ?1 ESCAPE '\' OR reference LIKE ?1 ESCAPE '\' OR note LIKE ?1 ESCAPE '\'
          UNION ALL SELECT id FROM customers WHERE name LIKE ?1 ESCAPE '\'
          UNION ALL SELECT id FROM users WHERE name LIKE ?1 ESCAPE '\' OR email LIKE ?1 ESCAPE '\'
          LIMIT ?2`,
        [pattern, pageSize(args.first)],
      );
      return found.map(({ id }) => nodeById(db, id));
    },
  },
};

/** API keys in the SQL database. A key acts for its organisation, with the rights of an ordinary member. */
import type { ApiKeyStore } from '@graphql-bulwark/authentication';
import type { Db } from './database.ts';
import type { ApiKey } from './records.ts';

export const apiKeyPrefix = 'invoices';

export function apiKeyStore(db: Db): ApiKeyStore {
  return {
    find: (keyId) => {
      const row = db.one<ApiKey>('SELECT * FROM api_keys WHERE id = ?', [`key_${keyId}`]);
      return row && { secretSha256: row.secretSha256, subject: row.createdById, claims: { org: row.organisationId } };
    },
  };
}

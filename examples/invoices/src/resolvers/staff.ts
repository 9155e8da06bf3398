/** What an organisation's admins do: invite colleagues, make API keys. */
import { randomBytes } from 'node:crypto';
import { generateApiKey } from '@graphql-bulwark/authentication';
import { apiKeyPrefix } from '../api-key-store.ts';
import type { InvoicesContext } from '../app.ts';
import type { Role } from '../records.ts';
import { audit } from './audit.ts';
import { badInput, callerId, tenantOf } from './caller.ts';
import { userById } from './load.ts';

interface InviteUser {
  readonly name: string;
  readonly email: string;
  readonly role?: Role | null;
}

export const staffResolvers = {
  Mutation: {
    inviteUser: (_: unknown, { input }: { input: InviteUser }, context: InvoicesContext) => {
      const email = input.email.trim().toLowerCase();
      if (!/^[^@\s]+@[^@\s]+$/.test(email)) throw badInput('"email" is not an address');
      const id = `usr_${randomBytes(9).toString('hex')}`;
      const user = [id, tenantOf(context), input.name, email, input.role ?? 'MEMBER'];
      const insert = 'INSERT INTO users VALUES (?, ?, ?, ?, ?, NULL, NULL) ON CONFLICT (email) DO NOTHING';
      // An address signs in to one organisation. The answer does not say to which, nor whether it is this one.
      if (context.db.run(insert, user) === 0) throw badInput('This address cannot be invited');
      audit(context, 'user.invited', id);
      return userById(context.db, id);
    },

    createApiKey: (_: unknown, { name }: { name: string }, context: InvoicesContext) => {
      const { key, keyId, secretSha256 } = generateApiKey({ prefix: apiKeyPrefix });
      const row = {
        id: `key_${keyId}`,
        organisationId: tenantOf(context),
        name,
        secretSha256,
        createdById: callerId(context),
        createdAt: new Date().toISOString(),
      };
      context.db.run('INSERT INTO api_keys VALUES (?, ?, ?, ?, ?, ?)', Object.values(row));
      audit(context, 'api-key.created', row.id);
      return { apiKey: row, secret: key };
    },

    revokeApiKey: (_: unknown, { id }: { id: string }, context: InvoicesContext) => {
      const ended = context.db.run('DELETE FROM api_keys WHERE id = ? AND organisation_id = ?', [
        id,
        tenantOf(context),
      ]);
      if (ended > 0) audit(context, 'api-key.revoked', id);
      return ended > 0;
    },
  },
};

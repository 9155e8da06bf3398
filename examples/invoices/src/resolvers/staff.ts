/** What an organisation's admins do: invite colleagues, make API keys. */
import { createHash, randomBytes } from 'node:crypto';
import type { InvoicesContext } from '../app.ts';
import type { Role } from '../records.ts';
import { audit } from './audit.ts';
import { badInput, callerId, tenantOf } from './caller.ts';
import { userById } from './load.ts';

interface InviteUser {
  readonly name: string;
  readonly email: string;
  readonly role: Role;
}

export const staffResolvers = {
  Mutation: {
    inviteUser: (_: unknown, { input }: { input: InviteUser }, context: InvoicesContext) => {
      const email = input.email.trim().toLowerCase();
      if (!/^[^@\s]+@[^@\s]+$/.test(email)) throw badInput('"email" is not an address');
      const id = `usr_${randomBytes(9).toString('hex')}`;
      const user = [id, tenantOf(context), input.name, email, input.role];
      context.db.run('INSERT INTO users VALUES (?, ?, ?, ?, ?, NULL, NULL)', user);
      audit(context, 'user.invited', id);
      return userById(context.db, id);
    },

    createApiKey: (_: unknown, { name }: { name: string }, context: InvoicesContext) => {
      const keyId = randomBytes(8).toString('hex');
      const secret = randomBytes(32).toString('hex');
      const row = {
        id: `key_${keyId}`,
        organisationId: tenantOf(context),
        name,
        secretSha256: createHash('sha256').update(secret).digest('hex'),
        createdById: callerId(context),
        createdAt: new Date().toISOString(),
      };
      context.db.run('INSERT INTO api_keys VALUES (?, ?, ?, ?, ?, ?)', Object.values(row));
      audit(context, 'api-key.created', row.id);
      return { apiKey: row, secret: `invoices_${keyId}_${secret}` };
    },
  },
};

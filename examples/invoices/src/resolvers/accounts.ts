/** Logging in, staying in, and forgetting one's password. The only mutations that nobody must be known for. */
import { randomBytes } from 'node:crypto';
import { GraphQLError } from 'graphql';
import type { InvoicesContext } from '../app.ts';
import { accessTokenSeconds } from '../identity.ts';
import { verifyPassword } from '../passwords.ts';
import type { User } from '../records.ts';
import { endFamily, rotateRefreshToken, sha256, startFamily } from '../refresh-tokens.ts';
import { userById } from './load.ts';

interface Credentials {
  readonly email: string;
  readonly password: string;
}

export const accountResolvers = {
  Mutation: {
    login: async (_: unknown, { email, password }: Credentials, context: InvoicesContext) => {
      // Counted before the password is looked at, so that guesses at the same time cannot slip through together.
      const attempt = await context.bruteForce?.check(email, context.security.clientIp);
      const user = byEmail(context, email);
      const right = await verifyPassword(password, user?.passwordHash ?? null);
      if (!user || !right) throw refused('Invalid credentials', 'INVALID_CREDENTIALS');
      await attempt?.succeeded();
      return tokens(context, user, startFamily(context.db, user.id));
    },

    refresh: (_: unknown, { refreshToken }: { refreshToken: string }, context: InvoicesContext) => {
      const next = rotateRefreshToken(context.db, refreshToken);
      const user = next && userById(context.db, next.userId);
      if (!user) throw refused('Invalid refresh token', 'INVALID_REFRESH_TOKEN');
      return tokens(context, user, next.refreshToken);
    },

    logout: async (_: unknown, { refreshToken }: { refreshToken: string }, context: InvoicesContext) => {
      const { id = '', claims = {} } = context.security.principal ?? {};
      endFamily(context.db, refreshToken, id);
      const { jti, exp } = claims;
      if (typeof jti === 'string' && typeof exp === 'number') await context.denyList?.revoke(jti, exp);
      return true;
    },

    // A real service would now send the link by mail; here the hash in the database is the end of it.
    requestPasswordReset: (_: unknown, { email }: { email: string }, context: InvoicesContext) => {
      const hash = sha256(randomBytes(32).toString('base64url'));
      const user = byEmail(context, email);
      if (user) {
        context.db.run('INSERT INTO password_resets VALUES (?, ?, ?)', [hash, user.id, Date.now() + 3_600_000]);
      }
      return true;
    },
  },
};

function byEmail({ db }: InvoicesContext, email: string): User | undefined {
  return db.one<User>('SELECT * FROM users WHERE email = ?', [email.trim().toLowerCase()]);
}

async function tokens({ identity }: InvoicesContext, user: User, refreshToken: string): Promise<object> {
  return { accessToken: await identity.issueAccessToken(user), refreshToken, expiresInSeconds: accessTokenSeconds };
}

function refused(message: string, code: string): GraphQLError {
  return new GraphQLError(message, { extensions: { code } });
}

/** One server under test: where it is, and tokens of people who may use it. */
import { type Caller, demoUsers, support } from './demo-users.ts';
import type { Identity } from './identity.ts';

export interface Target {
  readonly url: string;
  readonly identity: Identity;
  readonly tokens: Readonly<Record<keyof typeof demoUsers | 'support', string>>;
}

export async function aim(url: string, identity: Identity): Promise<Target> {
  const token = (user: Caller): Promise<string> => identity.issueAccessToken(user);
  return {
    url,
    identity,
    tokens: {
      admin: await token(demoUsers.admin),
      accountant: await token(demoUsers.accountant),
      member: await token(demoUsers.member),
      attacker: await token(demoUsers.attacker),
      target: await token(demoUsers.target),
      neighbour: await token(demoUsers.neighbour),
      support: await identity.issueAccessToken({ ...support, role: 'MEMBER' }, { roles: support.roles, scope: '' }),
    },
  };
}

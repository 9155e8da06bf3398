/** Sessions and API keys that have ended, were guessed, or ask for more than they may. */
import { at, send } from '../client.ts';
import { demoUsers } from '../demo-users.ts';
import { demoPassword } from '../passwords.ts';
import type { Target } from '../target.ts';
import { type Attack, judge } from './attack.ts';

const refresh = 'mutation ($t: String!) { refresh(refreshToken: $t) { accessToken refreshToken } }';
const logout = 'mutation ($t: String!) { logout(refreshToken: $t) }';
const staff = '{ users(first: 5) { email } }';

export const credentialAttacks: readonly Attack[] = [
  {
    name: 'an access token whose owner has logged out',
    expect: ['UNAUTHENTICATED'],
    run: async (target) => {
      const { accessToken: token, refreshToken } = await session(target);
      await send(target.url, { query: logout, variables: { t: refreshToken }, token });
      const answer = await send(target.url, { query: '{ me { id email } }', token });
      const email = at(answer, 'me', 'email');
      return judge(answer, typeof email === 'string' ? `in as ${email}` : undefined);
    },
  },
  {
    name: 'a refresh token whose owner has logged out',
    expect: ['INVALID_REFRESH_TOKEN'],
    run: async (target) => {
      const { accessToken: token, refreshToken } = await session(target);
      await send(target.url, { query: logout, variables: { t: refreshToken }, token });
      const answer = await send(target.url, { query: refresh, variables: { t: refreshToken } });
      return judge(answer, at(answer, 'refresh', 'accessToken') === undefined ? undefined : 'a new session');
    },
  },
  {
    name: 'a refresh token used a second time, and its successor',
    expect: ['INVALID_REFRESH_TOKEN'],
    run: async (target) => {
      const { refreshToken: stolen } = await session(target);
      const next = await send(target.url, { query: refresh, variables: { t: stolen } });
      const successor = at(next, 'refresh', 'refreshToken');
      const thief = await send(target.url, { query: refresh, variables: { t: stolen } });
      const family = await send(target.url, { query: refresh, variables: { t: successor } });
      const won = [thief, family].some((answer) => at(answer, 'refresh', 'accessToken') !== undefined);
      return judge(family, won ? 'a session that goes on' : undefined);
    },
  },
  {
    name: 'an API key with a guessed secret',
    expect: ['UNAUTHENTICATED'],
    run: async (target) => {
      const { secret } = await newApiKey(target);
      return staffList(target, secret.replace(/.{64}$/, '0'.repeat(64)));
    },
  },
  {
    name: 'a revoked API key',
    expect: ['UNAUTHENTICATED'],
    run: async (target) => {
      const { secret, id } = await newApiKey(target);
      const query = 'mutation ($id: ID!) { revokeApiKey(id: $id) }';
      const gone = await send(target.url, { query, variables: { id }, token: target.tokens.admin });
      if (at(gone, 'revokeApiKey') !== true) throw new Error('the key could not be taken back');
      return staffList(target, secret);
    },
  },
  {
    name: 'an API key on what only admins may see',
    expect: ['FORBIDDEN'],
    run: async (target) => staffList(target, (await newApiKey(target)).secret),
  },
];

/** A session of an accountant, who is let in by the right password. */
export async function session({ url }: Target): Promise<{ accessToken: string; refreshToken: string }> {
  const query = `mutation ($email: String!, $password: String!) {
    login(email: $email, password: $password) { accessToken refreshToken } }`;
  const variables = { email: demoUsers.accountant.email, password: demoPassword };
  const answer = await send(url, { query, variables });
  const [accessToken, refreshToken] = [at(answer, 'login', 'accessToken'), at(answer, 'login', 'refreshToken')];
  if (typeof accessToken !== 'string' || typeof refreshToken !== 'string') throw new Error('no session');
  return { accessToken, refreshToken };
}

async function newApiKey({ url, tokens }: Target): Promise<{ secret: string; id: string }> {
  const query = 'mutation { createApiKey(name: "Showcase") { secret apiKey { id } } }';
  const answer = await send(url, { query, token: tokens.admin });
  const [secret, id] = [at(answer, 'createApiKey', 'secret'), at(answer, 'createApiKey', 'apiKey', 'id')];
  if (typeof secret !== 'string' || typeof id !== 'string') throw new Error('no API key');
  return { secret, id };
}

async function staffList({ url }: Target, apiKey: string): ReturnType<Attack['run']> {
  const answer = await send(url, { query: staff, apiKey });
  const email = at(answer, 'users', 0, 'email');
  return judge(answer, typeof email === 'string' ? 'the staff list' : undefined);
}

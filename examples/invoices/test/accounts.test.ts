// Logins that are counted, sessions that end, and API keys in the database.
import { bruteForceProtection, memoryDenyList } from '@graphql-bulwark/authentication';
import { memoryStore } from '@graphql-bulwark/rate-limit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { apiKeyStore } from '../src/api-key-store.ts';
import { type App, type InvoicesContext, openApp } from '../src/app.ts';
import { demoUsers } from '../src/demo-users.ts';
import { startIdentity } from '../src/identity.ts';
import { demoPassword } from '../src/passwords.ts';
import { endFamily, rotateRefreshToken, startFamily } from '../src/refresh-tokens.ts';
import { accountResolvers } from '../src/resolvers/accounts.ts';
import { staffResolvers } from '../src/resolvers/staff.ts';

let app: App;
const { login, logout } = accountResolvers.Mutation;
const { createApiKey, revokeApiKey } = staffResolvers.Mutation;

beforeAll(async () => {
  app = openApp(await startIdentity());
});
afterAll(async () => {
  await app.identity.stop();
  app.db.close();
});

const context = (more: Partial<InvoicesContext> = {}): InvoicesContext => ({
  ...app,
  security: { principal: null, clientIp: '192.0.2.1' },
  ...more,
});

async function outcome(email: string, password: string, on: InvoicesContext): Promise<unknown> {
  try {
    await login({}, { email, password }, on);
    return 'in';
  } catch (thrown) {
    return (thrown as { extensions: { code: unknown } }).extensions.code;
  }
}

test('locks an account out after too many wrong passwords, and the right one with them', async () => {
  const on = context({
    bruteForce: bruteForceProtection({ store: memoryStore(), maxFailures: 2, maxFailuresPerAddress: 100 }),
  });
  const { email } = demoUsers.target;
  expect(await outcome(email, demoPassword, on)).toBe('in');
  expect(await outcome(email, 'guess', on)).toBe('INVALID_CREDENTIALS');
  expect(await outcome(email, demoPassword, on)).toBe('RATE_LIMITED');
  expect(await outcome(` ${email.toUpperCase()} `, demoPassword, on)).toBe('RATE_LIMITED');
  expect(await outcome(demoUsers.member.email, demoPassword, on)).toBe('in');
});

test('judges no more than ten of 50 guesses at once', async () => {
  const on = context({ bruteForce: bruteForceProtection({ store: memoryStore() }) });
  const guesses = Array.from({ length: 50 }, (_, n) => outcome(demoUsers.target.email, `guess${n}`, on));
  const judged = (await Promise.all(guesses)).filter((code) => code === 'INVALID_CREDENTIALS');
  expect(judged).toHaveLength(10);
});

test('logs out: the access token is denied, and the family of refresh tokens is over', async () => {
  const denyList = memoryDenyList();
  const { id } = demoUsers.member;
  const exp = Math.floor(Date.now() / 1_000) + 900;
  const principal = { id, claims: { sub: id, jti: 'session1', exp }, roles: [], scopes: [] };
  const refreshToken = startFamily(app.db, id);
  const next = rotateRefreshToken(app.db, refreshToken);
  expect(await logout({}, { refreshToken }, context({ denyList, security: { principal } }))).toBe(true);
  const token = { sub: id, iat: exp, iss: undefined, clockToleranceSeconds: 5 };
  expect(denyList.isRevoked({ ...token, jti: 'session1' })).toBe(true);
  expect(denyList.isRevoked({ ...token, jti: 'session2' })).toBe(false);
  expect(rotateRefreshToken(app.db, next?.refreshToken ?? '')).toBeUndefined();
});

test("does not end somebody else's session", () => {
  const refreshToken = startFamily(app.db, demoUsers.member.id);
  endFamily(app.db, refreshToken, demoUsers.attacker.id);
  expect(rotateRefreshToken(app.db, refreshToken)).toMatchObject({ userId: demoUsers.member.id });
});

test('finds an API key until it is taken back, which only its own organisation can', async () => {
  const as = ({ id, organisationId }: { id: string; organisationId: string }): InvoicesContext =>
    context({ security: { principal: { id, claims: { org: organisationId }, roles: ['ADMIN'], scopes: [] } } });
  const store = apiKeyStore(app.db);
  const { apiKey } = createApiKey({}, { name: 'x' }, as(demoUsers.admin));
  const keyId = apiKey.id.replace('key_', '');
  expect(await store.find(keyId)).toMatchObject({ subject: demoUsers.admin.id, claims: { org: 'org_1' } });
  expect(revokeApiKey({}, apiKey, as(demoUsers.neighbour))).toBe(false);
  expect(await store.find(keyId)).toBeDefined();
  expect(revokeApiKey({}, apiKey, as(demoUsers.admin))).toBe(true);
  expect(await store.find(keyId)).toBeUndefined();
});

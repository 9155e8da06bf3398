// Several issuers side by side, and the claims of well-known issuers.
import { readRefusalCode, readRefusalFacts } from '@graphql-bulwark/core/internal';
import { describe, expect, it } from 'vitest';
import { type AuthenticateOptions, authenticate, type IssuerOptions } from '../../src/index.ts';
import { audience, bearer, issuer, signer } from '../tokens.ts';

const [first, second] = [await signer('k1'), await signer('k1', 'RS256')];
const other = 'https://other.example.com/';
const issuers: readonly IssuerOptions[] = [
  { issuer, audience, algorithms: ['ES256'], key: first.publicKey },
  { issuer: other, audience: 'urn:other', algorithms: ['RS256'], key: second.publicKey, typ: 'JWT' },
];

const codeOf = (asked: Promise<unknown>): Promise<unknown> =>
  asked.then(
    () => 'allowed',
    (thrown: unknown) => [readRefusalCode(thrown), readRefusalFacts(thrown)?.reason],
  );

describe('several issuers', () => {
  const who = authenticate({ issuers });
  const ofOther = { iss: other, aud: 'urn:other' };

  it('each of several issuers has its own tokens accepted', async () => {
    expect(await who(bearer(await first.sign()))).toMatchObject({ id: 'u1', claims: { iss: issuer } });
    expect(await who(bearer(await second.sign(ofOther, { typ: 'JWT' })))).toMatchObject({ claims: { iss: other } });
  });

  it.each<[string, () => Promise<string>, string]>([
    ['the key', () => first.sign(ofOther, { typ: 'JWT' }), 'algorithm'],
    ['the audience', () => second.sign({ iss: other }, { typ: 'JWT' }), 'claims'],
    ['the type', () => second.sign(ofOther), 'claims'],
    ['the name', () => second.sign({}, { typ: 'JWT' }), 'algorithm'],
  ])('attack: a token of one issuer is refused with %s of another', async (_, token, reason) => {
    expect(await codeOf(who(bearer(await token())))).toEqual(['UNAUTHENTICATED', reason]);
  });

  it.each(['https://nobody.example.com/', '', undefined, null, [issuer], { a: 1 }, '__proto__', 'constructor'])(
    'a token whose issuer is %j is refused where several issuers are configured',
    async (iss) => {
      expect(await codeOf(who(bearer(await first.sign({ iss }))))).toEqual(['UNAUTHENTICATED', 'claims']);
    },
  );

  it('a text that is no token is refused where several issuers are configured', async () => {
    for (const token of ['a.b.c', 'e30.e30.e30', 'e30.bnVsbA.AAAA', 'e30.W10.AAAA']) {
      expect(await codeOf(who(bearer(token)))).toEqual(['UNAUTHENTICATED', 'claims']);
    }
  });

  it.each<[string, object]>([
    ['none', { issuers: [] }],
    ['nothing at all', {}],
    ['no list', { issuers: issuers[0] }],
    ['one twice', { issuers: [issuers[0], { ...issuers[0] }] }],
    ['one in place and more', { ...issuers[0], issuers }],
    ['an option that is not of an issuer', { issuers: [{ ...issuers[0], realm: 'x' }] }],
    ['no algorithms', { issuers: [{ ...issuers[0], algorithms: undefined }] }],
    ['HMAC beside signatures', { issuers: [{ ...issuers[0], algorithms: ['ES256', 'HS256'] }] }],
    ['no audience', { issuers: [{ ...issuers[0], audience: '' }] }],
    ['an audience in an unknown claim', { issuers: [{ ...issuers[0], audienceClaim: 'azp' }] }],
    ['claim values that are none', { issuers: [{ ...issuers[0], claimValues: { token_use: '' } }] }],
    ['stale keys for days', { issuers: [{ ...issuers[0], jwksStaleSeconds: 86_401 }] }],
    ['a list of null', { issuers: [null] }],
  ])('the option issuers with %s keeps the server from starting', (_, options) => {
    expect(() => authenticate(options as AuthenticateOptions)).toThrow(TypeError);
  });
});

describe('tokens of well-known issuers', () => {
  const base = { issuer, audience, algorithms: ['ES256'], key: first.publicKey };

  it.each<[string, Partial<IssuerOptions>, object, string, readonly string[], readonly string[]]>([
    [
      'Auth0, in the RFC 9068 profile',
      { rolesClaim: 'https://api.example.com/roles', scopesClaim: 'permissions' },
      { 'https://api.example.com/roles': ['ADMIN'], permissions: ['read:invoices'], scope: 'openid', aud: [audience] },
      'at+jwt',
      ['ADMIN'],
      ['read:invoices'],
    ],
    [
      'Keycloak, with their realm roles',
      { typ: 'JWT', claimValues: { typ: 'Bearer' }, rolesClaim: ['realm_access', 'roles'] },
      { typ: 'Bearer', azp: 'web', realm_access: { roles: ['ADMIN', 'offline_access'] }, scope: 'profile email' },
      'JWT',
      ['ADMIN', 'offline_access'],
      ['profile', 'email'],
    ],
    [
      'Cognito, which have no audience',
      {
        audience: 'client1',
        audienceClaim: 'client_id',
        dangerouslyAcceptAnyTyp: true,
        claimValues: { token_use: 'access' },
        rolesClaim: 'cognito:groups',
      },
      { aud: undefined, client_id: 'client1', token_use: 'access', 'cognito:groups': ['ADMIN'], scope: 'api/read' },
      'JWT',
      ['ADMIN'],
      ['api/read'],
    ],
    [
      'Entra ID, for a user',
      { typ: 'JWT', rolesClaim: 'roles', scopesClaim: 'scp', claimValues: { ver: '2.0' } },
      { ver: '2.0', roles: ['ADMIN'], scp: 'Invoices.Read Invoices.Write', tid: 't1' },
      'JWT',
      ['ADMIN'],
      ['Invoices.Read', 'Invoices.Write'],
    ],
    [
      'an issuer that follows RFC 9068, without further options',
      {},
      { client_id: 'c', roles: ['ADMIN'], scope: 'a b' },
      'at+jwt',
      ['ADMIN'],
      ['a', 'b'],
    ],
  ])('access tokens of %s, pass with the options of the README', async (_, more, claims, typ, roles, scopes) => {
    const who = authenticate({ ...base, ...more });
    const token = await first.sign({ ...claims }, { typ });
    expect(await who(bearer(token))).toMatchObject({ id: 'u1', roles, scopes });
  });

  it('access tokens of Cognito are refused for another client, and its ID tokens are refused', async () => {
    const who = authenticate({
      ...base,
      audience: 'client1',
      audienceClaim: 'client_id',
      dangerouslyAcceptAnyTyp: true,
      claimValues: { token_use: 'access' },
    });
    for (const change of [
      { client_id: 'client2', token_use: 'access' },
      { client_id: ['client1'], token_use: 'access' },
      { token_use: 'access', aud: 'client1' },
      { client_id: 'client1', token_use: 'id' },
      { client_id: 'client1', token_use: ['access'] },
      { client_id: 'client1' },
    ]) {
      expect(await codeOf(who(bearer(await first.sign(change))))).toEqual(['UNAUTHENTICATED', 'claims']);
    }
  });

  it('ID tokens of Keycloak are refused', async () => {
    const who = authenticate({ ...base, typ: 'JWT', claimValues: { typ: 'Bearer' } });
    const idToken = await first.sign({ typ: 'ID' }, { typ: 'JWT' });
    expect(await codeOf(who(bearer(idToken)))).toEqual(['UNAUTHENTICATED', 'claims']);
  });
});

// The ideas of the published test vectors for JSON Web Signature, Key and Encryption, each tried on a whole server over HTTP:
// 401 and a constant text for every one of them, and never a 500.
import {
  constants,
  createHmac,
  createPrivateKey,
  createSign,
  generateKeyPairSync,
  type KeyObject,
  randomBytes,
  sign as signBytes,
} from 'node:crypto';
import { ApolloServer } from '@apollo/server';
import { startStandaloneServer } from '@apollo/server/standalone';
import type { IssuerOptions } from '@graphql-bulwark/authentication';
import { makeExecutableSchema } from '@graphql-tools/schema';
import { array, assert, asyncProperty, constantFrom, nat, pre, record } from 'fast-check';
import { createBulwark, type SecuredContext } from 'graphql-bulwark';
import { CompactEncrypt, exportJWK, importJWK } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { propertyCases } from '../../../test/property-cases.ts';

const audience = 'https://api.example.com';
const p256 = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const p384 = generateKeyPairSync('ec', { namedCurve: 'P-384' });
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
const smallRsa = generateKeyPairSync('rsa', { modulusLength: 1024 });
const ed = generateKeyPairSync('ed25519');
const other = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const secret = randomBytes(32);

const set = async (key: KeyObject, kid: string) => ({ keys: [{ ...(await exportJWK(key)), kid }] });
const issuers: readonly IssuerOptions[] = [
  { issuer: 'ec', audience, algorithms: ['ES256'], jwks: await set(p256.publicKey, 'ec') },
  { issuer: 'rsa', audience, algorithms: ['RS256'], jwks: await set(rsa.publicKey, 'rsa') },
  { issuer: 'ed', audience, algorithms: ['EdDSA'], jwks: await set(ed.publicKey, 'ed') },
  { issuer: 'hmac', audience, algorithms: ['HS256'], key: secret },
];

const b64 = (value: string | Buffer): string => Buffer.from(value).toString('base64url');
const now = (): number => Math.floor(Date.now() / 1_000);
const claimsOf = (iss: string): Record<string, unknown> => ({
  iss,
  aud: audience,
  sub: 'u1',
  iat: now(),
  exp: now() + 300,
});

/** Signs with whatever it is told, whether or not that makes sense. */
function jws(header: object | string, claims: object | string, sign: (input: Buffer) => Buffer | string): string {
  const text = (part: object | string): string => (typeof part === 'string' ? part : JSON.stringify(part));
  const input = `${b64(text(header))}.${b64(text(claims))}`;
  const signature = sign(Buffer.from(input));
  return `${input}.${typeof signature === 'string' ? signature : b64(signature)}`;
}
const es256 = (input: Buffer): Buffer =>
  signBytes('sha256', input, { key: p256.privateKey, dsaEncoding: 'ieee-p1363' });
const rs256 = (input: Buffer): Buffer => signBytes('sha256', input, rsa.privateKey);
const hs256 =
  (key: Buffer | string) =>
  (input: Buffer): Buffer =>
    createHmac('sha256', key).update(input).digest();
const ec = { alg: 'ES256', typ: 'at+jwt', kid: 'ec' };
const inRsa = { alg: 'RS256', typ: 'at+jwt', kid: 'rsa' };
const inEd = { alg: 'EdDSA', typ: 'at+jwt', kid: 'ed' };
const hs = { alg: 'HS256', typ: 'at+jwt' };

let url: string;
let server: ApolloServer<SecuredContext>;
beforeAll(async () => {
  const bulwark = createBulwark({ authenticate: { issuers }, onEvent() {}, logger: { warn() {}, error() {} } });
  const typeDefs = 'type Query { who: String @public }';
  const resolvers = {
    Query: { who: (_: unknown, __: unknown, { security }: SecuredContext) => security.principal?.id ?? 'nobody' },
  };
  const schema = bulwark.secure(makeExecutableSchema({ typeDefs: [bulwark.typeDefs, typeDefs], resolvers }));
  server = new ApolloServer(bulwark.apollo({ schema, stopOnTerminationSignals: false }));
  ({ url } = await startStandaloneServer(server, {
    context: bulwark.context(),
    listen: { host: '127.0.0.1', port: 0 },
  }));
});
afterAll(() => server.stop());

async function ask(token: string): Promise<{ status: number; text: string }> {
  const headers = { 'content-type': 'application/json', authorization: `Bearer ${token}` };
  const response = await fetch(url, { method: 'POST', headers, body: '{"query":"{ who }"}' });
  return { status: response.status, text: await response.text() };
}

const refused = {
  status: 401,
  text: `${JSON.stringify({ errors: [{ message: 'Not authenticated', extensions: { code: 'UNAUTHENTICATED' } }] })}\n`,
};
const accepted = { status: 200, text: '{"data":{"who":"u1"}}\n' };

describe('a valid token', () => {
  it.each<[string, () => string]>([
    ['ES256', () => jws(ec, claimsOf('ec'), es256)],
    ['RS256', () => jws(inRsa, claimsOf('rsa'), rs256)],
    ['EdDSA', () => jws(inEd, claimsOf('ed'), (input) => signBytes(null, input, ed.privateKey))],
    ['HS256', () => jws(hs, claimsOf('hmac'), hs256(secret))],
    [
      'a member twice, of which the last one wins (RFC 7515 section 4)',
      () => jws('{"alg":"none","typ":"at+jwt","kid":"ec","alg":"ES256"}', claimsOf('ec'), es256),
    ],
  ])('a valid token is accepted: %s', async (_, token) => {
    expect(await ask(token())).toEqual(accepted);
  });
});

describe('an invalid token', () => {
  const pem = p256.publicKey.export({ type: 'spki', format: 'pem' });
  const rsaPem = rsa.publicKey.export({ type: 'spki', format: 'pem' });
  const otherJwk = other.publicKey.export({ format: 'jwk' });
  const byOther = (input: Buffer): Buffer =>
    signBytes('sha256', input, { key: other.privateKey, dsaEncoding: 'ieee-p1363' });
  const good = (): string => jws(ec, claimsOf('ec'), es256);
  const part = (n: number): string => good().split('.')[n] ?? '';

  it.each<[string, () => string]>([
    ['no algorithm', () => jws({ typ: 'at+jwt', kid: 'ec' }, claimsOf('ec'), es256)],
    ['alg none', () => jws({ ...ec, alg: 'none' }, claimsOf('ec'), () => '')],
    ['alg none with a signature', () => jws({ ...ec, alg: 'nOnE' }, claimsOf('ec'), es256)],
    [
      'a member twice, of which the last one is none',
      () => jws('{"alg":"ES256","typ":"at+jwt","kid":"ec","alg":"none"}', claimsOf('ec'), () => ''),
    ],
    ['an empty signature', () => jws(ec, claimsOf('ec'), () => '')],
    ['a signature of zeros', () => jws(ec, claimsOf('ec'), () => Buffer.alloc(64))],
    ['a signature of the order of the curve', () => jws(ec, claimsOf('ec'), () => Buffer.alloc(64, 255))],
    [
      'a signature in DER',
      () => jws(ec, claimsOf('ec'), (input) => createSign('sha256').update(input).sign(p256.privateKey)),
    ],
    [
      'a signature that is too long',
      () => jws(ec, claimsOf('ec'), (input) => Buffer.concat([es256(input), Buffer.alloc(1)])),
    ],
    ['a signature that is too short', () => jws(ec, claimsOf('ec'), (input) => es256(input).subarray(1))],
    [
      'a signature with another hash',
      () =>
        jws(ec, claimsOf('ec'), (input) =>
          signBytes('sha512', input, { key: p256.privateKey, dsaEncoding: 'ieee-p1363' }),
        ),
    ],
    [
      'a signature on another curve',
      () =>
        jws({ ...ec, alg: 'ES384' }, claimsOf('ec'), (input) =>
          signBytes('sha384', input, { key: p384.privateKey, dsaEncoding: 'ieee-p1363' }),
        ),
    ],
    [
      'RSA with PSS in place of PKCS#1',
      () =>
        jws(inRsa, claimsOf('rsa'), (input) =>
          signBytes('sha256', input, { key: rsa.privateKey, padding: constants.RSA_PKCS1_PSS_PADDING }),
        ),
    ],
    [
      'PS256 where RS256 is expected',
      () =>
        jws({ ...inRsa, alg: 'PS256' }, claimsOf('rsa'), (input) =>
          signBytes('sha256', input, { key: rsa.privateKey, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 }),
        ),
    ],
    ['RSA with SHA-1', () => jws(inRsa, claimsOf('rsa'), (input) => signBytes('sha1', input, rsa.privateKey))],
    ['HMAC with the public EC key', () => jws({ ...ec, alg: 'HS256' }, claimsOf('ec'), hs256(pem))],
    ['HMAC with the public RSA key', () => jws({ ...inRsa, alg: 'HS256' }, claimsOf('rsa'), hs256(rsaPem))],
    ['HMAC with the public key, for the issuer with a secret', () => jws(hs, claimsOf('hmac'), hs256(pem))],
    ['HMAC with nothing', () => jws(hs, claimsOf('hmac'), hs256(''))],
    ['HMAC that is cut off', () => jws(hs, claimsOf('hmac'), (input) => hs256(secret)(input).subarray(0, 16))],
    ['a signature where HMAC is expected', () => jws({ ...ec, kid: undefined }, claimsOf('hmac'), es256)],
    ['the key of another issuer', () => jws({ ...ec, kid: 'rsa' }, claimsOf('rsa'), es256)],
    ['an embedded key', () => jws({ ...ec, kid: undefined, jwk: otherJwk }, claimsOf('ec'), byOther)],
    ['an embedded key with the right id', () => jws({ ...ec, jwk: otherJwk }, claimsOf('ec'), byOther)],
    ['an embedded certificate', () => jws({ ...ec, x5c: ['AAAA'] }, claimsOf('ec'), byOther)],
    [
      'a key set of its own',
      () => jws({ ...ec, jku: 'http://127.0.0.1:9/jwks', x5u: 'http://127.0.0.1:9/x' }, claimsOf('ec'), byOther),
    ],
    ['an unknown key id', () => jws({ ...ec, kid: '../../dev/null' }, claimsOf('ec'), es256)],
    ['a critical header that is unknown', () => jws({ ...ec, crit: ['exp'], exp: 1 }, claimsOf('ec'), es256)],
    ['an empty list of critical headers', () => jws({ ...ec, crit: [] }, claimsOf('ec'), es256)],
    ['a payload that is not encoded', () => jws({ ...ec, crit: ['b64'], b64: false }, claimsOf('ec'), es256)],
    ['an embedded key without a key id or a type', () => jws({ alg: 'ES256', jwk: otherJwk }, claimsOf('ec'), byOther)],
    ['claims that are a list', () => jws(ec, '[]', es256)],
    ['claims that are no JSON', () => jws(ec, '{', es256)],
    [
      'the issuer twice, of which the last one is another',
      () => jws(ec, JSON.stringify(claimsOf('ec')).replace('}', ',"iss":"rsa"}'), es256),
    ],
    [
      'a number that is infinite',
      () => jws(ec, JSON.stringify(claimsOf('ec')).replace(/"exp":\d+/, '"exp":1e999'), es256),
    ],
    ['padding', () => `${good()}=`],
    ['the alphabet of plain base64', () => `${part(0)}.${part(1)}.+/${part(2).slice(2)}`],
    ['white space inside', () => `${part(0)}. ${part(1)}.${part(2)}`],
    ['one part', () => part(0)],
    ['two parts', () => `${part(0)}.${part(1)}`],
    ['four parts', () => `${good()}.${part(2)}`],
  ])('a token is refused with 401, and a valid one is accepted after it: %s', async (_, token) => {
    for (const text of [token(), token()]) expect(await ask(text)).toEqual(refused);
    expect(await ask(good())).toEqual(accepted);
  });

  it.each<[string, { alg: string; enc: string; p2c?: number }]>([
    ['with the key agreed', { alg: 'dir', enc: 'A256GCM' }],
    ['for the RSA key', { alg: 'RSA-OAEP', enc: 'A128GCM' }],
    ['with a password of a million rounds', { alg: 'PBES2-HS256+A128KW', enc: 'A128GCM', p2c: 1_000_000 }],
  ])('J14: a token encrypted %s is refused with 401', async (_, { p2c, ...header }) => {
    const plain = Buffer.from(JSON.stringify(claimsOf('ec')));
    const key = header.alg === 'RSA-OAEP' ? await importJWK(await exportJWK(rsa.publicKey), 'RSA-OAEP') : secret;
    const made = await new CompactEncrypt(plain).setProtectedHeader(header).encrypt(key);
    const [first = '', ...rest] = made.split('.');
    const own = JSON.parse(Buffer.from(first, 'base64url').toString()) as object;
    const token = [b64(JSON.stringify({ ...own, ...(p2c !== undefined && { p2c }) })), ...rest].join('.');
    expect(await ask(token)).toEqual(refused);
  });

  it('a valid token with random changes is refused with 400 or 401', async () => {
    const text = good();
    const edits = array(record({ at: nat(text.length - 1), by: constantFrom(...'aZ09-_.+/= ,%{"'.split('')) }), {
      minLength: 1,
      maxLength: 4,
    });
    await assert(
      asyncProperty(edits, async (changes) => {
        const changed = changes.reduce((all, { at, by }) => all.slice(0, at) + by + all.slice(at + 1), text);
        // The last character of a signature has bits that mean nothing; a text that decodes to the same is the same token.
        pre(
          changed !== text &&
            Buffer.from(changed.split('.')[2] ?? '', 'base64url').compare(
              Buffer.from(text.split('.')[2] ?? '', 'base64url'),
            ) !== 0,
        );
        const { status } = await ask(changed);
        expect([400, 401]).toContain(status);
      }),
      { numRuns: propertyCases(150) },
    );
  });
});

it('a private key and an RSA key of less than 2048 bits keep the server from starting', async () => {
  const start = (more: object): unknown =>
    createBulwark({ authenticate: { issuer: 'x', audience, algorithms: ['RS256'], ...more } });
  const key = createPrivateKey(rsa.privateKey.export({ type: 'pkcs8', format: 'pem' }));
  expect(() => start({ key })).toThrow(/public key/);
  expect(() => start({ key: smallRsa.publicKey })).toThrow(/2048/);
  const jwks = await set(smallRsa.publicKey, 'small');
  expect(() => start({ jwks })).toThrow(/2048/);
  expect(() => start({ key: rsa.publicKey })).not.toThrow();
});

// What a token costs on each request: CPU time per check, in one run, beside jose alone and a verifier with a cache of its own.
// And what is left of it on a whole server: CPU time of one small operation, without tokens, with jose alone, and as it is here.
// Run with: npm run bench:auth
import { createSecretKey, hash, randomBytes } from 'node:crypto';
import { ApolloServer, type BaseContext, HeaderMap } from '@apollo/server';
import { authenticate } from '@graphql-bulwark/authentication';
import { createVerifier } from 'fast-jwt';
import { type CryptoKey, exportSPKI, generateKeyPair, jwtVerify, SignJWT } from 'jose';

const issuer = 'https://login.example.com/';
const audience = 'https://api.example.com';
const secret = createSecretKey(randomBytes(32));
const rounds = 8;

interface Row {
  readonly algorithm: string;
  readonly floor: number;
  readonly cached: number;
  readonly jose: number;
  readonly other: number;
}

/** Microseconds of CPU time per call: the least of several rounds, taken in turns, so that neighbours count least. */
async function costs(works: readonly (readonly [calls: number, work: () => unknown])[]): Promise<number[]> {
  const least = works.map(() => Infinity);
  for (let round = 0; round <= rounds; round += 1) {
    for (const [i, [calls, work]] of works.entries()) {
      const start = process.cpuUsage();
      for (let n = 0; n < calls; n += 1) {
        const result = work();
        if (result instanceof Promise) await result;
      }
      const { user, system } = process.cpuUsage(start);
      if (round > 0) least[i] = Math.min(least[i] ?? Infinity, (user + system) / calls); // the first is for the compiler
    }
  }
  return least;
}

async function measure(algorithm: string): Promise<Row> {
  const pair = algorithm === 'HS256' ? undefined : await generateKeyPair(algorithm, { extractable: true });
  const key: CryptoKey | typeof secret = pair?.publicKey ?? secret;
  const now = Math.floor(Date.now() / 1_000);
  const claims = { roles: ['MEMBER'], scope: 'directory:read', org: 'org_1', client_id: 'web', jti: 'b3f1a2c4' };
  const token = await new SignJWT({ ...claims, iss: issuer, aud: audience, sub: 'u1', iat: now, exp: now + 900 })
    .setProtectedHeader({ alg: algorithm, typ: 'at+jwt' })
    .sign(pair?.privateKey ?? secret);

  const who = authenticate({ issuer, audience, algorithms: [algorithm], key });
  const request = {
    headers: { host: 'api.example.com', 'content-type': 'application/json', authorization: `Bearer ${token}` },
    rawHeaders: ['Host', 'api.example.com', 'Content-Type', 'application/json', 'Authorization', `Bearer ${token}`],
    method: 'POST',
  };
  await who(request);
  const known = new Map([[hash('sha256', token, 'base64'), { id: 'u1' }]]);
  const expected = { issuer, audience, algorithms: [algorithm], typ: 'at+jwt', requiredClaims: ['exp', 'iat', 'sub'] };
  const fast = createVerifier({
    key: pair ? await exportSPKI(pair.publicKey) : secret.export(),
    cache: true,
    allowedIss: issuer,
    allowedAud: audience,
    algorithms: [algorithm as 'HS256'],
  });
  const checks = algorithm === 'HS256' ? 1_000 : 500;
  const [floor = 0, cached = 0, jose = 0, other = 0] = await costs([
    // In a promise, as any `context()` gets it.
    [20_000, () => Promise.resolve(known.get(hash('sha256', token, 'base64')))],
    [20_000, () => who(request)],
    [checks, () => jwtVerify(token, key, expected)],
    [10_000, () => fast(token) as unknown],
  ]);
  return { algorithm, floor, cached, jose, other };
}

const rows: Row[] = [];
for (const algorithm of ['HS256', 'RS256', 'ES256', 'EdDSA']) rows.push(await measure(algorithm));
console.log('CPU microseconds per token');
console.table(
  Object.fromEntries(
    rows.map(({ algorithm, floor, cached, jose, other }) => [
      algorithm,
      {
        'SHA-256 + Map, awaited': floor.toFixed(2),
        'authenticate, known': cached.toFixed(2),
        'jose alone': jose.toFixed(1),
        'fast-jwt, cached': other.toFixed(2),
        'times SHA-256 + Map': (cached / floor).toFixed(2),
        'times less than jose': (jose / cached).toFixed(1),
      },
    ]),
  ),
);

const who = createSecretKey(randomBytes(32));
const now = Math.floor(Date.now() / 1_000);
const token = await new SignJWT({ iss: issuer, aud: audience, sub: 'u1', iat: now, exp: now + 900 })
  .setProtectedHeader({ alg: 'HS256', typ: 'at+jwt' })
  .sign(who);
const whoIsAsking = authenticate({ issuer, audience, algorithms: ['HS256'], key: who });
const server = new ApolloServer({ typeDefs: 'type Query { a: Int }', resolvers: { Query: { a: () => 1 } } });
await server.start();

/** One request, in process: what differs is the context. */
async function serve(context: () => Promise<BaseContext>): Promise<void> {
  const httpGraphQLRequest = {
    method: 'POST',
    search: '',
    headers: new HeaderMap([['content-type', 'application/json']]),
    body: { query: '{ a }' },
  };
  await server.executeHTTPGraphQLRequest({ httpGraphQLRequest, context });
}

const rawHeaders = ['Content-Type', 'application/json', 'Authorization', `Bearer ${token}`];
const sent = { rawHeaders, headers: { authorization: `Bearer ${token}` } };
// jose comes last: what it leaves to the garbage collector must not be charged to the next one.
const [bare = 0, withBulwark = 0, withJose = 0] = await costs([
  [2_000, () => serve(async () => ({}))],
  [2_000, () => serve(async () => ({ principal: await whoIsAsking(sent) }))],
  [500, () => serve(async () => ({ payload: (await jwtVerify(token, who, { issuer, audience })).payload }))],
]);
await server.stop();
console.log('CPU microseconds per operation of a server, HS256');
console.table({
  'no tokens': { cost: bare.toFixed(1), throughput: '1.00' },
  'jose alone': { cost: withJose.toFixed(1), throughput: (bare / withJose).toFixed(2) },
  authenticate: { cost: withBulwark.toFixed(1), throughput: (bare / withBulwark).toFixed(2) },
});

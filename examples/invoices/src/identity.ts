/**
 * The identity provider: issues access tokens (RFC 9068, 15 minutes, ES256) and publishes its keys on an HTTP server of
 * its own, on a free loopback port.
 */
import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { SignJWT } from 'jose';
import type { Role, User } from './records.ts';
import { createSigningKeys, type SigningKey } from './signing-keys.ts';

export const audience = 'https://api.invoices.example.com';
export const accessTokenSeconds = 15 * 60;

export interface Identity {
  /** `iss` of its tokens, and where it listens. */
  readonly issuer: string;
  readonly audience: string;
  readonly jwksUri: string;
  readonly jwks: () => object;
  readonly signingKey: () => SigningKey;
  rotate(): Promise<void>;
  issueAccessToken(user: Pick<User, 'id' | 'organisationId' | 'role'>, special?: TokenSpecials): Promise<string>;
  stop(): Promise<void>;
}

/** What the issuer does for others than the invoicing API. */
export interface TokenSpecials {
  /** Another API of the same issuer. */
  readonly audience?: string;
  /** `JWT` makes it an ID token. @default 'at+jwt' */
  readonly typ?: string;
  /** Issued so long ago. @default 0 */
  readonly ageSeconds?: number;
  /** Space-separated. @default what the role may have */
  readonly scope?: string;
  /** Of the staff of the service, in place of the role in an organisation. */
  readonly roles?: readonly string[];
  /** Leaves the claim `org` out, as for people who use another API of the same issuer only. @default false */
  readonly withoutOrganisation?: boolean;
}

const scopes: Readonly<Record<Role, string>> = {
  MEMBER: 'directory:read',
  ACCOUNTANT: 'directory:read',
  ADMIN: 'directory:read mfa:manage',
};

export async function startIdentity(): Promise<Identity> {
  const keys = await createSigningKeys();
  const server = createServer((request, response) => {
    const known = request.method === 'GET' && request.url === '/.well-known/jwks.json';
    response.writeHead(known ? 200 : 404, { 'content-type': 'application/json', 'cache-control': 'max-age=300' });
    response.end(JSON.stringify(known ? keys.published() : { error: 'not found' }));
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(0, '127.0.0.1', resolve);
  });
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

  return {
    issuer,
    audience,
    jwksUri: `${issuer}/.well-known/jwks.json`,
    jwks: () => keys.published(),
    signingKey: () => keys.current(),
    rotate: () => keys.rotate(),
    issueAccessToken: (user, special = {}) => {
      const key = keys.current();
      const issuedAt = Math.floor(Date.now() / 1000) - (special.ageSeconds ?? 0);
      return new SignJWT({
        org: special.withoutOrganisation ? undefined : user.organisationId,
        roles: special.roles ?? [user.role],
        scope: special.scope ?? scopes[user.role],
        client_id: 'invoices-web',
      })
        .setProtectedHeader({ alg: 'ES256', typ: special.typ ?? 'at+jwt', kid: key.kid })
        .setIssuer(issuer)
        .setAudience(special.audience ?? audience)
        .setSubject(user.id)
        .setIssuedAt(issuedAt)
        .setExpirationTime(issuedAt + accessTokenSeconds)
        .setJti(randomUUID())
        .sign(key.privateKey);
    },
    stop: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/**
 * Several issuers side by side (RFC 8725 section 3.8): the `iss` of a token picks the issuer, and only the keys, algorithms and
 * audience of that one count. Nothing else is believed of a token before its signature is checked.
 */
import type { Events } from '@graphql-bulwark/core';
import { decodeJwt } from 'jose';
import { type IssuerOptions, type TokenVerifier, tokenVerifier } from './issuer.ts';
import type { IssuerListener } from './remote-jwks.ts';

/** @throws {TypeError} while the server is built. */
export function issuersVerifier(issuers: readonly IssuerOptions[], events: Events | undefined): TokenVerifier {
  const verifiers = new Map<string, TokenVerifier>();
  for (const [i, options] of issuers.entries()) {
    const { issuer } = options;
    if (verifiers.has(issuer)) throw new TypeError(`issuers has '${issuer}' twice.`);
    const where = issuers.length === 1 ? '' : `authenticate: issuers[${i}]`;
    const onState: IssuerListener = (type, reason) =>
      events?.emit({ type, issuer, ...(reason !== undefined && { reason }) }, 'noted');
    verifiers.set(issuer, tokenVerifier(options, onState, where));
  }
  const [only] = verifiers.values();
  if (verifiers.size === 1 && only) return only;
  return async (token) => {
    const verify = verifiers.get(claimedIssuer(token));
    return verify ? verify(token) : { invalid: 'claims' };
  };
}

/** What the token says, unverified: good for a look-up in a closed list and nothing else. */
function claimedIssuer(token: string): string {
  try {
    const { iss } = decodeJwt(token);
    return typeof iss === 'string' ? iss : '';
  } catch {
    return '';
  }
}

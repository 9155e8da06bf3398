/**
 * Asks whether a token was taken back before its end. It is asked on every request, also for remembered tokens. API keys are not
 * asked for: the record in the application's own store says whether one was taken back.
 */
import { type Principal, refuse } from '@graphql-bulwark/core';
import {
  aFlag,
  aFunction,
  atLeast,
  awaitWithin,
  type OptionTable,
  readOptions,
  type Settings,
} from '@graphql-bulwark/core/internal';

/** What identifies a token for a deny-list: its claims. Its text does not, because one token can be spelled in several ways. */
export interface RevocationQuery {
  /** The `jti` claim (RFC 7519 section 4.1.7). */
  readonly jti: string | undefined;
  /** The `sub` claim: the id of the principal. */
  readonly sub: string;
  /** When it was issued, in seconds since the epoch. 0: that is not known. */
  readonly iat: number;
  /** The `iss` claim. Subjects of two issuers may have the same name. */
  readonly iss: string | undefined;
  /**
   * How far the issuer's clock may be ahead of the one by which tokens are taken back. A token may have been issued this many
   * seconds before its `iat`, so compare `iat - clockToleranceSeconds` with the time of a revocation.
   */
  readonly clockToleranceSeconds: number;
}

/** The option `revocation` of `authenticate()`. */
export interface RevocationOptions {
  /** Says whether a token was taken back. Every deny-list of this package has this method. */
  readonly isRevoked: (credential: RevocationQuery) => boolean | Promise<boolean>;
  /** How long to wait for the answer. Whole number, 1 or more. @default 500 */
  readonly timeoutMilliseconds?: number | undefined;
  /** Accepts tokens while the list cannot be asked. Otherwise they are refused with 503. @default false */
  readonly dangerouslyAllowOnFailure?: boolean | undefined;
}

/** The options as they were read. */
export type Revocation = Settings<RevocationOptions, 'timeoutMilliseconds' | 'dangerouslyAllowOnFailure'>;

const optionTable = {
  isRevoked: { required: true, check: aFunction },
  timeoutMilliseconds: { default: 500, check: atLeast(1) },
  dangerouslyAllowOnFailure: { default: false, check: aFlag },
  // A whole deny-list may be given as it is.
  revoke: { check: aFunction },
  revokeAllFor: { check: aFunction },
} satisfies OptionTable<RevocationOptions & { readonly revoke?: unknown; readonly revokeAllFor?: unknown }>;

/** @throws {TypeError} while the server is built, for a missing, unknown or invalid option. */
export function readRevocationOptions(options: RevocationOptions): Revocation {
  const settings = readOptions<RevocationOptions, typeof optionTable>('authenticate: revocation', options, optionTable);
  // `isRevoked` of a class needs its `this`.
  return { ...settings, isRevoked: (credential) => options.isRevoked(credential) };
}

/**
 * Asks whether the token of a principal was taken back.
 *
 * @param clockToleranceSeconds of the issuer.
 * @param onIgnoredFailure told why the list could not be asked, where `dangerouslyAllowOnFailure` accepts the token.
 * @throws {GraphQLError} `SERVICE_UNAVAILABLE` where the list gives no answer in time, or one that is neither true nor false.
 */
export async function isTakenBack(
  { isRevoked, timeoutMilliseconds, dangerouslyAllowOnFailure }: Revocation,
  principal: Principal,
  clockToleranceSeconds: number,
  onIgnoredFailure: (cause: unknown) => void,
): Promise<boolean> {
  try {
    const asked = isRevoked(makeQuery(principal, clockToleranceSeconds));
    const answer: unknown = typeof asked === 'boolean' ? asked : await awaitWithin(timeoutMilliseconds, asked);
    if (typeof answer === 'boolean') return answer;
    throw new TypeError('isRevoked must return true or false.');
  } catch (cause) {
    if (dangerouslyAllowOnFailure) {
      onIgnoredFailure(cause);
      return false;
    }
    throw refuse('SERVICE_UNAVAILABLE', { retryAfterSeconds: 1, reason: 'revocation unknown', cause });
  }
}

function makeQuery({ id, claims }: Principal, clockToleranceSeconds: number): RevocationQuery {
  const { jti, iat, iss } = claims;
  return {
    jti: typeof jti === 'string' ? jti : undefined,
    sub: id,
    iat: typeof iat === 'number' ? iat : 0,
    iss: typeof iss === 'string' ? iss : undefined,
    clockToleranceSeconds,
  };
}

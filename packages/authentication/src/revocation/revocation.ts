/**
 * Tokens that were taken back before their end. Asked on every request, whatever else is remembered. API keys are not asked
 * for here: the application's own store says whether they live.
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

/** What a token is known by. Never the text of a token: one token has several spellings. */
export interface RevocationQuery {
  readonly jti: string | undefined;
  readonly sub: string;
  /** When it was issued, in seconds since the epoch; 0 where that is not known. */
  readonly iat: number;
  readonly iss: string | undefined;
  /**
   * How far the issuer's clock may be ahead of the one by which tokens are taken back. A token may have been issued so many
   * seconds before its `iat`: compare `iat - clockToleranceSeconds` with the time of a revocation.
   */
  readonly clockToleranceSeconds: number;
}

export interface RevocationOptions {
  /** Says whether a credential was taken back. A deny-list of this package has it, or your own. */
  readonly isRevoked: (credential: RevocationQuery) => boolean | Promise<boolean>;
  /** How long to wait for the answer. Whole number, 1 or more. @default 500 */
  readonly timeoutMilliseconds?: number | undefined;
  /** Accepts credentials while the list cannot be asked. @default false: they are refused with 503 */
  readonly dangerouslyAllowOnFailure?: boolean | undefined;
}

/** As they were read. */
export type Revocation = Settings<RevocationOptions, 'timeoutMilliseconds' | 'dangerouslyAllowOnFailure'>;

const optionTable = {
  isRevoked: { required: true, check: aFunction },
  timeoutMilliseconds: { default: 500, check: atLeast(1) },
  dangerouslyAllowOnFailure: { default: false, check: aFlag },
  // A whole deny-list may be given as it is.
  revoke: { check: aFunction },
  revokeAllFor: { check: aFunction },
} satisfies OptionTable<RevocationOptions & { readonly revoke?: unknown; readonly revokeAllFor?: unknown }>;

/** @throws {TypeError} while the server is built. */
export function readRevocationOptions(options: RevocationOptions): Revocation {
  const settings = readOptions<RevocationOptions, typeof optionTable>('authenticate: revocation', options, optionTable);
  // A list of a class of the application's own needs its `this`.
  return { ...settings, isRevoked: (credential) => options.isRevoked(credential) };
}

/**
 * @param ignored told of what failed where that is no refusal.
 * @throws {GraphQLError} `SERVICE_UNAVAILABLE` where the list gives no answer.
 */
export async function revoked(
  { isRevoked, timeoutMilliseconds, dangerouslyAllowOnFailure }: Revocation,
  principal: Principal,
  clockToleranceSeconds: number,
  ignored: (cause: unknown) => void,
): Promise<boolean> {
  try {
    const asked = isRevoked(queryOf(principal, clockToleranceSeconds));
    const answer: unknown = typeof asked === 'boolean' ? asked : await awaitWithin(timeoutMilliseconds, asked);
    if (typeof answer === 'boolean') return answer;
    throw new TypeError('isRevoked must return true or false.');
  } catch (cause) {
    if (dangerouslyAllowOnFailure) {
      ignored(cause);
      return false;
    }
    throw refuse('SERVICE_UNAVAILABLE', { retryAfterSeconds: 1, reason: 'revocation unknown', cause });
  }
}

function queryOf({ id, claims }: Principal, clockToleranceSeconds: number): RevocationQuery {
  const { jti, iat, iss } = claims;
  return {
    jti: typeof jti === 'string' ? jti : undefined,
    sub: id,
    iat: typeof iat === 'number' ? iat : 0,
    iss: typeof iss === 'string' ? iss : undefined,
    clockToleranceSeconds,
  };
}

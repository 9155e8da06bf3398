/** What both frameworks are told. */
import { aFlag, atLeast, between, isWebOrigin, listOf, orFalse, type Settings, type SharedTable } from '@graphql-bulwark/core/internal';

export interface HttpSecurityOptions {
  /** Origins of other sites whose scripts may read answers, such as `https://app.example.com`. Left out: none. */
  readonly allowedOrigins?: readonly string[] | undefined;
  /** Whether those scripts may send cookies. @default false */
  readonly credentials?: boolean | undefined;
  /** Bytes of a body, after inflation. @default 200000 */
  readonly maxBodyBytes?: number | undefined;
  /** Seconds for which nothing of a finished answer may be read before the connection is ended; `false`: any time. @default 30 */
  readonly unreadSeconds?: number | false | undefined;
}

export const httpSecurityTable: SharedTable<HttpSecurityOptions, keyof HttpSecurityOptions> = {
  allowedOrigins: {
    default: [],
    check: listOf("origins such as 'https://app.example.com', never '*'", isWebOrigin),
  },
  credentials: { default: false, check: aFlag },
  maxBodyBytes: { default: 200_000, check: atLeast(1) },
  unreadSeconds: { default: 30, check: orFalse(between(1, 2_147_483)) },
};

export type HttpSecurity = Settings<HttpSecurityOptions, keyof HttpSecurityOptions>;

/** Told of errors that are not the client's, where the application does not listen. */
export function printError(error: unknown): void {
  console.error(error);
}

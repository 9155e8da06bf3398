/** The options that both frameworks share. */
import {
  aFlag,
  atLeast,
  between,
  isWebOrigin,
  listOf,
  orFalse,
  type Settings,
  type SharedTable,
} from '@graphql-bulwark/core/internal';

/** Which requests reach GraphQL, and which sites may read the responses. */
export interface HttpSecurityOptions {
  /** Origins of other sites whose scripts may read responses, such as `https://app.example.com`. Left out: none. */
  readonly allowedOrigins?: readonly string[] | undefined;
  /** Whether those scripts may send cookies. @default false */
  readonly credentials?: boolean | undefined;
  /** Bytes of a body, after it is inflated. 1 or more. @default 200000 */
  readonly maxBodyBytes?: number | undefined;
  /** Seconds for which nothing of a finished answer may be read before the connection is ended; `false`: any time. @default 30 */
  readonly unreadSeconds?: number | false | undefined;
}

/** The rows of these options. */
export const httpSecurityTable: SharedTable<HttpSecurityOptions, keyof HttpSecurityOptions> = {
  allowedOrigins: {
    default: [],
    check: listOf("origins such as 'https://app.example.com', never '*'", isWebOrigin),
  },
  credentials: { default: false, check: aFlag },
  maxBodyBytes: { default: 200_000, check: atLeast(1) },
  unreadSeconds: { default: 30, check: orFalse(between(1, 2_147_483)) },
};

/** The options with their defaults. */
export type HttpSecurity = Settings<HttpSecurityOptions, keyof HttpSecurityOptions>;

/** Prints errors that are not the client's fault, where the application does not handle them. */
export function printError(error: unknown): void {
  console.error(error);
}

/** The options that both frameworks share. */
import { aFlag, atLeast, isWebOrigin, listOf, type Settings, type SharedTable } from '@graphql-bulwark/core/internal';

/** Which requests reach GraphQL, and which sites may read the responses. */
export interface HttpSecurityOptions {
  /** Origins of other sites whose scripts may read responses, such as `https://app.example.com`. Left out: none. */
  readonly allowedOrigins?: readonly string[] | undefined;
  /** Whether those scripts may send cookies. @default false */
  readonly credentials?: boolean | undefined;
  /** Bytes of a body, after it is inflated. 1 or more. @default 200000 */
  readonly maxBodyBytes?: number | undefined;
}

/** The rows of these options. */
export const httpSecurityTable: SharedTable<HttpSecurityOptions, keyof HttpSecurityOptions> = {
  allowedOrigins: {
    default: [],
    check: listOf("origins such as 'https://app.example.com', never '*'", isWebOrigin),
  },
  credentials: { default: false, check: aFlag },
  maxBodyBytes: { default: 200_000, check: atLeast(1) },
};

/** The options with their defaults. */
export type HttpSecurity = Settings<HttpSecurityOptions, keyof HttpSecurityOptions>;

/** Prints errors that are not the client's fault, where the application does not handle them. */
export function printError(error: unknown): void {
  console.error(error);
}

/** What both frameworks are told, and how it is checked. */
import { knownOptions, show, wholeNumber } from '@graphql-bulwark/core';

export interface HttpSecurityOptions {
  /** Origins of other sites whose scripts may read answers, such as `https://app.example.com`. Left out: none. */
  readonly allowedOrigins?: readonly string[] | undefined;
  /** Whether those scripts may send cookies. @default false */
  readonly credentials?: boolean | undefined;
  /** Bytes of a body, after inflation. @default 200000 */
  readonly maxBodyBytes?: number | undefined;
}

export interface HttpSecurity {
  readonly allowedOrigins: readonly string[];
  readonly credentials: boolean;
  readonly maxBodyBytes: number;
}

/** @throws {TypeError} naming option, value and rule. */
export function httpSecurityOptions(factory: string, options: HttpSecurityOptions): HttpSecurity {
  knownOptions(factory, options, ['allowedOrigins', 'credentials', 'maxBodyBytes']);
  const { allowedOrigins = [], credentials = false, maxBodyBytes = 200_000 } = options;
  if (!Array.isArray(allowedOrigins)) {
    throw new TypeError(`${factory}: allowedOrigins must be a list, but is ${show(allowedOrigins)}.`);
  }
  if (typeof credentials !== 'boolean') {
    throw new TypeError(`${factory}: credentials must be true or false, but is ${show(credentials)}.`);
  }
  for (const origin of allowedOrigins as unknown[]) {
    if (typeof origin === 'string' && URL.canParse(origin) && new URL(origin).origin === origin) continue;
    throw new TypeError(
      `${factory}: allowedOrigins must hold origins such as 'https://app.example.com', never '*', but holds ${show(origin)}.`,
    );
  }
  return { allowedOrigins, credentials, maxBodyBytes: wholeNumber(`${factory}: maxBodyBytes`, maxBodyBytes) };
}

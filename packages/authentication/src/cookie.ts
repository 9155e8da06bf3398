/**
 * A token in a cookie. Browsers send cookies with requests that other sites make, so an `Origin` from a closed list has to come
 * with it: a request without one is refused.
 */
import { fullListOf, isWebOrigin, must, type OptionTable, readOptions } from '@graphql-bulwark/core/internal';

export interface CookieOptions {
  /** The cookie that holds the access token. Best with the prefix `__Host-`, `HttpOnly` and `SameSite`. */
  readonly name: string;
  /** The web origins that may use it, for example `['https://app.example.com']`. */
  readonly allowedOrigins: readonly string[];
}

const optionTable = {
  name: { required: true, check: must("be a cookie's name (RFC 6265)", isCookieName) },
  allowedOrigins: {
    required: true,
    check: fullListOf("exact origins such as 'https://app.example.com'", isWebOrigin),
  },
} satisfies OptionTable<CookieOptions>;

/** @throws {TypeError} while the server is built. */
export function readCookieOptions(options: CookieOptions): CookieOptions {
  return readOptions('authenticate: cookie', options, optionTable);
}

function isCookieName(value: unknown): boolean {
  return typeof value === 'string' && /^[\w!#$%&'*+.^`|~-]+$/.test(value);
}

/** Every value under this name: a second one was put there by somebody else. */
export function cookiesNamed(name: string, header: string): string[] {
  const pairs = header.split(';').map((pair) => pair.trim());
  return pairs.filter((pair) => pair.startsWith(`${name}=`)).map((pair) => pair.slice(name.length + 1));
}

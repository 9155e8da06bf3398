/**
 * A token in a cookie. Browsers send cookies with requests that other sites make, so an `Origin` from a closed list has to come
 * with it: a request without one is refused.
 */
import { knownOptions, show } from '@graphql-bulwark/core';

export interface CookieOptions {
  /** The cookie that holds the access token. Best with the prefix `__Host-`, `HttpOnly` and `SameSite`. */
  readonly name: string;
  /** The web origins that may use it, for example `['https://app.example.com']`. */
  readonly allowedOrigins: readonly string[];
}

/** @throws {TypeError} while the server is built. */
export function checkCookieOptions(options: CookieOptions): void {
  if (typeof options !== 'object' || options === null) throw new TypeError('cookie needs its options.');
  knownOptions('cookie', options, ['name', 'allowedOrigins']);
  const { name, allowedOrigins } = options;
  if (typeof name !== 'string' || !/^[\w!#$%&'*+.^`|~-]+$/.test(name)) {
    throw new TypeError(`cookie.name must be a cookie's name (RFC 6265), but is ${show(name)}.`);
  }
  if (!Array.isArray(allowedOrigins) || allowedOrigins.length === 0) {
    throw new TypeError('cookie.allowedOrigins must be a non-empty list of web origins.');
  }
  for (const origin of allowedOrigins as unknown[]) {
    if (typeof origin === 'string' && URL.canParse(origin) && new URL(origin).origin === origin) continue;
    throw new TypeError(
      `cookie.allowedOrigins must hold exact origins such as 'https://app.example.com', but has ${show(origin)}.`,
    );
  }
}

/** Every value under this name: a second one was put there by somebody else. */
export function cookiesNamed(name: string, header: string): string[] {
  const pairs = header.split(';').map((pair) => pair.trim());
  return pairs.filter((pair) => pair.startsWith(`${name}=`)).map((pair) => pair.slice(name.length + 1));
}

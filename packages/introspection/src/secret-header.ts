/** A secret that a router or a build server sends in a header of its own. */
import { timingSafeEqual } from 'node:crypto';
import { knownOptions, sha256Bytes, show } from '@graphql-bulwark/core';

export interface SecretHeader {
  /** Name of the header, for example `x-introspection-key`. */
  readonly name: string;
  /** At least 16 characters. */
  readonly secret: string;
}

/** @returns whether a request carries the secret. @throws {TypeError} for a name or a secret that cannot be meant. */
export function secretHeader(options: SecretHeader): (header: (name: string) => string | undefined) => boolean {
  knownOptions('introspection: header', options, ['name', 'secret']);
  const { name, secret } = options;
  if (typeof name !== 'string' || !/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(name)) {
    throw new TypeError(`introspection: header.name must be the name of an HTTP header, but is ${show(name)}.`);
  }
  if (typeof secret !== 'string' || secret.length < 16) {
    throw new TypeError('introspection: header.secret must have at least 16 characters.');
  }
  const lowerCase = name.toLowerCase();
  const expected = sha256Bytes(secret);
  // Of equal length whatever was sent, so that the comparison takes as long for every guess.
  return (header) => timingSafeEqual(sha256Bytes(header(lowerCase) ?? ''), expected);
}

/** A secret that a router or a build server sends in a header of its own. */
import { timingSafeEqual } from 'node:crypto';
import { must, mustUnshown, type OptionTable, readOptions, sha256Bytes } from '@graphql-bulwark/core/internal';

export interface SecretHeader {
  /** Name of the header, for example `x-introspection-key`. */
  readonly name: string;
  /** At least 16 characters. */
  readonly secret: string;
}

const optionTable = {
  name: { required: true, check: must('be the name of an HTTP header', isHeaderName) },
  secret: { required: true, check: mustUnshown('have at least 16 characters', isLong) },
} satisfies OptionTable<SecretHeader>;

/** @returns whether a request carries the secret. @throws {TypeError} for an invalid name or secret. */
export function secretHeader(options: SecretHeader): (header: (name: string) => string | undefined) => boolean {
  const { name, secret } = readOptions('introspection: header', options, optionTable);
  const lowerCase = name.toLowerCase();
  const expected = sha256Bytes(secret);
  // Of equal length whatever was sent, so that the comparison takes as long for every guess.
  return (header) => timingSafeEqual(sha256Bytes(header(lowerCase) ?? ''), expected);
}

function isHeaderName(value: unknown): boolean {
  return typeof value === 'string' && /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(value);
}

function isLong(value: unknown): boolean {
  return typeof value === 'string' && value.length >= 16;
}

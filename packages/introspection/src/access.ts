/** Who may introspect: the callers that `allow` names, and those who send a secret in a header, such as a router or a build server. */
import { timingSafeEqual } from 'node:crypto';
import type { SecurityContext } from '@graphql-bulwark/core';
import {
  aFlagOrFunction,
  isDevelopment,
  must,
  mustUnshown,
  type OptionTable,
  readOptions,
  requirePlainObject,
  type SharedTable,
  sha256Bytes,
  show,
} from '@graphql-bulwark/core/internal';
import type { GraphQLSchema } from 'graphql';

/** Who may introspect. */
export interface AccessOptions {
  /**
   * Who may introspect. A function is called once per operation that introspects, and only `true` allows: an exception, a promise or any
   * other value denies. Left out: all callers where `NODE_ENV` is `development` or `test`, otherwise none.
   */
  readonly allow?: boolean | ((security: SecurityContext) => boolean) | undefined;
  /** A caller who sends this secret may introspect as well, whatever `allow` returns. Left out: there is no such secret. */
  readonly header?: SecretHeader | undefined;
}

/** A header whose value proves that the caller may introspect. */
export interface SecretHeader {
  /** Name of the header, for example `x-introspection-key`. */
  readonly name: string;
  /** At least 16 characters. */
  readonly secret: string;
}

/** Whether a caller may introspect. @throws {TypeError} where `allow` returns no boolean, and whatever that function throws. */
export type MayIntrospect = (security: SecurityContext, header: (name: string) => string | undefined) => boolean;

/** Finds the part of a schema that a caller may know; the schema itself where the caller may know all of it. */
export type FindView = (request: { readonly schema: GraphQLSchema; readonly contextValue: unknown }) => GraphQLSchema;

/** The rows of these options, for the table of the control. */
export const accessTable: SharedTable<AccessOptions> = {
  allow: { check: aFlagOrFunction },
  header: { check: requirePlainObject },
};

const headerTable = {
  name: { required: true, check: must('be the name of an HTTP header', isHeaderName) },
  secret: { required: true, check: mustUnshown('have at least 16 characters', isLong) },
} satisfies OptionTable<SecretHeader>;

/** Compiles the options into one function. @throws {TypeError} while the server is being built, for an invalid option. */
export function compileAccess(options: AccessOptions): MayIntrospect {
  const given = { allow: options.allow, header: options.header };
  const { allow = isDevelopment(), header } = readOptions('introspection', given, accessTable);
  const knowsSecret = header ? compileSecretHeader(header) : () => false;
  return function mayIntrospect(security, readHeader) {
    if (allow === true || knowsSecret(readHeader)) return true;
    return allow === false ? false : requireBoolean(allow(security));
  };
}

/** @returns whether a request carries the secret. @throws {TypeError} for an invalid name or secret. */
function compileSecretHeader(options: SecretHeader): (header: (name: string) => string | undefined) => boolean {
  const { name, secret } = readOptions('introspection: header', options, headerTable);
  const lowerCase = name.toLowerCase();
  const expected = sha256Bytes(secret);
  return function knowsSecret(readHeader) {
    // Digests all have the same length, so the comparison takes the same time for every guess.
    return timingSafeEqual(sha256Bytes(readHeader(lowerCase) ?? ''), expected);
  };
}

function requireBoolean(decision: unknown): boolean {
  if (typeof decision === 'boolean') return decision;
  if (decision instanceof Promise) decision.catch(() => undefined); // an unhandled rejection would end the process
  throw new TypeError(`allow must return a boolean, but returned ${show(decision)}.`);
}

function isHeaderName(value: unknown): boolean {
  return typeof value === 'string' && /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(value);
}

function isLong(value: unknown): boolean {
  return typeof value === 'string' && value.length >= 16;
}

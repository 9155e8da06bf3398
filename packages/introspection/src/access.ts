/** Who may introspect. */
import type { SecurityContext } from '@graphql-bulwark/core';
import {
  aFlagOrFunction,
  isDevelopment,
  plainObject,
  readOptions,
  type SharedTable,
  show,
} from '@graphql-bulwark/core/internal';
import { type SecretHeader, secretHeader } from './secret-header.ts';

export interface PolicyOptions {
  /**
   * Who may introspect. A function is asked once per operation that does, and only `true` allows: an exception, a promise
   * or any other value denies. Left out: everyone where `NODE_ENV` is `development` or `test`, otherwise no one.
   */
  readonly allow?: boolean | ((security: SecurityContext) => boolean) | undefined;
  /** Whoever sends this secret may introspect too, whatever `allow` says. Left out: there is none. */
  readonly header?: SecretHeader | undefined;
}

/** Whether a caller may introspect. @throws what the application's function throws, {TypeError} for what is no boolean. */
export type Policy = (security: SecurityContext, header: (name: string) => string | undefined) => boolean;

export const policyTable: SharedTable<PolicyOptions> = {
  allow: { check: aFlagOrFunction },
  header: { check: plainObject },
};

/** @throws {TypeError} while the server is being built, for an invalid option. */
export function introspectionPolicy(options: PolicyOptions): Policy {
  const policy = { allow: options.allow, header: options.header };
  const { allow = isDevelopment(), header } = readOptions('introspection', policy, policyTable);
  const knowsSecret = header ? secretHeader(header) : () => false;
  return (security, headerOf) => {
    if (allow === true || knowsSecret(headerOf)) return true;
    return allow === false ? false : booleanOf(allow(security));
  };
}

function booleanOf(decision: unknown): boolean {
  if (typeof decision === 'boolean') return decision;
  if (decision instanceof Promise) decision.catch(() => undefined); // its rejection must not end the process
  throw new TypeError(`allow must return a boolean, but returned ${show(decision)}.`);
}

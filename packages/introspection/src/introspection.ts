/**
 * Stops: reading the schema (`__schema`, `__type`, and fields that hand out its SDL) by those who may not.
 * Room: check, first. Never a validation rule: its verdict is cached by query text and would serve the next caller too.
 * Answers: `INTROSPECTION_DISABLED`, 403 (GraphQL specification, section 4).
 */
import {
  type Control,
  knownOptions,
  type ResolvedOperation,
  refuse,
  type SecurityContext,
  show,
} from '@graphql-bulwark/core';
import { revealingFields } from './revealing-field.ts';

export interface IntrospectionOptions {
  /**
   * Who may introspect. A function is asked once per operation that does, and only `true` allows: an exception, a promise
   * or any other value denies. Left out: everyone where `NODE_ENV` is `development` or `test`, otherwise no one.
   */
  readonly allow?: boolean | ((security: SecurityContext) => boolean) | undefined;
  /** Names of further fields of the root types that give the schema away. @default ['_service'] */
  readonly schemaFields?: readonly string[] | undefined;
  /** `report`: tells of what would be refused, and refuses nothing. @default 'enforce' */
  readonly mode?: 'enforce' | 'report' | undefined;
}

/**
 * Decides for each operation whether it may introspect.
 *
 * Apollo Server's own switch must be on (`introspection: true`), or it refuses before anyone is asked.
 *
 * @throws {TypeError} while the server is being built, when an option cannot be meant.
 * @example introspection({ allow: ({ principal }) => principal?.roles.includes('ADMIN') === true })
 */
export function introspection(options: IntrospectionOptions = {}): Control {
  knownOptions('introspection', options, ['allow', 'schemaFields', 'mode']);
  const { allow = isDevelopment(), schemaFields = ['_service'], mode } = options;
  if (typeof allow !== 'boolean' && typeof allow !== 'function') {
    throw new TypeError(`allow must be a boolean or a function, but is ${show(allow)}.`);
  }
  const revealing = revealingFields(new Set(['__schema', '__type', '__cost', ...fieldNames(schemaFields)]));

  return {
    name: 'introspection',
    mode,
    check(operation) {
      const coordinate = revealing(operation);
      if (coordinate === undefined) return;
      operation.neverCache();
      if (allow === true || (allow !== false && isAllowed(allow, operation))) return;
      throw refuse('INTROSPECTION_DISABLED', { coordinate });
    },
  };
}

/** An unset NODE_ENV is a production server that somebody forgot to configure. */
function isDevelopment(): boolean {
  const environment = process.env['NODE_ENV'];
  return environment === 'development' || environment === 'test';
}

function fieldNames(names: readonly unknown[]): string[] {
  if (!Array.isArray(names)) throw new TypeError(`schemaFields must be a list, but is ${show(names)}.`);
  return names.map((name: unknown) => {
    if (typeof name === 'string' && /^[_A-Za-z][_0-9A-Za-z]*$/.test(name)) return name;
    throw new TypeError(`schemaFields must hold names of root fields such as '_service', but holds ${show(name)}.`);
  });
}

/** The failure is the operator's to know; the client gets the same answer as anyone who may not. */
function isAllowed(allow: (security: SecurityContext) => unknown, operation: ResolvedOperation): boolean {
  try {
    const decision = allow(operation.security);
    if (typeof decision === 'boolean') return decision;
    if (decision instanceof Promise) decision.catch(() => undefined); // its rejection must not end the process
    throw new TypeError(`allow must return a boolean, but returned ${show(decision)}.`);
  } catch (error) {
    operation.failed('introspection', error);
    return false;
  }
}

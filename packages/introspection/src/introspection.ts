/**
 * Stops: reading the schema (`__schema`, `__type`, and fields that hand out its SDL) by those who may not.
 * Room: check, first. Never a validation rule: its verdict is cached by query text and would serve the next caller too.
 * Answers: `INTROSPECTION_DISABLED`, 403 (GraphQL specification, section 4).
 */
import {
  type Control,
  checkFunctions,
  checkMode,
  knownOptions,
  type ResolvedOperation,
  refuse,
  show,
} from '@graphql-bulwark/core';
import { type ExecutionResult, execute, type GraphQLSchema, Kind } from 'graphql';
import { type ExtentOptions, extentLimits } from './extent.ts';
import { introspectionPolicy, type Policy, type PolicyOptions } from './policy.ts';
import { revealingFields } from './revealing-field.ts';
import type { ViewOf } from './views.ts';

export interface IntrospectionOptions extends PolicyOptions, ExtentOptions {
  /** Names of further fields of the root types that give the schema away. @default ['_service'] */
  readonly schemaFields?: readonly string[] | undefined;
  /**
   * The schema as each caller may know it: they introspect that one. Such an operation may ask for nothing but
   * `__schema`, `__type` and `__typename`. Left out: everyone who may introspect sees the whole schema.
   */
  readonly view?: ViewOf | undefined;
  /** `report`: tells of what would be refused, and refuses nothing. @default 'enforce' */
  readonly mode?: 'enforce' | 'report' | undefined;
}

/** Every option of {@link introspection}. */
const introspectionOptionNames: readonly (keyof IntrospectionOptions)[] = [
  'allow',
  'header',
  'schemaFields',
  'view',
  'maxDepth',
  'maxFields',
  'maxWrappers',
  'mode',
];

/**
 * Decides for each operation whether it may introspect.
 *
 * Apollo Server's own switch must be on (`introspection: true`), or it refuses before anyone is asked.
 *
 * @throws {TypeError} while the server is being built, when an option cannot be meant.
 * @example introspection({ allow: ({ principal }) => principal?.roles.includes('ADMIN') === true })
 */
export function introspection(options: IntrospectionOptions = {}): Control {
  knownOptions('introspection', options, introspectionOptionNames);
  const { schemaFields = ['_service'], view, mode } = options;
  checkMode('introspection', mode);
  checkFunctions({ 'introspection: view': view });
  const policy = introspectionPolicy(options);
  const limit = extentLimits(options);
  const further = fieldNames(schemaFields);
  const revealing = revealingFields(new Set(['__schema', '__type', '__cost', ...further]));
  const filtered = new WeakMap<ResolvedOperation, GraphQLSchema>();

  return {
    name: 'introspection',
    mode,
    check(operation) {
      const coordinate = revealing(operation);
      if (coordinate === undefined) return;
      operation.neverCache();
      if (!isAllowed(policy, operation)) throw refuse('INTROSPECTION_DISABLED', { coordinate });
      limit(operation);
      const visible = view?.(operation) ?? operation.schema;
      if (visible === operation.schema) return;
      if (!operation.answerable || !standsAlone(operation)) {
        throw refuse('INTROSPECTION_DISABLED', { coordinate, reason: 'only a part of the schema is visible' });
      }
      void operation.variables; // refuses those that do not coerce
      filtered.set(operation, visible);
    },
    answer(operation): ExecutionResult | undefined | Promise<ExecutionResult> {
      const schema = filtered.get(operation);
      if (!schema) return undefined;
      const { document, rawVariables: variableValues, contextValue } = operation;
      const operationName = operation.operation.name?.value;
      return execute({ schema, document, variableValues, contextValue, operationName });
    },
  };
}

/** Whether an operation asks for the schema and nothing else; in a fragment anything else may stand. */
function standsAlone({ operation }: ResolvedOperation): boolean {
  return operation.selectionSet.selections.every(
    (node) => node.kind === Kind.FIELD && ['__schema', '__type', '__typename'].includes(node.name.value),
  );
}

function fieldNames(names: readonly unknown[]): string[] {
  if (!Array.isArray(names)) throw new TypeError(`schemaFields must be a list, but is ${show(names)}.`);
  return names.map((name: unknown) => {
    if (typeof name === 'string' && /^[_A-Za-z][_0-9A-Za-z]*$/.test(name)) return name;
    throw new TypeError(`schemaFields must hold names of root fields such as '_service', but holds ${show(name)}.`);
  });
}

/** The failure is the operator's to know; the client gets the same answer as anyone who may not. */
function isAllowed(policy: Policy, operation: ResolvedOperation): boolean {
  try {
    return policy(operation.security, operation.header);
  } catch (error) {
    operation.failed('introspection', error);
    return false;
  }
}

/**
 * Stops: reading the schema (`__schema`, `__type`, and fields that hand out its SDL) by those who may not.
 * Room: check, first. Never a validation rule: its verdict is cached by query text and would serve the next caller too.
 * Answers: `INTROSPECTION_DISABLED`, 403 (GraphQL specification, section 4).
 */
import { type Control, type ResolvedOperation, refuse } from '@graphql-bulwark/core';
import { aFunction, among, createSlot, listOf, type OptionTable, readOptions } from '@graphql-bulwark/core/internal';
import { type ExecutionResult, execute, type GraphQLSchema, Kind } from 'graphql';
import { introspectionPolicy, type Policy, type PolicyOptions, policyTable } from './access.ts';
import { type ExtentOptions, extentLimits, extentTable } from './introspection-limits.ts';
import { revealingFields } from './schema-fields.ts';
import type { ViewOf } from './visibility/views.ts';

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

const optionTable = {
  ...policyTable,
  ...extentTable,
  schemaFields: { default: ['_service'], check: listOf("names of root fields such as '_service'", isName) },
  view: { check: aFunction },
  mode: { check: among('enforce', 'report') },
} satisfies OptionTable<IntrospectionOptions>;

/**
 * Decides for each operation whether it may introspect.
 *
 * Apollo Server's own switch must be on (`introspection: true`), or it refuses before anyone is asked.
 *
 * @throws {TypeError} while the server is being built, for an invalid option.
 * @example introspection({ allow: ({ principal }) => principal?.roles.includes('ADMIN') === true })
 */
export function introspection(options: IntrospectionOptions = {}): Control {
  const settings = readOptions('introspection', options, optionTable);
  const { schemaFields, view, mode } = settings;
  const policy = introspectionPolicy(options);
  const limit = extentLimits(settings);
  const revealing = revealingFields(new Set(['__schema', '__type', '__cost', ...schemaFields]));
  const filtered = createSlot<GraphQLSchema | undefined>(() => undefined);

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
      operation.state.set(filtered, visible);
    },
    answer(operation): ExecutionResult | undefined | Promise<ExecutionResult> {
      const schema = view && operation.state.get(filtered);
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

function isName(value: unknown): boolean {
  return typeof value === 'string' && /^[_A-Za-z][_0-9A-Za-z]*$/.test(value);
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

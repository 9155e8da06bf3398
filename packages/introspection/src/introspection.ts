/**
 * Stops: callers without permission who read the schema (`__schema`, `__type`, and fields that return its SDL).
 * Room: check, first. It is no validation rule: Apollo Server caches their result by query text, so the permission of one caller would
 * hold for the next one.
 * Answers: `INTROSPECTION_DISABLED`, 403 (GraphQL specification, section 4).
 */
import { type Control, type ResolvedOperation, refuse } from '@graphql-bulwark/core';
import { aFunction, among, createSlot, listOf, type OptionTable, readOptions } from '@graphql-bulwark/core/internal';
import { type ExecutionResult, execute, type GraphQLSchema, Kind } from 'graphql';
import { type AccessOptions, accessTable, compileAccess, type FindView, type MayIntrospect } from './access.ts';
import {
  compileIntrospectionLimits,
  type IntrospectionLimits,
  introspectionLimitsTable,
} from './introspection-limits.ts';
import { compileSchemaFields } from './schema-fields.ts';

/** Who may introspect, how much at once, and which schema they see. */
export interface IntrospectionOptions extends AccessOptions, IntrospectionLimits {
  /** Names of further fields of the root types that return the schema. @default ['_service'] */
  readonly schemaFields?: readonly string[] | undefined;
  /**
   * Finds the part of the schema that each caller may know, and answers introspection from it; made by `createViews`. Such an operation
   * may select nothing but `__schema`, `__type` and `__typename`. Left out: all callers who may introspect see the whole schema.
   */
  readonly view?: FindView | undefined;
  /** `report`: what would be refused becomes an event, and nothing is refused. @default 'enforce' */
  readonly mode?: 'enforce' | 'report' | undefined;
}

const optionTable = {
  ...accessTable,
  ...introspectionLimitsTable,
  schemaFields: { default: ['_service'], check: listOf("names of root fields such as '_service'", isName) },
  view: { check: aFunction },
  mode: { check: among('enforce', 'report') },
} satisfies OptionTable<IntrospectionOptions>;

/**
 * Decides for each operation whether it may introspect.
 *
 * Apollo Server's own option must be `introspection: true`, or Apollo Server refuses before this control is asked.
 *
 * @throws {TypeError} while the server is being built, for an invalid option.
 * @example introspection({ allow: ({ principal }) => principal?.roles.includes('ADMIN') === true })
 */
export function introspection(options: IntrospectionOptions = {}): Control {
  const settings = readOptions('introspection', options, optionTable);
  const { schemaFields, view, mode } = settings;
  const mayIntrospect = compileAccess(options);
  const checkLimits = compileIntrospectionLimits(settings);
  const findSchemaField = compileSchemaFields(new Set(['__schema', '__type', '__cost', ...schemaFields]));
  const filtered = createSlot<GraphQLSchema | undefined>(() => undefined);

  return {
    name: 'introspection',
    mode,
    check(operation) {
      const coordinate = findSchemaField(operation);
      if (coordinate === undefined) return;
      operation.neverCache();
      if (!isAllowed(mayIntrospect, operation)) throw refuse('INTROSPECTION_DISABLED', { coordinate });
      checkLimits(operation);
      const visible = view?.(operation) ?? operation.schema;
      if (visible === operation.schema) return;
      if (!operation.answerable || !asksForSchemaOnly(operation)) {
        throw refuse('INTROSPECTION_DISABLED', { coordinate, reason: 'only a part of the schema is visible' });
      }
      void operation.variables; // throws the refusal of variables that do not coerce
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

/** Whether an operation selects the schema and nothing else. Fragments are not looked into, so an operation with one is refused. */
function asksForSchemaOnly({ operation }: ResolvedOperation): boolean {
  return operation.selectionSet.selections.every(
    (node) => node.kind === Kind.FIELD && ['__schema', '__type', '__typename'].includes(node.name.value),
  );
}

function isName(value: unknown): boolean {
  return typeof value === 'string' && /^[_A-Za-z][_0-9A-Za-z]*$/.test(value);
}

/** A function that throws denies. It is logged, and the client gets the same answer as a caller without permission. */
function isAllowed(mayIntrospect: MayIntrospect, operation: ResolvedOperation): boolean {
  try {
    return mayIntrospect(operation.security, operation.header);
  } catch (error) {
    operation.failed('introspection', error);
    return false;
  }
}

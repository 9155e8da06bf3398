/** Room 4 without a transport: what the Apollo plugin, a WebSocket adapter or a test calls before anything is executed. */
import {
  type DocumentNode,
  type GraphQLSchema,
  getOperationAST,
  getVariableValues,
  type OperationDefinitionNode,
} from 'graphql';
import type { Control, ResolvedOperation } from './control.ts';
import type { EventOrigin, Events } from './events.ts';
import { operationFacts } from './facts.ts';
import { securityContext, securityOf } from './principal.ts';
import { deny, refuse } from './refusal.ts';
import { verdict } from './verdict.ts';

/** One operation, parsed and valid, as its transport knows it. */
export interface CheckInput<C = unknown> {
  readonly schema: GraphQLSchema;
  readonly document: DocumentNode;
  readonly operationName?: string | null | undefined;
  readonly variables?: Readonly<Record<string, unknown>> | null | undefined;
  readonly contextValue: C;
  readonly source?: string | undefined;
  /** Called when the answer depends on who asks. */
  readonly neverCache?: (() => void) | undefined;
}

/** @throws {GraphQLError} the refusal of the first control that says no; `BAD_REQUEST` when no operation can be selected. */
export async function checkOperation<C>(
  controls: readonly Control<C>[],
  input: CheckInput<C>,
  events: Events,
): Promise<void> {
  const operation = getOperationAST(input.document, input.operationName);
  if (!operation) throw refuse('BAD_REQUEST', { reason: 'no such operation' });
  await runChecks(controls, resolveOperation(input, operation, events), events);
}

export async function runChecks<C>(
  controls: readonly Control<C>[],
  operation: ResolvedOperation<C>,
  events: Events,
): Promise<void> {
  for (const control of controls) {
    try {
      const pending = control.check?.(operation);
      if (pending) await pending;
    } catch (thrown) {
      const refusal = verdict(control, thrown, events, originOf(operation));
      if (refusal) throw refusal;
    }
  }
}

/** Gathers what controls share; what costs something is computed when it is first read. */
export function resolveOperation<C>(
  input: CheckInput<C>,
  operation: OperationDefinitionNode,
  events: Events,
): ResolvedOperation<C> {
  const { schema, document, contextValue, source } = input;
  const rawVariables = input.variables ?? {};
  let variables: Readonly<Record<string, unknown>> | undefined;
  const resolved: ResolvedOperation<C> = {
    schema,
    document,
    operation,
    source,
    rawVariables,
    contextValue,
    security: securityOf(contextValue) ?? securityContext(),
    get variables() {
      variables ??= coerce(schema, operation, rawVariables);
      return variables;
    },
    get facts() {
      return operationFacts(document, operation);
    },
    neverCache: () => input.neverCache?.(),
    report: (details) => events.emit(details, 'noted', originOf(resolved)),
    failed(where, error) {
      resolved.report({ type: 'failure', where, errorId: events.logged(where, error) });
    },
  };
  return resolved;
}

export function originOf({ security, operation }: ResolvedOperation): EventOrigin {
  return { security, operationType: operation.operation, operationName: operation.name?.value };
}

/** The same coercion as graphql-js's `execute`, whose words the client gets, without suggestions. */
function coerce(
  schema: GraphQLSchema,
  operation: OperationDefinitionNode,
  rawVariables: Readonly<Record<string, unknown>>,
): Readonly<Record<string, unknown>> {
  const { coerced, errors } = getVariableValues(schema, operation.variableDefinitions ?? [], rawVariables, {
    maxErrors: 20,
    hideSuggestions: true,
  });
  if (!errors) return coerced;
  const [first, ...rest] = errors.map(({ message, nodes }) => ({ message, nodes }));
  throw refuse('BAD_USER_INPUT', { ...first, also: rest.map((facts) => deny('BAD_USER_INPUT', facts)) });
}

/**
 * The schema as one caller may know it (a view), and the validation of documents against it.
 *
 * A type or field that the caller may not know is refused exactly as one that does not exist: the same validation makes both
 * errors.
 */
import {
  type DefinitionNode,
  type DocumentNode,
  GraphQLError,
  type GraphQLSchema,
  Kind,
  specifiedRules,
  type ValidationRule,
  validate,
} from 'graphql';
import type { Control } from '../control.ts';
import { deny, refuse } from '../errors/refuse.ts';
import { buildInvalidFacts } from '../errors/schema-details.ts';

/** Document -> the views against which it is valid. */
const validUnder = new WeakMap<DocumentNode, WeakSet<GraphQLSchema>>();

/**
 * Asks the controls for a view.
 *
 * @returns that of the first control that has one; `undefined` where the caller may know everything.
 */
export function findSchemaView<C>(
  controls: readonly Control<C>[],
  request: { readonly schema: GraphQLSchema; readonly contextValue: C },
): GraphQLSchema | undefined {
  for (const control of controls) {
    const view = control.view?.(request);
    if (view) return view;
  }
  return undefined;
}

/** A validation rule for views without a root type: graphql-js leaves that to execution, which has the whole schema. */
const requireRootTypes: ValidationRule = (context) => ({
  OperationDefinition(node) {
    const error = findMissingRoot(context.getSchema(), node);
    if (error) context.reportError(error);
  },
});

function findMissingRoot(schema: GraphQLSchema, node: DefinitionNode): GraphQLError | undefined {
  if (node.kind !== Kind.OPERATION_DEFINITION || schema.getRootType(node.operation)) return undefined;
  return new GraphQLError(`Schema is not configured to execute ${node.operation} operation.`, { nodes: node });
}

/**
 * Finds operations of a kind that the schema does not have, such as a mutation. Where validation accepts one, its execution
 * fails with an error that reads as one of the server.
 */
export function findMissingRoots(schema: GraphQLSchema, document: DocumentNode): readonly GraphQLError[] {
  return document.definitions.flatMap((node) => findMissingRoot(schema, node) ?? []);
}

/**
 * Validates a document against a view. Only a success is remembered: were an error remembered, a hidden field would be
 * refused sooner than one that does not exist, and the time would reveal it.
 *
 * @returns the errors; empty for a valid document.
 */
export function validateUnderView(view: GraphQLSchema, document: DocumentNode): readonly GraphQLError[] {
  const views = validUnder.get(document) ?? new WeakSet<GraphQLSchema>();
  if (views.has(view)) return [];
  const errors = validate(view, document, [...specifiedRules, requireRootTypes], { hideSuggestions: true });
  if (errors.length === 0) validUnder.set(document, views.add(view));
  return errors;
}

/**
 * Finds the refusal of a document that is not valid under a view, or not under the whole schema. An error under the whole
 * schema alone names what the view hides, such as the type of an argument whose default is hidden, so that refusal has no
 * message of validation.
 *
 * @returns `undefined` for a document that is valid under both.
 */
export function findViewRefusal(
  view: GraphQLSchema,
  schema: GraphQLSchema,
  document: DocumentNode,
): GraphQLError | undefined {
  const errors = validateUnderView(view, document);
  if (errors.length > 0) return refuseInvalid(errors);
  return validateUnderView(schema, document).length > 0 ? refuseInvalid([]) : undefined;
}

/** Makes the refusal that Apollo Server would answer with for these validation errors. */
export function refuseInvalid([first, ...rest]: readonly GraphQLError[]): GraphQLError {
  return refuse('GRAPHQL_VALIDATION_FAILED', {
    ...(first && buildInvalidFacts(first)),
    also: rest.map((error) => deny('GRAPHQL_VALIDATION_FAILED', buildInvalidFacts(error))),
  });
}

/**
 * A schema as one caller may know it, and what does not validate against it.
 *
 * What the caller may not know is refused exactly as what does not exist: the errors here are those of the same validation.
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
import { deny, refuse } from '../errors/refusal.ts';
import { factsOfInvalid } from '../errors/schema-details.ts';

const fitting = new WeakMap<DocumentNode, WeakSet<GraphQLSchema>>();

/** The view of the first control that has one; `undefined` where the caller may know everything. */
export function viewOf<C>(
  controls: readonly Control<C>[],
  request: { readonly schema: GraphQLSchema; readonly contextValue: C },
): GraphQLSchema | undefined {
  for (const control of controls) {
    const view = control.view?.(request);
    if (view) return view;
  }
  return undefined;
}

/** An operation without a root type has no fields to be judged: graphql-js leaves it to execution, which knows them all. */
const knownRoots: ValidationRule = (context) => ({
  OperationDefinition(node) {
    const error = missingRoot(context.getSchema(), node);
    if (error) context.reportError(error);
  },
});

function missingRoot(schema: GraphQLSchema, node: DefinitionNode): GraphQLError | undefined {
  if (node.kind !== Kind.OPERATION_DEFINITION || schema.getRootType(node.operation)) return undefined;
  return new GraphQLError(`Schema is not configured to execute ${node.operation} operation.`, { nodes: node });
}

/** Operations that validation against the whole schema let pass: without this, execution fails with an error of the server. */
export function missingRoots(schema: GraphQLSchema, document: DocumentNode): readonly GraphQLError[] {
  return document.definitions.flatMap((node) => missingRoot(schema, node) ?? []);
}

/**
 * Validates a document that fits once per view, and any other as often as it comes: what is hidden must not be answered sooner than
 * what does not exist.
 */
export function errorsUnder(view: GraphQLSchema, document: DocumentNode): readonly GraphQLError[] {
  const views = fitting.get(document) ?? new WeakSet<GraphQLSchema>();
  if (views.has(view)) return [];
  const errors = validate(view, document, [...specifiedRules, knownRoots], { hideSuggestions: true });
  if (errors.length === 0) fitting.set(document, views.add(view));
  return errors;
}

/**
 * The refusal of a document that does not fit a view, or not the whole schema. What the whole schema alone would say names what the view
 * does not show, for example the type of an argument whose default is hidden: the refusal says nothing of it.
 */
export function unfitUnder(
  view: GraphQLSchema,
  schema: GraphQLSchema,
  document: DocumentNode,
): GraphQLError | undefined {
  const unfit = errorsUnder(view, document);
  if (unfit.length > 0) return invalid(unfit);
  return errorsUnder(schema, document).length > 0 ? invalid([]) : undefined;
}

/** The refusal that Apollo Server would give for these errors. */
export function invalid([first, ...rest]: readonly GraphQLError[]): GraphQLError {
  return refuse('GRAPHQL_VALIDATION_FAILED', {
    ...(first && factsOfInvalid(first)),
    also: rest.map((error) => deny('GRAPHQL_VALIDATION_FAILED', factsOfInvalid(error))),
  });
}

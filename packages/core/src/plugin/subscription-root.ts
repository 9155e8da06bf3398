/**
 * Conditions at the root of a subscription, which the specification forbids (section 5.2.4.1): graphql-js's validation reads
 * them without variables, and throws where they need one, which Apollo Server would answer with 500.
 */
import { type DocumentNode, Kind, OperationTypeNode, type SelectionNode } from 'graphql';
import { FieldWalk, fragmentsOf } from '../operation/collect-fields.ts';

/** Whether `@skip` or `@include` stands at the root of one of its subscriptions, also of one that is not selected. */
export function hasConditionalRoot(document: DocumentNode): boolean {
  for (const definition of document.definitions) {
    if (definition.kind !== Kind.OPERATION_DEFINITION) continue;
    if (definition.operation !== OperationTypeNode.SUBSCRIPTION) continue;
    if (new Conditions(fragmentsOf(document)).walk([definition.selectionSet]).found) return true;
  }
  return false;
}

class Conditions extends FieldWalk {
  found = false;

  override under({ directives = [] }: SelectionNode): true {
    this.found ||= directives.some(({ name }) => name.value === 'skip' || name.value === 'include');
    return true;
  }

  field(): void {}
}

import type { DocumentNode, OperationDefinitionNode } from 'graphql';

/**
 * Remembers something of operations as long as their documents live. The document is part of the key: an edited copy of it can
 * share operations with it, and define the fragments that they spread in another way.
 */
export class PerOperation<T> {
  readonly #documents = new WeakMap<DocumentNode, Map<OperationDefinitionNode, T>>();

  get(document: DocumentNode, operation: OperationDefinitionNode): T | undefined {
    return this.#documents.get(document)?.get(operation);
  }

  /** @returns the value. */
  set(document: DocumentNode, operation: OperationDefinitionNode, value: T): T {
    const operations = this.#documents.get(document) ?? new Map<OperationDefinitionNode, T>();
    this.#documents.set(document, operations.set(operation, value));
    return value;
  }
}

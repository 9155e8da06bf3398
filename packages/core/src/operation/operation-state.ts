import type { OperationDefinitionNode } from 'graphql';

/** What is remembered of each operation of a document: most have one, and need no table. */
export class PerOperation<T> {
  #first: OperationDefinitionNode | undefined;
  #ofFirst: T | undefined;
  #ofOthers: Map<OperationDefinitionNode, T> | undefined;

  get(operation: OperationDefinitionNode): T | undefined {
    return operation === this.#first ? this.#ofFirst : this.#ofOthers?.get(operation);
  }

  /** @returns the value. */
  set(operation: OperationDefinitionNode, value: T): T {
    this.#first ??= operation;
    if (operation === this.#first) this.#ofFirst = value;
    else (this.#ofOthers ??= new Map()).set(operation, value);
    return value;
  }
}

/** Finds which operation an event is about, where the request was refused before an operation was resolved. */
import { type DocumentNode, Kind } from 'graphql';

/** An operation of a document. */
export interface NamedOperation {
  /** `query`, `mutation` or `subscription`. */
  readonly operationType: string;
  /** As written in the document; `undefined` for an anonymous operation. */
  readonly operationName: string | undefined;
}

/** Lists the operations of a document, in its order. */
export function listOperations({ definitions }: DocumentNode): readonly NamedOperation[] {
  return definitions.flatMap((definition) =>
    definition.kind === Kind.OPERATION_DEFINITION
      ? [{ operationType: definition.operation, operationName: definition.name?.value }]
      : [],
  );
}

/** Chooses the operation that the client names, or the only one. @returns an empty object where it could be any of several. */
export function chooseOperation(
  operations: readonly NamedOperation[],
  claimedName: string | null | undefined,
): Partial<NamedOperation> {
  const named = operations.find(({ operationName }) => operationName !== undefined && operationName === claimedName);
  const [first, second] = operations;
  return named ?? (second ? {} : (first ?? {}));
}

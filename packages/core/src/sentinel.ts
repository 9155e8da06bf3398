/**
 * The document that stands in for a refused one.
 *
 * Apollo Server keeps the verdict over a query text with its document, so the refusal must travel as a document: this one is
 * cached under the hostile text, costs nothing to validate, and is recognised when the text comes again. In a store that
 * several servers share it is recognised by its form, and a server without Bulwark runs nothing of it: its variable is missing.
 */
import { type DocumentNode, Kind, parse } from 'graphql';
import { REFUSALS, type RefusalCode } from './refusal.ts';

const name = 'BulwarkRefused';

/** A fresh sentinel, whose alias is the code. */
export function sentinel(code: RefusalCode): DocumentNode {
  return parse(`query ${name}($refused: Boolean!) { ${code}: __typename @include(if: $refused) }`, {
    noLocation: true,
  });
}

/** The code that a sentinel carries, or `undefined` for any other document. */
export function sentinelCode(document: DocumentNode): RefusalCode | undefined {
  const [operation] = document.definitions;
  if (operation?.kind !== Kind.OPERATION_DEFINITION || operation.name?.value !== name) return undefined;
  const [field] = operation.selectionSet.selections;
  const code = field?.kind === Kind.FIELD ? field.alias?.value : undefined;
  return code !== undefined && Object.hasOwn(REFUSALS, code) ? (code as RefusalCode) : 'BAD_REQUEST';
}

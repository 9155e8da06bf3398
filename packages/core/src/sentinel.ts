/**
 * The document that stands in for a refused one.
 *
 * Apollo Server keeps the verdict over a query text with its document, so the refusal must travel as a document: this one is
 * cached under the hostile text, costs nothing to validate, and is recognised when the text comes again. In a store that
 * several servers share it is recognised by its form, and a server without Bulwark runs nothing of it: its variable is missing.
 */
import { type DocumentNode, type GraphQLError, Kind, parse } from 'graphql';
import { factsOfRefusal, REFUSALS, type RefusalCode, refusalCode, refuse } from './refusal.ts';

const operationName = 'BulwarkRefused';

/** The sentinels of one guard. */
export interface Sentinels {
  /** A fresh document that stands for this refusal. */
  readonly standFor: (control: string, refusal: GraphQLError) => DocumentNode;
  /** The refusal that a document stands for, made anew, and the control that made it; `undefined` for a client's document. */
  readonly refusalOf: (document: DocumentNode) => { control: string; refusal: GraphQLError } | undefined;
}

export function createSentinels(): Sentinels {
  const own = new WeakMap<DocumentNode, { control: string; refusal: GraphQLError }>();
  return {
    standFor(control, refusal) {
      const code = refusalCode(refusal) ?? 'INTERNAL_SERVER_ERROR';
      const source = `query ${operationName}($refused: Boolean!) { ${code}: __typename @include(if: $refused) }`;
      const document = parse(source, { noLocation: true });
      own.set(document, { control, refusal });
      return document;
    },
    refusalOf(document) {
      const known = own.get(document);
      const code = known ? refusalCode(known.refusal) : codeOf(document);
      if (code === undefined) return undefined;
      return { control: known?.control ?? 'guard', refusal: refuse(code, factsOfRefusal(known?.refusal)) };
    },
  };
}

/** The code is the alias, so that it survives a store that serialises documents. */
function codeOf(document: DocumentNode): RefusalCode | undefined {
  const [operation] = document.definitions;
  if (operation?.kind !== Kind.OPERATION_DEFINITION || operation.name?.value !== operationName) return undefined;
  const [field] = operation.selectionSet.selections;
  const code = field?.kind === Kind.FIELD ? field.alias?.value : undefined;
  return code !== undefined && isOfDocument(code) ? code : 'BAD_REQUEST';
}

/** A client can write this document too. It must not make this server say that it fails. */
function isOfDocument(code: string): code is RefusalCode {
  return Object.hasOwn(REFUSALS, code) && REFUSALS[code as RefusalCode].status === 400;
}

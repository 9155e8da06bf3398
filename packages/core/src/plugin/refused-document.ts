/**
 * The document that stands in for a refused one.
 *
 * Apollo Server keeps the verdict over a query text with its document, so the refusal must travel as a document: this one is
 * cached under the hostile text, costs nothing to validate, and is recognised when the text comes again. In a store that
 * several servers share it is recognised by its form, and a server without Bulwark runs nothing of it: its variable is missing.
 */
import { type DocumentNode, type GraphQLError, Kind, parse } from 'graphql';
import { factsOfRefusal, REFUSALS, type RefusalCode, refusalCode, refuse } from '../errors/refusal.ts';
import { chooseOperation, listOperations, type NamedOperation } from '../operation/named-operation.ts';

const standInName = 'BulwarkRefused';

/** The sentinels of one guard. */
export interface Sentinels {
  /** A fresh document that stands for this refusal of another document. */
  readonly standFor: (refused: Refused, document: DocumentNode) => DocumentNode;
  /** The refusal that a document stands for, made anew, and the control that made it; `undefined` for a client's document. */
  readonly refusalOf: (document: DocumentNode, operationName?: string | null) => RefusedOperation | undefined;
}

/** A document that no one may run, and the control that says so. */
export interface Refused {
  readonly control: string;
  readonly refusal: GraphQLError;
}

export interface RefusedOperation extends Refused {
  /** The operation that the client asked for, as far as it is known. */
  readonly operation: Partial<NamedOperation>;
}

/** Of a hostile document no more is kept: so many operations, and so many characters of their names. */
const maxOperations = 10;
const maxNameLength = 100;

export function createSentinels(): Sentinels {
  const own = new WeakMap<DocumentNode, Refused & { readonly operations: readonly NamedOperation[] }>();
  return {
    standFor({ control, refusal }, refused) {
      const code = refusalCode(refusal) ?? 'INTERNAL_SERVER_ERROR';
      const source = `query ${standInName}($refused: Boolean!) { ${code}: __typename @include(if: $refused) }`;
      const document = parse(source, { noLocation: true });
      const operations = listOperations(refused).slice(0, maxOperations).map(copyOf);
      own.set(document, { control, refusal, operations });
      return document;
    },
    refusalOf(document, claimedName) {
      const known = own.get(document);
      const code = known ? refusalCode(known.refusal) : codeOf(document);
      if (code === undefined) return undefined;
      return {
        control: known?.control ?? 'guard',
        refusal: refuse(code, factsOfRefusal(known?.refusal)),
        operation: chooseOperation(known?.operations ?? [], claimedName?.slice(0, maxNameLength)),
      };
    },
  };
}

/** A copy of the name: a part of a text can keep all of the text in memory, and a hostile one is long. */
function copyOf({ operationType, operationName }: NamedOperation): NamedOperation {
  const name = operationName?.slice(0, maxNameLength);
  return { operationType, operationName: name && Buffer.from(name).toString() };
}

/** The code is the alias, so that it survives a store that serialises documents. */
function codeOf(document: DocumentNode): RefusalCode | undefined {
  const [operation] = document.definitions;
  if (operation?.kind !== Kind.OPERATION_DEFINITION || operation.name?.value !== standInName) return undefined;
  const [field] = operation.selectionSet.selections;
  const code = field?.kind === Kind.FIELD ? field.alias?.value : undefined;
  return code !== undefined && isOfDocument(code) ? code : 'BAD_REQUEST';
}

/** A client can write this document too. It must not make this server say that it fails. */
function isOfDocument(code: string): code is RefusalCode {
  return Object.hasOwn(REFUSALS, code) && REFUSALS[code as RefusalCode].status === 400;
}

/**
 * The document that stands in for a refused one.
 *
 * Apollo Server caches parsed documents by query text, and calls no hook for a document that is in the cache. So a refusal
 * must be cached as a document: the stand-in takes the place of the hostile document under its text, costs nothing to
 * validate, and is recognised when the text comes again. In a cache that several servers share, it is recognised by its form.
 * A server without Bulwark that finds it there executes nothing, because the required variable of the stand-in is missing.
 */
import { type DocumentNode, type GraphQLError, Kind, parse } from 'graphql';
import { REFUSALS, type RefusalCode } from '../errors/codes.ts';
import { readRefusalCode, readRefusalFacts, refuse } from '../errors/refuse.ts';
import { chooseOperation, listOperations, type NamedOperation } from '../operation/named-operation.ts';

/** The name of the operation of every stand-in. */
const standInName = 'BulwarkRefused';

/** A refusal of a whole document. */
export interface Refused {
  /** The name of the control that refused. */
  readonly control: string;
  readonly refusal: GraphQLError;
}

/** {@link Refused}, for one request with that document. */
export interface RefusedOperation extends Refused {
  /** The operation that the client asked for, as far as it is known. */
  readonly operation: Partial<NamedOperation>;
}

/** The stand-ins of one guard. */
export interface RefusedDocuments {
  /** Makes a new document that stands in for a refused one. */
  readonly createStandIn: (refused: Refused, document: DocumentNode) => DocumentNode;
  /**
   * Makes a new refusal from a stand-in.
   *
   * @param operationName the operation that the client selects.
   * @returns `undefined` for any other document.
   */
  readonly findRefusal: (document: DocumentNode, operationName?: string | null) => RefusedOperation | undefined;
}

/** What is kept of a hostile document: at most so many operations, and so many characters of their names. */
const maxOperations = 10;
const maxNameLength = 100;

/** Starts without stand-ins. One made here is remembered in full as long as its document lives. */
export function createRefusedDocuments(): RefusedDocuments {
  const own = new WeakMap<DocumentNode, Refused & { readonly operations: readonly NamedOperation[] }>();
  return {
    createStandIn({ control, refusal }, refused) {
      const code = readRefusalCode(refusal) ?? 'INTERNAL_SERVER_ERROR';
      const source = `query ${standInName}($refused: Boolean!) { ${code}: __typename @include(if: $refused) }`;
      const document = parse(source, { noLocation: true });
      const operations = listOperations(refused).slice(0, maxOperations).map(copyOperation);
      own.set(document, { control, refusal, operations });
      return document;
    },
    findRefusal(document, claimedName) {
      const known = own.get(document);
      const code = known ? readRefusalCode(known.refusal) : readCode(document);
      if (code === undefined) return undefined;
      return {
        control: known?.control ?? 'guard',
        refusal: refuse(code, readRefusalFacts(known?.refusal)),
        operation: chooseOperation(known?.operations ?? [], claimedName?.slice(0, maxNameLength)),
      };
    },
  };
}

/** Copies the name, because a slice of a string can keep all of it in memory, and a hostile text is long. */
function copyOperation({ operationType, operationName }: NamedOperation): NamedOperation {
  const name = operationName?.slice(0, maxNameLength);
  return { operationType, operationName: name && Buffer.from(name).toString() };
}

/**
 * Reads the code of a stand-in that another server made. The code is the alias, which survives a cache that serialises
 * documents.
 */
function readCode(document: DocumentNode): RefusalCode | undefined {
  const [operation] = document.definitions;
  if (operation?.kind !== Kind.OPERATION_DEFINITION || operation.name?.value !== standInName) return undefined;
  const [field] = operation.selectionSet.selections;
  const code = field?.kind === Kind.FIELD ? field.alias?.value : undefined;
  return code !== undefined && isDocumentCode(code) ? code : 'BAD_REQUEST';
}

/** A client can send such a document itself, so it may only name codes that blame the client: no 5xx. */
function isDocumentCode(code: string): code is RefusalCode {
  return Object.hasOwn(REFUSALS, code) && REFUSALS[code as RefusalCode].status === 400;
}

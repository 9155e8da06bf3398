/**
 * Facts of a document and its operations, counted once and remembered as long as the document lives.
 *
 * Both branches of `@skip` and `@include` count: facts depend on the document alone. `__schema` and `__type` are told by
 * the name of a field, never by an alias or the name of a fragment or an operation.
 */
import { type DocumentNode, Kind, type OperationDefinitionNode } from 'graphql';
import { fragmentsOf } from './collect-fields.ts';
import { Counted } from './count.ts';
import { countUnreached } from './count-selections.ts';
import { CountedOperation, type OperationFacts } from './operation-facts.ts';
import { PerOperation } from './operation-state.ts';
import { countRepeated } from './repeated-fields.ts';

/** What the document as a whole holds. */
export interface DocumentFacts {
  readonly operations: number;
  readonly fragments: number;
  /** Lexical tokens as the parser counted them; 0 for a document that no parser made. */
  readonly tokens: number;
  /**
   * Fields that stand beside another one of the same response key, after selections are merged by response path and through
   * fragments, whatever types they are for. Every definition counts, also a fragment that no operation reaches and one whose
   * name is taken; what a fragment repeats within itself counts once where it merges with nothing. `Infinity`, without looking
   * further, past 5,000 selections to look at, or twice those that are written in the document.
   */
  readonly repeatedFields: number;
}

const remembered = new WeakMap<DocumentNode, CountedDocument>();

/** Counts what the document as a whole holds. Remembered as long as the document lives. */
export function documentFacts(document: DocumentNode): DocumentFacts {
  return recall(document);
}

/** Counts what one operation of the document asks for. Remembered as long as the document lives. */
export function operationFacts(document: DocumentNode, operation: OperationDefinitionNode): OperationFacts {
  return recall(document).of(operation);
}

/**
 * Whether a document has more {@link DocumentFacts.repeatedFields} than `maximum`.
 *
 * @returns that number where it is no more than `maximum`; otherwise some number above, found without counting them all.
 */
export function repeatedFields(document: DocumentNode, maximum: number): number {
  return recall(document).repeatedUpTo(maximum);
}

function recall(document: DocumentNode): CountedDocument {
  let known = remembered.get(document);
  if (!known) {
    known = new CountedDocument(document);
    remembered.set(document, known);
  }
  return known;
}

class CountedDocument implements DocumentFacts {
  readonly operations: number;
  readonly fragments: number;
  readonly tokens: number;
  readonly #document: DocumentNode;
  readonly #counted: Counted;
  readonly #of = new PerOperation<OperationFacts>();
  #areOperationsCounted = false;
  #isComplete = false;
  #repeated: number | undefined;

  constructor(document: DocumentNode) {
    let operations = 0;
    let fragments = 0;
    for (const { kind } of document.definitions) {
      if (kind === Kind.OPERATION_DEFINITION) operations += 1;
      else if (kind === Kind.FRAGMENT_DEFINITION) fragments += 1;
    }
    this.operations = operations;
    this.fragments = fragments;
    this.tokens = document.tokenCount ?? 0;
    this.#document = document;
    this.#counted = new Counted(fragmentsOf(document));
  }

  get repeatedFields(): number {
    return this.repeatedUpTo(Infinity);
  }

  of(operation: OperationDefinitionNode): OperationFacts {
    this.#countOperations();
    return this.#count(operation);
  }

  /** All of them: what may be walked for one depends on what the others hold. */
  #countOperations(): void {
    if (this.#areOperationsCounted) return;
    this.#areOperationsCounted = true;
    for (const definition of this.#document.definitions) {
      if (definition.kind === Kind.OPERATION_DEFINITION) this.#count(definition);
    }
  }

  #count(operation: OperationDefinitionNode): OperationFacts {
    return this.#of.get(operation) ?? this.#of.set(operation, new CountedOperation(operation, this.#counted));
  }

  repeatedUpTo(maximum: number): number {
    if (this.#repeated !== undefined) return this.#repeated;
    if (!this.#isComplete) {
      this.#countOperations();
      if (this.fragments > 0) countUnreached(this.#document, this.#counted);
      this.#isComplete = true;
    }
    const found = countRepeated(this.#counted, maximum);
    // What is above may be less than all, but is never counted again.
    if (found <= maximum) {
      this.#repeated = found;
      this.#counted.forgetMerging();
    } else this.#counted.repeats = Math.max(this.#counted.repeats, found);
    return found;
  }
}

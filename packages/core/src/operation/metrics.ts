/**
 * Facts of a document and its operations, counted once and remembered as long as the document lives.
 *
 * They depend on the document alone, so selections count whatever their `@skip` and `@include` say. Introspection is
 * recognised by the name of a field, `__schema` or `__type`, never by an alias or by the name of a fragment or operation.
 */
import { type DocumentNode, type FieldNode, Kind, type OperationDefinitionNode, type SelectionSetNode } from 'graphql';
import { FieldWalk } from './collect-fields.ts';
import { addDirectives, DocumentCounter } from './count.ts';
import { FieldRepetition } from './field-repetition.ts';
import { SelectionMerger } from './merge-selections.ts';
import { countRepeated } from './repeated-fields.ts';

/** Counts of a document as a whole. */
export interface DocumentFacts {
  readonly operations: number;
  readonly fragments: number;
  /** Lexical tokens as the parser counted them; 0 for a document that was not parsed from a text. */
  readonly tokens: number;
  /**
   * Fields with the same response key as another field beside them, after selections are merged by response path and
   * fragments are expanded, whatever their types. One `__typename` for each selection set with other fields does not count; of
   * more than 32 fields with one key, a sixteenth of their pairs counts. Every definition counts, even a fragment that no
   * operation reaches and one whose name belongs to another. Repetition within a fragment counts once, unless the fragment
   * merges with other selections. `Infinity` where counting would read more than 5,000 selections, or twice those written in
   * the document where that is more.
   */
  readonly repeatedFields: number;
}

/** Counts of one operation with fragments expanded. A count that is too large to be exact is `Infinity`. */
export interface OperationFacts {
  /**
   * Nesting of fields: a root field is 1. Leaves count; `__typename`, `__schema`, `__type` and the fields below them do not.
   */
  readonly depth: number;
  /** Aliased fields; `__typename` under other names is not counted. */
  readonly aliases: number;
  /** Distinct response keys of the root selection set. */
  readonly rootFields: number;
  /** Names (never aliases) of the fields of the root selection set. */
  readonly rootFieldNames: ReadonlySet<string>;
  /** Fields, `__typename` included; `__schema`, `__type` and the fields below them do not count. */
  readonly fields: number;
  /**
   * The most response keys under which one field name is selected in one merged selection set. `Infinity`, without counting,
   * for a cyclic operation, and for one with aliases in a document above {@link OCCURRENCE_BUDGET}.
   */
  readonly occurrences: number;
  /** Directives on the operation, its variables, its selections and the definitions of the fragments that it spreads. */
  readonly directives: number;
  /** The most directives on one node. */
  readonly directivesPerNode: number;
  /** Nesting of fragment spreads; 0 for an operation without spreads. */
  readonly fragmentDepth: number;
  /** Whether a fragment that the operation reaches spreads itself. The other counts then include that fragment once. */
  readonly cyclic: boolean;
  readonly variables: number;
  /** Nesting of fields from `__schema` and `__type` down, these two included; 0 without introspection. */
  readonly introspectionDepth: number;
  /** Fields at and below `__schema` and `__type`. */
  readonly introspectionFields: number;
}

/**
 * The most expanded selections, of all operations with aliases in a document, for which {@link OperationFacts.occurrences} is
 * counted: it cannot be added up from the counts of fragments and takes a walk by response path. A document above this is
 * above any usual limit.
 */
export const OCCURRENCE_BUDGET = 10_000;

const remembered = new WeakMap<DocumentNode, CountedDocument>();

/** Counts a document as a whole. Each count is made when it is first read, and remembered as long as the document lives. */
export function countDocumentFacts(document: DocumentNode): DocumentFacts {
  return findCounted(document);
}

/** Counts one operation of the document. Each count is remembered as long as the document lives. */
export function countOperationFacts(document: DocumentNode, operation: OperationDefinitionNode): OperationFacts {
  return findCounted(document).countOperation(operation);
}

/**
 * Counts {@link DocumentFacts.repeatedFields} up to a maximum.
 *
 * @returns the number where it is at most `maximum`; otherwise some number above it, found without counting them all.
 */
export function countRepeatedFields(document: DocumentNode, maximum: number): number {
  return findCounted(document).countRepeatedUpTo(maximum);
}

/**
 * Counts {@link OperationFacts.occurrences} above a floor. Nothing is walked where an operation has too few aliases to be
 * above it.
 *
 * @returns the number, or `floor` where it is not higher.
 */
export function countOccurrencesAbove(facts: OperationFacts, floor: number): number {
  return facts instanceof CountedOperation ? facts.countOccurrencesAbove(floor) : Math.max(floor, facts.occurrences);
}

function findCounted(document: DocumentNode): CountedDocument {
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
  readonly #shared: SharedCounts;
  readonly #counted = new Map<OperationDefinitionNode, OperationFacts>();
  #isCounted = false;
  #repeated: { readonly upTo: number; readonly found: number } | undefined;

  constructor(document: DocumentNode) {
    const count = (kind: Kind): number => document.definitions.filter((definition) => definition.kind === kind).length;
    this.operations = count(Kind.OPERATION_DEFINITION);
    this.fragments = count(Kind.FRAGMENT_DEFINITION);
    this.tokens = document.tokenCount ?? 0;
    this.#document = document;
    this.#shared = new SharedCounts(document);
  }

  get repeatedFields(): number {
    return this.countRepeatedUpTo(Infinity);
  }

  countOperation(operation: OperationDefinitionNode): OperationFacts {
    this.#countAll();
    return this.#count(operation);
  }

  countRepeatedUpTo(maximum: number): number {
    const known = this.#repeated;
    if (known && (known.found <= known.upTo || known.found > maximum)) return known.found;
    this.#countAll();
    const found = countRepeated(this.#shared.counter, this.#shared.merger, maximum);
    this.#repeated = { upTo: maximum, found };
    if (found <= maximum) this.#shared.merger.forget();
    return found;
  }

  /** Counts every definition, because the budget of one depends on the counts of the others. */
  #countAll(): void {
    if (this.#isCounted) return;
    this.#isCounted = true;
    for (const definition of this.#document.definitions) {
      if (definition.kind === Kind.OPERATION_DEFINITION) this.#count(definition);
    }
    this.#shared.counter.countUnreached(this.#document);
  }

  #count(operation: OperationDefinitionNode): OperationFacts {
    let facts = this.#counted.get(operation);
    if (!facts) this.#counted.set(operation, (facts = new CountedOperation(operation, this.#shared)));
    return facts;
  }
}

/** What all definitions of one document share. */
class SharedCounts {
  readonly counter: DocumentCounter;
  readonly merger: SelectionMerger;
  readonly repetition: FieldRepetition;
  /** Expanded selections of the operations with aliases. */
  expanded = 0;

  constructor(document: DocumentNode) {
    this.counter = new DocumentCounter(document);
    this.merger = new SelectionMerger(this.counter.fragments);
    this.repetition = new FieldRepetition(this.counter, this.merger);
  }
}

/** Counts that take long are made when they are first read, so an operation that exceeds another limit does not cost them. */
class CountedOperation implements OperationFacts {
  readonly depth: number;
  readonly aliases: number;
  readonly fields: number;
  readonly directives: number;
  readonly directivesPerNode: number;
  readonly fragmentDepth: number;
  readonly cyclic: boolean;
  readonly variables: number;
  readonly introspectionDepth: number;
  readonly introspectionFields: number;
  readonly #root: SelectionSetNode;
  /** Aliased fields, `__typename` among them. */
  readonly #keys: number;
  readonly #shared: SharedCounts;
  #rootFields: number | undefined;
  #rootFieldNames: ReadonlySet<string> | undefined;
  /** {@link occurrences}, as far as they were counted. */
  #most: { readonly above: number; readonly found: number } | undefined;

  constructor({ selectionSet, directives, variableDefinitions = [] }: OperationDefinitionNode, shared: SharedCounts) {
    const counts = shared.counter.countDefinition(selectionSet);
    addDirectives(counts, directives);
    for (const variable of variableDefinitions) addDirectives(counts, variable.directives);
    this.depth = counts.depth;
    this.aliases = counts.aliases;
    this.fields = counts.fields;
    this.directives = counts.directives;
    this.directivesPerNode = counts.directivesPerNode;
    this.fragmentDepth = counts.fragmentDepth;
    this.cyclic = counts.cyclic;
    this.variables = variableDefinitions.length;
    this.introspectionDepth = counts.introspectionDepth;
    this.introspectionFields = counts.introspectionFields;
    this.#keys = counts.keys;
    if (counts.keys > 0) shared.expanded += counts.selections;
    this.#root = selectionSet;
    this.#shared = shared;
  }

  get rootFields(): number {
    this.#rootFields ??= this.#shared.merger.merge([this.#root]).keys.size;
    return this.#rootFields;
  }

  get rootFieldNames(): ReadonlySet<string> {
    this.#rootFieldNames ??= new FieldNames(this.#shared.counter.fragments).walk([this.#root]).names;
    return this.#rootFieldNames;
  }

  get occurrences(): number {
    const least = this.fields + this.introspectionFields > 0 ? 1 : 0;
    return this.#keys === 0 && !this.cyclic ? least : this.countOccurrencesAbove(1);
  }

  /** As {@link countOccurrencesAbove}. */
  countOccurrencesAbove(floor: number): number {
    if (this.cyclic) return Infinity;
    // Each response key of a field but one takes an alias.
    if (this.#keys < floor) return floor;
    if (this.#shared.expanded > OCCURRENCE_BUDGET) return Infinity;
    const known = this.#most;
    if (known && (known.found > known.above || known.above <= floor)) return Math.max(floor, known.found);
    const found = this.#shared.repetition.countAbove(floor, this.#root);
    this.#most = { above: floor, found };
    return found;
  }
}

class FieldNames extends FieldWalk {
  readonly names: Set<string> = new Set();

  field(node: FieldNode): void {
    this.names.add(node.name.value);
  }
}

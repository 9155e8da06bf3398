/**
 * Facts of a document and its operations, counted once and remembered as long as the document lives.
 *
 * Both branches of `@skip` and `@include` count: facts depend on the document alone. `__schema` and `__type` are told by
 * the name of a field, never by an alias or the name of a fragment or an operation.
 */
import { type DocumentNode, type FieldNode, Kind, type OperationDefinitionNode, type SelectionSetNode } from 'graphql';
import { FieldWalk } from './collect-fields.ts';
import { addDirectives, DocumentCounter } from './count.ts';
import { FieldRepetition } from './field-repetition.ts';
import { SelectionMerger } from './merge-selections.ts';
import { countRepeated } from './repeated-fields.ts';

/** What the document as a whole holds. */
export interface DocumentFacts {
  readonly operations: number;
  readonly fragments: number;
  /** Lexical tokens as the parser counted them; 0 for a document that no parser made. */
  readonly tokens: number;
  /**
   * Fields that stand beside another one of the same response key, after selections are merged by response path and through
   * fragments, whatever types they are for, without one `__typename` for each selection set; of more than 32 under one key, a
   * sixteenth of their pairs. Every definition counts, also a fragment that no operation reaches and one whose
   * name is taken; what a fragment repeats within itself counts once where it merges with nothing. `Infinity`, without looking
   * further, past 5,000 selections to look at, or twice those that are written in the document.
   */
  readonly repeatedFields: number;
}

/** What one operation asks for, after fragments are expanded. A count too large to represent is `Infinity`. */
export interface OperationFacts {
  /** Nesting of fields: a root field is 1, a leaf counts, `__typename` does not, nor do `__schema`, `__type` and what stands below them. */
  readonly depth: number;
  /** Aliased fields; `__typename` under other names is not counted. */
  readonly aliases: number;
  /** Distinct response keys of the root selection set. */
  readonly rootFields: number;
  /** Names (never aliases) of the fields of the root selection set. */
  readonly rootFieldNames: ReadonlySet<string>;
  /** Fields, `__typename` included, without `__schema`, `__type` and what stands below them. */
  readonly fields: number;
  /**
   * The most response keys under which one field name is asked for in one merged selection set. `Infinity`, without
   * looking, for a cyclic operation, and for one with aliases in a document past {@link OCCURRENCE_BUDGET}.
   */
  readonly occurrences: number;
  /** Directives on the operation, its variables, its selections and the definitions of the fragments it spreads. */
  readonly directives: number;
  /** The most directives on one node. */
  readonly directivesPerNode: number;
  /** Nesting of fragment spreads; an operation without spreads has 0. */
  readonly fragmentDepth: number;
  /** Whether a fragment reachable from the operation spreads itself. The other counts then hold for one round. */
  readonly cyclic: boolean;
  readonly variables: number;
  /** Nesting of fields from `__schema` and `__type` down, those two included; 0 without introspection. */
  readonly introspectionDepth: number;
  /** Fields at and below `__schema` and `__type`. */
  readonly introspectionFields: number;
}

/**
 * Expanded selections, of all operations with aliases together, up to which those of one document are walked by response path,
 * the one count that cannot be combined from fragments. What is above is beyond every sane limit on fields.
 */
export const OCCURRENCE_BUDGET = 10_000;

const remembered = new WeakMap<DocumentNode, CountedDocument>();

/** Counts what the document as a whole holds. Remembered as long as the document lives. */
export function documentFacts(document: DocumentNode): DocumentFacts {
  return recall(document);
}

/** Counts what one operation of the document asks for. Remembered as long as the document lives. */
export function operationFacts(document: DocumentNode, operation: OperationDefinitionNode): OperationFacts {
  return recall(document).countOperation(operation);
}

/**
 * Whether a document has more {@link DocumentFacts.repeatedFields} than `maximum`.
 *
 * @returns that number where it is no more than `maximum`; otherwise some number above, found without counting them all.
 */
export function repeatedFields(document: DocumentNode, maximum: number): number {
  return recall(document).countRepeatedUpTo(maximum);
}

/**
 * Says whether an operation asks for one field under more response keys than `floor`, without looking where there are not
 * enough aliases for it.
 *
 * @returns {@link OperationFacts.occurrences}, or `floor` where they are no more.
 */
export function occurrencesAbove(facts: OperationFacts, floor: number): number {
  return facts instanceof CountedOperation ? facts.countOccurrencesAbove(floor) : Math.max(floor, facts.occurrences);
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

  /** Counts every definition: what may be walked for one depends on what the others hold. */
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

/** What the definitions of one document share. */
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

/** What takes long to count is counted when it is first asked for: an operation over another limit does not cost it. */
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
  /** What was found of {@link occurrences} above a floor. */
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

  /** As {@link occurrencesAbove}. */
  countOccurrencesAbove(floor: number): number {
    if (this.cyclic) return Infinity;
    // Each further response key of one field takes an alias.
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

/** What one operation asks for: its counts, and those of its selection sets once they are merged. */
import { type FieldNode, Kind, type OperationDefinitionNode, type SelectionSetNode } from 'graphql';
import { FieldWalk } from './collect-fields.ts';
import { addDirectives, type Counted } from './count.ts';
import { countSelections } from './count-selections.ts';
import { mostKeysPerName } from './field-repetition.ts';

/** What one operation asks for, after fragments are expanded. A count too large to represent is `Infinity`. */
export interface OperationFacts {
  /** Nesting of fields: a root field is 1, a leaf counts, `__typename` does not, nor do `__schema`, `__type` and what stands below them. */
  readonly depth: number;
  /** Aliased fields. */
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

/** What is dear to count is counted when it is first asked for: an operation over another limit never buys it. */
export class CountedOperation implements OperationFacts {
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
  readonly #ownKeys: number;
  readonly #root: SelectionSetNode;
  readonly #counted: Counted;
  #rootFields: number | undefined;
  #rootFieldNames: ReadonlySet<string> | undefined;
  /** What was found of {@link occurrences} above a floor. */
  #most: { readonly above: number; readonly found: number } | undefined;

  constructor(operation: OperationDefinitionNode, counted: Counted) {
    const counts = countSelections(operation.selectionSet, counted);
    addDirectives(counts, operation.directives);
    for (const variable of operation.variableDefinitions ?? []) addDirectives(counts, variable.directives);
    this.depth = counts.depth;
    this.aliases = counts.aliases;
    this.fields = counts.fields;
    this.directives = counts.directives;
    this.directivesPerNode = counts.directivesPerNode;
    this.fragmentDepth = counts.fragmentDepth;
    this.cyclic = counts.cyclic;
    this.variables = operation.variableDefinitions?.length ?? 0;
    this.introspectionDepth = counts.introspectionDepth;
    this.introspectionFields = counts.introspectionFields;
    if (counts.aliases > 0) counted.expanded += counts.selections;
    this.#ownKeys = counts.ownKeys;
    this.#root = operation.selectionSet;
    this.#counted = counted;
  }

  get rootFields(): number {
    this.#rootFields ??= this.#countRootFields();
    return this.#rootFields;
  }

  get rootFieldNames(): ReadonlySet<string> {
    this.#rootFieldNames ??= new Names(this.#counted.definitions).walk([this.#root]).names;
    return this.#rootFieldNames;
  }

  get occurrences(): number {
    const least = this.fields + this.introspectionFields > 0 ? 1 : 0;
    return this.aliases === 0 && !this.cyclic ? least : this.occurrencesAbove(1);
  }

  #countRootFields(): number {
    if (this.#root.selections.every(({ kind }) => kind === Kind.FIELD)) return this.#ownKeys;
    const { keys, repeated } = this.#counted.merging.ofSet(this.#root);
    this.#counted.repeats = Math.max(this.#counted.repeats, repeated);
    return keys;
  }

  /** As {@link occurrencesAbove}. */
  occurrencesAbove(floor: number): number {
    if (this.cyclic) return Infinity;
    // Each further response key of one field takes an alias.
    if (this.aliases < floor) return floor;
    if (this.#counted.expanded > OCCURRENCE_BUDGET) return Infinity;
    const known = this.#most;
    if (known && (known.found > known.above || known.above <= floor)) return Math.max(floor, known.found);
    const found = mostKeysPerName(this.#root, this.#counted, floor);
    this.#most = { above: floor, found };
    return found;
  }
}

/**
 * Says whether an operation asks for one field under more response keys than `floor`, without looking where there are not
 * enough aliases for it.
 *
 * @returns {@link OperationFacts.occurrences}, or `floor` where they are no more.
 */
export function occurrencesAbove(facts: OperationFacts, floor: number): number {
  return facts instanceof CountedOperation ? facts.occurrencesAbove(floor) : Math.max(floor, facts.occurrences);
}

class Names extends FieldWalk {
  readonly names = new Set<string>();

  field(node: FieldNode): void {
    this.names.add(node.name.value);
  }
}

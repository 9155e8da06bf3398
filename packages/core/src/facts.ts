/**
 * Facts of a document and its operations, counted once and remembered as long as the document lives.
 *
 * Both branches of `@skip` and `@include` count: facts depend on the document alone. `__schema` and `__type` are told by
 * the name of a field, never by an alias or the name of a fragment or an operation.
 */
import {
  type DocumentNode,
  type FragmentDefinitionNode,
  Kind,
  type OperationDefinitionNode,
  type SelectionSetNode,
} from 'graphql';
import { collectFields, type Fragments, fragmentsOf, type Selecting } from './collect.ts';
import { addDirectives, type Counted, countSelections } from './counts.ts';

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
   * looking, for a cyclic operation and for one with aliases and more than {@link OCCURRENCE_BUDGET} selections.
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

/** What the document as a whole holds. */
export interface DocumentFacts {
  readonly operations: number;
  readonly fragments: number;
  /** Lexical tokens as the parser counted them; 0 for a document that no parser made. */
  readonly tokens: number;
  /**
   * Fields that stand beside another one of the same response key, after selections are merged by response path and through
   * fragments, whatever types they are for. Every definition counts, also a fragment that no operation reaches and one whose
   * name is taken; what a fragment repeats within itself counts once, however often it is spread. `Infinity`, without looking
   * further, past {@link REPEAT_BUDGET} fields.
   */
  readonly repeatedFields: number;
}

/**
 * Expanded selections up to which an operation is walked by response path, the one count that cannot be combined from
 * its fragments. An operation above it is beyond every sane limit on fields.
 */
export const OCCURRENCE_BUDGET = 10_000;

/** Fields that are looked at to count the repeated ones of a document. */
export const REPEAT_BUDGET = 20_000;

interface Remembered {
  readonly document: DocumentFacts;
  readonly operations: WeakMap<OperationDefinitionNode, OperationFacts>;
  readonly counted: Counted;
}

const remembered = new WeakMap<DocumentNode, Remembered>();

/** Counts what the document as a whole holds. Remembered as long as the document lives. */
export function documentFacts(document: DocumentNode): DocumentFacts {
  return recall(document).document;
}

/** Counts what one operation of the document asks for. Remembered as long as the document lives. */
export function operationFacts(document: DocumentNode, operation: OperationDefinitionNode): OperationFacts {
  const { operations, counted } = recall(document);
  let facts = operations.get(operation);
  if (!facts) {
    facts = count(operation, fragmentsOf(document), counted);
    operations.set(operation, facts);
  }
  return facts;
}

function recall(document: DocumentNode): Remembered {
  let known = remembered.get(document);
  if (!known) {
    const ofKind = (kind: Kind) => document.definitions.filter((definition) => definition.kind === kind).length;
    const repeated = once(() => countRepeated(document));
    known = {
      document: {
        operations: ofKind(Kind.OPERATION_DEFINITION),
        fragments: ofKind(Kind.FRAGMENT_DEFINITION),
        tokens: document.tokenCount ?? 0,
        get repeatedFields() {
          return repeated();
        },
      },
      operations: new WeakMap(),
      counted: { fragments: new Map(), aliased: new Set() },
    };
    remembered.set(document, known);
  }
  return known;
}

function count(operation: OperationDefinitionNode, fragments: Fragments, counted: Counted): OperationFacts {
  const counts = countSelections(operation.selectionSet, fragments, counted);
  addDirectives(counts, operation.directives);
  for (const variable of operation.variableDefinitions ?? []) addDirectives(counts, variable.directives);
  const { depth, aliases, fields, directives, directivesPerNode, fragmentDepth, cyclic } = counts;
  const { introspectionDepth, introspectionFields } = counts;
  const selecting: Selecting = { fragments, includes: () => true, applies: () => true };
  // Counted when first asked for: an operation over another limit never buys these.
  const root = once(() => {
    const grouped = collectFields([operation.selectionSet], selecting);
    return { keys: grouped.size, names: new Set([...grouped.values()].flat().map((field) => field.name.value)) };
  });
  const occurrences = once(() => {
    if (cyclic) return Infinity;
    const most = fields + introspectionFields > 0 ? 1 : 0;
    if (aliases === 0) return most;
    if (!(counts.selections <= OCCURRENCE_BUDGET)) return Infinity;
    return Math.max(most, mostKeysPerName(operation.selectionSet, selecting, counted.aliased));
  });
  return {
    depth,
    aliases,
    get rootFields() {
      return root().keys;
    },
    get rootFieldNames() {
      return root().names;
    },
    fields,
    get occurrences() {
      return occurrences();
    },
    directives,
    directivesPerNode,
    fragmentDepth,
    cyclic,
    variables: operation.variableDefinitions?.length ?? 0,
    introspectionDepth,
    introspectionFields,
  };
}

/** Walks by response path. Where nothing in the merged sets or below has an alias, each name has one key. */
function mostKeysPerName(set: SelectionSetNode, selecting: Selecting, aliased: ReadonlySet<SelectionSetNode>): number {
  let most = 0;
  const waiting: SelectionSetNode[][] = [[set]];
  for (let sets = waiting.pop(); sets; sets = waiting.pop()) {
    if (!sets.some((merged) => aliased.has(merged))) continue;
    const keys = new Map<string, number>();
    for (const group of collectFields(sets, selecting).values()) {
      for (const name of new Set(group.map((field) => field.name.value))) {
        const asked = (keys.get(name) ?? 0) + 1;
        keys.set(name, asked);
        most = Math.max(most, asked);
      }
      const children = group.flatMap((field) => field.selectionSet ?? []);
      if (children.length > 0) waiting.push(children);
    }
  }
  return most;
}

/** Walks by response path. A set that merges with no other is entered once; where sets merge, each step finds a repeat. */
function countRepeated(document: DocumentNode): number {
  const selecting: Selecting = { fragments: fragmentsOf(document), includes: () => true, applies: () => true };
  const entered = new Set<SelectionSetNode>();
  let repeated = 0;
  let looked = 0;
  for (const definition of rootsOf(document, selecting.fragments)) {
    const waiting: SelectionSetNode[][] = [[definition.selectionSet]];
    for (let sets = waiting.pop(); sets; sets = waiting.pop()) {
      const [only] = sets;
      if (only && sets.length === 1) {
        if (entered.has(only)) continue;
        entered.add(only);
      }
      for (const group of collectFields(sets, selecting).values()) {
        looked += group.length;
        repeated += group.length - 1;
        if (looked > REPEAT_BUDGET) return Infinity;
        const children = group.flatMap((field) => field.selectionSet ?? []);
        if (children.length > 0) waiting.push(children);
      }
    }
  }
  return repeated;
}

/** The operations, then every fragment that none of those before it reaches. */
function* rootsOf(
  document: DocumentNode,
  fragments: Fragments,
): Iterable<OperationDefinitionNode | FragmentDefinitionNode> {
  const reached = new Set<SelectionSetNode>();
  const reach = (root: SelectionSetNode): void => {
    const waiting = [root];
    for (let set = waiting.pop(); set; set = waiting.pop()) {
      if (reached.has(set)) continue;
      reached.add(set);
      for (const node of set.selections) {
        const below = node.kind === Kind.FRAGMENT_SPREAD ? fragments.get(node.name.value) : node;
        if (below?.selectionSet) waiting.push(below.selectionSet);
      }
    }
  };
  for (const kind of [Kind.OPERATION_DEFINITION, Kind.FRAGMENT_DEFINITION] as const) {
    for (const definition of document.definitions) {
      if (definition.kind !== kind || !('selectionSet' in definition) || reached.has(definition.selectionSet)) continue;
      yield definition;
      reach(definition.selectionSet);
    }
  }
}

function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}
